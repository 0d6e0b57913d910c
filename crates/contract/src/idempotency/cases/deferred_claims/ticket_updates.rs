//! Updates of tickets.

use std::sync::Arc;

use anyhow::ensure;
use async_trait::async_trait;
use hexdesk_domain::ports::{CreateTicketOutcome, DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, Receipt, Storage, Ticket, TicketChanges, TicketId,
    Timestamp, UserId,
};

use super::{Operation, Thing, answer_of, request, shown};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, create_ticket, creation, expect_no_ticket, find_ticket, stamp, ticket_id, update,
    user_id,
};

/// Updates of tickets, one for each number.
pub(super) struct TicketUpdates;

fn updated_id(number: i64) -> anyhow::Result<TicketId> {
    ticket_id(100_000 + number)
}

fn update_receipt(outcome: &UpdateTicketOutcome) -> Option<Receipt> {
    match outcome {
        UpdateTicketOutcome::Updated(view) => {
            Some(Receipt { response: answer_of(outcome), customer_id: Some(view.customer.id) })
        }
        UpdateTicketOutcome::TicketNotFound
        | UpdateTicketOutcome::VersionMismatch
        | UpdateTicketOutcome::CustomerNotFound
        | UpdateTicketOutcome::AssigneeNotFound
        | UpdateTicketOutcome::AssigneeDeactivated => None,
    }
}

#[async_trait]
impl Operation for TicketUpdates {
    async fn prepare(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<()> {
        let id = updated_id(number)?;
        if storage.find_ticket(fixture.shop.id, id).await?.is_none() {
            let ticket = Ticket { id, ..fixture.ticket(1)? };
            same(
                "a ticket",
                &create_ticket(storage, creation(ticket)).await?,
                &CreateTicketOutcome::Created,
            )?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (Thing::New(number) | Thing::Refused(number)) = thing;
        self.prepare(storage, fixture, number).await?;
        let changes = TicketChanges {
            name: Some(Some(format!("update {number}"))),
            is_opened: Some(true),
            assigned_to: Some(Some(fixture.user.id)),
            ..TicketChanges::default()
        };
        let good = TicketUpdate {
            // Half of them expect the version from before the update.
            expected_version: (number % 4 < 2).then_some(1),
            ..update(changes.clone())
        };
        let (id, update) = match thing {
            Thing::New(_) => (updated_id(number)?, good),
            Thing::Refused(_) if number % 2 == 0 => {
                let changes = TicketChanges { assigned_to: Some(Some(user_id(UserId::MAX)?)), ..changes };
                (updated_id(number)?, TicketUpdate { changes, ..good })
            }
            Thing::Refused(_) if number % 4 == 1 => (ticket_id(404)?, good),
            Thing::Refused(_) => (updated_id(number)?, TicketUpdate { expected_version: Some(9), ..good }),
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(update_receipt),
        });
        Ok(shown(storage.update_ticket(fixture.shop.id, id, update, claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let Some(view) = storage.find_ticket(fixture.shop.id, updated_id(number)?).await? else {
            return Ok(false);
        };
        let name = view.ticket.name.as_deref();
        match view.ticket.version {
            1 if name.is_none() && view.human_ticket.is_none() => Ok(false),
            2 if name == Some(&format!("update {number}")) && view.human_ticket.is_some() => Ok(true),
            _ => anyhow::bail!("a ticket updated at most once is now {view:?}"),
        }
    }
}

/// The record is checked before the ticket. An empty update has a record, too.
pub(super) async fn update_is_replayed_whatever_became_of_the_ticket(
    storage: &dyn Storage,
) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "replayed.example.com").await?;
    let (shop, id) = (fixture.shop.id, ticket_id(1)?);
    let ticket = Ticket { is_opened: true, ..fixture.ticket(1)? };
    create_ticket(storage, creation(ticket.clone())).await?;
    let named = |name: &str| TicketChanges { name: Some(Some(name.to_owned())), ..TicketChanges::default() };
    let attempt = async |key: &str, number: u8, update: TicketUpdate| {
        let (request, receipt) = (request(key, number)?, Arc::new(update_receipt));
        let claim = DeferredClaim { request, requested_at: at(3), receipt };
        anyhow::Ok(shown(storage.update_ticket(shop, id, update, Some(claim)).await?))
    };

    let empty = update(TicketChanges::default());
    let IdempotentOutcome::Ran(of_empty) = attempt("empty", 1, empty.clone()).await? else {
        anyhow::bail!("an empty update with a new key did not run");
    };
    let first = TicketUpdate { expected_version: Some(1), ..update(named("first")) };
    let IdempotentOutcome::Ran(of_first) = attempt("first", 1, first.clone()).await? else {
        anyhow::bail!("an update with a new key did not run");
    };
    let second = update(named("second"));
    let attempt_without = storage.update_ticket(shop, id, second, None).await?;
    ensure!(
        matches!(attempt_without, IdempotentOutcome::Ran(_)),
        "without a key it returned {attempt_without:?}"
    );
    let before = find_ticket(storage, shop, id).await?;
    same("the version after two updates", &before.ticket.version, &3)?;
    let replays = async || -> anyhow::Result<()> {
        same(
            "the empty update again",
            &attempt("empty", 1, empty.clone()).await?,
            &IdempotentOutcome::Replayed(of_empty.clone()),
        )?;
        // It would restore the old name and expects an outdated version.
        same(
            "the first update again",
            &attempt("first", 1, first.clone()).await?,
            &IdempotentOutcome::Replayed(of_first.clone()),
        )?;
        same("another update", &attempt("first", 2, first.clone()).await?, &IdempotentOutcome::KeyReused)?;
        same(
            "another empty update",
            &attempt("first", 2, empty.clone()).await?,
            &IdempotentOutcome::KeyReused,
        )
    };
    replays().await?;
    same("the ticket", &find_ticket(storage, shop, id).await?, &before)?;
    let outcome = storage.delete_ticket(shop, id, None, stamp(at(13))).await?;
    same("the ticket's deletion", &outcome, &DeleteTicketOutcome::Deleted)?;
    replays().await?;
    expect_no_ticket(storage, "the deleted ticket", shop, id).await?;
    create_ticket(storage, creation(ticket)).await?;
    let before = find_ticket(storage, shop, id).await?;
    replays().await?;
    same("another ticket with the same id", &find_ticket(storage, shop, id).await?, &before)
}
