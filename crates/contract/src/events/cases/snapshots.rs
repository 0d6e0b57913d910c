use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{CreateCommentOutcome, DeleteTicketOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, IdempotentOutcome, KeyNumber, NewApiKey, NewComment, NewCustomer, NewUser,
    PageSize, Scope, Storage, Ticket, TicketChanges, Timestamp, UserChanges,
};

use super::walk;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::samples::{
    ShopWithPeople, TRICKY_TEXTS, at, comment_creation, creation, every_external_id, filled_ticket,
    heavy_text_of, new_comment, new_key, plain_ticket, rotation, ticket_id, user_by_email,
};

/// EVENT-10: an event holds the whole subject as it is found right after the change.
pub async fn event_10_snapshots_are_what_is_found(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    walk(&mut expected_events, one.shop.id, 1).await?;
    // Subjects with the same numbers in both shops. They differ otherwise.
    for fixture in [&one, &two] {
        let customer = full_customer(&mut expected_events, fixture).await?;
        for (number, opened) in [(700, true), (701, false)] {
            full_ticket(&mut expected_events, fixture, &customer, number, opened).await?;
        }
        full_user_and_keys(&mut expected_events, fixture).await?;
        let deleted = expected_events.delete_ticket(fixture.shop.id, ticket_id(701)?, None).await?;
        same("a deletion", &deleted, &DeleteTicketOutcome::Deleted)?;
    }
    expected_events.check("full things").await
}

fn texts(of: &str) -> Vec<String> {
    TRICKY_TEXTS.iter().map(|text| format!("{text}{of}")).chain([text(0)]).collect()
}

fn text(index: usize) -> String {
    TRICKY_TEXTS.get(index % TRICKY_TEXTS.len()).copied().unwrap_or_default().to_owned()
}

async fn full_customer(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<Customer> {
    let new = NewCustomer {
        email: Some("Full@Example.com".into()),
        phone_number: Some(format!("+33 of {}", fixture.shop.domain)),
        first_name: Some(text(5)),
        last_name: Some(text(0)),
        full_name: None,
        external_ids: every_external_id(|name| format!("{name} of {}", fixture.shop.domain)),
        ..crate::samples::customer_by_email("")
    };
    let customer = expected_events.add_customer(fixture.shop.id, new).await?;
    for index in 0..TRICKY_TEXTS.len() {
        let changes = CustomerChanges {
            full_name: Some(Some(text(index))),
            first_name: Some((index % 3 > 0).then(|| text(index + 1))),
            ig_user_id: Some((index % 2 > 0).then(|| text(index + 2))),
            ..CustomerChanges::default()
        };
        expected_events.update_customer(fixture.shop.id, customer.id, changes, None).await?;
    }
    Ok(customer)
}

async fn full_ticket(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
    customer: &Customer,
    number: i64,
    is_opened: bool,
) -> anyhow::Result<()> {
    let (shop, of) = (fixture.shop.id, format!(" of {}", fixture.shop.domain));
    let ticket = Ticket {
        channel: text(11),
        name: Some(text(19)),
        thread_id: Some(text(4)),
        email_used: Some(text(12)),
        date: Timestamp::MIN,
        last_message: Some(heavy_text_of(5_000)),
        last_message_time: at(-1),
        contact_reason: Some(text(22)),
        is_opened,
        unread_count: i32::MAX,
        tags: texts(&of),
        via: Some(text(26)),
        ..filled_ticket(plain_ticket(ticket_id(number)?, customer), fixture.user.id, ToOwned::to_owned)
    };
    expected_events.create_tickets(vec![creation(ticket.clone())]).await??;
    // The assignee changes. The ticket's snapshot holds no details of the assignee.
    let named = UserChanges { full_name: Some(Some(format!("agent {number}"))), ..UserChanges::default() };
    expected_events.update_user(shop, fixture.user.id, named, None).await?;
    for is_opened in [!is_opened, is_opened] {
        let changes = TicketChanges {
            name: Some(None),
            tags: Some(Vec::new()),
            is_opened: Some(is_opened),
            unread_count: Some(0),
            ..TicketChanges::default()
        };
        expected_events.update_ticket(shop, ticket.id, changes, None, None).await?;
    }
    let plain = new_comment(number, &ticket)?;
    let full = NewComment {
        id: new_comment(number + 100, &ticket)?.id,
        text: heavy_text_of(5_000),
        time: Timestamp::MAX,
        channel: Some(text(13)),
        is_from_shop: false,
        is_note: true,
        author_id: Some(fixture.user.id),
        subject: Some(text(21)),
        from_email: Some("ada@example.com".into()),
        to_emails: vec!["b@example.com".into(), "a@example.com".into()],
        attachments: Some(r#"[{"b": 1, "a": [1.0, 1e2, "\u00e9"]} ]"#.into()),
        tags: texts(&of),
        ..plain.clone()
    };
    let attempts =
        expected_events.create_comments(vec![comment_creation(plain), comment_creation(full)]).await??;
    let listed = expected_events
        .storage
        .list_comments(shop, ticket.id, None, PageSize::MAX)
        .await?
        .context("comments")?;
    for (attempt, listed) in attempts.into_iter().zip(listed.entries) {
        let IdempotentOutcome::Ran(CreateCommentOutcome::Created(view)) = attempt else {
            anyhow::bail!("a new comment returned {attempt:?}");
        };
        same("a comment as it is listed", &listed.comment, &view.comment)?;
    }
    Ok(())
}

async fn full_user_and_keys(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    let shop = fixture.shop.id;
    let new = NewUser {
        first_name: Some(text(20)),
        last_name: Some(text(0)),
        full_name: Some(fixture.shop.domain.to_string()),
        ..user_by_email("Full@Example.com")
    };
    expected_events.create_user(shop, new, None).await?;
    let keys = [
        (BTreeSet::new(), None),
        (Scope::ALL.iter().copied().collect(), Some(Timestamp::MAX)),
        (Scope::ALL.iter().copied().take(1).collect(), Some(at(900_000))),
    ];
    for (seed, (scopes, expires_at)) in (1..).zip(keys) {
        let user_id = (seed > 1).then_some(fixture.user.id);
        expected_events
            .create_key(shop, NewApiKey { scopes, expires_at, user_id, ..new_key(seed) }, None)
            .await?;
    }
    for key in list_numbers(expected_events, fixture).await? {
        let rotation = rotation(9, at(0), at(70_000));
        expected_events.rotate_key(shop, key, rotation, None).await?;
    }
    let leave = UserChanges { is_active: Some(false), last_name: Some(None), ..UserChanges::default() };
    expected_events.update_user(shop, fixture.user.id, leave, None).await?;
    for key in list_numbers(expected_events, fixture).await? {
        expected_events.revoke_key(shop, key).await?;
    }
    Ok(())
}

async fn list_numbers(
    expected_events: &ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<Vec<KeyNumber>> {
    let keys = crate::samples::list_keys(expected_events.storage, fixture.shop.id).await?;
    Ok(keys.into_iter().map(|key| key.number).collect())
}
