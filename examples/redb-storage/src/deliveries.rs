//! The queue of a webhook is one value, which every command reads and writes as a whole. A store for many
//! deliveries would keep an entry for each, and indexes by due time and by subject.

use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::ports::{ClaimedDeliveries, Replayed, SettleOutcome};
use hexdesk_domain::{
    Attempt, AuditStamp, ClaimedDelivery, Delivery, DeliveryQueue, DeliveryRange, DeliveryStore, Event,
    EventPosition, NewAttempt, NewEvent, Page, PageSize, Settlement, Shop, ShopId, StorageError, Timestamp,
    Webhook, WebhookId,
};
use redb::{ReadableTable, WriteTransaction};

use crate::RedbStorage;
use crate::encoding::{decode, encode, find, put};
use crate::events::{EventLog, range, read_event};
use crate::tables::{
    ATTEMPTS, DELIVERIES, EVENTS, EventKey, Json, NumberInShop, SHOPS, StoredEvent, WEBHOOKS,
};

#[async_trait]
impl DeliveryStore for RedbStorage {
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError> {
        self.read("list_due_webhooks", move |transaction| {
            let (shops, events) = (transaction.open_table(SHOPS)?, transaction.open_table(EVENTS)?);
            let deliveries = transaction.open_table(DELIVERIES)?;
            let mut due = Vec::new();
            for entry in transaction.open_table(WEBHOOKS)?.iter()? {
                let webhook: Webhook = decode(entry?.1.value())?;
                let shop: Option<Shop> =
                    shops.get(webhook.shop_id.get())?.map(|shop| decode(shop.value())).transpose()?;
                if !webhook.is_enabled() || shop.is_none_or(|shop| shop.closed_at.is_some()) {
                    continue;
                }
                let has_events = events.range(range(webhook.shop_id, Some(webhook.place)))?.next().is_some();
                let queue = queue_of(&deliveries, &webhook)?;
                let mut waiting = queue.0.values();
                let has_due = waiting.any(|delivery| delivery.due_at.is_some_and(|time| time <= now));
                if webhook.health.allows_attempt(now) && (has_events || has_due) {
                    due.push((webhook.shop_id, webhook.id));
                }
            }
            Ok(due)
        })
        .await
    }

    async fn plan_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u32, StorageError> {
        self.write("plan_deliveries", move |transaction| {
            let Some(mut webhook) = find_webhook(transaction, shop, webhook)?.filter(Webhook::is_enabled)
            else {
                return Ok(0);
            };
            let until = EventPosition { change: i64::MAX, part: i64::MAX };
            let range = DeliveryRange { after: Some(webhook.place), until };
            let events = events_of(&transaction.open_table(EVENTS)?, shop, range, limit)?;
            change_queue(transaction, &mut webhook, |webhook, queue| {
                queue.plan(webhook, &events, now);
                Ok(())
            })?;
            Ok(u32::try_from(events.len())?)
        })
        .await
    }

    async fn claim_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError> {
        self.write("claim_deliveries", move |transaction| {
            let Some(mut webhook) = find_webhook(transaction, shop, webhook)? else { return Ok(None) };
            let events = transaction.open_table(EVENTS)?;
            let deliveries = change_queue(transaction, &mut webhook, |webhook, queue| {
                let positions: Vec<EventPosition> = queue.0.keys().copied().collect();
                for position in positions {
                    if find_event(&events, shop, position)?.is_none() {
                        queue.remove(position, now);
                    }
                }
                let mut deliveries = Vec::new();
                for Delivery { position, claim, attempts, .. } in queue.claim(webhook, now, until, limit) {
                    if let Some(event) = find_event(&events, shop, position)? {
                        deliveries.push(ClaimedDelivery { claim, attempts, event });
                    }
                }
                Ok(deliveries)
            })?;
            Ok(Some(ClaimedDeliveries { webhook, deliveries }))
        })
        .await
    }

    async fn settle_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        settlements: Vec<Settlement>,
        stamp: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError> {
        self.write("settle_deliveries", move |transaction| {
            let Some(mut webhook) = find_webhook(transaction, shop, webhook)? else {
                return Ok(vec![SettleOutcome::Stale; settlements.len()]);
            };
            let was_enabled = webhook.is_enabled();
            let outcomes = change_queue(transaction, &mut webhook, |webhook, queue| {
                let settle = |settlement| match queue.settle(webhook, settlement) {
                    Some(attempt) => {
                        insert_attempt(transaction, shop, webhook.id, &attempt)?;
                        Ok(SettleOutcome::Settled)
                    }
                    None => Ok(SettleOutcome::Stale),
                };
                settlements.iter().map(settle).collect::<anyhow::Result<Vec<_>>>()
            })?;
            if was_enabled && !webhook.is_enabled() {
                let event = NewEvent::webhook_disabled(&webhook);
                EventLog::open(transaction)?.append(shop, stamp, [event])?;
            }
            Ok(outcomes)
        })
        .await
    }

    async fn list_attempts(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Option<Page<Attempt, i64>>, StorageError> {
        self.read("list_attempts", move |transaction| {
            let known: Option<Webhook> = find(&transaction.open_table(WEBHOOKS)?, shop, webhook.get())?;
            if known.is_none() {
                return Ok(None);
            }
            let attempts = transaction.open_table(ATTEMPTS)?;
            let key = |number| (shop.get(), webhook.get(), number);
            let list = attempts.range(key(i64::MIN)..key(before.unwrap_or(i64::MAX)))?.rev();
            let list = list.map(|entry| decode::<Attempt>(entry?.1.value()));
            Page::try_from_list(list, size, |attempt| attempt.number).map(Some)
        })
        .await
    }

    async fn count_events(
        &self,
        shop: ShopId,
        range: DeliveryRange,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        self.read("count_events", move |transaction| {
            let limit = u32::try_from(at_most).unwrap_or(u32::MAX);
            let events = events_of(&transaction.open_table(EVENTS)?, shop, range, limit)?;
            Ok(u64::try_from(events.len())?)
        })
        .await
    }

    async fn replay_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        range: DeliveryRange,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Replayed>, StorageError> {
        self.write("replay_deliveries", move |transaction| {
            let Some(mut webhook) = find_webhook(transaction, shop, webhook)? else { return Ok(None) };
            let events = events_of(&transaction.open_table(EVENTS)?, shop, range, limit)?;
            let deliveries = change_queue(transaction, &mut webhook, |webhook, queue| {
                Ok(queue.replay(webhook, &events, now))
            })?;
            let is_full = u32::try_from(events.len())? == limit;
            let next = events.last().filter(|_| is_full).map(|event| event.position);
            Ok(Some(Replayed { deliveries, next }))
        })
        .await
    }

    async fn note_test(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        attempt: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError> {
        self.write("note_test", move |transaction| {
            let Some(mut webhook) = find_webhook(transaction, shop, webhook)? else { return Ok(None) };
            let attempt = webhook.note_test(attempt);
            insert_attempt(transaction, shop, webhook.id, &attempt)?;
            put(&mut transaction.open_table(WEBHOOKS)?, shop, webhook.id.get(), &webhook)?;
            Ok(Some(attempt))
        })
        .await
    }
}

fn find_webhook(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: WebhookId,
) -> anyhow::Result<Option<Webhook>> {
    find(&transaction.open_table(WEBHOOKS)?, shop, id.get())
}

fn queue_of(
    deliveries: &impl ReadableTable<NumberInShop, Json>,
    webhook: &Webhook,
) -> anyhow::Result<DeliveryQueue> {
    let list: Option<Vec<Delivery>> = find(deliveries, webhook.shop_id, webhook.id.get())?;
    let list = list.unwrap_or_default().into_iter();
    Ok(DeliveryQueue(list.map(|delivery| (delivery.position, delivery)).collect()))
}

/// Changes a webhook and its queue, and writes both.
fn change_queue<T>(
    transaction: &WriteTransaction,
    webhook: &mut Webhook,
    change: impl FnOnce(&mut Webhook, &mut DeliveryQueue) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut deliveries = transaction.open_table(DELIVERIES)?;
    let mut queue = queue_of(&deliveries, webhook)?;
    let result = change(webhook, &mut queue)?;
    let list: Vec<Delivery> = queue.0.into_values().collect();
    put(&mut deliveries, webhook.shop_id, webhook.id.get(), &list)?;
    put(&mut transaction.open_table(WEBHOOKS)?, webhook.shop_id, webhook.id.get(), &*webhook)?;
    Ok(result)
}

/// Adds deliveries to the queue of a webhook.
pub(crate) fn add(
    transaction: &WriteTransaction,
    shop: ShopId,
    webhook: WebhookId,
    deliveries: Vec<Delivery>,
) -> anyhow::Result<()> {
    let mut webhook = find_webhook(transaction, shop, webhook)?.context("there is no such webhook")?;
    change_queue(transaction, &mut webhook, |_, queue| {
        for delivery in deliveries {
            let is_new = queue.0.insert(delivery.position, delivery).is_none();
            ensure!(is_new, "a webhook has two deliveries of an event");
        }
        Ok(())
    })
}

/// Adds an attempt. Its number must be free.
pub(crate) fn insert_attempt(
    transaction: &WriteTransaction,
    shop: ShopId,
    webhook: WebhookId,
    attempt: &Attempt,
) -> anyhow::Result<()> {
    let key = (shop.get(), webhook.get(), attempt.number);
    let is_new = transaction.open_table(ATTEMPTS)?.insert(key, encode(attempt)?.as_slice())?.is_none();
    ensure!(is_new, "a webhook has an attempt {} already", attempt.number);
    Ok(())
}

/// Removes what belongs to a deleted webhook.
pub(crate) fn remove_all_of(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: WebhookId,
) -> anyhow::Result<()> {
    transaction.open_table(DELIVERIES)?.remove((shop.get(), id.get()))?;
    let key = |number| (shop.get(), id.get(), number);
    transaction.open_table(ATTEMPTS)?.retain_in(key(i64::MIN)..=key(i64::MAX), |_, _| false)?;
    Ok(())
}

/// Removes attempts from before this time: at most `limit`. Reads every attempt of the shop.
pub(crate) fn remove_attempts(
    transaction: &WriteTransaction,
    shop: ShopId,
    before: Timestamp,
    limit: u32,
) -> anyhow::Result<u64> {
    let mut attempts = transaction.open_table(ATTEMPTS)?;
    let mut old = Vec::new();
    for entry in attempts.range((shop.get(), i64::MIN, i64::MIN)..=(shop.get(), i64::MAX, i64::MAX))? {
        let (key, stored) = entry?;
        let attempt: Attempt = decode(stored.value())?;
        if attempt.made.time < before && old.len() < usize::try_from(limit)? {
            old.push(key.value());
        }
    }
    for key in &old {
        attempts.remove(key)?;
    }
    Ok(u64::try_from(old.len())?)
}

/// Returns the events of a part of the log: at most `limit`.
fn events_of(
    events: &impl ReadableTable<EventKey, StoredEvent>,
    shop: ShopId,
    part: DeliveryRange,
    limit: u32,
) -> anyhow::Result<Vec<Event>> {
    let list = events.range(range(shop, part.after))?.take(usize::try_from(limit)?);
    let list = list.map(|entry| read_event(entry?.1.value()));
    let mut list = list.collect::<anyhow::Result<Vec<_>>>()?;
    list.retain(|event| part.contains(event.position));
    Ok(list)
}

fn find_event(
    events: &impl ReadableTable<EventKey, StoredEvent>,
    shop: ShopId,
    position: EventPosition,
) -> anyhow::Result<Option<Event>> {
    let stored = events.get((shop.get(), position.change, position.part))?;
    stored.map(|stored| read_event(stored.value())).transpose()
}
