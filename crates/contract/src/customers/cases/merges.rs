//! The obligations of [`CustomerStore`](hexdesk_domain::CustomerStore) on merges.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateCustomerOutcome, CustomerMerge, MergeCustomersOutcome};
use hexdesk_domain::{
    Customer, CustomerId, Event, IdempotentOutcome, NewCustomer, PageSize, ShopId, Snapshot, Storage,
    TicketFilter,
};

use crate::cases::customer_lists::{all, whole_list};
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::events::settled_log::log_after;
use crate::samples::shop_with_tickets::{ShopContents, ShopWithTickets};
use crate::samples::{
    at, attempt_comment, claim, claimed, comment_creation, create_customer, create_shop, create_ticket,
    customer_by_email, customer_by_phone_number, customer_id, every_external_id, new_comment, plain_ticket,
    stamp, ticket_id,
};

/// Merges a customer into another. Both must exist.
async fn merge(
    storage: &dyn Storage,
    shop: ShopId,
    into: CustomerId,
    from: CustomerId,
) -> anyhow::Result<Customer> {
    let merge = CustomerMerge { from, into, stamp: stamp(at(14)) };
    match storage.merge_customers(shop, merge, None).await? {
        IdempotentOutcome::Ran(MergeCustomersOutcome::Merged(customer)) => Ok(*customer),
        other => anyhow::bail!("a merge returned {other:?}"),
    }
}

/// CUSTOMER-24: everything of one customer moves to the other, who takes over what it lacks.
pub async fn customer_24_merge_moves_everything(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "merged.example.com").await?;
    let [shop, other] = [fixtures[0].shop(), fixtures[1].shop()];
    let from = fixtures[0].people.customer.clone();
    let new = NewCustomer {
        first_name: Some("Remaining".into()),
        external_ids: every_external_id(|name| format!("remaining {name}")),
        ..customer_by_phone_number("+1")
    };
    let into = create_customer(storage, shop, new).await?;
    let own = plain_ticket(ticket_id(70)?, &into);
    create_ticket(storage, crate::samples::creation(own)).await?;
    let before = ShopContents::of(storage, &fixtures).await?;
    let mut remaining = into.clone();
    remaining.absorb(from.clone());

    same("the remaining customer", &merge(storage, shop, into.id, from.id).await?, &remaining)?;
    same("the remaining customer", &storage.find_customer(shop, into.id).await?.as_ref(), &Some(&remaining))?;
    same("the merged customer", &storage.find_customer(shop, from.id).await?, &None)?;
    same("the list", &whole_list(storage, shop, &all()).await?, &vec![remaining.clone()])?;
    let mut expected = before.tickets;
    for ((of, _), (view, comments)) in &mut expected {
        if *of == shop {
            view.ticket.customer_id = into.id;
            view.customer = remaining.clone();
            for comment in comments {
                comment.comment.customer_id = into.id;
                comment.customer = remaining.clone();
            }
        }
    }
    let after = ShopContents::of(storage, &fixtures).await?;
    for (after, expected) in after.tickets.values().zip(expected.values()) {
        same("a ticket and its comments after a merge", after, expected)?;
    }
    same("the number of tickets", &after.tickets.len(), &expected.len())?;
    for (id, count) in [(into.id, 5), (from.id, 0)] {
        let theirs = TicketFilter { customer_id: Some(id), ..TicketFilter::default() };
        same(
            "the count of a customer's tickets",
            &storage.count_tickets(shop, theirs, u64::MAX).await?,
            &count,
        )?;
    }
    let of_other = storage.find_customer(other, fixtures[1].people.customer.id).await?;
    same("another shop's customer", &of_other.as_ref(), &Some(&fixtures[1].people.customer))?;
    // The remaining customer is found by what it took over. An address that it did not take is free.
    let again = NewCustomer { email: from.email.clone(), ..customer_by_phone_number("+2") };
    let found = storage.create_customer(shop, NewCustomer { phone_number: None, ..again }, None).await?;
    same(
        "a creation with the merged address",
        &found,
        &IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(remaining)),
    )?;
    let late = create_customer(storage, shop, customer_by_email("late@example.com")).await?;
    merge(storage, shop, into.id, late.id).await?;
    let free = create_customer(storage, shop, customer_by_email("late@example.com")).await?;
    ensure!(free.id > late.id, "the number {} was assigned after {} was merged", free.id, late.id);
    Ok(())
}

/// CUSTOMER-25: a merge of a missing customer changes nothing.
pub async fn customer_25_merge_of_a_missing_customer_is_refused(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    let storage = &*storage;
    let [one, two] = [
        create_shop(storage, "one.example.com").await?.id,
        create_shop(storage, "two.example.com").await?.id,
    ];
    let ada = create_customer(storage, one, customer_by_email("ada@example.com")).await?;
    let bob = create_customer(storage, one, customer_by_phone_number("1")).await?;
    let of_two = NewCustomer { id: Some(customer_id(50)?), ..customer_by_email("two@example.com") };
    let of_two = create_customer(storage, two, of_two).await?.id;
    let merged = create_customer(storage, one, customer_by_email("merged@example.com")).await?.id;
    merge(storage, one, bob.id, merged).await?;
    let before = whole_list(storage, one, &all()).await?;
    let nobody = customer_id(404)?;
    for (shop, into, from, missing) in [
        (one, ada.id, nobody, nobody),
        (one, nobody, ada.id, nobody),
        (one, of_two, nobody, of_two),
        (one, ada.id, of_two, of_two),
        (two, of_two, ada.id, ada.id),
        (one, ada.id, merged, merged),
        (one, merged, ada.id, merged),
    ] {
        let merge = CustomerMerge { from, into, stamp: stamp(at(14)) };
        let outcome = storage.merge_customers(shop, merge, None).await?;
        let expected = IdempotentOutcome::Ran(MergeCustomersOutcome::CustomerNotFound(missing));
        same(&format!("merging {from} into {into}"), &outcome, &expected)?;
        same("the customers after a refused merge", &whole_list(storage, one, &all()).await?, &before)?;
        same("the merged customer", &storage.find_merged_customer(one, merged).await?, &Some(bob.id))?;
    }
    Ok(())
}

/// CUSTOMER-26: the number of a merged customer leads to the remaining one, and is taken.
pub async fn customer_26_merged_number_leads_on(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let [shop, other] = [
        create_shop(storage, "one.example.com").await?.id,
        create_shop(storage, "two.example.com").await?.id,
    ];
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let new = customer_by_email(&format!("{name}@example.com"));
        create_customer(storage, other, new.clone()).await?;
        ids.push(create_customer(storage, shop, new).await?.id);
    }
    let expect = async |expected: [Option<usize>; 4]| -> anyhow::Result<()> {
        for (id, into) in ids.iter().zip(expected) {
            let found = storage.find_merged_customer(shop, *id).await?;
            same(&format!("where {id} leads"), &found, &into.map(|place| ids[place]))?;
            same("another shop's", &storage.find_merged_customer(other, *id).await?, &None)?;
            if into.is_some() {
                let new = NewCustomer { id: Some(*id), ..customer_by_email("number@example.com") };
                let taken = IdempotentOutcome::Ran(CreateCustomerOutcome::IdTaken);
                same("a creation with its number", &storage.create_customer(shop, new, None).await?, &taken)?;
            }
        }
        Ok(())
    };
    expect([None; 4]).await?;
    merge(storage, shop, ids[1], ids[0]).await?;
    expect([Some(1), None, None, None]).await?;
    merge(storage, shop, ids[2], ids[1]).await?;
    merge(storage, shop, ids[2], ids[3]).await?;
    expect([Some(2), Some(2), None, Some(2)]).await?;
    same("an unknown number", &storage.find_merged_customer(shop, customer_id(404)?).await?, &None)?;
    storage.erase_customer(shop, ids[2], stamp(at(14))).await?.context("the customer is not erased")?;
    expect([None; 4]).await?;
    let next = create_customer(storage, shop, customer_by_email("next@example.com")).await?.id;
    ensure!(!ids.contains(&next), "the number {next} was assigned again");
    Ok(())
}

/// CUSTOMER-27: a merge has an event for each of the two customers.
pub async fn customer_27_merge_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected = ExpectedEvents::new(&*storage)?;
    let fixture = expected.create_shop_with_people("logged.example.com").await?;
    let shop = fixture.shop.id;
    let from = expected.add_customer(shop, customer_by_email("from@example.com")).await?.id;
    let into = expected.add_customer(shop, customer_by_phone_number("1")).await?.id;
    expected.merge_customers(shop, into, from).await?;
    expected.merge_customers(shop, into, from).await?;
    // Nothing is left to fill in.
    expected.merge_customers(shop, fixture.customer.id, into).await?;
    expected.check("merges").await
}

/// CUSTOMER-28: an erasure takes the records and snapshots of merged customers, too.
pub async fn customer_28_erasure_takes_what_was_merged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = create_shop(storage, "erased.example.com").await?.id;
    let mut customers = Vec::new();
    for name in ["a", "b", "into", "other"] {
        customers
            .push(create_customer(storage, shop, customer_by_email(&format!("{name}@example.com"))).await?);
    }
    for (number, customer) in (1..).zip(&customers) {
        let ticket = plain_ticket(ticket_id(number)?, customer);
        let mut claim = claim(&format!("key {number}"), 1, b"receipt")?;
        claim.receipt.customer_id = Some(customer.id);
        let creation = claimed(ticket.clone(), claim.clone());
        create_ticket(
            storage,
            hexdesk_domain::ports::TicketCreation { idempotency: Some(claim), ..creation },
        )
        .await?;
        attempt_comment(storage, comment_creation(new_comment(number, &ticket)?)).await?;
        // A deleted ticket leaves its snapshots.
        let deleted = plain_ticket(ticket_id(100 + number)?, customer);
        create_ticket(storage, crate::samples::creation(deleted.clone())).await?;
        storage.delete_ticket(shop, deleted.id, None, stamp(at(8))).await?;
    }
    let [a, b, into, other] = [0, 1, 2, 3].map(|place| customers[place].id);
    merge(storage, shop, b, a).await?;
    merge(storage, shop, into, b).await?;
    let erased = storage.erase_customer(shop, into, stamp(at(14))).await?.context("nobody is erased")?;
    same(
        "the numbers of erased things",
        &(erased.tickets, erased.comments, erased.idempotency_records),
        &(3, 3, 3),
    )?;
    let of = |event: &Event| event.snapshot.as_ref().and_then(Snapshot::customer_id);
    let log = log_after(storage, shop, None, PageSize::MAX).await?;
    ensure!(
        log.iter().all(|event| of(event).is_none_or(|id| id == other)),
        "a snapshot of an erased customer is left"
    );
    ensure!(log.iter().any(|event| of(event) == Some(other)), "the snapshots of another customer are gone");
    // The keys are free.
    for (number, outcome) in [(1, true), (2, true), (3, true), (4, false)] {
        let mut claim = claim(&format!("key {number}"), 2, b"receipt")?;
        claim.receipt.customer_id = None;
        let creation = claimed(plain_ticket(ticket_id(200 + number)?, &customers[3]), claim);
        let created = create_ticket(storage, creation).await?;
        same(
            "whether a key is free",
            &(created == hexdesk_domain::ports::CreateTicketOutcome::Created),
            &outcome,
        )?;
    }
    Ok(())
}
