//! Lists, updates and erasures of customers.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::UpdateCustomerOutcome;
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, IdempotentOutcome,
    PageSize, Receipt, ShopId,
};

use super::super::step::{Claim, CustomerUpdate, Person, Slot};
use super::{Both, Model, address, both, external_id, person, phone_number_of, pick, request_of, text_of};
use crate::comparison::same;
use crate::pages::pages_of;
use crate::samples::{at, customer_update, stamp};

impl Model {
    /// Reads all pages of a list in the store. Compares the whole list and the counts, because the
    /// reference may number customers in another order.
    pub(super) async fn list_customers(
        &self,
        shop: Slot,
        filter: &CustomerFilter,
        size: PageSize,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let (mut list, mut pages, mut after) = (Vec::<Customer>::new(), Vec::new(), None);
        loop {
            let page = self.tested.list_customers(shop.tested, filter.clone(), after, size).await?;
            ensure!(after.is_none() || !page.entries.is_empty(), "after {after:?} there is an empty page");
            list.extend(page.entries.iter().cloned());
            let next = page.next;
            pages.push((after, page));
            after = next;
            if after.is_none() {
                break;
            }
        }
        same(&format!("the pages of {size:?}"), &pages, &pages_of(&list, size, |customer| customer.id))?;
        ensure!(
            list.is_sorted_by(|one, next| one.id > next.id),
            "the customers are not in order of number, or one is listed twice"
        );
        let count = self.tested.count_customers(shop.tested, filter.clone()).await?;
        same("the count of customers", &count, &u64::try_from(list.len())?)?;
        let mut list = list.into_iter().map(|it| self.customer(it)).collect::<anyhow::Result<Vec<_>>>()?;
        list.sort_by_key(|customer| std::cmp::Reverse(customer.id));
        let expected = self.reference.state().filtered_customers(shop.reference, filter);
        let expected: Vec<_> = expected.into_iter().map(|(_, customer)| customer).collect();
        same(&format!("the list of customers with {filter:?}"), &list, &expected)
    }

    pub(super) async fn update_customer(&mut self, update: CustomerUpdate) -> anyhow::Result<()> {
        let Some((shop, id)) = self.customer_at(update.shop, update.customer)? else { return Ok(()) };
        let changes = CustomerChanges {
            email: update.email.map(|email| email.map(address)),
            phone_number: update.phone_number.map(|number| number.map(phone_number_of)),
            first_name: update.first_name.map(|text| text.map(text_of)),
            shopify_id: update.external_id.map(|slot| slot.and_then(external_id)),
            ..CustomerChanges::default()
        };
        let claim = update.claim.map(|claim| claim_of(claim, self.steps)).transpose()?;
        let attempts = both(
            self.tested
                .update_customer(shop.tested, id.tested, customer_update(changes.clone()), claim.clone())
                .await,
            self.reference
                .update_customer(shop.reference, id.reference, customer_update(changes), claim)
                .await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(tested != IdempotentOutcome::InProgress, "an update of a customer stays in progress");
        let tested = match tested {
            IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) => {
                IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(Box::new(self.customer(*customer)?)))
            }
            // These outcomes contain no customer.
            other => other,
        };
        same("the outcome of an update of a customer", &tested, &reference)
    }

    pub(super) async fn erase_customer(&mut self, shop: Slot, customer: Person) -> anyhow::Result<()> {
        let Some((shop, id)) = self.customer_at(shop, customer)? else { return Ok(()) };
        let mut theirs = Vec::new();
        for (_, ticket) in self.tickets.iter().filter(|(owner, _)| owner.reference == shop.reference) {
            let found = self.tested.find_ticket(shop.tested, *ticket).await?;
            theirs.extend(found.filter(|view| view.customer.id == id.tested));
        }
        let merged = self.merged_into(shop, id.tested).await?;
        let erased = both(
            self.tested.erase_customer(shop.tested, id.tested, stamp(at(14))).await,
            self.reference.erase_customer(shop.reference, id.reference, stamp(at(14))).await,
        )?;
        let Some(Both { tested, reference }) = erased else { return Ok(()) };
        same("the numbers of erased things", &tested, &reference)?;
        if tested.is_none() {
            return Ok(());
        }
        // The number can be requested again.
        if let Some(ids) = self.customer_ids.get_mut(&shop.reference) {
            ids.forget(id.tested);
            merged.into_iter().for_each(|id| ids.forget(id));
        }
        for view in theirs {
            self.deleted_tickets.push(view.ticket.id);
            if let Some(human_ticket) = view.human_ticket
                && let Some(ids) = self.human_ticket_ids.get_mut(&shop.reference)
            {
                ids.forget(human_ticket.id);
            }
        }
        Ok(())
    }

    /// An existing or former customer of this shop, or an unknown number.
    pub(super) fn customer_of(
        &self,
        shop: Both<ShopId>,
        customer: Person,
    ) -> anyhow::Result<Both<CustomerId>> {
        let nobody = CustomerId::new(CustomerId::MAX).context("a customer's number")?;
        let customer = person(self.customers.get(&shop.reference), customer);
        Ok(customer.unwrap_or(Both { tested: nobody, reference: nobody }))
    }

    /// An existing or former customer, or an unknown number.
    pub(super) fn customer_at(
        &self,
        shop: Slot,
        customer: Person,
    ) -> anyhow::Result<Option<(Both<ShopId>, Both<CustomerId>)>> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(None) };
        Ok(Some((shop, self.customer_of(shop, customer)?)))
    }
}

/// The receipt's answer contains nothing that a store assigns, so both stores keep the same.
fn claim_of(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<UpdateCustomerOutcome>> {
    let receipt = move |outcome: &UpdateCustomerOutcome| match outcome {
        UpdateCustomerOutcome::Updated(customer) => {
            let response = format!("step {step}: {:?}", customer.email).into_bytes();
            Some(Receipt { response, customer_id: (step % 3 != 0).then_some(customer.id) })
        }
        UpdateCustomerOutcome::CustomerNotFound
        | UpdateCustomerOutcome::Unreachable
        | UpdateCustomerOutcome::EmailTaken => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}
