use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::UpdateTicketOutcome::{CustomerNotFound, TicketNotFound, VersionMismatch};
use hexdesk_domain::ports::{Erased, TicketUpdate};
use hexdesk_domain::{
    Customer, CustomerId, NewCustomer, PageSize, ShopId, Storage, Subject, TicketChanges, TicketFilter,
    UserId,
};

use crate::comparison::same;
use crate::samples::shop_with_tickets::{ShopContents, ShopWithTickets};
use crate::samples::{
    at, attempt_update, comment_creation, create_comment, create_customer, customer_by_email, customer_id,
    new_comment, stamp, ticket_id, update, update_ticket, user_id,
};

/// The customer whom tickets are moved to, in both shops.
const NEW: i64 = 70;
/// A customer of the other shop.
const OTHERS: i64 = 71;

fn to(customer: CustomerId) -> TicketChanges {
    TicketChanges { customer_id: Some(customer), ..TicketChanges::default() }
}

async fn add(storage: &dyn Storage, shop: ShopId, number: i64) -> anyhow::Result<Customer> {
    let email = format!("{number}@example.com");
    let new = NewCustomer { id: Some(customer_id(number)?), ..customer_by_email(&email) };
    create_customer(storage, shop, new).await
}

/// TICKET-29: an update moves a ticket to another customer, with its comments and its history.
pub async fn ticket_29_update_moves_the_ticket(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    let [one, two] = &fixtures;
    let new = add(storage, one.shop(), NEW).await?;
    add(storage, two.shop(), NEW).await?;
    add(storage, two.shop(), OTHERS).await?;
    unknown_customers_are_refused(storage, &fixtures).await?;

    let mut contents = ShopContents::of(storage, &fixtures).await?;
    for id in [ShopWithTickets::FULL, ShopWithTickets::PLAIN] {
        let place = (one.shop(), ticket_id(id)?);
        for _ in 0..2 {
            let view = update_ticket(storage, place.0, place.1, update(to(new.id))).await?;
            let (moved, comments) = contents.tickets.get_mut(&place).context("a ticket")?;
            if moved.customer != new {
                moved.ticket.version += 1;
            }
            moved.ticket.customer_id = new.id;
            moved.customer = new.clone();
            for comment in comments {
                comment.comment.customer_id = new.id;
                comment.customer = new.clone();
            }
            same("the moved ticket", &view, moved)?;
            contents.expect(storage, &fixtures, "a ticket was moved").await?;
        }
        let ticket = contents.view(place.0, place.1)?.ticket.clone();
        let comment = create_comment(storage, comment_creation(new_comment(900 + id, &ticket)?)).await?;
        same("the customer of a later comment", &comment.customer, &new)?;
        contents = ShopContents::of(storage, &fixtures).await?;
    }
    for (customer, count) in [(new.id, 2), (one.people.customer.id, 2)] {
        let filter = TicketFilter { customer_id: Some(customer), ..TicketFilter::default() };
        same(
            "the count of a customer's tickets",
            &storage.count_tickets(one.shop(), filter, u64::MAX).await?,
            &count,
        )?;
    }
    history_moves_too(storage, &fixtures, &new).await
}

async fn unknown_customers_are_refused(
    storage: &dyn Storage,
    fixtures: &[ShopWithTickets; 2],
) -> anyhow::Result<()> {
    let [one, _] = fixtures;
    let shop = one.shop();
    let before = ShopContents::of(storage, fixtures).await?;
    for unknown in [customer_id(CustomerId::MAX)?, customer_id(OTHERS)?, customer_id(one.agent.id.get())?] {
        let id = ticket_id(ShopWithTickets::FULL)?;
        let version = before.view(shop, id)?.ticket.version;
        let of_nobody = TicketChanges { assigned_to: Some(Some(user_id(UserId::MAX)?)), ..to(unknown) };
        let named = TicketChanges { name: Some(None), ..to(unknown) };
        for changes in [to(unknown), of_nobody, named] {
            for (id, expected_version, refusal) in [
                (id, None, CustomerNotFound),
                (id, Some(version), CustomerNotFound),
                (id, Some(version + 1), VersionMismatch),
                (ticket_id(404)?, None, TicketNotFound),
            ] {
                let update = TicketUpdate { expected_version, ..update(changes.clone()) };
                let outcome = attempt_update(storage, shop, id, update).await?;
                same("an update to an unknown customer", &outcome, &refusal)?;
            }
        }
    }
    before.expect(storage, fixtures, "updates to unknown customers").await
}

/// The two moved tickets outlive their former customer, and not the new one.
async fn history_moves_too(
    storage: &dyn Storage,
    fixtures: &[ShopWithTickets; 2],
    new: &Customer,
) -> anyhow::Result<()> {
    let [one, _] = fixtures;
    let shop = one.shop();
    let mut moved = BTreeSet::new();
    for id in [ShopWithTickets::FULL, ShopWithTickets::PLAIN] {
        moved.insert(Subject::Ticket(ticket_id(id)?));
        let comments = storage.list_comments(shop, ticket_id(id)?, None, PageSize::MAX).await?;
        let comments = comments.context("the comments of a moved ticket")?.entries;
        moved.extend(comments.into_iter().map(|view| Subject::Comment(view.comment.id)));
    }
    let snapshots = async || -> anyhow::Result<usize> {
        let mut snapshots = 0;
        let mut after = None;
        loop {
            let page = storage.list_events(shop, Default::default(), after, PageSize::MAX).await??;
            let events = page.entries.iter().filter(|event| moved.contains(&event.subject));
            snapshots += events.filter(|event| event.snapshot.is_some()).count();
            after = page.next;
            if after.is_none() {
                return Ok(snapshots);
            }
        }
    };
    let before = snapshots().await?;
    ensure!(before >= 10, "the moved tickets have {before} snapshots");
    let expected = Erased { tickets: 2, human_tickets: 2, comments: 2, idempotency_records: 0 };
    let erased = storage.erase_customer(shop, one.people.customer.id, stamp(at(14))).await?;
    same("the numbers of things erased with the former customer", &erased, &Some(expected))?;
    same("the snapshots after the erasure of the former customer", &snapshots().await?, &before)?;
    let expected = Erased { tickets: 2, human_tickets: 1, comments: 6, idempotency_records: 0 };
    let erased = storage.erase_customer(shop, new.id, stamp(at(15))).await?;
    same("the numbers of things erased with the new customer", &erased, &Some(expected))?;
    same("the snapshots after the erasure of the new customer", &snapshots().await?, &0)?;
    let gone = storage.find_ticket(shop, ticket_id(ShopWithTickets::FULL)?).await?;
    same("a moved ticket after the erasure", &gone, &None)
}
