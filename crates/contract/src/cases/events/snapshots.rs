use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{CreateCommentOutcome, DeleteTicketOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, IdempotentOutcome, KeyNumber, NewApiKey, NewComment, NewCustomer, NewUser,
    Scope, Storage, Ticket, TicketChanges, Timestamp, UserChanges,
};

use super::walk;
use crate::cases::journal::Journal;
use crate::comparison::same;
use crate::samples::{
    Stage, TRICKY_TEXTS, at, comment_creation, creation, every_external_id, heavy_text_of, new_comment,
    new_key, plain_ticket, rotation, ticket_id, user_by_email,
};

/// EVENT-10: an event has the thing as it is found right after the change, in full.
pub async fn event_10_snapshots_are_what_is_found(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut journal = Journal::new(&*storage)?;
    let one = journal.stage("one.example.com").await?;
    let two = journal.stage("two.example.com").await?;
    walk(&mut journal, one.shop.id, 1).await?;
    // In both shops things of the same numbers, which are not the same.
    for stage in [&one, &two] {
        let customer = full_customer(&mut journal, stage).await?;
        for (number, opened) in [(700, true), (701, false)] {
            full_ticket(&mut journal, stage, &customer, number, opened).await?;
        }
        full_user_and_keys(&mut journal, stage).await?;
        let deleted = journal.delete_ticket(stage.shop.id, ticket_id(701)?, None).await?;
        same("a deletion", &deleted, &DeleteTicketOutcome::Deleted)?;
    }
    journal.check("full things").await
}

fn texts(of: &str) -> Vec<String> {
    TRICKY_TEXTS.iter().map(|text| format!("{text}{of}")).chain([text(0)]).collect()
}

fn text(index: usize) -> String {
    TRICKY_TEXTS.get(index % TRICKY_TEXTS.len()).copied().unwrap_or_default().to_owned()
}

async fn full_customer(journal: &mut Journal<'_>, stage: &Stage) -> anyhow::Result<Customer> {
    let new = NewCustomer {
        email: Some("Full@Example.com".into()),
        phone_number: Some(format!("+33 of {}", stage.shop.domain)),
        first_name: Some(text(5)),
        last_name: Some(text(0)),
        full_name: None,
        external_ids: every_external_id(|name| format!("{name} of {}", stage.shop.domain)),
        ..crate::samples::customer_by_email("")
    };
    let customer = journal.add_customer(stage.shop.id, new).await?;
    for index in 0..TRICKY_TEXTS.len() {
        let changes = CustomerChanges {
            full_name: Some(Some(text(index))),
            first_name: Some((index % 3 > 0).then(|| text(index + 1))),
            ig_user_id: Some((index % 2 > 0).then(|| text(index + 2))),
            ..CustomerChanges::default()
        };
        journal.update_customer(stage.shop.id, customer.id, changes, None).await?;
    }
    Ok(customer)
}

async fn full_ticket(
    journal: &mut Journal<'_>,
    stage: &Stage,
    customer: &Customer,
    number: i64,
    is_opened: bool,
) -> anyhow::Result<()> {
    let (shop, of) = (stage.shop.id, format!(" of {}", stage.shop.domain));
    let ticket = Ticket {
        channel: text(11),
        name: Some(text(19)),
        thread_id: Some(text(4)),
        email_used: Some(text(12)),
        date: Timestamp::MIN,
        last_message: Some(heavy_text_of(5_000)),
        last_message_time: at(-1),
        contact_reason: Some(text(22)),
        assigned_to: Some(stage.user.id),
        is_opened,
        unread_count: i32::MAX,
        tags: texts(&of),
        language_code: Some("fr".into()),
        via: Some(text(26)),
        ..plain_ticket(ticket_id(number)?, customer)
    };
    journal.create_tickets(vec![creation(ticket.clone())]).await??;
    // Whose details change: snapshots hold none of them.
    let named = UserChanges { full_name: Some(Some(format!("agent {number}"))), ..UserChanges::default() };
    journal.update_user(shop, stage.user.id, named, None).await?;
    for is_opened in [!is_opened, is_opened] {
        let changes = TicketChanges {
            name: Some(None),
            tags: Some(Vec::new()),
            is_opened: Some(is_opened),
            unread_count: Some(0),
            ..TicketChanges::default()
        };
        journal.update_ticket(shop, ticket.id, changes, None, None).await?;
    }
    let plain = new_comment(number, &ticket)?;
    let full = NewComment {
        id: new_comment(number + 100, &ticket)?.id,
        text: heavy_text_of(5_000),
        time: Timestamp::MAX,
        channel: Some(text(13)),
        is_from_shop: false,
        author_id: Some(stage.user.id),
        subject: Some(text(21)),
        from_email: Some("ada@example.com".into()),
        to_emails: vec!["b@example.com".into(), "a@example.com".into()],
        attachments: Some(r#"[{"b": 1, "a": [1.0, 1e2, "\u00e9"]} ]"#.into()),
        tags: texts(&of),
        ..plain.clone()
    };
    let attempts = journal.create_comments(vec![comment_creation(plain), comment_creation(full)]).await??;
    let listed = journal.storage.list_comments(shop, ticket.id, None, None).await?.context("comments")?;
    for (attempt, listed) in attempts.into_iter().zip(listed.entries) {
        let IdempotentOutcome::Ran(CreateCommentOutcome::Created(view)) = attempt else {
            anyhow::bail!("a new comment was answered {attempt:?}");
        };
        same("a comment as it is listed", &listed.comment, &view.comment)?;
    }
    Ok(())
}

async fn full_user_and_keys(journal: &mut Journal<'_>, stage: &Stage) -> anyhow::Result<()> {
    let shop = stage.shop.id;
    let new = NewUser {
        first_name: Some(text(20)),
        last_name: Some(text(0)),
        full_name: Some(stage.shop.domain.to_string()),
        ..user_by_email("Full@Example.com")
    };
    journal.create_user(shop, new, None).await?;
    let keys = [
        (BTreeSet::new(), None),
        (Scope::ALL.iter().copied().collect(), Some(Timestamp::MAX)),
        (Scope::ALL.iter().copied().take(1).collect(), Some(at(900_000))),
    ];
    for (seed, (scopes, expires_at)) in (1..).zip(keys) {
        let user_id = (seed > 1).then_some(stage.user.id);
        journal.create_key(shop, NewApiKey { scopes, expires_at, user_id, ..new_key(seed) }, None).await?;
    }
    for key in list_numbers(journal, stage).await? {
        let rotation = rotation(9, at(0), at(70_000));
        journal.rotate_key(shop, key, rotation, None).await?;
    }
    let leave = UserChanges { is_active: Some(false), last_name: Some(None), ..UserChanges::default() };
    journal.update_user(shop, stage.user.id, leave, None).await?;
    for key in list_numbers(journal, stage).await? {
        journal.revoke_key(shop, key).await?;
    }
    Ok(())
}

async fn list_numbers(journal: &Journal<'_>, stage: &Stage) -> anyhow::Result<Vec<KeyNumber>> {
    let keys = crate::samples::list_keys(journal.storage, stage.shop.id).await?;
    Ok(keys.into_iter().map(|key| key.number).collect())
}
