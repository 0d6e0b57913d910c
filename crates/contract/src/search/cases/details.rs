//! Short texts, ids and HTML.

use hexdesk_domain::{
    ExternalIds, NewComment, NewCustomer, ShopId, Storage, Ticket, TicketChanges, TicketId,
};

use super::{Texts, comment, expect_found, found, page, silent_customer, write};
use crate::cases::ticket_lists::create_all;
use crate::comparison::same;
use crate::samples::{
    comment_creation, create_comment, create_customer, create_shop, customer_by_phone_number, new_comment,
    plain_ticket, ticket_id, update, update_ticket,
};

/// Fails unless these queries find the ticket.
async fn expect_each(storage: &dyn Storage, shop: ShopId, id: i64, queries: &[&str]) -> anyhow::Result<()> {
    for query in queries {
        expect_found(storage, shop, query, &[id]).await?;
    }
    Ok(())
}

/// The tags, contact reason, thread id and e-mail address of tickets.
pub(super) async fn of_tickets_are_searched(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "details.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let plain =
        |id| anyhow::Ok(Ticket { channel: "channel".into(), ..plain_ticket(ticket_id(id)?, &customer) });
    let tickets = [
        Ticket { tags: vec!["Größe L".into(), "vip".into()], ..plain(7_001)? },
        Ticket { contact_reason: Some("Damaged".into()), ..plain(7_002)? },
        Ticket { thread_id: Some("<CA+abc.123@mail.example.com>".into()), ..plain(7_003)? },
        Ticket { email_used: Some("Returns@shop.example.org".into()), ..plain(7_004)? },
        Ticket {
            name: Some("Named".into()),
            tags: vec!["old".into()],
            contact_reason: Some("reason".into()),
            thread_id: Some("thread".into()),
            last_message: Some("message".into()),
            ..plain(7_005)?
        },
        Ticket { name: Some("vip".into()), ..plain(7_000)? },
    ];
    create_all(storage, &tickets).await?;
    expect_each(storage, shop, 7_001, &["grosse", "GRÖSSE", "größe l", "gro*", "vip l"]).await?;
    expect_each(storage, shop, 7_002, &["damaged", "dam*"]).await?;
    expect_each(storage, shop, 7_003, &["<CA+abc.123@mail.example.com>", "abc", "ca mail", "example com"])
        .await?;
    expect_each(storage, shop, 7_004, &["returns@shop.example.org", "returns", "org", "ret*"]).await?;
    expect_found(storage, shop, "channel", &[]).await?;
    // A word of a name counts more.
    expect_found(storage, shop, "vip", &[7_000, 7_001]).await?;
    let first = page(storage, shop, "vip", None, hexdesk_domain::PageSize::of(1)).await?;
    let ranks = (first.entries.first().map(|view| view.ticket.id.get()), first.next.map(|next| next.rank));
    same("the best ticket and its rank", &ranks, &(Some(7_000), Some(4)))?;

    // Changes.
    let id = ticket_id(7_005)?;
    let nothing = TicketChanges::default;
    let everything = ["named", "old", "reason", "thread", "message", "named old reason thread message"];
    expect_each(storage, shop, 7_005, &everything).await?;
    let named = TicketChanges { name: Some(Some("renamed".into())), ..nothing() };
    update_ticket(storage, shop, id, update(named)).await?;
    expect_each(storage, shop, 7_005, &["renamed old reason thread message"]).await?;
    let tagged = TicketChanges { tags: Some(vec!["new".into(), "reason".into()]), ..nothing() };
    update_ticket(storage, shop, id, update(tagged)).await?;
    expect_each(storage, shop, 7_005, &["renamed new reason thread message"]).await?;
    let reason = TicketChanges { contact_reason: Some(None), ..nothing() };
    update_ticket(storage, shop, id, update(reason)).await?;
    // It is a tag as well.
    expect_each(storage, shop, 7_005, &["renamed new reason thread message"]).await?;
    let untagged = TicketChanges { tags: Some(Vec::new()), name: Some(None), ..nothing() };
    update_ticket(storage, shop, id, update(untagged)).await?;
    expect_each(storage, shop, 7_005, &["thread message"]).await?;
    for gone in ["named", "renamed", "old", "new", "reason"] {
        expect_found(storage, shop, gone, &[]).await?;
    }
    Ok(())
}

/// Ids, whole or their first digits.
pub(super) async fn ids_are_searched(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "ids.example.com").await?.id;
    let other = create_shop(storage, "other.ids.example.com").await?.id;
    let (customer, stranger) =
        (silent_customer(storage, shop, 1).await?, silent_customer(storage, other, 1).await?);
    for (id, name) in
        [(12, "twelve"), (120, "other"), (987_654_321_012_345_678, "long"), (TicketId::MAX, "99")]
    {
        write(storage, &customer, id, Texts { name: Some(name), ..Texts::default() }).await?;
    }
    write(storage, &stranger, 12, Texts::default()).await?;
    for (query, expected) in [
        ("12", &[12][..]),
        ("#12", &[12]),
        ("１２", &[12]),
        ("12*", &[12, 120]),
        ("1*", &[12, 120]),
        ("120", &[120]),
        ("2", &[]),
        ("20*", &[]),
        ("012", &[]),
        ("987654321012345678", &[987_654_321_012_345_678]),
        ("98765*", &[987_654_321_012_345_678]),
        ("9*", &[987_654_321_012_345_678, TicketId::MAX]),
        ("9223372036854775807", &[TicketId::MAX]),
        ("9223372036854775808", &[]),
        ("12 twelve", &[12]),
        ("12 other", &[]),
        ("12* other", &[120]),
        ("12 120", &[]),
        ("99", &[TicketId::MAX]),
    ] {
        expect_found(storage, shop, query, expected).await?;
    }
    expect_found(storage, other, "12*", &[12]).await?;
    // An id counts as much as a word of a message.
    let first = page(storage, shop, "12*", None, hexdesk_domain::PageSize::of(1)).await?;
    same("the rank of an id", &first.next.map(|next| next.rank), &Some(1))
}

/// The subject, the sender and the names of attachments.
pub(super) async fn of_comments_are_searched(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "comments.details.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    for id in 8_001..=8_004 {
        write(storage, &customer, id, Texts::default()).await?;
    }
    let ticket = |id| anyhow::Ok(plain_ticket(ticket_id(id)?, &customer));
    let text = |text: &str| Some(text.to_owned());
    let plain = |id| anyhow::Ok(NewComment { text: "text".into(), ..new_comment(id, &ticket(id)?)? });
    let attachments =
        r#"[{"url": "https://cdn.example/x", "name": "Facture n\u00ba7.pdf"}, {"name": "photo-1.JPG"}]"#;
    for comment in [
        NewComment { subject: text("Re: Łódź"), ..plain(8_001)? },
        NewComment { from_email: text("ada@sender.example.com"), ..plain(8_002)? },
        NewComment { attachments: text(attachments), ..plain(8_003)? },
        NewComment { attachments: text(r#"{"name": 5}"#), ..plain(8_004)? },
    ] {
        create_comment(storage, comment_creation(comment)).await?;
    }
    expect_each(storage, shop, 8_001, &["lodz", "re text", "ŁÓDŹ"]).await?;
    expect_each(storage, shop, 8_002, &["ada@sender.example.com", "sender", "send*"]).await?;
    expect_each(storage, shop, 8_003, &["facture", "photo-1.jpg", "facture.pdf photo", "fact* 7"]).await?;
    for missing in ["cdn", "https", "url", "name", "x", "5"] {
        expect_found(storage, shop, missing, &[]).await?;
    }
    expect_found(storage, shop, "text", &[8_001, 8_002, 8_003, 8_004]).await
}

/// HTML messages are found by the text that a reader sees.
pub(super) async fn html_is_searched_by_its_text(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "html.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    for (id, text, finds, misses) in [
        (
            9_001,
            "<style>p{font-family:Arial}</style><p>caf&eacute;</p>",
            &["café", "cafe"][..],
            &["arial", "style", "p", "font", "eacute", "caf"][..],
        ),
        (
            9_002,
            "<div>one</div><div>two</div>re<b>fund</b><br>three<!-- four --><script>five</script> <a href='/six'>7</a>",
            &["one", "two", "refund", "three", "one two refund three"],
            &["onetwo", "div", "br", "four", "five", "six", "href", "fundthree"],
        ),
        (9_003, "Ada <ada@example.com> wrote: 1 < 2 &amp; x<y", &["ada@example.com", "amp", "x y"], &["lt"]),
        (9_004, "<p>never <style>ends", &["never", "ends"], &["p"]),
    ] {
        for (place, texts) in [
            (0, Texts { first_message: Some(text), ..Texts::default() }),
            (1_000, Texts { comments: &[text], ..Texts::default() }),
        ] {
            write(storage, &customer, id + place, texts).await?;
        }
        for query in finds {
            expect_found(storage, shop, query, &[id, id + 1_000]).await?;
        }
        for query in misses {
            let found = found(storage, shop, query).await?;
            anyhow::ensure!(
                !found.contains(&id) && !found.contains(&(id + 1_000)),
                "{text:?} is found by {query:?}"
            );
        }
    }
    // A name is no HTML.
    write(storage, &customer, 9_005, Texts { name: Some("<p>named</p>"), ..Texts::default() }).await?;
    expect_found(storage, shop, "p named", &[9_005]).await
}

/// The ids of customers in other systems, and all spellings of their phone numbers.
pub(super) async fn of_customers_are_searched(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "customers.details.example.com").await?.id;
    let text = |text: &str| Some(text.to_owned());
    let external_ids = ExternalIds {
        zendesk_id: text("zen-4711"),
        ig_pseudo: text("@ada.lovelace"),
        shopify_id: text("gid://shopify/Customer/5544"),
        ..ExternalIds::default()
    };
    for (id, new) in [
        (6_001, NewCustomer { external_ids, ..customer_by_phone_number("+") }),
        (6_002, customer_by_phone_number("+33 (0)6 12 34 00 08")),
        (6_003, customer_by_phone_number("0033745670009")),
    ] {
        let customer = create_customer(storage, shop, new).await?;
        write(storage, &customer, id, Texts::default()).await?;
        comment(storage, &plain_ticket(ticket_id(id)?, &customer), id, "text").await?;
    }
    expect_each(storage, shop, 6_001, &["zen-4711", "4711", "@ada.lovelace", "love*", "5544 shopify"])
        .await?;
    for spelling in ["+33 6 12 34 00 08", "+33612340008", "0033612340008", "00 33 6-12-34-00-08", "3361234*"]
    {
        expect_found(storage, shop, spelling, &[6_002]).await?;
        expect_found(storage, shop, &format!("{spelling} text"), &[6_002]).await?;
    }
    for spelling in ["+33 7 45 67 00 09", "+33745670009", "0033745670009", "0033 (745) 67.00.09"] {
        expect_found(storage, shop, spelling, &[6_003]).await?;
    }
    // Other numbers, and a part of a number.
    for query in ["+33 6 12 34 00 09", "+3361234000", "+33 6 12 34 000", "6 12 34 00 99"] {
        expect_found(storage, shop, query, &[]).await?;
    }
    Ok(())
}
