//! Updates and deletions of tickets.

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{DeferredClaim, IdempotentOutcome, Receipt, ShopId, TicketId, TicketStore, TicketView};

use super::super::step::{Claim, Place, Slot, Update};
use super::{Both, Model, both, pick, request_of};
use crate::comparison::same;
use crate::samples::{at, stamp, ticket_id};

impl Model {
    pub(super) async fn update_ticket(&mut self, update: Update) -> anyhow::Result<()> {
        let Some((shop, id)) = self.place(update.ticket)? else { return Ok(()) };
        let expected_version = self.expected_version(shop, id, update.version).await?;
        let changes = self.changes(shop, &update.changes)?;
        let claim = update.claim.map(|claim| claim_of_update(claim, self.steps)).transpose()?;
        let update = |changes| TicketUpdate { changes, expected_version, stamp: stamp(at(update.at)) };
        let attempts = both(
            self.tested.update_ticket(shop.tested, id, update(changes.tested), claim.clone()).await,
            self.reference.update_ticket(shop.reference, id, update(changes.reference), claim).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(tested != IdempotentOutcome::InProgress, "an update stays in progress");
        let tested = self.update_attempt(tested, &reference)?;
        same("the outcome of an update", &tested, &reference)
    }

    pub(super) async fn delete_ticket(&mut self, ticket: Place, version: Option<i64>) -> anyhow::Result<()> {
        let Some((shop, id)) = self.place(ticket)? else { return Ok(()) };
        let expected_version = self.expected_version(shop, id, version).await?;
        let before = self.tested.find_ticket(shop.tested, id).await?;
        let outcomes = both(
            self.tested.delete_ticket(shop.tested, id, expected_version, stamp(at(13))).await,
            self.reference.delete_ticket(shop.reference, id, expected_version, stamp(at(13))).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        same("the outcome of a deletion", &tested, &reference)?;
        if tested != DeleteTicketOutcome::Deleted {
            return Ok(());
        }
        self.deleted_tickets.push(id);
        if let Some(TicketView { human_ticket: Some(human_ticket), .. }) = before
            && let Some(ids) = self.human_ticket_ids.get_mut(&shop.reference)
        {
            ids.forget(human_ticket.id);
        }
        Ok(())
    }

    fn place(&self, place: Place) -> anyhow::Result<Option<(Both<ShopId>, TicketId)>> {
        let existing: Vec<_> = {
            let state = self.reference.state();
            let tried = self.tickets.iter().copied();
            tried.filter(|(shop, id)| state.tickets.contains_key(&(shop.reference, *id))).collect()
        };
        // Some slots pick refused or deleted tickets.
        let tickets = |slot: Slot| if slot % 8 == 7 { &self.tickets } else { &existing };
        let there = place.ticket.and_then(|slot| pick(tickets(slot), slot));
        let elsewhere = place.other_shop.and_then(|slot| pick(&self.shops, slot));
        let shop = elsewhere.or(there.map(|(shop, _)| shop)).or(pick(&self.shops, 0));
        let id = there.map_or(ticket_id(TicketId::MAX), |(_, id)| Ok(id))?;
        Ok(shop.map(|shop| (shop, id)))
    }

    /// The ticket's version plus this distance.
    pub(super) async fn expected_version(
        &self,
        shop: Both<ShopId>,
        id: TicketId,
        distance: Option<i64>,
    ) -> anyhow::Result<Option<i64>> {
        let found = self.reference.find_ticket(shop.reference, id).await?;
        let version = found.map_or(1, |view| view.ticket.version);
        Ok(distance.map(|distance| version + distance))
    }
}

/// The receipt contains nothing that a store assigns, so both stores keep the same.
fn claim_of_update(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<UpdateTicketOutcome>> {
    let receipt = move |outcome: &UpdateTicketOutcome| match outcome {
        UpdateTicketOutcome::Updated(view) => {
            let ticket = &view.ticket;
            let answer = format!("step {step}: version {} is {:?}", ticket.version, ticket.name);
            Some(Receipt { response: answer.into_bytes(), customer_id: Some(view.customer.id) })
        }
        UpdateTicketOutcome::TicketNotFound
        | UpdateTicketOutcome::VersionMismatch
        | UpdateTicketOutcome::CustomerNotFound
        | UpdateTicketOutcome::AssigneeNotFound
        | UpdateTicketOutcome::AssigneeDeactivated => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}
