//! The obligations of [`CustomerStore`](hexdesk_domain::CustomerStore) on the effects of an
//! erasure.

mod shops_with_records;

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome, Erased, UpdateTicketOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerId, IdempotentOutcome, NewCustomer, PageSize, ShopId, Storage, Ticket,
    TicketChanges, TicketFilter,
};

use self::shops_with_records::{Contents, ShopsWithRecords};
use crate::cases::customer_changes::update_customer;
use crate::cases::customer_lists::{all, whole_list};
use crate::cases::ticket_lists::create_all;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, attempt_comment, attempt_update, claim, claimed, comment_creation, create_comment,
    create_customer, create_shop, create_ticket, creation, customer_by_email, customer_by_phone_number,
    customer_id, new_comment, plain_ticket, stamp, ticket_id, update,
};

/// CUSTOMER-15: removes the customer and all data of the customer, returns how much that was, and
/// keeps the rest.
pub async fn customer_15_erasure_takes_all_of_the_customers(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    each_customer_is_erased_alone(storage).await?;
    missing_customers_are_not_erased(storage).await?;
    a_long_history_is_erased_completely(storage).await
}

async fn each_customer_is_erased_alone(storage: &dyn Storage) -> anyhow::Result<()> {
    let shops = ShopsWithRecords::create(storage, "alone.example.com").await?;
    let [one, two] = shops.shops();
    let [busy, other] = [customer_id(ShopsWithRecords::BUSY)?, customer_id(ShopsWithRecords::OTHER)?];
    let silent = shops.fixtures[0].customer.id;
    for (shop, id) in [(one, busy), (two, other), (one, silent), (one, other), (two, busy)] {
        let before = Contents::of(storage, &shops).await?;
        let (after, expected) = before.without(shop, id);
        let erased = storage.erase_customer(shop, id, stamp(at(14))).await?;
        same(&format!("the numbers of things erased with {id}"), &erased, &Some(expected))?;
        after.expect(storage, &shops, "an erasure").await?;
        same("the erased customer", &storage.find_customer(shop, id).await?, &None)?;
        same("a second erasure", &storage.erase_customer(shop, id, stamp(at(14))).await?, &None)?;
        for (view, _) in &before.tickets {
            if (view.customer.shop_id, view.customer.id) == (shop, id) {
                expect_no_trace_of(storage, &view.ticket).await?;
            }
        }
        after.expect(storage, &shops, "calls about an erased customer").await?;
    }
    Ok(())
}

/// Fails unless no call finds the ticket of an erased customer and none can add to it.
async fn expect_no_trace_of(storage: &dyn Storage, ticket: &Ticket) -> anyhow::Result<()> {
    let (shop, id) = (ticket.shop_id, ticket.id);
    same("a ticket", &storage.find_ticket(shop, id).await?, &None)?;
    same("its comments", &storage.list_comments(shop, id, None, PageSize::MAX).await?, &None)?;
    same("the count of its comments", &storage.count_comments(shop, id).await?, &None)?;
    let theirs = TicketFilter { customer_id: Some(ticket.customer_id), ..TicketFilter::default() };
    same("the count of the customer's tickets", &storage.count_tickets(shop, theirs, u64::MAX).await?, &0)?;
    let attempt = attempt_comment(storage, comment_creation(new_comment(9_000, ticket)?)).await?;
    same("a comment", &attempt, &IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound))?;
    let opened = TicketChanges { is_opened: Some(true), ..TicketChanges::default() };
    let outcome = attempt_update(storage, shop, id, update(opened)).await?;
    same("an update", &outcome, &UpdateTicketOutcome::TicketNotFound)?;
    let again = create_ticket(storage, creation(Ticket { is_opened: true, ..ticket.clone() })).await?;
    same("a new ticket", &again, &CreateTicketOutcome::CustomerNotFound)
}

/// Erases a missing customer and another shop's.
async fn missing_customers_are_not_erased(storage: &dyn Storage) -> anyhow::Result<()> {
    let shops = ShopsWithRecords::create(storage, "nobody.example.com").await?;
    let [one, two] = shops.shops();
    let of_two = NewCustomer { id: Some(customer_id(80)?), ..customer_by_email("80@example.com") };
    let of_two = create_customer(storage, two, of_two).await?;
    create_all(storage, &[plain_ticket(ticket_id(80)?, &of_two)]).await?;
    let before = Contents::of(storage, &shops).await?;
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    for (shop, id) in
        [(one, 80), (one, 81), (two, CustomerId::MAX), (no_shop, 80), (no_shop, ShopsWithRecords::BUSY)]
    {
        same(
            "an erasure of a missing customer",
            &storage.erase_customer(shop, customer_id(id)?, stamp(at(14))).await?,
            &None,
        )?;
        before.expect(storage, &shops, "an erasure of a missing customer").await?;
    }
    Ok(())
}

async fn a_long_history_is_erased_completely(storage: &dyn Storage) -> anyhow::Result<()> {
    const TICKETS: i64 = 250;
    let fixture = ShopWithPeople::create(storage, "long.example.com").await?;
    let other = create_customer(storage, fixture.shop.id, customer_by_email("other@example.com")).await?;
    let (mut tickets, mut comments) = (Vec::new(), Vec::new());
    for number in 1..=TICKETS {
        // The other customer's tickets are between them.
        for (customer, id) in [(&fixture.customer, number * 2), (&other, number * 2 + 1)] {
            let ticket = Ticket { is_opened: number % 2 == 0, ..plain_ticket(ticket_id(id)?, customer) };
            let mut claim = claim(&format!("key {id}"), 1, b"receipt")?;
            claim.receipt.customer_id = Some(customer.id);
            comments.extend([new_comment(id * 2, &ticket)?, new_comment(id * 2 + 1, &ticket)?]);
            let creation = claimed(ticket, claim.clone());
            tickets.push(hexdesk_domain::ports::TicketCreation { idempotency: Some(claim), ..creation });
        }
    }
    storage.create_tickets(tickets.clone()).await?;
    storage.create_comments(comments.into_iter().map(comment_creation).collect()).await?;
    let count = u64::try_from(TICKETS)?;
    for (customer, rest) in [(&fixture.customer, count), (&other, 0)] {
        let expected = Erased {
            tickets: count,
            human_tickets: count / 2,
            comments: count * 2,
            idempotency_records: count,
        };
        let erased = storage.erase_customer(fixture.shop.id, customer.id, stamp(at(14))).await?;
        same("the numbers of things erased with a long history", &erased, &Some(expected))?;
        let left = storage.count_tickets(fixture.shop.id, TicketFilter::default(), u64::MAX).await?;
        same("the number of remaining tickets", &left, &rest)?;
    }
    // Their keys are free, so these are tickets of a missing customer.
    let outcomes = storage.create_tickets(tickets).await?;
    let expected = vec![CreateTicketOutcome::CustomerNotFound; usize::try_from(TICKETS * 2)?];
    same("the tickets again", &outcomes, &expected)
}

/// CUSTOMER-16: the number is not assigned again. Address, phone number and keys are free.
pub async fn customer_16_what_an_erased_one_had_is_free(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    numbers_are_not_assigned_again(storage).await?;
    addresses_and_phone_numbers_are_free(storage).await?;
    keys_are_free(storage).await
}

/// Both for assigned and for requested numbers, no matter which customers remain.
async fn numbers_are_not_assigned_again(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "numbers.example.com").await?.id;
    let mut largest = 0;
    for round in 0..4 {
        let email = |name: &str| customer_by_email(&format!("{name}-{round}@example.com"));
        let mut created = Vec::new();
        for name in ["one", "two", "three"] {
            created.push(create_customer(storage, shop, email(name)).await?);
        }
        // The last two rounds also request a number. One of them erases all customers.
        if round > 1 {
            let asked = NewCustomer { id: Some(customer_id(largest + 1_000)?), ..email("asked") };
            created.push(create_customer(storage, shop, asked).await?);
        }
        for customer in &created {
            ensure!(
                customer.id.get() > largest,
                "the number {} was assigned after {largest} was in use",
                customer.id
            );
        }
        largest = created.iter().map(|customer| customer.id.get()).max().unwrap_or(largest);
        for customer in created.iter().skip(usize::from(round % 2 == 0)) {
            ensure!(
                storage.erase_customer(shop, customer.id, stamp(at(14))).await?.is_some(),
                "a customer is not erased"
            );
        }
    }
    // A request for an erased customer's number gets the number, but none of the erased data.
    let again = NewCustomer { id: Some(customer_id(largest)?), ..customer_by_email("again@example.com") };
    let again = create_customer(storage, shop, again).await?;
    same("the requested number", &again.id.get(), &largest)?;
    let new = create_customer(storage, shop, customer_by_email("new@example.com")).await?;
    ensure!(new.id > again.id, "the number {} was assigned after {largest} was in use", new.id);
    Ok(())
}

async fn addresses_and_phone_numbers_are_free(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "free.example.com").await?.id;
    let keeps = create_customer(storage, shop, customer_by_email("keeps@example.com")).await?;
    let new = || NewCustomer { phone_number: Some("555".into()), ..customer_by_email("Ada@example.com") };
    let mut before: Option<Customer> = None;
    for spelling in ["Ada@example.com", "aDA@EXAMPLE.com", "ada@example.com"] {
        let customer =
            create_customer(storage, shop, NewCustomer { email: Some(spelling.into()), ..new() }).await?;
        if let Some(before) = before {
            ensure!(customer.id > before.id, "a number was assigned again");
        }
        let listed = whole_list(storage, shop, &all()).await?;
        same("the shop's customers", &listed, &vec![customer.clone(), keeps.clone()])?;
        ensure!(
            storage.erase_customer(shop, customer.id, stamp(at(14))).await?.is_some(),
            "a customer is not erased"
        );
        before = Some(customer);
    }
    create_customer(storage, shop, customer_by_phone_number("555")).await?;
    let to = CustomerChanges { email: Some(Some("ADA@example.com".into())), ..CustomerChanges::default() };
    update_customer(storage, shop, keeps.id, to).await?;
    Ok(())
}

/// The customer's records are gone, so their requests run again, once.
async fn keys_are_free(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "keys.example.com").await?;
    let shop = fixture.shop.id;
    let customer = create_customer(storage, shop, customer_by_email("erased@example.com")).await?;
    let of_customer = |id: i64, request: u8, customer: &Customer| {
        let mut claim = claim("key", request, format!("receipt {id}").as_bytes())?;
        claim.receipt.customer_id = Some(customer.id);
        let creation = creation(plain_ticket(ticket_id(id)?, customer));
        anyhow::Ok(hexdesk_domain::ports::TicketCreation { idempotency: Some(claim), ..creation })
    };
    let first = create_ticket(storage, of_customer(1, 1, &customer)?).await?;
    same("the first use of a key", &first, &CreateTicketOutcome::Created)?;
    let comment = new_comment(1, &plain_ticket(ticket_id(1)?, &customer))?;
    create_comment(storage, comment_creation(comment)).await?;
    storage.erase_customer(shop, customer.id, stamp(at(14))).await?;
    // A refusal leaves the key free.
    let refused = create_ticket(storage, of_customer(4, 1, &customer)?).await?;
    same("the same again", &refused, &CreateTicketOutcome::CustomerNotFound)?;
    let another = create_ticket(storage, of_customer(2, 2, &fixture.customer)?).await?;
    same("another request of that key", &another, &CreateTicketOutcome::Created)?;
    let replayed = create_ticket(storage, of_customer(3, 2, &fixture.customer)?).await?;
    same("the other request, repeated", &replayed, &CreateTicketOutcome::Replayed(b"receipt 2".to_vec()))?;
    let reused = create_ticket(storage, of_customer(1, 1, &fixture.customer)?).await?;
    same("the first request of that key", &reused, &CreateTicketOutcome::KeyReused)?;
    // The ids of the erased tickets and comments are free, too.
    let new_ticket = Ticket { is_opened: true, ..plain_ticket(ticket_id(1)?, &fixture.customer) };
    same(
        "a ticket",
        &create_ticket(storage, creation(new_ticket.clone())).await?,
        &CreateTicketOutcome::Created,
    )?;
    create_comment(storage, comment_creation(new_comment(1, &new_ticket)?)).await?;
    Ok(())
}
