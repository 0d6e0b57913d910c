use std::sync::Arc;

use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerFilter, CustomerId, DeferredClaim, IdempotentOutcome, ShopId,
    StorageError, fold_email,
};

use super::once::{kept_apart, recording_all, without_fingerprint};
use super::{Fault, FaultyStorage, gap};
use crate::memory::{State, changed_customer};

impl FaultyStorage {
    pub(super) async fn attempt_customer_update(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        once: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        let once = match self.fault {
            Fault::RefusedCustomerUpdateRecorded => recording_all(once),
            Fault::CustomerUpdateFingerprintIgnored => without_fingerprint(once),
            Fault::CustomerUpdateKeysApart => kept_apart(once),
            Fault::EmptyCustomerUpdateNotRecorded if update.changes.is_empty() => {
                once.map(|once| DeferredClaim { receipt: Arc::new(|_| None), ..once })
            }
            _ => once,
        };
        match self.fault {
            Fault::UpdatedCustomerBeforeRecord if !self.inner.state().customers.contains_key(&(shop, id)) => {
                return Ok(IdempotentOutcome::Ran(UpdateCustomerOutcome::CustomerNotFound));
            }
            Fault::RacingCustomerUpdateKeys => {
                return self
                    .racing_keys(shop, once, |state| Ok(state.update_customer(shop, id, update)))
                    .await;
            }
            Fault::RacingCustomerUpdates => {
                let outcome = self.inner.state().clone().update_customer(shop, id, update.clone());
                gap().await;
                // That was right when it was looked at.
                if let UpdateCustomerOutcome::Updated(customer) = &outcome {
                    self.inner.state().customers.insert((shop, id), (**customer).clone());
                }
                return Ok(IdempotentOutcome::Ran(outcome));
            }
            Fault::RecordAfterErasure => {
                return self
                    .record_later(shop, once, |state| Ok(state.update_customer(shop, id, update)))
                    .await;
            }
            _ => {}
        }
        let mut state = self.inner.state();
        state.attempt(shop, once, |state| Ok(self.run_customer_update(state, shop, id, update)))
    }

    fn run_customer_update(
        &self,
        state: &mut State,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
    ) -> UpdateCustomerOutcome {
        let CustomerUpdate { changes, stamp } = update;
        let before = state.clone();
        let said = self.misunderstood(changes.clone());
        if let Some(instead) = self.seen_instead(state, shop, id, &said) {
            return instead;
        }
        let mut outcome = state.update_customer(shop, id, CustomerUpdate { changes: said, stamp });
        let was = before.customers.get(&(shop, id));
        match (self.fault, &mut outcome) {
            (Fault::UnreachableAllowed, UpdateCustomerOutcome::Unreachable)
            | (Fault::TakenAddressFoldedInAscii, UpdateCustomerOutcome::EmailTaken) => {
                let is_seen = |there: &Customer| {
                    let ascii = |email: &Option<String>| email.as_deref().map(str::to_ascii_lowercase);
                    ascii(&there.email) == ascii(&changes.email.clone().flatten())
                };
                let is_taken =
                    changes.email.clone().flatten().is_some() && before.customers_of(shop).any(is_seen);
                if let Some(was) = was.filter(|_| !is_taken) {
                    let customer = changed_customer(was.clone(), changes);
                    state.customers.insert((shop, id), customer.clone());
                    return UpdateCustomerOutcome::Updated(Box::new(customer));
                }
            }
            (Fault::RefusedCustomerUpdateLeavesRest, refusal)
                if !matches!(refusal, UpdateCustomerOutcome::Updated(_)) =>
            {
                let changes = CustomerChanges { email: None, phone_number: None, ..changes };
                state.update_customer(shop, id, CustomerUpdate { changes, stamp });
            }
            (Fault::UnsaidCustomerFieldCleared, UpdateCustomerOutcome::Updated(customer))
                if changes.last_name.is_none() =>
            {
                customer.last_name = None;
                state.customers.insert((shop, id), (**customer).clone());
            }
            (Fault::CustomerAnsweredAsBefore, UpdateCustomerOutcome::Updated(customer)) => {
                if let Some(was) = was {
                    (**customer).clone_from(was);
                }
            }
            (Fault::CustomerUpdateInEveryShop, UpdateCustomerOutcome::Updated(customer)) => {
                for there in state.customers.values_mut().filter(|there| there.id == id) {
                    there.full_name.clone_from(&customer.full_name);
                }
            }
            (Fault::CustomerUpdateRaisesVersions, UpdateCustomerOutcome::Updated(_)) => {
                let tickets = state.tickets.values_mut().map(|stored| &mut stored.ticket);
                for ticket in tickets.filter(|ticket| (ticket.shop_id, ticket.customer_id) == (shop, id)) {
                    ticket.version += 1;
                }
            }
            (
                Fault::CustomerListsBehindUpdates
                | Fault::TicketsBehindCustomers
                | Fault::GivenUpAddressTaken,
                UpdateCustomerOutcome::Updated(_),
            ) => *self.outdated.state() = before,
            _ => {}
        }
        outcome
    }

    fn misunderstood(&self, mut said: CustomerChanges) -> CustomerChanges {
        match self.fault {
            Fault::ClearedCustomerFieldStays => {
                said.first_name = said.first_name.filter(Option::is_some);
                said.shopify_id = said.shopify_id.filter(Option::is_some);
            }
            Fault::UpdatedAddressFolded => {
                said.email.iter_mut().flatten().for_each(|email| *email = fold_email(email));
            }
            _ => {}
        }
        said
    }

    /// What is answered before anything else is looked at.
    fn seen_instead(
        &self,
        state: &State,
        shop: ShopId,
        id: CustomerId,
        said: &CustomerChanges,
    ) -> Option<UpdateCustomerOutcome> {
        let email = said.email.clone().flatten();
        let has_email = |customer: &Customer| {
            email.is_some() && customer.email.as_deref().map(fold_email) == email.as_deref().map(fold_email)
        };
        let is_taken = match self.fault {
            Fault::AddressBeforeCustomer => {
                state.customers_of(shop).any(|there| there.id != id && has_email(there))
            }
            Fault::AddressTakenInAnyShop => {
                state.customers.contains_key(&(shop, id))
                    && state.customers.values().any(|there| there.shop_id != shop && has_email(there))
            }
            Fault::OwnAddressTaken => {
                let own = state.customers.get(&(shop, id));
                own.is_some_and(|own| has_email(own) && own.email != email)
            }
            Fault::PhoneNumberBeforeAddress => {
                let phone_number = said.phone_number.clone().flatten();
                let filter = CustomerFilter { phone_number, ..CustomerFilter::default() };
                let others = state.filtered_customers(shop, &filter);
                let is_taken = filter.phone_number.is_some() && others.iter().any(|(other, _)| *other != id);
                let is_there = state.customers.contains_key(&(shop, id));
                return (is_there && is_taken).then_some(UpdateCustomerOutcome::PhoneNumberTaken);
            }
            _ => false,
        };
        is_taken.then_some(UpdateCustomerOutcome::EmailTaken)
    }
}
