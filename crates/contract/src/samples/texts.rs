//! Texts that are hard for stores.

use std::sync::LazyLock;

use hexdesk_domain::ExternalIds;
use hexdesk_domain::limits::MAX_IDEMPOTENCY_OPERATION_BYTES;

/// Texts that stores are known to change, to compare loosely or to fail on.
pub(crate) const TRICKY_TEXTS: &[&str] = &[
    "",
    " ",
    "  padded \t",
    "line\r\nbreak\n",
    "'; DROP TABLE tickets; --",
    "\"quoted\" `ticks` \\backslash\\ \\n \\x00",
    "NULL",
    "null",
    "{a,b}",
    "[\"x\"]",
    "100% _any_ $1 ?1 :name",
    "007",
    "1e3",
    "true",
    "crème brûlée",
    "e\u{301} is not é",
    "İıẞßΣς",
    "日本語 العربية עברית",
    "\u{202e}right to left",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "\u{1}\u{8}\u{1b}\u{7f}\u{85}",
    "\u{feff}mark\u{200b}\u{2028}",
    "\u{fffe}\u{ffff}\u{10ffff}",
];

/// Texts that patterns, folding, collations, quoting and numbers confuse with each other.
pub(crate) const ALIKE: &[&str] = &[
    "mail",
    "Mail",
    "MAIL",
    "mail ",
    " mail",
    "mai",
    "mails",
    "m_il",
    "m%",
    "%",
    "_",
    "%mail%",
    "m*",
    "*",
    "m?il",
    "[m]ail",
    ".*",
    "mail\\",
    "\\",
    "\\\\",
    "ma\\_il",
    "ma'il",
    "'",
    "''",
    "\"",
    "ma\"il",
    "[\"mail\"]",
    "mail,Mail",
    "{mail}",
    "mail\",\"Mail",
    "é",
    "e\u{301}",
    "É",
    "e",
    "ß",
    "ss",
    "SS",
    "ẞ",
    "İ",
    "i",
    "I",
    "ı",
    "0",
    "00",
    "0.0",
    "1",
    "日本",
    "ﾆﾎﾝ",
    "ニホン",
    "🦀",
    "\u{10ffff}",
    "a\u{200b}",
    "a",
];

/// Each row has spellings of one address, according to `fold_email`.
pub(crate) static SAME_ADDRESSES: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let rows: &[&[&str]] = &[
        &["Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM"],
        &["DÉV@EXÄMPLE.COM", "dév@exämple.com", "DÉv@exÄmple.com"],
        &["ΟΔΟΣ@example.com", "οδος@example.com"],
        &["ЖУК@example.com", "жук@example.com"],
        &["İ@example.com", "i\u{307}@example.com"],
        &["info@münchen.example", "INFO@MÜNCHEN.example", "info@xn--mnchen-3ya.example"],
    ];
    let rows = rows.iter().map(|row| row.iter().copied().map(Into::into).collect());
    rows.chain(longest_addresses()).collect()
});

/// Every address of [`SAME_ADDRESSES`].
pub(crate) fn every_spelling() -> Vec<&'static str> {
    SAME_ADDRESSES.iter().flatten().map(String::as_str).collect()
}

/// Addresses with as many bytes as the domain accepts: 1,010, or 506 that fold to 758. The first rows
/// differ in their last characters only.
fn longest_addresses() -> Vec<Vec<String>> {
    let row = |letters: [&str; 2], last: &str| {
        let address = |letter: &str| format!("{}{last}@b", letter.repeat(252 - last.len()));
        letters.map(address).to_vec()
    };
    let (four_bytes, growing) = (["𞤀", "𞤢"], ["Ⱥ", "ⱥ"]);
    vec![row(four_bytes, ""), row(four_bytes, "b"), row(four_bytes, "c"), row(growing, "")]
}

/// Addresses that only look like one of [`SAME_ADDRESSES`] or like each other.
pub(crate) const ALIKE_ADDRESSES: &[&str] = &[
    "da@example.com",
    "ada@example.co",
    "ada@example.com ",
    "a_a@example.com",
    "a%@example.com",
    "àda@example.com",
    "de\u{301}v@exämple.com",
    "dev@example.com",
    "strasse@example.com",
    "straße@example.com",
    "i@example.com",
    "ı@example.com",
];

/// Access to a field of a `T`, usually a text.
pub(crate) type Field<T, V = Option<String>> = fn(&mut T) -> &mut V;

/// Each external id of a customer, with its name.
pub(crate) const EXTERNAL_IDS: [(&str, Field<ExternalIds>); 11] = [
    ("shopify", |ids| &mut ids.shopify_id),
    ("wordpress", |ids| &mut ids.wordpress_id),
    ("prestashop", |ids| &mut ids.prestashop_id),
    ("fb_user", |ids| &mut ids.fb_user_id),
    ("ig_user", |ids| &mut ids.ig_user_id),
    ("ig_pseudo", |ids| &mut ids.ig_pseudo),
    ("whatsapp", |ids| &mut ids.whatsapp_id),
    ("zendesk", |ids| &mut ids.zendesk_id),
    ("freshdesk", |ids| &mut ids.freshdesk_id),
    ("gmelius", |ids| &mut ids.gmelius_id),
    ("gorgias", |ids| &mut ids.gorgias_id),
];

/// Ids in every external system, each made from the system's name.
pub(crate) fn every_external_id(id: impl Fn(&str) -> String) -> ExternalIds {
    let mut ids = ExternalIds::default();
    for (name, field) in EXTERNAL_IDS {
        *field(&mut ids) = Some(id(name));
    }
    ids
}

/// A text of exactly this many characters. They have one to four bytes each.
pub(crate) fn text_of(chars: u64) -> String {
    let chars = usize::try_from(chars).unwrap_or(usize::MAX);
    "aé漢🦀🦀".chars().cycle().take(chars).collect()
}

/// A text of exactly this many characters of four bytes each, the maximum.
pub(crate) fn heavy_text_of(chars: u64) -> String {
    let chars = usize::try_from(chars).unwrap_or(usize::MAX);
    "🦀🐙".chars().cycle().take(chars).collect()
}

/// An e-mail address of the maximum length.
pub(crate) fn longest_email() -> String {
    let domain = ["d".repeat(63), "e".repeat(63), "f".repeat(57), "com".to_owned()].join(".");
    format!("{}@{domain}", "L".repeat(64))
}

/// A language tag of the maximum length.
pub(crate) fn longest_language_code() -> String {
    "zh_Hant-TW-x-private1-private2-priv".to_owned()
}

/// Operations of the maximum length. They differ in their last byte or character.
pub(crate) fn longest_operations() -> [String; 4] {
    let of = |letter: &str, last: &str| {
        let mut text = letter.repeat(MAX_IDEMPOTENCY_OPERATION_BYTES / letter.len() - 1);
        text.extend(std::iter::repeat_n('x', MAX_IDEMPOTENCY_OPERATION_BYTES - text.len() - last.len()));
        text + last
    };
    [of("POST /", "1"), of("POST /", "2"), of("🦀", "é"), of("🦀", "è")]
}

/// Pairs of an operation and an idempotency key. The first two are the same text once they are joined
/// with this separator. So are the last two if the key comes first.
pub(crate) fn joined_alike(separator: &str) -> [(String, String); 4] {
    let joined = |one: &str, other: &str| format!("{one}{separator}{other}");
    [
        (joined("create", "it"), "1".to_owned()),
        ("create".to_owned(), joined("it", "1")),
        (joined("make", "it"), "2".to_owned()),
        ("it".to_owned(), joined("2", "make")),
    ]
}
