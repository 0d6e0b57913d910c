//! The use cases: create, change and rotate webhooks, and send events again.

use std::sync::Arc;

use super::changes::{SecretRotation, WebhookChanges};
use super::delivery::DeliveryRange;
use super::draft::{WebhookChangesDraft, WebhookDraft, WebhookRotationDraft};
use super::targets::AllowedTargets;
use super::webhook::{NewWebhook, Webhook};
use crate::ports::{
    Clock, CreateWebhookOutcome, DeliveryStore, SecretPlace, SecretSealer, SecretSealerError, TicketIdSource,
    UpdateWebhookOutcome, WebhookStore, WebhookUpdate,
};
use crate::{
    Caller, DeferredClaim, IdempotencyRequest, IdempotentOutcome, MIN_EVENT_DAYS_WITH_WEBHOOKS,
    RenderReceipt, Retention, ShopId, StorageError, TicketIdsExhausted, Violations, WebhookId,
};

/// The events of one step of a replay.
const REPLAY_STEP: u32 = 500;

/// Creates, changes and rotates webhooks: checks the draft, seals the secret, then stores them.
#[derive(Clone)]
pub struct ManageWebhooks {
    webhooks: Arc<dyn WebhookStore>,
    deliveries: Arc<dyn DeliveryStore>,
    sealer: Arc<dyn SecretSealer>,
    ids: Arc<dyn TicketIdSource>,
    clock: Arc<dyn Clock>,
    allowed: Arc<AllowedTargets>,
    retention: Retention,
}

/// The reason why a webhook was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageWebhooksError {
    /// The draft breaks rules.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The server keeps events for a shorter time than webhooks need.
    #[error(
        "webhooks need the events of the last {MIN_EVENT_DAYS_WITH_WEBHOOKS} days, and the servers keep fewer: \
         set --keep-events (HEXDESK_KEEP_EVENTS) to at least {MIN_EVENT_DAYS_WITH_WEBHOOKS}"
    )]
    RetentionTooShort,
    /// The secret cannot be sealed.
    #[error(transparent)]
    Sealer(#[from] SecretSealerError),
    /// No unique id can be created now.
    #[error(transparent)]
    Ids(#[from] TicketIdsExhausted),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Outcome of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// This many events are sent again.
    Replayed(u64),
    /// The range has more than [`DeliveryRange::MAX_EVENTS`] events. Nothing is sent again.
    TooLarge,
    /// The shop has no such webhook.
    NotFound,
}

impl ManageWebhooks {
    /// Connects the use cases to these ports. Webhooks may send to public hosts and to `allowed`. The servers
    /// keep events as `retention` says.
    pub fn new(
        (webhooks, deliveries): (Arc<dyn WebhookStore>, Arc<dyn DeliveryStore>),
        sealer: Arc<dyn SecretSealer>,
        ids: Arc<dyn TicketIdSource>,
        clock: Arc<dyn Clock>,
        allowed: Arc<AllowedTargets>,
        retention: Retention,
    ) -> Self {
        Self { webhooks, deliveries, sealer, ids, clock, allowed, retention }
    }

    /// The hosts that the operator allows.
    pub fn allowed(&self) -> &AllowedTargets {
        &self.allowed
    }

    /// Creates a webhook of the shop that signs with this secret. `receipt` renders the response to store
    /// with an idempotency request. It must not hold the secret.
    ///
    /// # Errors
    /// [`ManageWebhooksError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn create(
        &self,
        caller: Caller,
        draft: WebhookDraft,
        secret: &[u8],
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateWebhookOutcome>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, ManageWebhooksError> {
        let checked = draft.check(&self.allowed)?;
        if !self.retention.suits_webhooks() {
            return Err(ManageWebhooksError::RetentionTooShort);
        }
        let now = self.clock.now();
        let id = self.ids.next_webhook_id(now)?;
        let webhook = NewWebhook {
            id,
            url: checked.url,
            kinds: checked.kinds,
            payload: checked.payload,
            ignore_key: draft.ignore_key,
            secret: self.sealer.seal(SecretPlace::webhook(caller.shop, id), secret)?,
        };
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.webhooks.create_webhook(caller.shop, webhook, caller.stamp(now), claim).await?)
    }

    /// Changes a webhook of the shop. `receipt` is as in [`ManageWebhooks::create`].
    ///
    /// # Errors
    /// As [`ManageWebhooks::create`].
    pub async fn update(
        &self,
        caller: Caller,
        id: WebhookId,
        changes: WebhookChangesDraft,
        expected_version: Option<i64>,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateWebhookOutcome>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, ManageWebhooksError> {
        let changes = changes.check(&self.allowed)?;
        let now = self.clock.now();
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = WebhookUpdate { changes, expected_version, stamp: caller.stamp(now) };
        Ok(self.webhooks.update_webhook(caller.shop, id, update, claim).await?)
    }

    /// Gives a webhook of the shop this secret. The present one signs, too, as long as the draft says.
    /// `receipt` is as in [`ManageWebhooks::create`].
    ///
    /// # Errors
    /// As [`ManageWebhooks::create`].
    pub async fn rotate(
        &self,
        caller: Caller,
        id: WebhookId,
        draft: WebhookRotationDraft,
        secret: &[u8],
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateWebhookOutcome>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, ManageWebhooksError> {
        let overlap = draft.check()?;
        let now = self.clock.now();
        let secret = self.sealer.seal(SecretPlace::webhook(caller.shop, id), secret)?;
        let former_ends_at = now.saturating_add_millis(overlap);
        let rotation = Some(SecretRotation { secret, former_ends_at });
        let changes = WebhookChanges { rotation, ..WebhookChanges::default() };
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = WebhookUpdate { changes, expected_version: None, stamp: caller.stamp(now) };
        Ok(self.webhooks.update_webhook(caller.shop, id, update, claim).await?)
    }

    /// Sends the events of a range again: see [`replay_events`].
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn replay(
        &self,
        shop: ShopId,
        id: WebhookId,
        range: DeliveryRange,
    ) -> Result<ReplayOutcome, StorageError> {
        let Some(webhook) = self.webhooks.find_webhook(shop, id).await? else {
            return Ok(ReplayOutcome::NotFound);
        };
        replay_events(&*self.deliveries, &*self.clock, &webhook, range).await
    }
}

/// Sends the events of a range again, with the ids that they had. Events that the webhook has not read
/// yet are not in the range, because they are sent anyway. If the store fails in between, a part of the
/// range is sent again.
///
/// # Errors
/// [`StorageError`] if the store fails.
pub async fn replay_events(
    deliveries: &dyn DeliveryStore,
    clock: &dyn Clock,
    webhook: &Webhook,
    range: DeliveryRange,
) -> Result<ReplayOutcome, StorageError> {
    let (shop, id) = (webhook.shop_id, webhook.id);
    let range = DeliveryRange { until: range.until.min(webhook.place), ..range };
    let too_many = DeliveryRange::MAX_EVENTS.saturating_add(1);
    if deliveries.count_events(shop, range, too_many).await? >= too_many {
        return Ok(ReplayOutcome::TooLarge);
    }
    let (mut after, mut replayed) = (range.after, 0_u64);
    loop {
        let step = DeliveryRange { after, ..range };
        let step = deliveries.replay_deliveries(shop, id, step, clock.now(), REPLAY_STEP).await?;
        let Some(step) = step else { return Ok(ReplayOutcome::NotFound) };
        replayed = replayed.saturating_add(step.deliveries);
        match step.next {
            Some(next) => after = Some(next),
            None => return Ok(ReplayOutcome::Replayed(replayed)),
        }
    }
}
