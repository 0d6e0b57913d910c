use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome};
use hexdesk_domain::{
    CustomerChanges, CustomerFilter, CustomerId, IdempotentOutcome, KeyNumber, NewApiKey, NewComment,
    NewCustomer, NewUser, PageSize, ShopChange, Storage, Ticket, TicketChanges, TicketFilter, TicketId,
    UserChanges, UserFilter, UserId,
};

use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::samples::ticket_members::current_values;
use crate::samples::{
    ShopWithPeople, at, claim, claimed, comment_creation, creation, customer_by_email,
    customer_by_phone_number, customer_id, deferred_claim, domain, find_ticket, new_comment, new_key,
    rotation, stamp, ticket_id, user_by_email, user_id,
};

/// EVENT-8: refused and replayed commands, commands that change nothing, and reads append no event.
pub async fn event_8_what_changes_nothing_is_not_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let fixture = expected_events.create_shop_with_people("shop.example.com").await?;
    expected_events.create_shop_with_people("other.example.com").await?;
    let tickets = [fixture.ticket(1)?, fixture.ticket(2)?];
    expected_events.create_tickets(tickets.clone().map(creation).to_vec()).await??;
    expected_events.create_comments(vec![comment_creation(new_comment(1, &tickets[0])?)]).await??;
    // A customer with the phone number that others try to take.
    expected_events.create_customer(fixture.shop.id, customer_by_phone_number("+1"), None).await?;
    let nothing = |expected_events: &ExpectedEvents<'_>, what: &str, before| {
        same(&format!("the number of events expected after {what}"), &expected_events.len(), &before)
    };
    let before = expected_events.len();
    refused_and_empty(&mut expected_events, &fixture).await?;
    nothing(&expected_events, "refusals", before)?;
    reads(&expected_events, &fixture).await?;
    expected_events.check("refusals, empty updates and reads").await?;

    replayed(&mut expected_events, &fixture).await?;
    let before = expected_events.len();
    replayed(&mut expected_events, &fixture).await?;
    nothing(&expected_events, "replays", before)?;
    expected_events.check("replays").await
}

/// Makes refused commands of every kind, and empty updates.
async fn refused_and_empty(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    let shop = fixture.shop.id;
    let (known, unknown) = (ticket_id(1)?, ticket_id(TicketId::MAX)?);
    expected_events.create_tickets(vec![creation(fixture.ticket_of_nobody(5)?)]).await??;
    expected_events
        .create_tickets(vec![creation(fixture.ticket_for_nobody(6)?), creation(fixture.ticket_of_nobody(7)?)])
        .await??;
    // A failed batch writes nothing and appends no event.
    let taken = vec![creation(fixture.ticket(8)?), creation(fixture.ticket(1)?)];
    ensure!(expected_events.create_tickets(taken).await?.is_err(), "a taken id is accepted");

    let comment = new_comment(5, &fixture.ticket(1)?)?;
    let refused = [
        NewComment { ticket_id: unknown, ..comment.clone() },
        NewComment { author_id: Some(user_id(UserId::MAX)?), ..comment.clone() },
    ];
    expected_events.create_comments(refused.map(comment_creation).to_vec()).await??;
    let taken = NewComment { id: new_comment(1, &fixture.ticket(1)?)?.id, ..comment.clone() };
    let taken = vec![comment_creation(comment), comment_creation(taken)];
    ensure!(expected_events.create_comments(taken).await?.is_err(), "a taken id is accepted");

    let named = TicketChanges { name: Some(Some("x".into())), ..TicketChanges::default() };
    let of_missing_user = TicketChanges { assigned_to: Some(Some(user_id(UserId::MAX)?)), ..named.clone() };
    expected_events.update_ticket(shop, unknown, named.clone(), None, None).await?;
    expected_events.update_ticket(shop, known, named, Some(99), None).await?;
    expected_events.update_ticket(shop, known, of_missing_user, None, None).await?;
    expected_events.update_ticket(shop, known, TicketChanges::default(), None, None).await?;
    let current = current_values(&find_ticket(expected_events.storage, shop, known).await?.ticket);
    expected_events.update_ticket(shop, known, current, None, None).await?;
    expected_events.delete_ticket(shop, unknown, None).await?;
    expected_events.delete_ticket(shop, known, Some(99)).await?;
    refused_customers(expected_events, fixture).await?;
    refused_users(expected_events, fixture).await
}

async fn refused_customers(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    let shop = fixture.shop.id;
    let there = fixture.customer.email.clone().unwrap_or_default();
    expected_events.create_customer(shop, customer_by_email(&there.to_uppercase()), None).await?;
    expected_events.create_customer(shop, customer_by_phone_number("+1"), None).await?;
    let numbered = NewCustomer { id: Some(fixture.customer.id), ..customer_by_email("x@example.com") };
    expected_events.create_customer(shop, numbered, None).await?;

    let nobody = customer_id(CustomerId::MAX)?;
    let to = |email: Option<&str>| CustomerChanges {
        email: email.map(|email| Some(email.to_owned())),
        first_name: Some(Some("X".into())),
        ..CustomerChanges::default()
    };
    let other = CustomerId::new(fixture.customer.id.get() + 1).context("a customer's number")?;
    let unreachable = CustomerChanges { email: Some(None), ..to(None) };
    for (id, changes) in [
        (nobody, to(None)),
        (fixture.customer.id, unreachable),
        (other, to(Some(&there))),
        (fixture.customer.id, CustomerChanges::default()),
        (
            fixture.customer.id,
            CustomerChanges { email: Some(fixture.customer.email.clone()), ..CustomerChanges::default() },
        ),
    ] {
        expected_events.update_customer(shop, id, changes, None).await?;
    }
    expected_events.erase_customer(shop, nobody).await?;
    Ok(())
}

async fn refused_users(
    expected_events: &mut ExpectedEvents<'_>,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    let shop = fixture.shop.id;
    expected_events.create_user(shop, user_by_email(&fixture.user.email.to_uppercase()), None).await?;
    let numbered = NewUser { id: Some(fixture.user.id), ..user_by_email("x@example.com") };
    expected_events.create_user(shop, numbered, None).await?;
    let off = UserChanges { is_active: Some(false), ..UserChanges::default() };
    expected_events.update_user(shop, user_id(UserId::MAX)?, off, None).await?;
    let active = UserChanges { is_active: Some(true), ..UserChanges::default() };
    for empty in [UserChanges::default(), active] {
        expected_events.update_user(shop, fixture.user.id, empty, None).await?;
    }

    let of_missing_user = NewApiKey { user_id: Some(user_id(UserId::MAX)?), ..new_key(1) };
    expected_events.create_key(shop, of_missing_user, None).await?;
    let unknown = KeyNumber::new(i64::MAX).context("a key's number")?;
    expected_events.revoke_key(shop, unknown).await?;
    expected_events.rotate_key(shop, unknown, rotation(2, at(0), at(1)), None).await?;
    Ok(())
}

/// Calls every method that only reads, and changes of shops that change nothing.
async fn reads(expected_events: &ExpectedEvents<'_>, fixture: &ShopWithPeople) -> anyhow::Result<()> {
    let (storage, shop) = (expected_events.storage, fixture.shop.id);
    storage.find_ticket(shop, ticket_id(1)?).await?;
    storage.list_tickets(shop, TicketFilter::default(), None, PageSize::MAX).await?;
    storage.count_tickets(shop, TicketFilter::default(), u64::MAX).await?;
    storage.list_comments(shop, ticket_id(1)?, None, PageSize::MAX).await?;
    storage.count_comments(shop, ticket_id(1)?).await?;
    storage.find_customer(shop, fixture.customer.id).await?;
    storage.list_customers(shop, CustomerFilter::default(), None, PageSize::MAX).await?;
    storage.find_user(shop, fixture.user.id).await?;
    storage.list_users(shop, UserFilter::default(), None, PageSize::MAX).await?;
    storage.list_keys(shop, None, PageSize::MAX).await?;
    storage.list_events(shop, Default::default(), None, PageSize::MAX).await??;
    storage.find_log_end(shop).await?;
    storage.create_shop(&fixture.shop.domain, at(1)).await?;
    storage.create_shop(&domain("new.example.com")?, at(1)).await?;
    for change in [ShopChange::Reopen, ShopChange::SetReopenOnReply(false)] {
        storage.change_shop(&fixture.shop.domain, change, stamp(at(2))).await?;
    }
    storage.check_ready().await?;
    Ok(())
}

/// Runs every command that accepts an idempotency key, with the same keys each time, and commands
/// that change nothing the second time.
async fn replayed(expected_events: &mut ExpectedEvents<'_>, fixture: &ShopWithPeople) -> anyhow::Result<()> {
    let shop = fixture.shop.id;
    let ticket = Ticket { is_opened: true, ..fixture.ticket(20)? };
    expected_events.create_tickets(vec![claimed(ticket.clone(), claim("ticket", 1, b"")?)]).await??;
    // Another request with a used key.
    expected_events.create_tickets(vec![claimed(fixture.ticket(21)?, claim("ticket", 2, b"")?)]).await??;
    for request in [1, 2] {
        let comment = CommentCreation {
            claim: Some(deferred_claim("comment", request, b"")?),
            ..comment_creation(new_comment(20, &ticket)?)
        };
        expected_events.create_comments(vec![comment]).await??;
        let named = TicketChanges { name: Some(Some("x".into())), ..TicketChanges::default() };
        expected_events
            .update_ticket(shop, ticket.id, named, None, Some(deferred_claim("update", request, b"")?))
            .await?;
        let named = UserChanges { first_name: Some(Some("x".into())), ..UserChanges::default() };
        expected_events
            .update_user(shop, fixture.user.id, named, Some(deferred_claim("user update", request, b"")?))
            .await?;
        let new = user_by_email("replayed@example.com");
        expected_events.create_user(shop, new, Some(deferred_claim("user", request, b"")?)).await?;
        let new = customer_by_email("replayed@example.com");
        expected_events.create_customer(shop, new, Some(deferred_claim("customer", request, b"")?)).await?;
        let named = CustomerChanges { first_name: Some(Some("x".into())), ..CustomerChanges::default() };
        let key = Some(deferred_claim("customer update", request, b"")?);
        expected_events.update_customer(shop, fixture.customer.id, named, key).await?;
        expected_events.create_key(shop, new_key(9), Some(deferred_claim("key", request, b"")?)).await?;
        let first = KeyNumber::new(1).context("a key's number")?;
        let rotation = rotation(10, at(0), at(900_000));
        expected_events
            .rotate_key(shop, first, rotation, Some(deferred_claim("rotation", request, b"")?))
            .await?;
    }
    // Commands on things that are already revoked, rotated, erased or deleted.
    let second = KeyNumber::new(2).context("a key's number")?;
    for _ in 0..2 {
        expected_events.revoke_key(shop, second).await?;
    }
    expected_events.rotate_key(shop, second, rotation(11, at(0), at(1)), None).await?;
    let gone = customer_by_email("gone@example.com");
    if let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) =
        expected_events.create_customer(shop, gone, Some(deferred_claim("gone", 1, b"")?)).await?
    {
        expected_events.erase_customer(shop, customer.id).await?;
        expected_events.erase_customer(shop, customer.id).await?;
    }
    expected_events.delete_ticket(shop, ticket_id(2)?, None).await?;
    Ok(())
}
