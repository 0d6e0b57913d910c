//! The places where terms are found.

use hexdesk_domain::{Customer, NewComment, NewCustomer, NewUser, ShopId, Storage, Ticket};

use super::{Texts, expect_found, silent_customer, write};
use crate::cases::ticket_lists::create_all;
use crate::samples::{
    at, comment_creation, create_comment, create_customer, create_shop, create_user, customer_by_email,
    customer_by_phone_number, filled_ticket, new_comment, plain_ticket, ticket_id, user_by_email,
};

/// Words, each with the id of the ticket that has it.
const WORDS: &[(i64, &str)] = &[
    (1, "subject"),
    (1, "second"),
    (2, "opening"),
    (3, "latest"),
    (3, "earlier"),
    (3, "earliest"),
    (4, "given"),
    (5, "family"),
    (6, "whole"),
    (7, "mailbox"),
    (8, "4815"),
];

/// Creates eight tickets. Each has its words in another place.
async fn one_ticket_for_each_place(storage: &dyn Storage, domain: &str) -> anyhow::Result<ShopId> {
    let shop = create_shop(storage, domain).await?.id;
    let silent = silent_customer(storage, shop, 1).await?;
    let nothing = Texts::default();
    write(storage, &silent, 1, Texts { name: Some("Subject, second"), ..nothing }).await?;
    write(storage, &silent, 2, Texts { first_message: Some("Opening"), ..nothing }).await?;
    let comments = &["earliest", "earlier", "latest"];
    write(storage, &silent, 3, Texts { first_message: Some("…"), comments, ..nothing }).await?;
    let new = |number: usize| customer_by_phone_number(&"-".repeat(number));
    let of_customers = [
        NewCustomer { first_name: Some("Given".into()), ..new(1) },
        NewCustomer { last_name: Some("Family".into()), ..new(2) },
        NewCustomer { full_name: Some("Whole".into()), ..new(3) },
        NewCustomer { email: Some("mailbox@-".into()), ..new(4) },
        customer_by_phone_number("+4815"),
    ];
    for (new, id) in of_customers.into_iter().zip(4..) {
        let customer = create_customer(storage, shop, new).await?;
        write(storage, &customer, id, nothing).await?;
    }
    Ok(shop)
}

pub(super) async fn every_place_is_searched(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = one_ticket_for_each_place(storage, "places.example.com").await?;
    for (id, word) in WORDS {
        expect_found(storage, shop, word, &[*id]).await?;
        expect_found(storage, shop, &word.to_uppercase(), &[*id]).await?;
        // As a prefix: of the whole word, of most of it, and longer than the word.
        let chars: String = word.chars().take(word.chars().count() - 1).collect();
        for (query, ids) in
            [(format!("{word}*"), &[*id][..]), (format!("{word}x*"), &[]), (format!("{word}x"), &[])]
        {
            expect_found(storage, shop, &query, ids).await?;
        }
        expect_found(storage, shop, &chars, &[]).await?;
        if !"earlie".starts_with(&chars) {
            expect_found(storage, shop, &format!("{chars}*"), &[*id]).await?;
        }
        // The end of a word and its middle are not found.
        for skipped in [1, 2] {
            let end: String = word.chars().skip(skipped).collect();
            expect_found(storage, shop, &end, &[]).await?;
            expect_found(storage, shop, &format!("{end}*"), &[]).await?;
        }
    }
    for (query, ids) in [("s*", &[1][..]), ("e*", &[3]), ("earli*", &[3]), ("nowhere", &[]), ("n*", &[])] {
        expect_found(storage, shop, query, ids).await?;
    }
    Ok(())
}

/// E-mail addresses and phone numbers, each of another customer.
pub(super) async fn addresses_are_found_by_their_parts(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "addresses.example.com").await?.id;
    for (id, new) in (1..).zip([
        customer_by_email("Ada.Lovelace+shop@Mail.example-one.com"),
        customer_by_email("ada.byron@mail.example.com"),
        customer_by_phone_number("+33 (0)6-1234.5678"),
        customer_by_phone_number("0033712345678"),
        customer_by_phone_number("tel:1234/00 33"),
    ]) {
        let customer = create_customer(storage, shop, new).await?;
        write(storage, &customer, id, Texts::default()).await?;
    }
    for (query, expected) in [
        ("ada", &[1, 2][..]),
        ("lovelace", &[1]),
        ("Ada.Lovelace+shop@Mail.example-one.com", &[1]),
        ("ada.lovelace@mail", &[1]),
        ("ada@mail.example.com", &[1, 2]),
        ("adalovelace", &[]),
        ("ada.byr*", &[2]),
        ("@mail.exa*", &[1, 2]),
        ("one", &[1]),
        ("ne", &[]),
        ("+33 (0)6-1234.5678", &[3]),
        ("+33612345678", &[3]),
        ("33 0 6 1234 5678", &[3]),
        ("1234", &[3, 5]),
        ("1234-5678", &[3]),
        ("33", &[3, 5]),
        ("33*", &[3, 4, 5]),
        ("0033*", &[4]),
        ("0033712345678", &[4]),
        ("+33712345678", &[4]),
        ("00*", &[4, 5]),
        ("0", &[3]),
        ("345678", &[]),
        ("123", &[]),
        ("123*", &[3, 5]),
    ] {
        expect_found(storage, shop, query, expected).await?;
    }
    Ok(())
}

/// Words of one ticket are found together, in any places. Words of different tickets are not.
pub(super) async fn terms_may_be_in_different_places(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = one_ticket_for_each_place(storage, "apart.example.com").await?;
    let new = NewCustomer {
        email: Some("mailbox@+".into()),
        first_name: Some("Given".into()),
        last_name: Some("Family".into()),
        full_name: Some("Whole".into()),
        ..customer_by_phone_number("4815-")
    };
    let customer = create_customer(storage, shop, new).await?;
    let comments = &["latest earlier", "latest", "earliest"];
    let texts = Texts { name: Some("second subject"), first_message: Some("opening"), comments };
    write(storage, &customer, 9, texts).await?;
    // An empty ticket of the same customer.
    write(storage, &customer, 10, Texts::default()).await?;
    for (one, word) in WORDS {
        let is_customers = (4..=8).contains(one);
        let expected: &[i64] = if is_customers { &[*one, 9, 10] } else { &[*one, 9] };
        expect_found(storage, shop, word, expected).await?;
        for (other, another) in WORDS {
            let mut expected = if one == other { vec![*one, 9] } else { vec![9] };
            if is_customers && (4..=8).contains(other) {
                expected.push(10);
            }
            for query in [format!("{word} {another}"), format!("{another}* {word}")] {
                expect_found(storage, shop, &query, &expected).await?;
            }
        }
    }
    expect_found(storage, shop, "subject opening latest earliest given whole mailbox 4815", &[9]).await?;
    expect_found(storage, shop, "sub* open* lat* earl* giv* who* mail* 48*", &[9]).await?;
    // All words except one are found.
    for query in ["subject opening missing", "missing given", "latest earlier missing*", "4815 m* missing"] {
        expect_found(storage, shop, query, &[]).await?;
    }
    Ok(())
}

/// The other fields of tickets, comments and customers are not searched, nor is the staff.
pub(super) async fn nothing_else_is_searched(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "fields.example.com").await?.id;
    let hidden = || Some("hidden".to_owned());
    let agent = create_user(
        storage,
        shop,
        NewUser {
            first_name: hidden(),
            last_name: hidden(),
            full_name: hidden(),
            ..user_by_email("hidden@hidden.example.com")
        },
    )
    .await?;
    let new = NewCustomer { full_name: Some("seen".into()), ..customer_by_phone_number("+") };
    let customer = create_customer(storage, shop, new).await?;
    let plain = plain_ticket(ticket_id(77_000)?, &customer);
    let ticket = Ticket {
        name: Some("seen".into()),
        thread_id: None,
        email_used: None,
        contact_reason: None,
        tags: Vec::new(),
        last_message: Some("seen".into()),
        date: plain.date,
        last_message_time: plain.last_message_time,
        unread_count: plain.unread_count,
        ..filled_ticket(plain, agent.id, |_| "hidden".into())
    };
    create_all(storage, std::slice::from_ref(&ticket)).await?;
    let comment = NewComment {
        text: "seen".into(),
        channel: hidden(),
        author_id: Some(agent.id),
        to_emails: vec!["hidden".into()],
        attachments: Some(r#"[{"url": "hidden", "type": "hidden", "names": ["hidden"]}]"#.into()),
        tags: vec!["hidden".into()],
        time: at(0),
        ..new_comment(1, &ticket)?
    };
    create_comment(storage, comment_creation(comment)).await?;
    expect_found(storage, shop, "seen", &[77_000]).await?;
    // Numbers and flags are not found either.
    for query in ["hidden", "hid*", "hidden seen", "example", "true", "1", "0", "2026", "t1", "null", "url"] {
        expect_found(storage, shop, query, &[]).await?;
    }
    Ok(())
}

/// Tickets, customers and comments with the same ids and words in different shops.
pub(super) async fn shops_are_apart(storage: &dyn Storage) -> anyhow::Result<()> {
    let mut shops = Vec::new();
    for (domain, own) in [("one.example.com", "first"), ("two.example.com", "second")] {
        let shop = create_shop(storage, domain).await?.id;
        let new = NewCustomer {
            email: Some(format!("{own}@+")),
            full_name: Some("shared".into()),
            ..customer_by_phone_number("+")
        };
        let customer = create_customer(storage, shop, new).await?;
        let silent = silent_customer(storage, shop, 2).await?;
        write_pair(storage, &customer, &silent, own).await?;
        shops.push((shop, own));
    }
    let empty = create_shop(storage, "none.example.com").await?.id;
    for (shop, own) in &shops {
        for (query, expected) in [
            ("shared", &[1, 2, 3, 4][..]),
            ("sha*", &[1, 2, 3, 4]),
            (&format!("{own} shared"), &[1, 2, 3, 4]),
            (&format!("{own}*"), &[1, 2, 3, 4]),
        ] {
            expect_found(storage, *shop, query, expected).await?;
            expect_found(storage, empty, query, &[]).await?;
        }
        for (_, others) in shops.iter().filter(|(_, word)| word != own) {
            for query in [(*others).to_owned(), format!("{others}*"), format!("shared {others}")] {
                expect_found(storage, *shop, &query, &[]).await?;
            }
        }
    }
    Ok(())
}

/// Creates a ticket for each place, with the word `shared` and the shop's own word.
async fn write_pair(
    storage: &dyn Storage,
    customer: &Customer,
    silent: &Customer,
    own: &str,
) -> anyhow::Result<()> {
    let text = format!("shared {own}");
    let nothing = Texts::default();
    write(storage, customer, 1, nothing).await?;
    write(storage, silent, 2, Texts { name: Some(&text), ..nothing }).await?;
    write(storage, silent, 3, Texts { first_message: Some(&text), ..nothing }).await?;
    // More than once each, because a ticket must be found only once.
    let comments = &[&text as &str, &text, "shared", own];
    let texts = Texts { name: Some(&text), first_message: Some(&text), comments };
    write(storage, customer, 4, texts).await
}
