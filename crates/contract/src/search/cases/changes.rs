//! New texts are found at once, removed ones are not.

use anyhow::ensure;
use hexdesk_domain::ports::{
    CommentUpdate, CreateCustomerOutcome, CreateTicketOutcome, DeleteTicketOutcome, Erased,
    UpdateCustomerOutcome,
};
use hexdesk_domain::{
    CommentChanges, Customer, CustomerChanges, IdempotentOutcome, NewComment, NewCustomer, ShopId, Storage,
    Ticket, TicketChanges, Timestamp,
};

use super::{Texts, comment, expect_found, silent_customer, write};
use crate::comparison::same;
use crate::samples::{
    at, attempt_comment, attempt_update, claim, claimed, comment_creation, comment_id, create_comment,
    create_customer, create_shop, create_ticket, creation, customer_by_email, customer_by_phone_number,
    customer_update, deferred_claim, new_comment, plain_ticket, stamp, ticket_id, update, update_ticket,
};

/// Two shops with a customer each, and a ticket of each customer with every kind of text. Changes
/// in the first shop must not affect the second.
struct Pair {
    shops: [ShopId; 2],
    customers: [Customer; 2],
}

const TEXTS: Texts<'static> =
    Texts { name: Some("name"), first_message: Some("first"), comments: &["earlier", "later"] };

impl Pair {
    async fn create(storage: &dyn Storage, domain: &str) -> anyhow::Result<Self> {
        let mut shops = Vec::new();
        let mut customers = Vec::new();
        for number in ["one", "two"] {
            let shop = create_shop(storage, &format!("{number}.{domain}")).await?.id;
            let new = NewCustomer {
                email: Some("mail@+".into()),
                first_name: Some("given".into()),
                last_name: Some("family".into()),
                full_name: Some("whole".into()),
                ..customer_by_phone_number("+4815")
            };
            let customer = create_customer(storage, shop, new).await?;
            write(storage, &customer, 1, TEXTS).await?;
            shops.push(shop);
            customers.push(customer);
        }
        let (Ok(shops), Ok(customers)) = (shops.try_into(), customers.try_into()) else {
            anyhow::bail!("the kit makes a pair of shops");
        };
        Ok(Self { shops, customers })
    }

    fn ticket(&self, id: i64) -> anyhow::Result<Ticket> {
        Ok(plain_ticket(ticket_id(id)?, &self.customers[0]))
    }

    /// Fails unless in the first shop each word of `there` finds ticket 1 and each of `gone`
    /// nothing, also as prefixes. The second shop must be unchanged.
    async fn expect(&self, storage: &dyn Storage, there: &[&str], gone: &[&str]) -> anyhow::Result<()> {
        for (words, expected) in [(there, &[1][..]), (gone, &[])] {
            for word in words {
                expect_found(storage, self.shops[0], word, expected).await?;
                expect_found(storage, self.shops[0], &format!("{word}*"), expected).await?;
            }
        }
        for word in ["name", "first", "earlier", "later", "given", "family", "whole", "mail", "4815"] {
            expect_found(storage, self.shops[1], word, &[1]).await?;
        }
        for word in ["new", "newer", "newest"] {
            expect_found(storage, self.shops[1], word, &[]).await?;
        }
        Ok(())
    }
}

pub(super) async fn of_names(storage: &dyn Storage) -> anyhow::Result<()> {
    let pair = Pair::create(storage, "names.example.com").await?;
    let (shop, id) = (pair.shops[0], ticket_id(1)?);
    let named =
        |name: Option<&str>| TicketChanges { name: Some(name.map(Into::into)), ..TicketChanges::default() };
    pair.expect(storage, &["name"], &["new"]).await?;
    update_ticket(storage, shop, id, update(named(Some("new")))).await?;
    pair.expect(storage, &["new", "first", "later"], &["name"]).await?;
    // Updates without a name keep the name.
    let opened = TicketChanges { is_opened: Some(true), ..TicketChanges::default() };
    update_ticket(storage, shop, id, update(opened)).await?;
    update_ticket(storage, shop, id, update(TicketChanges::default())).await?;
    pair.expect(storage, &["new", "given"], &["name"]).await?;
    update_ticket(storage, shop, id, update(named(None))).await?;
    pair.expect(storage, &["first", "given"], &["new", "name"]).await?;
    // A word that is removed from one place is still found in another.
    update_ticket(storage, shop, id, update(named(Some("first given newest")))).await?;
    pair.expect(storage, &["newest", "first", "given"], &["name"]).await?;
    update_ticket(storage, shop, id, update(named(Some("")))).await?;
    pair.expect(storage, &["first", "given"], &["newest", "name"]).await
}

pub(super) async fn of_messages(storage: &dyn Storage) -> anyhow::Result<()> {
    let pair = Pair::create(storage, "messages.example.com").await?;
    // The first message differs from the last one now.
    pair.expect(storage, &["first", "earlier", "later"], &["newer"]).await?;
    let ticket = pair.ticket(1)?;
    comment(storage, &ticket, 10, "newer").await?;
    pair.expect(storage, &["first", "earlier", "later", "newer"], &[]).await?;
    // A comment older than the last message is found, too.
    let old = NewComment { text: "oldest".into(), time: Timestamp::MIN, ..new_comment(11, &ticket)? };
    create_comment(storage, comment_creation(old)).await?;
    pair.expect(storage, &["first", "earlier", "later", "newer", "oldest"], &[]).await?;
    // A changed text replaces the old one, and a deleted one is gone.
    let changes = CommentChanges { text: Some("replaced".into()), ..CommentChanges::default() };
    let update = CommentUpdate { changes, expected_version: None, stamp: stamp(at(9)) };
    storage.update_comment(ticket.shop_id, ticket.id, comment_id(11)?, update, None).await?;
    pair.expect(storage, &["first", "later", "newer", "replaced"], &["oldest"]).await?;
    storage.delete_comment(ticket.shop_id, ticket.id, comment_id(11)?, None, stamp(at(9))).await?;
    pair.expect(storage, &["first", "later", "newer"], &["oldest", "replaced"]).await?;
    let old = NewComment { text: "oldest".into(), time: Timestamp::MIN, ..new_comment(11, &ticket)? };
    create_comment(storage, comment_creation(old)).await?;
    pair.expect(storage, &["first", "earlier", "later", "newer", "oldest"], &["replaced"]).await?;
    // A batch with comments on two tickets.
    write(storage, &pair.customers[0], 2, Texts::default()).await?;
    let mut batch = Vec::new();
    for (id, ticket, text) in [(12, 1, "batch"), (13, 2, "another"), (14, 2, "batch"), (15, 1, "more")] {
        let ticket = pair.ticket(ticket)?;
        batch.push(comment_creation(NewComment { text: text.into(), ..new_comment(id, &ticket)? }));
    }
    storage.create_comments(batch).await?;
    for (word, expected) in [("batch", &[1, 2][..]), ("another", &[2]), ("more", &[1]), ("batch mor*", &[1])]
    {
        expect_found(storage, pair.shops[0], word, expected).await?;
    }
    Ok(())
}

pub(super) async fn of_customers(storage: &dyn Storage) -> anyhow::Result<()> {
    let pair = Pair::create(storage, "customers.example.com").await?;
    let (shop, id) = (pair.shops[0], pair.customers[0].id);
    let change = async |changes: CustomerChanges| -> anyhow::Result<()> {
        match storage.update_customer(shop, id, customer_update(changes), None).await? {
            IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(_)) => Ok(()),
            other => anyhow::bail!("a customer's update returned {other:?}"),
        }
    };
    pair.expect(storage, &["given", "family", "whole", "mail", "4815", "name"], &["uno"]).await?;
    let nothing = CustomerChanges::default;
    let to = |text: &str| Some(Some(text.to_owned()));
    for (changes, there, gone) in [
        (CustomerChanges { first_name: to("uno"), ..nothing() }, "uno", "given"),
        (CustomerChanges { last_name: to("due"), ..nothing() }, "due", "family"),
        (CustomerChanges { full_name: to("tre"), ..nothing() }, "tre", "whole"),
        (CustomerChanges { email: to("box@+"), ..nothing() }, "box", "mail"),
        (CustomerChanges { phone_number: to("+1623"), ..nothing() }, "1623", "4815"),
        (CustomerChanges { first_name: Some(None), ..nothing() }, "due", "uno"),
        (CustomerChanges { full_name: to("quattro"), last_name: Some(None), ..nothing() }, "quattro", "due"),
        (CustomerChanges { email: Some(None), ..nothing() }, "1623", "box"),
        (CustomerChanges { full_name: Some(None), ..nothing() }, "1623", "quattro"),
        (nothing(), "1623", "tre"),
    ] {
        change(changes).await?;
        pair.expect(storage, &[there, "name", "later"], &[gone]).await?;
    }
    // Every ticket of the customer, even one newer than the change.
    write(storage, &pair.customers[0], 2, Texts::default()).await?;
    let silent = silent_customer(storage, shop, 1).await?;
    write(storage, &silent, 3, Texts { name: Some("quinto"), ..Texts::default() }).await?;
    expect_found(storage, shop, "1623", &[1, 2]).await?;
    let reached = CustomerChanges { full_name: to("quinto"), phone_number: to("+-"), ..nothing() };
    change(reached).await?;
    expect_found(storage, shop, "quinto", &[1, 2, 3]).await?;
    expect_found(storage, shop, "1623", &[]).await
}

pub(super) async fn of_what_is_gone(storage: &dyn Storage) -> anyhow::Result<()> {
    let words = ["name", "first", "earlier", "later", "given", "family", "whole", "mail", "4815"];
    let pair = Pair::create(storage, "gone.example.com").await?;
    let (shop, customer) = (pair.shops[0], &pair.customers[0]);
    pair.expect(storage, &words, &["fresh"]).await?;
    write(storage, customer, 2, Texts { name: Some("neighbour"), ..Texts::default() }).await?;
    let outcome = storage.delete_ticket(shop, ticket_id(1)?, None, stamp(at(13))).await?;
    same("a deletion", &outcome, &DeleteTicketOutcome::Deleted)?;
    for word in words {
        let is_customers = ["given", "family", "whole", "mail", "4815"].contains(&word);
        expect_found(storage, shop, word, if is_customers { &[2] } else { &[] }).await?;
    }
    pair.expect(storage, &[], &["name"]).await?;
    // A new ticket with the id of a deleted one has none of its texts.
    let nothing = Texts::default();
    write(storage, customer, 1, Texts { name: Some("fresh"), ..nothing }).await?;
    pair.expect(storage, &["fresh"], &["name", "first", "earlier", "later"]).await?;
    comment(storage, &pair.ticket(1)?, 100, "again").await?;
    pair.expect(storage, &["again", "fresh"], &["name", "first", "earlier", "later"]).await?;

    let silent = silent_customer(storage, shop, 1).await?;
    write(storage, &silent, 3, Texts { name: Some("neighbour"), ..nothing }).await?;
    let erased = storage.erase_customer(shop, customer.id, stamp(at(14))).await?;
    ensure!(matches!(erased, Some(Erased { tickets: 2, .. })), "an erasure returned {erased:?}");
    for word in words.into_iter().chain(["fresh", "again"]) {
        expect_found(storage, shop, word, &[]).await?;
    }
    expect_found(storage, shop, "neighbour", &[3]).await?;
    pair.expect(storage, &[], &["name"]).await?;
    // The same for another customer's ticket with the id of an erased one.
    write(storage, &silent, 1, Texts { comments: &["anew"], ..nothing }).await?;
    pair.expect(storage, &["anew"], &["fresh", "again", "given", "mail", "first"]).await
}

/// Refused, replayed and failed calls leave no words.
pub(super) async fn that_are_refused(storage: &dyn Storage) -> anyhow::Result<()> {
    let pair = Pair::create(storage, "refused.example.com").await?;
    let (shop, customer) = (pair.shops[0], &pair.customers[0]);
    let left = || Some("left".to_owned());
    let ticket = Ticket { name: left(), last_message: left(), ..pair.ticket(2)? };

    // Tickets: one of a missing customer, and one of a failed batch.
    let nobody = hexdesk_domain::CustomerId::MAX;
    let of_nobody = Ticket { customer_id: crate::samples::customer_id(nobody)?, ..ticket.clone() };
    let outcome = create_ticket(storage, creation(of_nobody)).await?;
    same("a ticket of a missing customer", &outcome, &CreateTicketOutcome::CustomerNotFound)?;
    let taken = Ticket { name: left(), ..pair.ticket(1)? };
    let failed = storage.create_tickets(vec![creation(ticket.clone()), creation(taken)]).await;
    ensure!(failed.is_err(), "a batch with a taken id returned {failed:?}");
    // Replayed tickets and comments.
    let key = |ticket: Ticket| anyhow::Ok(claimed(ticket, claim("key", 1, b"answer")?));
    let kept = Ticket { name: Some("kept".into()), ..pair.ticket(4)? };
    create_ticket(storage, key(kept)?).await?;
    let replayed = create_ticket(storage, key(Ticket { id: ticket_id(4)?, ..ticket.clone() })?).await?;
    same("a replayed ticket", &replayed, &CreateTicketOutcome::Replayed(b"answer".to_vec()))?;
    let comment = |id: i64, ticket: i64, text: &str| {
        anyhow::Ok(NewComment { text: text.into(), ..new_comment(id, &pair.ticket(ticket)?)? })
    };
    for (id, text) in [(20, "kept"), (21, "left")] {
        let mut creation = comment_creation(comment(id, 1, text)?);
        creation.claim = Some(deferred_claim("comment", 1, b"answer")?);
        attempt_comment(storage, creation).await?;
    }
    // Comments: on a missing ticket, by a missing author, and of a failed batch.
    let by_nobody = NewComment {
        author_id: Some(crate::samples::user_id(hexdesk_domain::UserId::MAX)?),
        ..comment(22, 1, "left")?
    };
    for refused in [comment(23, 404, "left")?, by_nobody] {
        attempt_comment(storage, comment_creation(refused)).await?;
    }
    // An update that expects another version, and an existing customer.
    let named = TicketChanges { name: Some(left()), ..TicketChanges::default() };
    let late = hexdesk_domain::ports::TicketUpdate { expected_version: Some(99), ..update(named) };
    attempt_update(storage, shop, ticket_id(1)?, late).await?;
    let existing = NewCustomer { full_name: left(), ..customer_by_phone_number("+4815") };
    let existing = storage.create_customer(shop, existing, None).await?;
    ensure!(
        matches!(existing, IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(_))),
        "creating a customer with a taken phone number returned {existing:?}"
    );
    let taken = create_customer(storage, shop, customer_by_email("taken@example.com")).await?;
    let changes = CustomerChanges {
        full_name: Some(left()),
        email: Some(Some("taken@example.com".into())),
        ..CustomerChanges::default()
    };
    let outcome = storage.update_customer(shop, customer.id, customer_update(changes), None).await?;
    same(
        &format!("a change to the address of {}", taken.id),
        &outcome,
        &IdempotentOutcome::Ran(UpdateCustomerOutcome::EmailTaken),
    )?;
    expect_found(storage, shop, "kept", &[1, 4]).await?;
    expect_found(storage, shop, "taken", &[]).await?;
    pair.expect(storage, &["name", "first"], &["left"]).await
}
