use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hexdesk_domain::ports::ClaimedDeliveries;
use hexdesk_domain::{
    Actor, AuditStamp, ClaimedDelivery, Settlement, ShopId, StorageError, Webhook, WebhookId,
    WebhookMessageId,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::{SenderLimits, SenderPorts};
use crate::message::Message;
use crate::secret::SigningSecrets;

/// How often a settlement is tried. The delivery is attempted again if none succeeds.
const SETTLE_TRIES: u32 = 5;

/// Tells the task of a webhook that something may be due.
#[derive(Clone, Default)]
pub(super) struct Again(Arc<(AtomicBool, Notify)>);

impl Again {
    pub(super) fn note(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_one();
    }

    pub(super) fn is_noted(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    fn forget(&self) {
        self.0.0.store(false, Ordering::Release);
    }
}

/// The task of one webhook. It ends when nothing is due.
pub(super) struct Work {
    shop: ShopId,
    id: WebhookId,
    ports: SenderPorts,
    limits: SenderLimits,
    permits: Arc<Semaphore>,
    again: Again,
    /// The log may go on after the last plan.
    may_plan: bool,
    /// The last claim returned as many deliveries as it could.
    is_full: bool,
    /// A secret does not open, and the log says so.
    has_warned: bool,
}

/// The settlement of an attempt. `None` leaves the delivery to its lease: there was no attempt.
type Ended = Option<Settlement>;

impl Work {
    pub(super) fn new(
        (shop, id): (ShopId, WebhookId),
        ports: &SenderPorts,
        limits: SenderLimits,
        permits: &Arc<Semaphore>,
        again: Again,
    ) -> Self {
        let (ports, permits) = (ports.clone(), permits.clone());
        Self { shop, id, ports, limits, permits, again, may_plan: true, is_full: false, has_warned: false }
    }

    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut attempts = JoinSet::new();
        loop {
            let permits = self.permits(attempts.len(), &mut stopped).await;
            if !permits.is_empty()
                && let Err(error) = self.fill(permits, &mut attempts, &stopped).await
            {
                let (shop, webhook) = (self.shop, self.id);
                tracing::warn!(%error, %shop, %webhook, "webhooks: cannot claim; retrying");
                // The next look finds the webhook again.
                while let Some(ended) = join(&mut attempts).await {
                    self.settle(ended).await;
                }
            }
            if attempts.is_empty() {
                return;
            }
            tokio::select! {
                Some(ended) = join(&mut attempts) => self.settle(ended).await,
                () = self.again.0.1.notified() => {
                    self.again.forget();
                    self.may_plan = true;
                }
            }
        }
    }

    /// Returns permits for as many attempts as may begin: none after the signal to stop. Waits for one
    /// only if no attempt of the webhook is running.
    async fn permits(
        &self,
        running: usize,
        stopped: &mut watch::Receiver<bool>,
    ) -> Vec<OwnedSemaphorePermit> {
        let free = (Webhook::MAX_CLAIMED as usize).saturating_sub(running);
        if free == 0 || *stopped.borrow() {
            return Vec::new();
        }
        let semaphore = &self.permits;
        let first = if running > 0 {
            semaphore.clone().try_acquire_owned().ok()
        } else {
            tokio::select! {
                permit = semaphore.clone().acquire_owned() => permit.ok(),
                _ = stopped.wait_for(|stopped| *stopped) => None,
            }
        };
        let Some(first) = first else { return Vec::new() };
        let more = std::iter::from_fn(|| semaphore.clone().try_acquire_owned().ok());
        std::iter::once(first).chain(more.take(free - 1)).collect()
    }

    /// Plans and claims deliveries, and starts an attempt for each.
    async fn fill(
        &mut self,
        mut permits: Vec<OwnedSemaphorePermit>,
        attempts: &mut JoinSet<Ended>,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), StorageError> {
        let Self { shop, id, limits, .. } = *self;
        let (deliveries, clock) = (self.ports.deliveries.clone(), self.ports.clock.clone());
        loop {
            if self.may_plan && !self.is_full {
                let planned = deliveries.plan_deliveries(shop, id, clock.now(), limits.planned).await?;
                self.may_plan = planned >= limits.planned;
            }
            let now = clock.now();
            let until = now.saturating_add_millis(millis(limits.lease));
            let limit = u32::try_from(permits.len()).unwrap_or(u32::MAX);
            let claimed = deliveries.claim_deliveries(shop, id, now, until, limit).await?;
            let Some(ClaimedDeliveries { webhook, deliveries: claimed }) = claimed else {
                // The webhook was deleted.
                self.may_plan = false;
                return Ok(());
            };
            self.is_full = claimed.len() >= permits.len();
            let waits_for_probe = !webhook.health.allows_attempt(now);
            if !claimed.is_empty() {
                self.start(webhook, claimed, &mut permits, attempts);
            }
            // A long log is planned step by step while attempts run, and not at all between probes.
            if !self.may_plan || !attempts.is_empty() || waits_for_probe || *stopped.borrow() {
                return Ok(());
            }
        }
    }

    fn start(
        &mut self,
        webhook: Webhook,
        claimed: Vec<ClaimedDelivery>,
        permits: &mut Vec<OwnedSemaphorePermit>,
        attempts: &mut JoinSet<Ended>,
    ) {
        let opened = SigningSecrets::open(&*self.ports.sealer, &webhook, self.ports.clock.now());
        let (shop, id) = (self.shop, self.id);
        let secrets = match opened {
            Ok(secrets) => Arc::new(secrets),
            Err(error) => {
                tracing::error!(%error, %shop, webhook = %id, "webhooks: cannot sign, so nothing is sent");
                return;
            }
        };
        if let Some(error) = &secrets.closed
            && !std::mem::replace(&mut self.has_warned, true)
        {
            tracing::warn!(%error, %shop, webhook = %id, "webhooks: signs with one of two secrets");
        }
        let webhook = Arc::new(webhook);
        for delivery in claimed {
            let permit = permits.pop();
            let attempt = attempt(self.ports.clone(), webhook.clone(), secrets.clone(), delivery);
            attempts.spawn(async move {
                let _permit = permit;
                attempt.await
            });
        }
    }

    /// Settles these attempts. If the store fails for long, their deliveries are attempted again.
    async fn settle(&self, ended: Vec<Ended>) {
        let settlements: Vec<Settlement> = ended.into_iter().flatten().collect();
        if settlements.is_empty() {
            return;
        }
        let (shop, webhook) = (self.shop, self.id);
        for _ in 0..SETTLE_TRIES {
            let stamp = AuditStamp { actor: Actor::Server, time: self.ports.clock.now(), request_id: None };
            let settling =
                self.ports.deliveries.settle_deliveries(shop, webhook, settlements.clone(), stamp).await;
            let Err(error) = settling else { return };
            tracing::warn!(%error, %shop, %webhook, "webhooks: cannot note attempts; retrying");
            tokio::time::sleep(self.limits.settle_pause).await;
        }
    }
}

/// Waits for an attempt to end, and returns it with all others that have ended. Returns `None` if none
/// is running.
async fn join(attempts: &mut JoinSet<Ended>) -> Option<Vec<Ended>> {
    let first = attempts.join_next().await?;
    let others = std::iter::from_fn(|| attempts.try_join_next());
    // An attempt that panicked is left to its lease.
    Some(std::iter::once(first).chain(others).map(|ended| ended.ok().flatten()).collect())
}

async fn attempt(
    ports: SenderPorts,
    webhook: Arc<Webhook>,
    secrets: Arc<SigningSecrets>,
    delivery: ClaimedDelivery,
) -> Ended {
    let ClaimedDelivery { claim, event, .. } = delivery;
    let position = event.position;
    let body = match ports.render.body(&webhook, &event).await {
        Ok(body) => body,
        Err(error) => {
            let (shop, webhook) = (webhook.shop_id, webhook.id);
            tracing::warn!(%error, %shop, %webhook, "webhooks: cannot render an event; retrying");
            return None;
        }
    };
    let id = WebhookMessageId::Event(webhook.id, position);
    let message = Message { id, body, secrets: secrets.secrets.clone() };
    let outcome = ports.client.attempt(&webhook.url, &message).await;
    let result = outcome.attempt.result;
    tracing::debug!(shop = %webhook.shop_id, webhook = %webhook.id, message = %message.id, ?result, "webhook attempt");
    Some(Settlement {
        position,
        claim,
        attempt: outcome.attempt,
        jitter: fastrand::i64(-100..=100),
        retry_after_millis: outcome.retry_after_millis,
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
