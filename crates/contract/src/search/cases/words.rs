//! The definition of words: every store finds the same, in any language.

use std::collections::BTreeSet;

use anyhow::ensure;
use hexdesk_domain::limits::{MAX_SEARCH_PREFIXES, MAX_SEARCH_TERMS};
use hexdesk_domain::{NewCustomer, Storage, search_words};

use super::{Texts, expect_found, found, query, silent_customer, write};
use crate::comparison::same;
use crate::samples::{create_customer, create_shop, customer_by_phone_number};

/// A text, with queries that find it and queries that do not.
struct Spelling {
    text: &'static str,
    finds: &'static [&'static str],
    misses: &'static [&'static str],
}

const fn spelling(
    text: &'static str,
    finds: &'static [&'static str],
    misses: &'static [&'static str],
) -> Spelling {
    Spelling { text, finds, misses }
}

const LONGEST: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmn";
const LONGER: &str = "qbcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
const HEAVIEST: &str = "𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩";

const SPELLINGS: &[Spelling] = &[
    // Case and accents.
    spelling(
        "Crème Brûlée, ÉTÉ à la carte",
        &["creme", "CREME", "crème", "cre\u{300}me", "BRÛLÉE ete", "cr*", "crè* brul* é*", "a", "a*"],
        &["crem", "reme", "br", "cremes", "cremebrulee", "creme brulee tarte", "brulees*"],
    ),
    spelling(
        "Straße ÆON Øre ŁÓDŹ İzmir ñandú",
        &[
            "straße", "STRAẞE", "STRASSE", "strass*", "stra*", "æon", "AEON", "ØRE", "ore", "łodz", "lodz",
            "LÓDZ*", "izmir", "ızmır", "nandu", "ÑANDÚ",
        ],
        &["strase", "aon", "zmir", "oere"],
    ),
    spelling(
        "Þór, Đorđević, Gałczyński; œuvre ĳzer",
        &["thor", "dordevic", "ĐORĐEVIĆ", "galczynski", "oeuvre", "ŒUV*", "ijzer"],
        &["por", "euvre"],
    ),
    spelling("naïve cafe\u{301} Zu\u{308}rich", &["naive", "café", "zürich", "ZURICH", "zü*"], &["caf", "e"]),
    spelling(
        "ﬁne ＡＢＣ１２３ Ⅻ ㎏ №77 𝓬𝓾𝓻𝓼𝓲𝓿𝓮",
        &["fine", "abc123", "ＡＢＣ*", "xii", "ⅻ", "kg", "77", "№77", "#77", "cursive", "𝕔𝕦𝕣*"],
        &["fi", "123", "no", "no77"],
    ),
    spelling(
        "№12390, nº5501 Samsung™ x² ٤٢ ४३ ４４",
        &[
            "12390",
            "№ 12390",
            "１２３９０",
            "١٢٣٩٠",
            "5501",
            "n°5501",
            "samsung",
            "x2",
            "42",
            "٤٢",
            "43",
            "44",
            "4*",
        ],
        &["no", "tm", "1239", "samsungtm"],
    ),
    // Addresses and phone numbers.
    spelling(
        "Ada.Lovelace+shop@Mail.Example-Domain.com",
        &[
            "ada",
            "lovelace",
            "ada.lovelace@mail.example-domain.com",
            "ada@example",
            "shop mail domain com",
            "lovel*",
            "ada.love*",
            "@mail",
            "example.com",
        ],
        &["adalovelace", "ada.lovelace@example.org", "ace", "exam", "examples*", "domaincom"],
    ),
    spelling(
        "+33 (0)6-1234.5678",
        &["+33 6 1234 5678", "33", "0", "6", "1234", "1234.5678", "+33(0)6", "123*", "5678-1234", "33*"],
        &["3361234", "12345678", "234", "123", "+34 6 1234", "5", "56789*", "06"],
    ),
    spelling(
        "tel:0049/30/901820",
        &["tel", "0049", "30", "901820", "9018*", "0049 30"],
        &["49", "00", "1820"],
    ),
    spelling(
        "https://shop.example.org/cart?item=9f8e&size=xl#top",
        &["https", "item=9f8e", "9f8e", "xl", "cart?item", "shop.example.org/cart", "#top"],
        &["9f", "8e", "items", "tops"],
    ),
    // Numbers.
    spelling(
        "1,299.90 € 007 1e3 3.14 2024-12-31 10:30 50% ½",
        &[
            "1",
            "299",
            "90",
            "1,299.90",
            "007",
            "00*",
            "1e3",
            "14",
            "2024",
            "2024-12-31",
            "10:30",
            "50",
            "50%",
        ],
        &["7", "1299", "129990", "1000", "5", "30:10:50:12:31:2025", "0.5", "e3"],
    ),
    // Small words, and similar words.
    spelling(
        "the refunds are being refunded to me, I think",
        &["the", "are", "to", "me", "i", "I", "refunds", "refunded", "refun*", "refund*", "being", "THE*"],
        &["refund", "be", "is", "refunding", "thinking", "th", "thinks*"],
    ),
    spelling("x y z", &["x", "Y", "z*", "x y z", "z y x"], &["xy", "yz*", "w"]),
    spelling("goose mouse", &["goose", "mouse", "GOO*"], &["geese", "mice", "gose", "houses"]),
    // Texts with a meaning in query languages.
    spelling(
        "AND OR NOT NEAR/2 NEAR(near1) \"two words\" column:value -minus ^caret {brace} [bracket] ~tilde",
        &[
            "and",
            "or",
            "not",
            "near",
            "AND OR NOT",
            "NOT and",
            "near/2",
            "NEAR(near1, 2)",
            "\"two words\"",
            "\"words two\"",
            "\"two",
            "column:value",
            "value:column",
            "-minus",
            "^caret*",
            "{brace}",
            "[bracket]",
            "~tilde",
            "column : *",
            "two OR words",
        ],
        &["two OR three", "nor", "two NOT three", "-three two", "\"two three\"", "columnvalue", "nearby*"],
    ),
    spelling(
        "t1 s42 n0 c3 0x1F deadbeef \\x41 &amp; %20 a_b c%d e'f g\"h i\\j :k $1 ?2 ;-- <l>",
        &[
            "t1", "T1", "s42", "n0", "c3", "s4*", "0x1f", "deadbeef", "x41", "amp", "20", "a_b", "c%d",
            "e'f", "g\"h", "i\\j", ":k", "$1", "?2", "<l>", "b;--", "dead*",
        ],
        &["t", "s", "42", "4", "1f", "beef", "dead", "ab", "t11", "t1s42", "t1:s43"],
    ),
    spelling(
        "NULL null true FALSE undefined NaN",
        &["null", "true", "false", "nan", "nu*"],
        &["nil", "un", "nul"],
    ),
    spelling(
        "wildcard% under_score star*fish",
        &["wildcard", "under", "under_score", "star*fish", "st*"],
        &["un_er", "w%", "wild%", "wild", "starfish", "s_*"],
    ),
    // Other scripts.
    spelling(
        "Возврат товара: ёлка, Йод",
        &["возврат", "ВОЗВРАТ", "елка", "ЁЛКА", "иод", "йод", "возвр*", "товара возврат"],
        &["возвра", "товар", "vozvrat", "ёлки"],
    ),
    spelling(
        "Πού είναι η παραγγελία μου",
        &["που", "ΕΊΝΑΙ", "ειναι", "παραγγελια", "ΠΑΡΑΓΓΕΛΊΑ", "παραγγ*", "η", "μου που"],
        &["παραγγ", "παραγγελιες", "ου"],
    ),
    spelling(
        "我要退款。订单编号",
        &["退款", "退", "款", "号", "我要退款", "退*", "退款*", "订单", "订单 我要"],
        &["款退", "退款订单", "货", "退货", "退款吗", "款订", "订号"],
    ),
    spelling(
        "我的订单什么时候发货",
        &["我的订单什么时候发货", "什么时候", "发货", "货"],
        &["货发", "发货吗"],
    ),
    spelling("東京から", &["東京", "京", "東京から", "から"], &["京東", "東から"]),
    spelling(
        "返金してください カメラ ｶﾞｲﾄﾞ",
        &["返金", "金", "カメラ", "ｶﾒﾗ", "カメ*", "メラ", "くだ", "返金してください", "ガイド", "ｲﾄﾞ"],
        &["金額", "メカ", "カイト"],
    ),
    spelling(
        "환불을 부탁드립니다",
        &[
            "환불",
            "환불을",
            "부탁드립니다",
            "부탁",
            "부탁*",
            "\u{1112}\u{116a}\u{11ab}불",
            "환",
            "환*",
            "탁드",
        ],
        &["불환", "환불금"],
    ),
    spelling(
        "iPhone手机第5502号 ＵＳＢ線",
        &["iphone", "手机", "iphone手机", "手机iphone", "5502", "第", "号", "usb", "線", "USB線"],
        &["phone", "机手", "手号", "号第"],
    ),
    spelling(
        "أريد اِسْتِرْدَاد المـــال إلى آخر",
        &["أريد", "اريد", "استرداد", "إسترداد", "استر*", "المال أريد", "الى", "اخر"],
        &["استر", "مال", "ماله"],
    ),
    spelling("הֶחְזֵר כספי בבקשה", &["החזר", "הֶחְזֵר", "כספי", "בבק*", "בבקשה החזר"], &["כסף", "חזר"]),
    spelling("ขอเงินคืน", &["ขอเงินคืน", "เงิน", "คืน"], &["ของเล่น", "คืนเงิน"]),
    spelling("धनवापसी चाहिए", &["धनवापसी", "चाहिए धनवापसी"], &["वापस"]),
    spelling(
        "hello🎉world 👍🏽ok 1️⃣",
        &["hello", "world", "hello world", "ok", "hello🎉world", "👍ok"],
        &["helloworld", "oworld"],
    ),
    // No words.
    spelling("🦀🐙👩‍👩‍👧‍👦🏳️‍🌈", &[], &["crab", "family"]),
    spelling(" … — !? \u{200b}\u{feff}\u{202e} ", &[], &["zwsp"]),
    spelling("", &[], &["empty"]),
    // Words of the maximum length. The rest is cut.
    spelling(
        LONGEST,
        &[LONGEST, "abcdefghijklmnopqrstuvwxyzabcdefghijklmno", "abcdefghijklmnopqrstuvwxyzabcdefghijklm*"],
        &["abcdefghijklmnopqrstuvwxyzabcdefghijklm", "abcdefghijklmnopqrstuvwxyz"],
    ),
    spelling(
        LONGER,
        &[
            LONGER,
            "qbcdefghijklmnopqrstuvwxyzabcdefghijklmn",
            "qbcdefghijklmnopqrstuvwxyzabcdefghijklmn*",
            "qbcdefghijklmnopqrstuvwxyzabcdefghijklmnxxx",
            "qbcdefghijklmnopqrstuvwxyzabcdefghijklmnxxx*",
            "qbc*",
        ],
        &[
            "qbcdefghijklmnopqrstuvwxyzabcdefghijklm",
            "opqrstuvwxyz",
            "qbcdefghijklmnopqrstuvwxyzabcdefghijklmx*",
        ],
    ),
    spelling(HEAVIEST, &[HEAVIEST, "𐐀𐐁*", "𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱"], &["𐐨", "𐐩*"]),
];

/// Queries for which only the definition of words is checked.
const OTHERS: &[&str] =
    &["ΠΟΥΣ", "οδός", "ü*", "1*", "s*", "e", "ο*", "ᄒ*", "퐀*", "\u{10ffff}x*", "京都", "ー", "ง", "م*"];

/// No query is a part of the ids from here on.
const FIRST_ID: i64 = 880_001;

#[derive(Debug, Clone, Copy)]
enum Place {
    Name,
    FirstMessage,
    Comment,
    CustomersName,
}

pub(super) async fn are_the_same_in_every_place(storage: &dyn Storage) -> anyhow::Result<()> {
    let words: Vec<_> = SPELLINGS.iter().map(|spelling| search_words([spelling.text])).collect();
    for (place, domain) in [
        (Place::Name, "names.example.com"),
        (Place::FirstMessage, "messages.example.com"),
        (Place::Comment, "comments.example.com"),
        (Place::CustomersName, "customers.example.com"),
    ] {
        let shop = create_shop(storage, domain).await?.id;
        let silent = silent_customer(storage, shop, 1).await?;
        for (id, Spelling { text, .. }) in (FIRST_ID..).zip(SPELLINGS) {
            let nothing = Texts::default();
            let texts = match place {
                Place::Name => Texts { name: Some(text), ..nothing },
                Place::FirstMessage => Texts { first_message: Some(text), ..nothing },
                Place::Comment => Texts { comments: &[text], ..nothing },
                Place::CustomersName => nothing,
            };
            let customer = match place {
                Place::CustomersName => {
                    let phone_number = "-".repeat(usize::try_from(id - FIRST_ID + 2)?);
                    let full_name = Some((*text).to_owned());
                    let new = NewCustomer { full_name, ..customer_by_phone_number(&phone_number) };
                    create_customer(storage, shop, new).await?
                }
                _ => silent.clone(),
            };
            write(storage, &customer, id, texts).await?;
        }
        for (id, Spelling { finds, misses, text }) in (FIRST_ID..).zip(SPELLINGS) {
            for (queries, is_found) in [(finds, true), (misses, false)] {
                for query in *queries {
                    let found = found(storage, shop, query).await?;
                    ensure!(
                        found.contains(&id) == is_found,
                        "{text:?} in {place:?} is {}found by {query:?}",
                        if is_found { "not " } else { "" }
                    );
                    same(
                        &format!("the texts found by {query:?} in {place:?}"),
                        &found,
                        &as_defined(&words, query)?,
                    )?;
                }
            }
        }
        for query in OTHERS {
            expect_found(storage, shop, query, &as_defined(&words, query)?).await?;
        }
    }
    Ok(())
}

/// The ids of the texts that contain each term of the query.
fn as_defined(words: &[BTreeSet<String>], text: &str) -> anyhow::Result<Vec<i64>> {
    let query = query(text)?;
    let is_each_found = |words: &BTreeSet<String>| query.terms().all(|term| term.is_found_in(words));
    Ok((FIRST_ID..).zip(words).filter(|(_, words)| is_each_found(words)).map(|(id, _)| id).collect())
}

/// As many terms as a query holds. Each of them counts. Further ones are left out.
pub(super) async fn may_be_as_many_as_a_query_holds(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "terms.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let words: Vec<String> = (0..MAX_SEARCH_TERMS).map(|number| format!("w{number:02}")).collect();
    write(storage, &customer, 1, Texts { name: Some(&words.join(" ")), ..Texts::default() }).await?;
    // Each of these tickets lacks one of the words.
    let places = [0, 1, 7, 8, MAX_SEARCH_TERMS - 1];
    let without = |missing: usize, end: &str| {
        let rest = words.iter().enumerate().filter(|(place, _)| *place != missing);
        rest.map(|(_, word)| format!("{word}{end}")).collect::<Vec<_>>()
    };
    for (missing, id) in places.into_iter().zip(2..) {
        write(
            storage,
            &customer,
            id,
            Texts { comments: &[&without(missing, "").join(" ")], ..Texts::default() },
        )
        .await?;
    }
    let all = words.join(" ");
    expect_found(storage, shop, &all, &[1]).await?;
    expect_found(storage, shop, &format!("{all} beyond"), &[1]).await?;
    let prefixes = words[..MAX_SEARCH_PREFIXES].join("* ");
    expect_found(storage, shop, &format!("{prefixes}* beyond* beyo*"), &[1, 5, 6]).await?;
    for (missing, id) in places.into_iter().zip(2..) {
        expect_found(storage, shop, &without(missing, "").join(" "), &[1, id]).await?;
        expect_found(storage, shop, &format!("{} w{missing:02}*", without(missing, "").join(" ")), &[1])
            .await?;
    }
    // A word and its prefixes are different terms.
    expect_found(storage, shop, "w00 w00* w0* w01 w* w02", &[1, 4, 5, 6]).await
}
