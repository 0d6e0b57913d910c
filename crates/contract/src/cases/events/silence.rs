use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::ports::{CommentCreation, CreateCustomerOutcome};
use hexdesk_domain::{
    CustomerChanges, CustomerFilter, CustomerId, IdempotentOutcome, KeyNumber, NewApiKey, NewComment,
    NewCustomer, NewUser, Storage, Ticket, TicketChanges, TicketFilter, TicketId, UserChanges, UserFilter,
    UserId,
};

use crate::cases::journal::Journal;
use crate::comparison::same;
use crate::samples::{
    Stage, at, claim, claimed, comment_creation, creation, customer_by_email, customer_by_phone_number,
    customer_id, domain, new_comment, new_key, once, rotation, ticket_id, user_by_email, user_id,
};

/// EVENT-8: what is refused or replayed, what changes nothing and what only reads append
/// nothing.
pub async fn event_8_what_changes_nothing_is_not_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut journal = Journal::new(&*storage)?;
    let stage = journal.stage("shop.example.com").await?;
    journal.stage("other.example.com").await?;
    let tickets = [stage.ticket(1)?, stage.ticket(2)?];
    journal.create_tickets(tickets.clone().map(creation).to_vec()).await??;
    journal.create_comments(vec![comment_creation(new_comment(1, &tickets[0])?)]).await??;
    // Who has the phone number that others cannot have.
    journal.create_customer(stage.shop.id, customer_by_phone_number("+1"), None).await?;
    let nothing = |journal: &Journal<'_>, what: &str, before| {
        same(&format!("how much {what} changes by what was answered"), &journal.len(), &before)
    };
    let before = journal.len();
    refused_and_empty(&mut journal, &stage).await?;
    nothing(&journal, "what is refused", before)?;
    reads(&journal, &stage).await?;
    journal.check("what is refused, changes nothing or only reads").await?;

    replayed(&mut journal, &stage).await?;
    let before = journal.len();
    replayed(&mut journal, &stage).await?;
    nothing(&journal, "what is replayed", before)?;
    journal.check("what is replayed").await
}

/// Every command that is refused, or says nothing.
async fn refused_and_empty(journal: &mut Journal<'_>, stage: &Stage) -> anyhow::Result<()> {
    let shop = stage.shop.id;
    let (known, unknown) = (ticket_id(1)?, ticket_id(TicketId::MAX)?);
    journal.create_tickets(vec![creation(stage.ticket_of_nobody(5)?)]).await??;
    journal
        .create_tickets(vec![creation(stage.ticket_for_nobody(6)?), creation(stage.ticket_of_nobody(7)?)])
        .await??;
    // Of a batch that fails nothing is written, and nothing is said.
    let taken = vec![creation(stage.ticket(8)?), creation(stage.ticket(1)?)];
    ensure!(journal.create_tickets(taken).await?.is_err(), "a taken id is accepted");

    let comment = new_comment(5, &stage.ticket(1)?)?;
    let refused = [
        NewComment { ticket_id: unknown, ..comment.clone() },
        NewComment { author_id: Some(user_id(UserId::MAX)?), ..comment.clone() },
    ];
    journal.create_comments(refused.map(comment_creation).to_vec()).await??;
    let taken = NewComment { id: new_comment(1, &stage.ticket(1)?)?.id, ..comment.clone() };
    let taken = vec![comment_creation(comment), comment_creation(taken)];
    ensure!(journal.create_comments(taken).await?.is_err(), "a taken id is accepted");

    let named = TicketChanges { name: Some(Some("x".into())), ..TicketChanges::default() };
    let nobodys = TicketChanges { assigned_to: Some(Some(user_id(UserId::MAX)?)), ..named.clone() };
    journal.update_ticket(shop, unknown, named.clone(), None, None).await?;
    journal.update_ticket(shop, known, named, Some(99), None).await?;
    journal.update_ticket(shop, known, nobodys, None, None).await?;
    journal.update_ticket(shop, known, TicketChanges::default(), None, None).await?;
    journal.delete_ticket(shop, unknown, None).await?;
    journal.delete_ticket(shop, known, Some(99)).await?;
    refused_customers(journal, stage).await?;
    refused_users(journal, stage).await
}

async fn refused_customers(journal: &mut Journal<'_>, stage: &Stage) -> anyhow::Result<()> {
    let shop = stage.shop.id;
    let there = stage.customer.email.clone().unwrap_or_default();
    journal.create_customer(shop, customer_by_email(&there.to_uppercase()), None).await?;
    journal.create_customer(shop, customer_by_phone_number("+1"), None).await?;
    let numbered = NewCustomer { id: Some(stage.customer.id), ..customer_by_email("x@example.com") };
    journal.create_customer(shop, numbered, None).await?;

    let nobody = customer_id(CustomerId::MAX)?;
    let to = |email: Option<&str>, phone_number: Option<&str>| CustomerChanges {
        email: email.map(|email| Some(email.to_owned())),
        phone_number: phone_number.map(|number| Some(number.to_owned())),
        first_name: Some(Some("X".into())),
        ..CustomerChanges::default()
    };
    let other = CustomerId::new(stage.customer.id.get() + 1).context("a customer's number")?;
    let unreachable = CustomerChanges { email: Some(None), ..to(None, None) };
    for (id, changes) in [
        (nobody, to(None, None)),
        (stage.customer.id, unreachable),
        (stage.customer.id, to(None, Some("+1"))),
        (other, to(Some(&there), None)),
        (stage.customer.id, CustomerChanges::default()),
    ] {
        journal.update_customer(shop, id, changes, None).await?;
    }
    journal.erase_customer(shop, nobody).await?;
    Ok(())
}

async fn refused_users(journal: &mut Journal<'_>, stage: &Stage) -> anyhow::Result<()> {
    let shop = stage.shop.id;
    journal.create_user(shop, user_by_email(&stage.user.email.to_uppercase()), None).await?;
    let numbered = NewUser { id: Some(stage.user.id), ..user_by_email("x@example.com") };
    journal.create_user(shop, numbered, None).await?;
    let off = UserChanges { is_active: Some(false), ..UserChanges::default() };
    journal.update_user(shop, user_id(UserId::MAX)?, off, None).await?;
    journal.update_user(shop, stage.user.id, UserChanges::default(), None).await?;

    let nobodys = NewApiKey { user_id: Some(user_id(UserId::MAX)?), ..new_key(1) };
    journal.create_key(shop, nobodys, None).await?;
    let unknown = KeyNumber::new(i64::MAX).context("a key's number")?;
    journal.revoke_key(shop, unknown).await?;
    journal.rotate_key(shop, unknown, rotation(2, at(0), at(1)), None).await?;
    Ok(())
}

/// Everything that answers without changing anything, and what is the operator's affair.
async fn reads(journal: &Journal<'_>, stage: &Stage) -> anyhow::Result<()> {
    let (storage, shop) = (journal.storage, stage.shop.id);
    storage.find_ticket(shop, ticket_id(1)?).await?;
    storage.list_tickets(shop, TicketFilter::default(), None, MAX_PAGE_ENTRIES).await?;
    storage.count_tickets(shop, TicketFilter::default()).await?;
    storage.list_comments(shop, ticket_id(1)?, None, None).await?;
    storage.count_comments(shop, ticket_id(1)?).await?;
    storage.find_customer(shop, stage.customer.id).await?;
    storage.list_customers(shop, CustomerFilter::default(), None, MAX_PAGE_ENTRIES).await?;
    storage.find_user(shop, stage.user.id).await?;
    storage.list_users(shop, UserFilter::default(), None, MAX_PAGE_ENTRIES).await?;
    storage.list_keys(shop, None, MAX_PAGE_ENTRIES).await?;
    storage.list_events(shop, None, MAX_PAGE_ENTRIES).await?;
    storage.create_shop(&stage.shop.domain, at(1)).await?;
    storage.create_shop(&domain("new.example.com")?, at(1)).await?;
    storage.close_shop(&domain("new.example.com")?, at(2)).await?;
    storage.check_ready().await?;
    Ok(())
}

/// Every command that can take effect once, under keys that are the same each time; and what
/// the second time changes nothing.
async fn replayed(journal: &mut Journal<'_>, stage: &Stage) -> anyhow::Result<()> {
    let shop = stage.shop.id;
    let ticket = Ticket { is_opened: true, ..stage.ticket(20)? };
    journal.create_tickets(vec![claimed(ticket.clone(), claim("ticket", 1, b"")?)]).await??;
    // Under a used key, another request.
    journal.create_tickets(vec![claimed(stage.ticket(21)?, claim("ticket", 2, b"")?)]).await??;
    for request in [1, 2] {
        let comment = CommentCreation {
            once: Some(once("comment", request, b"")?),
            ..comment_creation(new_comment(20, &ticket)?)
        };
        journal.create_comments(vec![comment]).await??;
        let named = TicketChanges { name: Some(Some("x".into())), ..TicketChanges::default() };
        journal.update_ticket(shop, ticket.id, named, None, Some(once("update", request, b"")?)).await?;
        let named = UserChanges { first_name: Some(Some("x".into())), ..UserChanges::default() };
        journal.update_user(shop, stage.user.id, named, Some(once("user update", request, b"")?)).await?;
        let new = user_by_email("replayed@example.com");
        journal.create_user(shop, new, Some(once("user", request, b"")?)).await?;
        let new = customer_by_email("replayed@example.com");
        journal.create_customer(shop, new, Some(once("customer", request, b"")?)).await?;
        let named = CustomerChanges { first_name: Some(Some("x".into())), ..CustomerChanges::default() };
        let key = Some(once("customer update", request, b"")?);
        journal.update_customer(shop, stage.customer.id, named, key).await?;
        journal.create_key(shop, new_key(9), Some(once("key", request, b"")?)).await?;
        let first = KeyNumber::new(1).context("a key's number")?;
        let rotation = rotation(10, at(0), at(900_000));
        journal.rotate_key(shop, first, rotation, Some(once("rotation", request, b"")?)).await?;
    }
    // What is done already: revoked, not to be rotated any more, erased, deleted.
    let second = KeyNumber::new(2).context("a key's number")?;
    for _ in 0..2 {
        journal.revoke_key(shop, second).await?;
    }
    journal.rotate_key(shop, second, rotation(11, at(0), at(1)), None).await?;
    let gone = customer_by_email("gone@example.com");
    if let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) =
        journal.create_customer(shop, gone, Some(once("gone", 1, b"")?)).await?
    {
        journal.erase_customer(shop, customer.id).await?;
        journal.erase_customer(shop, customer.id).await?;
    }
    journal.delete_ticket(shop, ticket_id(2)?, None).await?;
    Ok(())
}
