use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{CommentCreation, DeleteTicketOutcome, RotateKeyOutcome};
use hexdesk_domain::{
    AuditStamp, CommentChanges, CustomerChanges, CustomerId, EventKind, IdempotentOutcome, KeyNumber,
    NewApiKey, NewComment, NewCustomer, ShopChange, Snapshot, Storage, Ticket, TicketChanges, UserChanges,
    UserId,
};

use crate::comparison::same;
use crate::events::expected::{ExpectedEvent, ExpectedEvents};
use crate::samples::{
    ShopWithPeople, at, claim, claimed, comment_creation, creation, customer_by_email, deferred_claim,
    new_comment, new_key, rotation, ticket_id, user_by_email,
};

/// EVENT-1: creating tickets appends one event for each created ticket.
pub async fn event_1_creating_tickets_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    let before = expected_events.len();
    expected_events.create_tickets(vec![creation(one.ticket(1)?)]).await??;
    let assigned = Ticket { is_opened: true, assigned_to: Some(one.user.id), ..one.ticket(2)? };
    let batch = vec![
        creation(assigned),
        creation(two.ticket(1)?),
        creation(one.ticket_of_nobody(3)?),
        claimed(one.ticket(4)?, claim("key", 1, b"4")?),
        claimed(one.ticket(5)?, claim("key", 1, b"5")?),
        claimed(one.ticket(6)?, claim("key", 2, b"6")?),
        creation(two.ticket_for_nobody(7)?),
        claimed(two.ticket(8)?, claim("key", 1, b"8")?),
    ];
    expected_events.create_tickets(batch.clone()).await??;
    expected_events.create_tickets(vec![batch[3].clone(), creation(two.ticket(9)?)]).await??;
    same("the number of events", &expected_events.len(), &(before + 6))?;
    expected_events.check("tickets").await
}

/// EVENT-2: changing a ticket appends one event. Deleting it appends one for the ticket and one for
/// each comment.
pub async fn event_2_changing_and_deleting_a_ticket_is_logged(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    for fixture in [&one, &two] {
        add_tickets(&mut expected_events, fixture).await?;
    }
    let before = expected_events.len();
    let shop = one.shop.id;
    let named = |name: &str| TicketChanges { name: Some(Some(name.to_owned())), ..TicketChanges::default() };
    expected_events.update_ticket(shop, ticket_id(1)?, named("one"), None, None).await?;
    // An update to the current value is no change.
    expected_events.update_ticket(shop, ticket_id(1)?, named("one"), None, None).await?;
    for is_opened in [true, false, true] {
        let changes = TicketChanges {
            is_opened: Some(is_opened),
            assigned_to: Some(is_opened.then_some(one.user.id)),
            ..TicketChanges::default()
        };
        expected_events.update_ticket(shop, ticket_id(2)?, changes, None, None).await?;
    }
    let claim = deferred_claim("key", 1, b"answer")?;
    for _ in 0..2 {
        expected_events
            .update_ticket(shop, ticket_id(2)?, named("two"), Some(4 + COMMENTS), Some(claim.clone()))
            .await?;
    }
    same("the number of events after the updates", &expected_events.len(), &(before + 5))?;
    for (id, version) in [(2, Some(5 + COMMENTS)), (3, None)] {
        let deleted = expected_events.delete_ticket(shop, ticket_id(id)?, version).await?;
        same("a deletion", &deleted, &DeleteTicketOutcome::Deleted)?;
    }
    same(
        "the number of events after the deletion",
        &expected_events.len(),
        &(before + 5 + 2 + usize::try_from(2 * COMMENTS)?),
    )?;
    expected_events.check("changed and deleted tickets").await
}

/// The number of comments of each ticket of [`add_tickets`].
const COMMENTS: i64 = 3;

/// Adds the tickets 1, 2 and 3, with comments.
async fn add_tickets(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    let mut comments = Vec::new();
    for id in 1..=3 {
        let ticket = fixture.ticket(id)?;
        expected_events.create_tickets(vec![creation(ticket.clone())]).await??;
        for number in 1..=COMMENTS {
            comments.push(comment_creation(new_comment(10 * id + number, &ticket)?));
        }
    }
    expected_events.create_comments(comments).await??;
    Ok(())
}

/// EVENT-3: creating a comment appends an event for the comment and one for its ticket.
pub async fn event_3_creating_comments_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    for fixture in [&one, &two] {
        expected_events
            .create_tickets(vec![creation(fixture.ticket(1)?), creation(fixture.ticket(2)?)])
            .await??;
    }
    let before = expected_events.len();
    expected_events.create_comments(vec![comment_creation(new_comment(1, &one.ticket(1)?)?)]).await??;
    // A comment that changes only the version, because it is older than the last message.
    let old = NewComment { time: at(-900_000), ..new_comment(2, &one.ticket(2)?)? };
    expected_events.create_comments(vec![comment_creation(old)]).await??;
    let by = |id, author_id: Option<UserId>, fixture: &ShopWithPeople, ticket| {
        let is_from_shop = author_id.is_some();
        let new = new_comment(id, &fixture.ticket(ticket)?)?;
        let time = at(id * 7_000_000);
        anyhow::Ok(comment_creation(NewComment { author_id, is_from_shop, time, ..new }))
    };
    let with_key = |creation: CommentCreation, request| {
        anyhow::Ok(CommentCreation { claim: Some(deferred_claim("key", request, b"answer")?), ..creation })
    };
    let batch = vec![
        by(3, Some(one.user.id), &one, 1)?,
        by(4, None, &two, 1)?,
        by(5, None, &one, 9)?,
        with_key(by(6, None, &one, 1)?, 1)?,
        with_key(by(7, None, &one, 2)?, 1)?,
        with_key(by(8, None, &one, 2)?, 2)?,
        by(9, UserId::new(99), &one, 1)?,
        by(10, None, &one, 2)?,
        with_key(by(11, None, &two, 1)?, 2)?,
    ];
    expected_events.create_comments(batch.clone()).await??;
    expected_events.create_comments(vec![batch[3].clone(), by(12, None, &two, 2)?]).await??;
    same("the number of events after the comments", &expected_events.len(), &(before + 2 * 8))?;
    expected_events.check("comments").await?;
    let before = expected_events.len();
    let comment = batch[0].comment.clone().into_comment(&one.ticket(1)?);
    for text in ["changed", "changed", "changed again"] {
        let changes = CommentChanges { text: Some(text.into()), ..CommentChanges::default() };
        expected_events.update_comment(&comment, changes).await?;
    }
    expected_events.delete_comment(&comment).await?;
    same("the number of events after the changes", &expected_events.len(), &(before + 2 * 3))?;
    expected_events.check("changes of comments").await
}

/// EVENT-4: creating a customer appends one event, and so does updating one.
pub async fn event_4_creating_and_changing_a_customer_is_logged(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    // The customer's tickets do not change with the customer.
    expected_events.create_tickets(vec![creation(one.ticket(1)?)]).await??;
    let before = expected_events.len();
    for fixture in [&one, &two] {
        let shop = fixture.shop.id;
        let numbered = NewCustomer { id: CustomerId::new(70), ..customer_by_email("numbered@example.com") };
        expected_events.create_customer(shop, numbered, None).await?;
        let replayed = deferred_claim("key", 1, b"answer")?;
        for _ in 0..2 {
            let new = customer_by_email("again@example.com");
            expected_events.create_customer(shop, new, Some(replayed.clone())).await?;
        }
        let named = CustomerChanges { first_name: Some(Some("Ada".into())), ..CustomerChanges::default() };
        // The second update sets the current values.
        for _ in 0..2 {
            expected_events.update_customer(shop, fixture.customer.id, named.clone(), None).await?;
        }
        let changes = CustomerChanges {
            email: Some(None),
            phone_number: Some(Some("+1".into())),
            ..CustomerChanges::default()
        };
        let replayed = deferred_claim("other key", 1, b"answer")?;
        for _ in 0..2 {
            let claim = Some(replayed.clone());
            expected_events.update_customer(shop, fixture.customer.id, changes.clone(), claim).await?;
        }
    }
    same("the number of events after the updates", &expected_events.len(), &(before + 2 * 4))?;
    expected_events.check("customers").await
}

/// EVENT-5: erasing a customer appends one event for the customer, one for each ticket and one for
/// each comment on it.
pub async fn event_5_erasing_a_customer_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    for fixture in [&one, &two] {
        let shop = fixture.shop.id;
        let other = expected_events.add_customer(shop, customer_by_email("other@example.com")).await?;
        add_tickets(&mut expected_events, fixture).await?;
        let others = Ticket { customer_id: other.id, ..fixture.ticket(4)? };
        expected_events.create_tickets(vec![creation(others.clone())]).await??;
        expected_events.create_comments(vec![comment_creation(new_comment(41, &others)?)]).await??;
    }
    expected_events.delete_ticket(one.shop.id, ticket_id(2)?, None).await?;
    let before = expected_events.len();
    expected_events
        .erase_customer(one.shop.id, one.customer.id)
        .await?
        .context("the customer is not erased")?;
    same(
        "the number of events after the erasure",
        &expected_events.len(),
        &(before + 1 + 2 + usize::try_from(2 * COMMENTS)?),
    )?;
    let alone = customer_by_email("alone@example.com");
    let alone = expected_events.add_customer(one.shop.id, alone).await?.id;
    let before = expected_events.len();
    expected_events
        .erase_customer(one.shop.id, alone)
        .await?
        .context("the customer without tickets is not erased")?;
    same(
        "the number of events after erasing a customer without tickets",
        &expected_events.len(),
        &(before + 1),
    )?;
    expected_events.check("erasures").await
}

/// EVENT-6: creating a user appends one event, and so does updating one. A deactivation also
/// appends one for each key it revokes.
pub async fn event_6_creating_and_changing_a_user_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    let before = expected_events.len();
    let shop = one.shop.id;
    let user = expected_events.add_user(shop, user_by_email("new@example.com")).await?;
    let replayed = deferred_claim("key", 1, b"answer")?;
    for _ in 0..2 {
        expected_events.create_user(shop, user_by_email("again@example.com"), Some(replayed.clone())).await?;
    }
    same("the number of events after the creations", &expected_events.len(), &(before + 2))?;

    let key = |user_id: Option<UserId>, seed| NewApiKey { user_id, ..new_key(seed) };
    let expired = NewApiKey { expires_at: Some(at(-5)), ..key(Some(user.id), 2) };
    let (theirs, colleagues) = (key(Some(user.id), 1), key(Some(one.user.id), 3));
    for new in [theirs.clone(), expired, theirs, colleagues, key(None, 4)] {
        expected_events.create_key(shop, new, None).await?;
    }
    expected_events.create_key(two.shop.id, key(Some(two.user.id), 5), None).await?;
    expected_events.revoke_key(shop, KeyNumber::new(3).context("a key's number")?).await?;

    let before = expected_events.len();
    let named = UserChanges { first_name: Some(Some("Ann".into())), ..UserChanges::default() };
    // The second update sets the current values.
    for _ in 0..2 {
        expected_events.update_user(shop, user.id, named.clone(), None).await?;
    }
    same("the number of events after the updates", &expected_events.len(), &(before + 1))?;
    let to = |is_active| UserChanges { is_active: Some(is_active), ..UserChanges::default() };
    let replayed = deferred_claim("other key", 1, b"answer")?;
    for _ in 0..2 {
        expected_events.update_user(shop, user.id, to(false), Some(replayed.clone())).await?;
    }
    same("the number of events after a deactivation", &expected_events.len(), &(before + 1 + 3))?;
    // Deactivates an inactive user, which changes nothing, activates and deactivates again. No key
    // changes.
    for is_active in [false, true, false] {
        expected_events.update_user(shop, user.id, to(is_active), None).await?;
    }
    same("the number of events after the other updates", &expected_events.len(), &(before + 1 + 3 + 2))?;
    expected_events.check("users").await
}

/// EVENT-7: creating or revoking a key appends one event. Rotating one appends an event for each of
/// the two keys.
pub async fn event_7_making_and_ending_keys_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    for fixture in [&one, &two] {
        let before = expected_events.len();
        let shop = fixture.shop.id;
        let key = NewApiKey { user_id: Some(fixture.user.id), expires_at: Some(at(900_000)), ..new_key(1) };
        let key = expected_events.add_key(shop, key).await?;
        let replayed = deferred_claim("key", 1, b"answer")?;
        for _ in 0..2 {
            expected_events.create_key(shop, new_key(2), Some(replayed.clone())).await?;
        }
        same("the number of events after the creations", &expected_events.len(), &(before + 2))?;
        let rotated = rotation(3, at(0), at(70_000));
        let IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(new)) =
            expected_events.rotate_key(shop, key.number, rotated, None).await?
        else {
            anyhow::bail!("a key is not rotated");
        };
        let replayed = deferred_claim("other key", 1, b"answer")?;
        for _ in 0..2 {
            let rotation = rotation(4, at(0), at(70_000));
            expected_events.rotate_key(shop, new.number, rotation, Some(replayed.clone())).await?;
        }
        same("the number of events after the rotations", &expected_events.len(), &(before + 2 + 4))?;
        for number in [key.number, new.number] {
            expected_events.revoke_key(shop, number).await?.context("a key is not revoked")?;
        }
        same("the number of events after the revocations", &expected_events.len(), &(before + 2 + 4 + 2))?;
    }
    expected_events.check("keys").await
}

/// EVENT-18: changing a shop appends one event, with the shop. The log of a closed shop is listed.
pub async fn event_18_changing_a_shop_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?.shop;
    let two = expected_events.create_shop_with_people("two.example.com").await?.shop;
    for shop in [&one, &two] {
        // A setting, and a closing that is reopened. Each change is made twice, and logged once.
        for (change, kind) in [
            (ShopChange::SetReopenOnReply(true), EventKind::ShopUpdated),
            (ShopChange::Close, EventKind::ShopClosed),
            (ShopChange::SetReopenOnReply(false), EventKind::ShopUpdated),
            (ShopChange::Reopen, EventKind::ShopReopened),
            (ShopChange::Close, EventKind::ShopClosed),
        ] {
            let stamp = expected_events.next_stamp();
            for stamp in [stamp, AuditStamp { time: at(5), ..stamp }] {
                storage.change_shop(&shop.domain, change, stamp).await?;
            }
            let changed = storage.find_shop(&shop.domain).await?.context("the shop")?;
            let event = ExpectedEvent::of(kind, stamp, Snapshot::from(&changed));
            expected_events.note(shop.id, vec![event]);
        }
    }
    expected_events.check("changes of shops").await
}
