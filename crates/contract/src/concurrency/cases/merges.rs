//! Merges of a customer during writes for the customer.

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{
    CreateCommentOutcome, CreateTicketOutcome, CustomerMerge, MergeCustomersOutcome,
};
use hexdesk_domain::{IdempotentOutcome, PageSize, Storage, TicketFilter};

use super::{FEW_ROUNDS, race};
use crate::cases::ticket_lists::whole_list;
use crate::comparison::same;
use crate::samples::{
    at, attempt_comment, comment_creation, create_customer, create_shop, create_ticket, creation,
    customer_by_email, new_comment, plain_ticket, stamp, ticket_id,
};

const RACERS: usize = 20;
/// The racers that merge, after those that write.
const MERGES: usize = 3;

/// CUSTOMER-30: of racing merges of one customer, one takes effect. Concurrent writes of its data are
/// moved or find no customer, and its ticket is always found.
pub async fn customer_30_racing_merge_loses_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    for round in 0..FEW_ROUNDS {
        let email = |name: &str| customer_by_email(&format!("{name}-{round}@example.com"));
        let from = create_customer(&*storage, shop, email("from")).await?;
        let into = create_customer(&*storage, shop, email("into")).await?;
        let first = i64::try_from(round * 1_000 + 1)?;
        let ticket = plain_ticket(ticket_id(first)?, &from);
        create_ticket(&*storage, creation(ticket.clone())).await?;
        let counts = race(RACERS, |racer| {
            let (storage, from, ticket, into) = (Arc::clone(&storage), from.clone(), ticket.clone(), into.id);
            async move {
                let number = first + 1 + i64::try_from(racer)?;
                if racer >= RACERS - MERGES {
                    let merge = CustomerMerge { from: from.id, into, stamp: stamp(at(14)) };
                    let IdempotentOutcome::Ran(outcome) = storage.merge_customers(shop, merge, None).await?
                    else {
                        anyhow::bail!("a merge without a key was replayed");
                    };
                    let merged = matches!(outcome, MergeCustomersOutcome::Merged(_));
                    let gone = outcome == MergeCustomersOutcome::CustomerNotFound(from.id);
                    ensure!(merged || gone, "a racing merge returned {outcome:?}");
                    return Ok([u64::from(merged), 0, 0]);
                }
                if racer.is_multiple_of(2) {
                    let comment = comment_creation(new_comment(number, &ticket)?);
                    let outcome = attempt_comment(&*storage, comment).await?;
                    let is_created =
                        matches!(outcome, IdempotentOutcome::Ran(CreateCommentOutcome::Created { .. }));
                    ensure!(is_created, "a comment during a merge returned {outcome:?}");
                    return Ok([0, 1, 0]);
                }
                let outcome =
                    create_ticket(&*storage, creation(plain_ticket(ticket_id(number)?, &from))).await?;
                let is_created = outcome == CreateTicketOutcome::Created;
                ensure!(
                    is_created || outcome == CreateTicketOutcome::CustomerNotFound,
                    "a ticket during a merge returned {outcome:?}"
                );
                Ok([0, 0, u64::from(is_created)])
            }
        })
        .await?;
        let count = |place: usize| counts.iter().map(|count| count[place]).sum::<u64>();
        same("the number of merges that took effect", &count(0), &1)?;
        let comments = storage.count_comments(shop, ticket.id).await?;
        same("the number of comments", &comments, &Some(count(1)))?;
        for (customer, tickets) in [(into.id, count(2) + 1), (from.id, 0)] {
            let filter = TicketFilter { customer_id: Some(customer), ..TicketFilter::default() };
            let list = whole_list(&*storage, shop, &filter).await?;
            same("the number of tickets after a merge", &u64::try_from(list.len())?, &tickets)?;
        }
        let listed = storage.list_comments(shop, ticket.id, None, PageSize::MAX).await?;
        for view in listed.into_iter().flat_map(|page| page.entries) {
            same("the customer of a comment", &view.comment.customer_id, &into.id)?;
        }
        same("the merged customer", &storage.find_merged_customer(shop, from.id).await?, &Some(into.id))?;
    }
    Ok(())
}
