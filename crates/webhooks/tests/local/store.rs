//! A store of deliveries for the loop: what it needs, in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hexdesk_domain::ports::{ClaimedDeliveries, Replayed, SettleOutcome};
use hexdesk_domain::{
    Actor, AfterAttempt, Attempt, AuditStamp, ClaimedDelivery, DeliveryRange, DeliveryStore, Event,
    EventKind, EventPosition, NewAttempt, NewWebhook, Page, PageSize, SealedSecret, Settlement, ShopId,
    StorageError, StorageErrorKind, Subject, TicketId, Timestamp, Webhook, WebhookId, WebhookPayload,
};
use hexdesk_webhooks::WebhookSecret;
use tokio::sync::Notify;

#[derive(Clone, Copy, Default)]
struct Delivery {
    claim: i64,
    claimed_until: Option<Timestamp>,
    attempts: u32,
}

struct State {
    log: Vec<Event>,
    webhooks: BTreeMap<i64, Webhook>,
    /// By webhook and number of the event. A failed one is due again at once.
    deliveries: BTreeMap<(i64, i64), Delivery>,
    most_claimed: usize,
}

pub(crate) struct Store {
    state: Mutex<State>,
    pub(crate) changed: Notify,
    /// Whether every second call fails.
    pub(crate) fails: AtomicBool,
    /// How often the sender looked for due webhooks.
    pub(crate) looks: AtomicUsize,
}

fn shop() -> ShopId {
    ShopId::new(1).unwrap()
}

impl Store {
    /// A store with one webhook that follows everything.
    pub(crate) fn with_webhook(url: &str, secret: &WebhookSecret) -> Arc<Self> {
        let new = NewWebhook {
            id: WebhookId::new(1).unwrap(),
            url: url.to_owned(),
            kinds: None,
            payload: WebhookPayload::Full,
            ignore_key: None,
            secret: SealedSecret(secret.as_bytes().to_vec()),
        };
        let webhook = new.into_webhook(shop(), Timestamp::MIN, EventPosition { change: 0, part: 0 });
        let state = State {
            log: Vec::new(),
            webhooks: [(1, webhook)].into(),
            deliveries: BTreeMap::new(),
            most_claimed: 0,
        };
        let state = Mutex::new(state);
        let (changed, fails) = (Notify::new(), AtomicBool::new(false));
        Arc::new(Self { state, changed, fails, looks: AtomicUsize::new(0) })
    }

    /// Adds as many webhooks that are like the first.
    pub(crate) fn add_webhooks(&self, more: i64) {
        let mut state = self.state.lock().unwrap();
        for id in 2..2 + more {
            let webhook = Webhook { id: WebhookId::new(id).unwrap(), ..state.webhooks[&1].clone() };
            state.webhooks.insert(id, webhook);
        }
    }

    /// Appends an event of this ticket.
    pub(crate) fn append(&self, ticket: i64) {
        let mut state = self.state.lock().unwrap();
        let change = i64::try_from(state.log.len()).unwrap() + 1;
        state.log.push(Event {
            shop_id: shop(),
            position: EventPosition { change, part: 0 },
            kind: EventKind::TicketUpdated,
            subject: Subject::Ticket(TicketId::new(ticket).unwrap()),
            stamp: AuditStamp { actor: Actor::Operator, time: Timestamp::MIN, request_id: None },
            snapshot: None,
        });
    }

    pub(crate) fn subject(&self, number: i64) -> Subject {
        self.state.lock().unwrap().log[usize::try_from(number).unwrap() - 1].subject
    }

    pub(crate) fn webhook(&self) -> Webhook {
        self.state.lock().unwrap().webhooks[&1].clone()
    }

    pub(crate) fn set_url(&self, url: &str) {
        self.state.lock().unwrap().webhooks.values_mut().for_each(|webhook| webhook.url = url.to_owned());
    }

    pub(crate) fn end_leases(&self) {
        self.state.lock().unwrap().deliveries.values_mut().for_each(|delivery| delivery.claimed_until = None);
    }

    /// The events that were not delivered, of all webhooks.
    pub(crate) fn left(&self) -> usize {
        let state = self.state.lock().unwrap();
        let unplanned =
            |webhook: &Webhook| state.log.iter().filter(|event| event.position > webhook.place).count();
        state.deliveries.len() + state.webhooks.values().map(unplanned).sum::<usize>()
    }

    pub(crate) fn most_claimed(&self) -> usize {
        self.state.lock().unwrap().most_claimed
    }

    /// Waits until every event was delivered.
    pub(crate) async fn is_empty(&self) {
        while self.left() > 0 {
            self.changed.notified().await;
        }
    }

    fn call(&self) -> Result<(), StorageError> {
        if self.fails.load(Ordering::SeqCst) && fastrand::bool() {
            let cause = std::io::Error::other("it fails");
            return Err(StorageError::new(StorageErrorKind::Unavailable, "call", cause));
        }
        Ok(())
    }
}

impl State {
    /// The earliest events of each subject that are not claimed.
    fn claimable(&self, webhook: i64, now: Timestamp) -> Vec<i64> {
        let mut first = BTreeMap::new();
        for ((_, number), delivery) in self.deliveries.range((webhook, 0)..=(webhook, i64::MAX)) {
            let subject = self.log[usize::try_from(*number).unwrap() - 1].subject;
            first.entry(subject).or_insert((*number, delivery.claimed_until));
        }
        let is_free = |until: &Option<Timestamp>| until.is_none_or(|until| until <= now);
        first.into_values().filter(|(_, until)| is_free(until)).map(|(number, _)| number).collect()
    }

    fn claimed(&self, webhook: i64, now: Timestamp) -> usize {
        let deliveries = self.deliveries.range((webhook, 0)..=(webhook, i64::MAX));
        deliveries.filter(|(_, delivery)| delivery.claimed_until.is_some_and(|until| now < until)).count()
    }
}

#[async_trait]
impl DeliveryStore for Store {
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.call()?;
        let state = self.state.lock().unwrap();
        let is_due = |webhook: &&Webhook| {
            webhook.is_enabled()
                && webhook.health.allows_attempt(now)
                && (state.log.last().is_some_and(|event| event.position > webhook.place)
                    || !state.claimable(webhook.id.get(), now).is_empty())
        };
        Ok(state.webhooks.values().filter(is_due).map(|webhook| (shop(), webhook.id)).collect())
    }

    async fn plan_deliveries(
        &self,
        _: ShopId,
        id: WebhookId,
        _: Timestamp,
        limit: u32,
    ) -> Result<u32, StorageError> {
        self.call()?;
        let mut state = self.state.lock().unwrap();
        let webhook = &state.webhooks[&id.get()];
        if !webhook.is_enabled() {
            return Ok(0);
        }
        let after = webhook.place;
        let new: Vec<EventPosition> = state.log.iter().map(|event| event.position).collect();
        let new: Vec<_> = new.into_iter().filter(|position| *position > after).take(limit as usize).collect();
        for position in &new {
            state.deliveries.insert((id.get(), position.change), Delivery::default());
        }
        if let (Some(last), Some(webhook)) = (new.last(), state.webhooks.get_mut(&id.get())) {
            webhook.place = *last;
        }
        Ok(new.len().try_into().unwrap())
    }

    async fn claim_deliveries(
        &self,
        _: ShopId,
        id: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError> {
        self.call()?;
        let mut state = self.state.lock().unwrap();
        let webhook = state.webhooks[&id.get()].clone();
        let claimed = state.claimed(id.get(), now);
        // Probes are about the store, so this one has none.
        let free = if webhook.is_enabled() { 8_usize.saturating_sub(claimed) } else { 0 };
        let mut deliveries = Vec::new();
        for number in state.claimable(id.get(), now).into_iter().take(free.min(limit as usize)) {
            let event = state.log[usize::try_from(number).unwrap() - 1].clone();
            let delivery = state.deliveries.get_mut(&(id.get(), number)).unwrap();
            delivery.claim += 1;
            delivery.claimed_until = Some(until);
            deliveries.push(ClaimedDelivery { claim: delivery.claim, attempts: delivery.attempts, event });
        }
        state.most_claimed = state.most_claimed.max(state.claimed(id.get(), now));
        Ok(Some(ClaimedDeliveries { webhook, deliveries }))
    }

    async fn settle_deliveries(
        &self,
        _: ShopId,
        id: WebhookId,
        settlements: Vec<Settlement>,
        _: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError> {
        self.call()?;
        let mut state = self.state.lock().unwrap();
        let mut outcomes = Vec::new();
        for settlement in settlements {
            let key = (id.get(), settlement.position.change);
            let delivery = state.deliveries.get(&key).copied();
            let Some(delivery) = delivery.filter(|delivery| delivery.claim == settlement.claim) else {
                outcomes.push(SettleOutcome::Stale);
                continue;
            };
            let webhook = state.webhooks.get_mut(&id.get()).unwrap();
            match webhook.after_attempt(&settlement, 0) {
                AfterAttempt::Retry(_) => {
                    let again = Delivery { claimed_until: None, attempts: delivery.attempts + 1, ..delivery };
                    state.deliveries.insert(key, again);
                }
                AfterAttempt::Succeeded | AfterAttempt::GivenUp => {
                    state.deliveries.remove(&key);
                }
            }
            outcomes.push(SettleOutcome::Settled);
        }
        self.changed.notify_one();
        Ok(outcomes)
    }

    async fn list_attempts(
        &self,
        _: ShopId,
        _: WebhookId,
        _: Option<i64>,
        _: PageSize,
    ) -> Result<Option<Page<Attempt, i64>>, StorageError> {
        unimplemented!()
    }

    async fn count_events(&self, _: ShopId, _: DeliveryRange, _: u64) -> Result<u64, StorageError> {
        unimplemented!()
    }

    async fn replay_deliveries(
        &self,
        _: ShopId,
        _: WebhookId,
        _: DeliveryRange,
        _: Timestamp,
        _: u32,
    ) -> Result<Option<Replayed>, StorageError> {
        unimplemented!()
    }

    async fn note_test(
        &self,
        _: ShopId,
        _: WebhookId,
        _: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError> {
        unimplemented!()
    }
}
