use async_trait::async_trait;
use hexdesk_domain::ports::{ClaimedDeliveries, Replayed, SettleOutcome};
use hexdesk_domain::{
    Attempt, AuditStamp, ClaimedDelivery, Delivery, DeliveryQueue, DeliveryRange, DeliveryStore, Event,
    EventKind, EventPosition, NewAttempt, Page, PageSize, Settlement, ShopId, StorageError, Subject,
    Timestamp, Webhook, WebhookId,
};

use super::{MemoryStorage, State};

impl State {
    pub(crate) fn event_at(&self, shop: ShopId, position: EventPosition) -> Option<&Event> {
        self.events.get(&shop)?.iter().find(|event| event.position == position)
    }

    /// The events of a part of the log: at most `limit`.
    fn events_of(&self, shop: ShopId, range: DeliveryRange, limit: usize) -> Vec<Event> {
        let log = self.events.get(&shop).into_iter().flatten();
        log.filter(|event| range.contains(event.position)).take(limit).cloned().collect()
    }

    pub(crate) fn list_due_webhooks(&self, now: Timestamp) -> Vec<(ShopId, WebhookId)> {
        let is_due = |webhook: &&Webhook| {
            let is_open = self.shops.get(&webhook.shop_id).is_some_and(|shop| shop.closed_at.is_none());
            let log = self.events.get(&webhook.shop_id).into_iter().flatten();
            let has_events = log.into_iter().any(|event| event.position > webhook.place);
            let queue = self.deliveries.get(&(webhook.shop_id, webhook.id));
            let has_due = queue.is_some_and(|queue| {
                queue.0.values().any(|delivery| delivery.due_at.is_some_and(|due| due <= now))
            });
            is_open && webhook.is_enabled() && webhook.health.allows_attempt(now) && (has_events || has_due)
        };
        self.webhooks.values().filter(is_due).map(|webhook| (webhook.shop_id, webhook.id)).collect()
    }

    pub(crate) fn plan_deliveries(&mut self, shop: ShopId, id: WebhookId, now: Timestamp, limit: u32) -> u32 {
        let Some(webhook) = self.webhooks.get(&(shop, id)).filter(|webhook| webhook.is_enabled()) else {
            return 0;
        };
        let until = EventPosition { change: i64::MAX, part: i64::MAX };
        let range = DeliveryRange { after: Some(webhook.place), until };
        let events = self.events_of(shop, range, usize::try_from(limit).unwrap_or(usize::MAX));
        self.with_queue(shop, id, |webhook, queue| queue.plan(webhook, &events, now));
        u32::try_from(events.len()).unwrap_or(u32::MAX)
    }

    /// Changes a webhook and its queue. Returns `None` if the shop has no such webhook.
    fn with_queue<T>(
        &mut self,
        shop: ShopId,
        id: WebhookId,
        change: impl FnOnce(&mut Webhook, &mut DeliveryQueue) -> T,
    ) -> Option<T> {
        let webhook = self.webhooks.get_mut(&(shop, id))?;
        Some(change(webhook, self.deliveries.entry((shop, id)).or_default()))
    }

    pub(crate) fn claim_deliveries(
        &mut self,
        shop: ShopId,
        id: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Option<ClaimedDeliveries> {
        let queue = self.deliveries.get(&(shop, id)).cloned().unwrap_or_default();
        for position in queue.0.into_keys() {
            if self.event_at(shop, position).is_none() {
                self.with_queue(shop, id, |_, queue| queue.remove(position, now));
            }
        }
        let claimed = self.with_queue(shop, id, |webhook, queue| {
            let claimed = queue.claim(webhook, now, until, limit);
            (webhook.clone(), claimed)
        });
        let (webhook, claimed) = claimed?;
        let with_event = |Delivery { position, claim, attempts, .. }: Delivery| {
            let event = self.event_at(shop, position)?.clone();
            Some(ClaimedDelivery { claim, attempts, event })
        };
        let deliveries = claimed.into_iter().filter_map(with_event).collect();
        Some(ClaimedDeliveries { webhook, deliveries })
    }

    pub(crate) fn settle_deliveries(
        &mut self,
        shop: ShopId,
        id: WebhookId,
        settlements: &[Settlement],
        stamp: AuditStamp,
    ) -> Vec<SettleOutcome> {
        let settled = self.with_queue(shop, id, |webhook, queue| {
            let was_enabled = webhook.is_enabled();
            let attempts: Vec<Option<Attempt>> =
                settlements.iter().map(|settlement| queue.settle(webhook, settlement)).collect();
            (attempts, was_enabled && !webhook.is_enabled())
        });
        let Some((attempts, is_disabled)) = settled else {
            return vec![SettleOutcome::Stale; settlements.len()];
        };
        if is_disabled {
            self.append_events(shop, stamp, [(EventKind::WebhookDisabled, Subject::Webhook(id))]);
        }
        let outcome = |attempt: Option<Attempt>| match attempt {
            Some(attempt) => {
                self.attempts.insert((shop, id, attempt.number), attempt);
                SettleOutcome::Settled
            }
            None => SettleOutcome::Stale,
        };
        attempts.into_iter().map(outcome).collect()
    }

    pub(crate) fn attempts_before(
        &self,
        shop: ShopId,
        id: WebhookId,
        before: Option<i64>,
    ) -> Option<Vec<(i64, Attempt)>> {
        self.webhooks.get(&(shop, id))?;
        let range = (shop, id, i64::MIN)..(shop, id, before.unwrap_or(i64::MAX));
        Some(self.attempts.range(range).rev().map(|(_, attempt)| (attempt.number, *attempt)).collect())
    }

    pub(crate) fn count_events(&self, shop: ShopId, range: DeliveryRange, at_most: u64) -> u64 {
        self.events_of(shop, range, usize::try_from(at_most).unwrap_or(usize::MAX)).len() as u64
    }

    pub(crate) fn replay_deliveries(
        &mut self,
        shop: ShopId,
        id: WebhookId,
        range: DeliveryRange,
        now: Timestamp,
        limit: u32,
    ) -> Option<Replayed> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let events = self.events_of(shop, range, limit);
        let deliveries = self.with_queue(shop, id, |webhook, queue| queue.replay(webhook, &events, now))?;
        let next = events.last().filter(|_| events.len() == limit).map(|event| event.position);
        Some(Replayed { deliveries, next })
    }

    pub(crate) fn note_test(&mut self, shop: ShopId, id: WebhookId, attempt: NewAttempt) -> Option<Attempt> {
        let attempt = self.webhooks.get_mut(&(shop, id))?.note_test(attempt);
        self.attempts.insert((shop, id, attempt.number), attempt);
        Some(attempt)
    }
}

#[async_trait]
impl DeliveryStore for MemoryStorage {
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError> {
        Ok(self.state().list_due_webhooks(now))
    }

    async fn plan_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u32, StorageError> {
        Ok(self.state().plan_deliveries(shop, webhook, now, limit))
    }

    async fn claim_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError> {
        Ok(self.state().claim_deliveries(shop, webhook, now, until, limit))
    }

    async fn settle_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        settlements: Vec<Settlement>,
        stamp: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError> {
        Ok(self.state().settle_deliveries(shop, webhook, &settlements, stamp))
    }

    async fn list_attempts(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Option<Page<Attempt, i64>>, StorageError> {
        Ok(self.state().attempts_before(shop, webhook, before).map(|list| Page::cut(list, size)))
    }

    async fn count_events(
        &self,
        shop: ShopId,
        range: DeliveryRange,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        Ok(self.state().count_events(shop, range, at_most))
    }

    async fn replay_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        range: DeliveryRange,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Replayed>, StorageError> {
        Ok(self.state().replay_deliveries(shop, webhook, range, now, limit))
    }

    async fn note_test(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        attempt: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError> {
        Ok(self.state().note_test(shop, webhook, attempt))
    }
}
