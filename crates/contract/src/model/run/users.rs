//! Lists and updates of users.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome};
use hexdesk_domain::{
    DeferredClaim, IdempotentOutcome, PageSize, Receipt, User, UserChanges, UserFilter, UserId, UserStore,
    ports,
};

use super::super::step::{Claim, Slot, UserUpdate};
use super::{Both, Model, address, both, person, pick, request_of, text_of};
use crate::comparison::same;
use crate::pages::pages_of;
use crate::samples::{at, stamp};

impl Model {
    /// Reads all pages of a list in the store. Compares the whole list and the counts, because the
    /// reference may number users in another order.
    pub(super) async fn list_users(
        &self,
        shop: Slot,
        filter: UserFilter,
        size: PageSize,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let (mut list, mut pages, mut after) = (Vec::<User>::new(), Vec::new(), None);
        loop {
            let page = self.tested.list_users(shop.tested, filter.clone(), after, size).await?;
            ensure!(after.is_none() || !page.entries.is_empty(), "after {after:?} there is an empty page");
            list.extend(page.entries.iter().cloned());
            let next = page.next;
            pages.push((after, page));
            after = next;
            if after.is_none() {
                break;
            }
        }
        same(&format!("the pages of {size:?}"), &pages, &pages_of(&list, size, |user| user.id))?;
        ensure!(
            list.is_sorted_by(|one, next| one.id < next.id),
            "the users are not in order of number, or one is listed twice"
        );
        let count = self.tested.count_users(shop.tested, filter.clone()).await?;
        same("the count of users", &count, &u64::try_from(list.len())?)?;
        let mut list = list.into_iter().map(|it| self.user(it)).collect::<anyhow::Result<Vec<_>>>()?;
        list.sort_by_key(|user| user.id);
        let expected = self.reference.state().filtered_users(shop.reference, &filter);
        let expected: Vec<_> = expected.into_iter().map(|(_, user)| user).collect();
        same(&format!("the list of users with {filter:?}"), &list, &expected)
    }

    pub(super) async fn update_user(&mut self, wanted: UserUpdate) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, wanted.shop) else { return Ok(()) };
        let nobody = UserId::new(UserId::MAX).context("a user's number")?;
        let user = person(self.users.get(&shop.reference), wanted.user);
        let user = user.unwrap_or(Both { tested: nobody, reference: nobody });
        let changes = UserChanges {
            email: wanted.email.map(address),
            first_name: wanted.first_name.map(|text| text.map(text_of)),
            is_active: wanted.is_active,
            ..UserChanges::default()
        };
        let update = ports::UserUpdate { changes, stamp: stamp(at(wanted.at)) };
        let claim = wanted.claim.map(|claim| claim_of_update(claim, self.steps)).transpose()?;
        let attempts = both(
            self.tested.update_user(shop.tested, user.tested, update.clone(), claim.clone()).await,
            self.reference.update_user(shop.reference, user.reference, update, claim).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(tested != IdempotentOutcome::InProgress, "an update of a user stays in progress");
        let tested = match tested {
            IdempotentOutcome::Ran(UpdateUserOutcome::Updated(user)) => {
                IdempotentOutcome::Ran(UpdateUserOutcome::Updated(self.user(user)?))
            }
            // These outcomes contain no user.
            other => other,
        };
        same("the outcome of an update of a user", &tested, &reference)
    }
}

/// The receipt contains nothing that a store assigns, so both stores keep the same.
pub(super) fn claim_of_creation(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<CreateUserOutcome>> {
    let receipt = move |outcome: &CreateUserOutcome| match outcome {
        CreateUserOutcome::Created(user) => Some(receipt_of(step, user)),
        CreateUserOutcome::EmailTaken(_) | CreateUserOutcome::IdTaken => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}

fn claim_of_update(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<UpdateUserOutcome>> {
    let receipt = move |outcome: &UpdateUserOutcome| match outcome {
        UpdateUserOutcome::Updated(user) => Some(receipt_of(step, user)),
        UpdateUserOutcome::UserNotFound | UpdateUserOutcome::EmailTaken => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}

fn receipt_of(step: i64, user: &User) -> Receipt {
    let answer = format!("step {step}: {} since {:?}", user.email, user.deactivated_at);
    Receipt { response: answer.into_bytes(), customer_id: None }
}
