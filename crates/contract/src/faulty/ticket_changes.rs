use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, HumanTicket, IdempotentOutcome, ShopId, StorageError, TicketChanges, TicketId,
};

use super::{Fault, FaultyStorage, gap};
use crate::memory::State;

impl FaultyStorage {
    pub(super) async fn update(
        &self,
        shop: ShopId,
        id: TicketId,
        mut update: TicketUpdate,
        once: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        let once = self.changed_for_updates(&update, once);
        match self.fault {
            Fault::VersionBeforeRecord => {
                let outcome = self.inner.state().clone().update_ticket(shop, id, update.clone())?;
                if outcome == UpdateTicketOutcome::VersionMismatch {
                    return Ok(IdempotentOutcome::Ran(outcome));
                }
            }
            Fault::RacingUpdateKeys => {
                return self.racing_keys(shop, once, |state| state.update_ticket(shop, id, update)).await;
            }
            Fault::RacingUpdates => {
                let before = version_of(&self.inner.state(), shop, id);
                gap().await;
                // That was right when it was looked at.
                update.expected_version =
                    update.expected_version.filter(|expected| Some(*expected) != before);
            }
            _ => {}
        }
        let mut state = self.inner.state();
        if self.fault == Fault::ListsBehindUpdates {
            *self.outdated.state() = state.clone();
        }
        state.attempt(shop, once, |state| self.run_update(state, shop, id, update))
    }

    fn run_update(
        &self,
        state: &mut State,
        shop: ShopId,
        id: TicketId,
        mut update: TicketUpdate,
    ) -> Result<UpdateTicketOutcome, StorageError> {
        if self.fault == Fault::AssignedToInactiveUser {
            let outcome = with_everyone_active(state, |state| state.update_ticket(shop, id, update))?;
            let view = state.find_ticket(shop, id).map(Box::new);
            return Ok(match (outcome, view) {
                (UpdateTicketOutcome::Updated(_), Some(view)) => UpdateTicketOutcome::Updated(view),
                (outcome, _) => outcome,
            });
        }
        let before = state.clone();
        let said = update.changes.clone();
        if let Some(instead) = self.changed_for_update(state, shop, id, &mut update) {
            return Ok(instead);
        }
        let owner = state.tickets.keys().find(|(_, there)| *there == id).map(|(owner, _)| *owner);
        let shop = match (self.fault, owner) {
            (Fault::UpdateOfAnyShop, Some(owner)) if version_of(state, shop, id).is_none() => owner,
            _ => shop,
        };
        let outcome = state.update_ticket(shop, id, update.clone())?;
        match (&outcome, self.fault) {
            (UpdateTicketOutcome::Updated(_), _) => {
                let was = before.find_ticket(shop, id).and_then(|view| view.human_ticket);
                self.change_ticket_further(&before, state, (shop, id), &said);
                self.change_human_ticket_further(state, (shop, id), &update, was)?;
            }
            (UpdateTicketOutcome::TicketNotFound, Fault::MissingTicketIsMismatch)
                if update.expected_version.is_some() =>
            {
                return Ok(UpdateTicketOutcome::VersionMismatch);
            }
            (UpdateTicketOutcome::AssigneeNotFound, Fault::RefusedAssigneeLeavesRest) => {
                update.changes.assigned_to = None;
                state.update_ticket(shop, id, update)?;
            }
            _ => {}
        }
        let seen = if self.fault == Fault::AnsweredAsBefore { &before } else { state };
        let view = seen.find_ticket(shop, id).filter(|_| matches!(outcome, UpdateTicketOutcome::Updated(_)));
        Ok(view.map_or(outcome, |view| UpdateTicketOutcome::Updated(Box::new(view))))
    }

    /// Changes what is asked, or answers something else.
    fn changed_for_update(
        &self,
        state: &mut State,
        shop: ShopId,
        id: TicketId,
        update: &mut TicketUpdate,
    ) -> Option<UpdateTicketOutcome> {
        let version = version_of(state, shop, id)?;
        let TicketUpdate { changes, expected_version, stamp: _ } = update;
        let unknown = changes.assigned_to.flatten().filter(|user| !state.users.contains_key(&(shop, *user)));
        let is_right = match self.fault {
            Fault::EmptyUpdateUnchecked => changes.is_empty(),
            Fault::LaterVersionAccepted => expected_version.is_some_and(|expected| expected > version),
            Fault::VersionIn32Bits => {
                expected_version.is_some_and(|expected| expected as i32 == version as i32)
            }
            Fault::VersionOfAnyShop => {
                let versions = state.tickets.values().filter(|stored| stored.ticket.id == id);
                let mut versions = versions.map(|stored| stored.ticket.version);
                versions.any(|version| Some(version) == *expected_version)
            }
            _ => false,
        };
        if is_right {
            *expected_version = None;
        }
        match self.fault {
            Fault::ClearedIsUnsaid => {
                changes.assigned_to.take_if(|new| new.is_none());
                changes.name.take_if(|new| new.is_none());
                changes.contact_reason.take_if(|new| new.is_none());
                changes.language_code.take_if(|new| new.is_none());
            }
            Fault::UnsaidIsCleared if !changes.is_empty() => {
                changes.language_code.get_or_insert(None);
            }
            Fault::TagsAdded => {
                if let (Some(tags), Some(stored)) = (&mut changes.tags, state.tickets.get(&(shop, id))) {
                    tags.splice(0..0, stored.ticket.tags.iter().cloned());
                }
            }
            Fault::AssignedToAnyShopsUser => {
                let foreign = state.users.values().find(|user| Some(user.id) == unknown).cloned();
                if let Some(user) = foreign {
                    state.users.insert((shop, user.id), user);
                }
            }
            Fault::InactiveAssigneeBlocksUpdates if changes.assigned_to.is_none() => {
                let assignee = state.tickets.get(&(shop, id)).and_then(|stored| stored.ticket.assigned_to);
                if assignee.is_some_and(|user| !state.is_active_user(shop, user)) {
                    return Some(UpdateTicketOutcome::AssigneeNotFound);
                }
            }
            Fault::AssigneeBeforeVersion if unknown.is_some() => {
                return Some(UpdateTicketOutcome::AssigneeNotFound);
            }
            _ => {}
        }
        None
    }

    fn change_ticket_further(
        &self,
        before: &State,
        state: &mut State,
        place: (ShopId, TicketId),
        changes: &TicketChanges,
    ) {
        let Some(was) = before.tickets.get(&place).map(|stored| &stored.ticket) else { return };
        if let (Fault::UpdateInEveryShop, Some(name)) = (self.fault, &changes.name) {
            for stored in state.tickets.values_mut().filter(|stored| stored.ticket.id == place.1) {
                stored.ticket.name.clone_from(name);
            }
        }
        let Some(ticket) = state.tickets.get_mut(&place).map(|stored| &mut stored.ticket) else { return };
        match self.fault {
            Fault::UpdateKeepsVersion => ticket.version = was.version,
            Fault::VersionOfFields => {
                let extra = [changes.name.is_some(), changes.tags.is_some()].map(i64::from);
                ticket.version += (extra.iter().sum::<i64>() - 1).max(0);
            }
            Fault::SameIsNoChange => {
                let version = std::mem::replace(&mut ticket.version, was.version);
                if ticket != was {
                    ticket.version = version;
                }
            }
            Fault::EmptyUpdateRaisesVersion if changes.is_empty() => ticket.version += 1,
            Fault::UpdateMovesTicketUp if !changes.is_empty() => {
                ticket.last_message_time = ticket.last_message_time.saturating_add_millis(1);
            }
            Fault::AssignedIsRead if changes.assigned_to.is_some() => ticket.unread_count = 0,
            _ => {}
        }
    }

    fn change_human_ticket_further(
        &self,
        state: &mut State,
        (shop, id): (ShopId, TicketId),
        update: &TicketUpdate,
        was: Option<HumanTicket>,
    ) -> Result<(), StorageError> {
        let (Some(was), Some(is_opened)) = (was, update.changes.is_opened) else { return Ok(()) };
        let reopened = is_opened && was.closed_at.is_some();
        if self.fault == Fault::ReopenedUnderNewNumber && reopened {
            let number = state.open_human_ticket(shop, update.stamp.time)?;
            if let Some(stored) = state.tickets.get_mut(&(shop, id)) {
                stored.human_ticket = Some(number);
            }
        }
        if self.fault == Fault::ClosedIsGone && !is_opened {
            state.human_tickets.remove(&(shop, was.id));
        }
        let Some(human_ticket) = state.human_tickets.get_mut(&(shop, was.id)) else { return Ok(()) };
        match self.fault {
            Fault::ReopenedSinceFirst if reopened => human_ticket.opened_at = was.opened_at,
            Fault::ReopenedStaysClosed if reopened => human_ticket.closed_at = was.closed_at,
            Fault::OpenedAnew if is_opened => human_ticket.opened_at = update.stamp.time,
            Fault::ClosedAnew if !is_opened => human_ticket.closed_at = Some(update.stamp.time),
            Fault::NeverClosed => human_ticket.closed_at = None,
            _ => {}
        }
        Ok(())
    }

    pub(super) async fn delete(
        &self,
        shop: ShopId,
        id: TicketId,
        mut expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        let mut state = self.inner.state();
        let before = state.clone();
        if self.fault == Fault::DeletionIgnoresVersion {
            expected_version = None;
        }
        let outcome = state.delete_ticket(shop, id, expected_version, stamp);
        let customer = before.tickets.get(&(shop, id)).map(|stored| stored.ticket.customer_id);
        match (outcome, self.fault) {
            (DeleteTicketOutcome::TicketNotFound, Fault::DeletionOfNothing) => {
                return Ok(DeleteTicketOutcome::Deleted);
            }
            (DeleteTicketOutcome::Deleted, Fault::CommentsStay) => state.comments = before.comments,
            (DeleteTicketOutcome::Deleted, Fault::CommentsOfEveryShopGo) => {
                state.comments.retain(|_, comment| comment.ticket_id != id);
            }
            (DeleteTicketOutcome::Deleted, Fault::TicketsOfEveryShopGo) => {
                state.tickets.retain(|(_, there), _| *there != id);
            }
            (DeleteTicketOutcome::Deleted, Fault::CustomerGoes) => {
                state.customers.retain(|(owner, there), _| *owner != shop || Some(*there) != customer);
            }
            (DeleteTicketOutcome::Deleted, Fault::ReceiptsGo) => {
                state.idempotency_records.retain(|_, record| record.receipt.customer_id != customer);
            }
            (DeleteTicketOutcome::Deleted, Fault::HumanTicketsOfOthersClosed) => {
                let number = before.tickets.get(&(shop, id)).and_then(|stored| stored.human_ticket);
                let of_others = state.human_tickets.values_mut();
                for human_ticket in of_others.filter(|there| Some(there.id) == number) {
                    human_ticket.closed_at.get_or_insert(human_ticket.opened_at);
                }
            }
            (DeleteTicketOutcome::Deleted, Fault::CountBehindDeletions) => *self.outdated.state() = before,
            _ => {}
        }
        Ok(outcome)
    }
}

fn version_of(state: &State, shop: ShopId, id: TicketId) -> Option<i64> {
    state.tickets.get(&(shop, id)).map(|stored| stored.ticket.version)
}

/// Takes every user for active while this runs.
pub(super) fn with_everyone_active<T>(state: &mut State, run: impl FnOnce(&mut State) -> T) -> T {
    let users = state.users.clone();
    state.users.values_mut().for_each(|user| user.deactivated_at = None);
    let result = run(state);
    state.users = users;
    result
}
