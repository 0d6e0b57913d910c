//! The loop that sends what is due.

mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hexdesk_domain::ports::WakeUpListener;
use hexdesk_domain::{Clock, DeliveryStore, Event, SecretSealer, ShopId, StorageError, Webhook, WebhookId};
use tokio::sync::{Semaphore, watch};
use tokio::task::{self, JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::client::WebhookClient;
use work::{Again, Work};

/// Renders the JSON that a webhook sends for an event.
#[async_trait]
pub trait RenderMessage: Send + Sync {
    /// Returns the body of the message.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn body(&self, webhook: &Webhook, event: &Event) -> Result<Vec<u8>, StorageError>;
}

/// The ports that the sender uses.
#[derive(Clone)]
pub struct SenderPorts {
    /// Plans, claims and settles deliveries.
    pub deliveries: Arc<dyn DeliveryStore>,
    /// Opens the secrets of webhooks.
    pub sealer: Arc<dyn SecretSealer>,
    /// Makes the attempts.
    pub client: Arc<WebhookClient>,
    /// Renders the bodies.
    pub render: Arc<dyn RenderMessage>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The numbers and times of a sender.
#[derive(Debug, Clone, Copy)]
pub struct SenderLimits {
    /// The most attempts at the same time. One webhook has at most
    /// [`MAX_CLAIMED`](Webhook::MAX_CLAIMED) of them.
    pub attempts: usize,
    /// The events that are planned in one transaction.
    pub planned: u32,
    /// How long a claim lasts: longer than an attempt and its settlement.
    pub lease: Duration,
    /// The shortest time between two looks for due webhooks. While looks find nothing, it doubles up to
    /// [`Self::idle_pause`]: a shop without webhooks should not pay for each of its writes.
    pub pause: Duration,
    /// The longest time between two looks for due webhooks after an event was written.
    pub idle_pause: Duration,
    /// The time between two looks after something was due lately.
    pub busy_sweep: Duration,
    /// The time between two looks otherwise.
    pub idle_sweep: Duration,
    /// The pause before a settlement that failed is tried again.
    pub settle_pause: Duration,
    /// How long running attempts may go on after the signal to stop.
    pub grace: Duration,
}

impl Default for SenderLimits {
    fn default() -> Self {
        Self {
            attempts: 64,
            planned: 100,
            lease: Duration::from_secs(60),
            pause: Duration::from_millis(100),
            idle_pause: Duration::from_secs(1),
            busy_sweep: Duration::from_secs(1),
            idle_sweep: Duration::from_secs(5),
            settle_pause: Duration::from_secs(1),
            grace: Duration::from_secs(5),
        }
    }
}

/// How long the sender looks more often after something was due.
const BUSY_FOR: Duration = Duration::from_secs(60);

/// Sends deliveries until it is stopped or dropped.
///
/// Several processes on one store can each have a sender: a claim is exclusive. A process that ends
/// without settling leaves claims that end by themselves. The delivery is then attempted again.
pub struct Sender {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    grace: Duration,
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sender {
    /// Starts the loop. It looks for due webhooks when `wake_up` returns, and now and then.
    pub fn start(ports: SenderPorts, limits: SenderLimits, wake_up: Box<dyn WakeUpListener>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let dispatcher = Dispatcher {
            permits: Arc::new(Semaphore::new(limits.attempts)),
            pause: limits.pause,
            ports,
            limits,
            wake_up,
            stopped,
            running: JoinSet::new(),
            busy: HashMap::new(),
            has_failed: false,
        };
        Self { stop, task: tokio::spawn(dispatcher.run()), grace: limits.grace }
    }

    /// Claims nothing more, waits for running attempts as long as [`SenderLimits::grace`] allows, and
    /// settles them. Attempts that are still running are dropped.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // Settling the last attempts takes a moment, too.
        let _ = tokio::time::timeout(self.grace + Duration::from_secs(1), &mut self.task).await;
    }
}

/// Looks for due webhooks, and gives each to a task of its own.
struct Dispatcher {
    ports: SenderPorts,
    limits: SenderLimits,
    permits: Arc<Semaphore>,
    wake_up: Box<dyn WakeUpListener>,
    stopped: watch::Receiver<bool>,
    running: JoinSet<()>,
    /// The webhooks that have a task.
    busy: HashMap<(ShopId, WebhookId), (task::Id, Again)>,
    /// Whether the last look failed.
    has_failed: bool,
    /// The present time between two looks.
    pause: Duration,
}

impl Dispatcher {
    async fn run(mut self) {
        let mut busy_until = Instant::now();
        loop {
            let looked = Instant::now();
            if self.look().await {
                busy_until = looked + BUSY_FOR;
                self.pause = self.limits.pause;
            } else {
                self.pause = (self.pause * 2).min(self.limits.idle_pause);
            }
            self.ports.client.close_idle_connections();
            let is_busy = looked < busy_until;
            let sweep = if is_busy { self.limits.busy_sweep } else { self.limits.idle_sweep };
            if self.wait(looked, sweep).await {
                break;
            }
        }
        let running = &mut self.running;
        let ended = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.grace, ended).await.is_err() {
            tracing::info!("webhooks: stopped during attempts; they are made again later");
        }
    }

    /// Gives every due webhook a task, or tells its task. Returns whether there is one.
    async fn look(&mut self) -> bool {
        let due = match self.ports.deliveries.list_due_webhooks(self.ports.clock.now()).await {
            Ok(due) => due,
            Err(error) => {
                // One line for an outage.
                if !std::mem::replace(&mut self.has_failed, true) {
                    tracing::warn!(%error, "webhooks: cannot look for what is due; retrying");
                }
                return false;
            }
        };
        self.has_failed = false;
        for &key in &due {
            if let Some((_, again)) = self.busy.get(&key) {
                again.note();
                continue;
            }
            let again = Again::default();
            let work = Work::new(key, &self.ports, self.limits, &self.permits, again.clone());
            let task = self.running.spawn(work.run(self.stopped.clone()));
            self.busy.insert(key, (task.id(), again));
        }
        !due.is_empty()
    }

    /// Waits until the next look, and notes the tasks that end. Returns whether to stop.
    async fn wait(&mut self, looked: Instant, sweep: Duration) -> bool {
        let mut next_look = looked + sweep;
        loop {
            tokio::select! {
                // An error means that the sender was dropped.
                _ = self.stopped.wait_for(|stopped| *stopped) => return true,
                Some(ended) = self.running.join_next_with_id() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(error) => {
                            tracing::error!(%error, "webhooks: a task failed");
                            error.id()
                        }
                    };
                    let ended: Vec<_> = self.busy.extract_if(|_, (task, _)| *task == id).collect();
                    // The task may have made its last look before the event was noted.
                    if ended.iter().any(|(_, (_, again))| again.is_noted()) {
                        next_look = next_look.min(looked + self.pause);
                    }
                }
                () = self.wake_up.wait() => next_look = next_look.min(looked + self.pause),
                () = tokio::time::sleep_until(next_look) => return false,
            }
        }
    }
}
