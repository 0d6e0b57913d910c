//! A sequence that calls every method that changes something.

use anyhow::Context;
use hexdesk_domain::ports::{DeleteTicketOutcome, UpdateTicketOutcome, UpdateUserOutcome};
use hexdesk_domain::{
    CustomerChanges, IdempotentOutcome, NewApiKey, NewComment, ShopId, Ticket, TicketChanges, UserChanges,
};

use crate::events::expected::ExpectedEvents;
use crate::samples::{
    at, comment_creation, creation, customer_by_email, new_comment, new_key, plain_ticket, rotation,
    ticket_id, user_by_email,
};

/// The number of events of one walk.
pub(crate) const EVENTS_OF_A_WALK: usize = 24;

/// Creates, changes and ends one subject of each kind. The shop must not have used this number.
pub(crate) async fn walk(
    expected_events: &mut ExpectedEvents<'_>,
    shop: ShopId,
    number: i64,
) -> anyhow::Result<()> {
    let new = user_by_email(&format!("user-{number}@example.com"));
    let user = expected_events.add_user(shop, new).await?;
    let key = expected_events.add_key(shop, NewApiKey { user_id: Some(user.id), ..new_key(1) }).await?;
    expected_events.rotate_key(shop, key.number, rotation(2, at(0), at(900_000)), None).await?;
    expected_events.revoke_key(shop, key.number).await?.context("a key is not revoked")?;

    let new = customer_by_email(&format!("customer-{number}@example.com"));
    let customer = expected_events.add_customer(shop, new).await?;
    let named = CustomerChanges { last_name: Some(Some("Byron".into())), ..CustomerChanges::default() };
    expected_events.update_customer(shop, customer.id, named, None).await?;

    let (kept, deleted) = (ticket_id(10 * number + 1)?, ticket_id(10 * number + 2)?);
    let open = |id| Ticket { is_opened: true, assigned_to: Some(user.id), ..plain_ticket(id, &customer) };
    expected_events.create_tickets(vec![creation(open(kept)), creation(open(deleted))]).await??;
    let mut comments = Vec::new();
    for (index, ticket) in (1..).zip([kept, deleted, kept]) {
        let new = new_comment(10 * number + index, &open(ticket))?;
        comments.push(comment_creation(NewComment { author_id: Some(user.id), ..new }));
    }
    expected_events.create_comments(comments).await??;
    let close = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
    match expected_events.update_ticket(shop, kept, close, None, None).await? {
        IdempotentOutcome::Ran(UpdateTicketOutcome::Updated(_)) => {}
        other => anyhow::bail!("an update returned {other:?}"),
    }
    match expected_events.delete_ticket(shop, deleted, None).await? {
        DeleteTicketOutcome::Deleted => {}
        other => anyhow::bail!("a deletion returned {other:?}"),
    }
    let leave = UserChanges { is_active: Some(false), ..UserChanges::default() };
    match expected_events.update_user(shop, user.id, leave, None).await? {
        IdempotentOutcome::Ran(UpdateUserOutcome::Updated(_)) => {}
        other => anyhow::bail!("a deactivation returned {other:?}"),
    }
    expected_events.erase_customer(shop, customer.id).await?.context("a customer is not erased")?;
    Ok(())
}
