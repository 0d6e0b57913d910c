//! Takes the steps of erasures, one transaction after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use diesel::prelude::*;
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{AuditStamp, CustomerId, ShopId, StorageError, StorageErrorKind};
use tokio::sync::oneshot;

use super::step::{Stepped, step};
use super::{Begun, begin};
use crate::sql::CorruptRow;
use crate::sql::schema::erasures;
use crate::sqlite::Writer;
use crate::sqlite::connection::interruption::Read;
use crate::sqlite::connection::log_keeper::{Removes, checkpoint};
use crate::sqlite::connection::slot::ConnectionSlot;

const OPERATION: &str = "erase_customer";

/// If a step waited this long for its turn, other writes run at the same time.
const BUSY: Duration = Duration::from_millis(1);
/// The longest pause between two steps, for other writes.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// The time between two checkpoints of the log during an erasure.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);

/// How often the thread looks for erasures that another process has left unfinished.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// An erasure without a step in this time has no process that continues it.
const ABANDONED: Duration = Duration::from_secs(3);

/// The number of failures after which callers no longer wait.
const PATIENT_FAILURES: u32 = 5;
/// The pause after a failure, and after further ones.
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// A customer, and its shop.
type Key = (ShopId, CustomerId);

/// The end of an erasure; `None` if another process finished it.
type Outcome = Result<Option<Erased>, StorageError>;

/// A message to the thread.
enum Message {
    /// Look for erasures that another process has left unfinished, after this time and again.
    LookAfter(Duration),
    /// Take the steps of this erasure.
    Continue(Key, oneshot::Sender<Outcome>),
    /// End after the running step.
    End,
}

/// A thread that takes the steps of erasures. Dropping it blocks until the running step has ended.
/// The next start continues the erasures that are left.
#[derive(Debug)]
pub(in crate::sqlite) struct Eraser {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Eraser {
    /// Starts the thread, which writes on this writer and has the log copied on another connection.
    pub(in crate::sqlite) fn start(writer: Arc<Writer>, log: ConnectionSlot) -> std::io::Result<Self> {
        let (messages, receiver) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let (running, seen) = Default::default();
        let next_checkpoint = Instant::now();
        let worker = Worker { writer, log, runtime, running, seen, next_look: None, next_checkpoint };
        let thread = std::thread::Builder::new()
            .name("sqlite-eraser".to_owned())
            .spawn(move || worker.work(&receiver))?;
        Ok(Self { messages, thread: Some(thread) })
    }

    /// Continues erasures that other processes leave unfinished, from now on. `are_left` says
    /// whether there are any now. The database must be migrated.
    pub(in crate::sqlite) fn watch(&self, are_left: bool) {
        let first_look = if are_left { Duration::ZERO } else { LOOK_EVERY };
        // Fails if the thread has ended, which only a panic causes.
        let _ = self.messages.send(Message::LookAfter(first_look));
    }

    /// Erases a customer, and returns when nothing is left of it. An erasure that has begun goes on
    /// without its caller.
    pub(in crate::sqlite) async fn erase(
        &self,
        writer: &Writer,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        let (sender, outcome) = oneshot::channel();
        let messages = self.messages.clone();
        let begun = writer.run(OPERATION, move |slot| {
            let begun = slot
                .write(OPERATION, Removes::PersonalData, |connection| begin(connection, shop, id, stamp))?;
            // Sent by the command itself: its caller may be gone.
            if matches!(begun, Begun::Unfinished) {
                let _ = messages.send(Message::Continue((shop, id), sender));
            }
            Ok(begun)
        });
        match begun.await? {
            Begun::CustomerNotFound => Ok(None),
            Begun::Finished(erased) => Ok(Some(erased)),
            Begun::Unfinished => match outcome.await {
                Ok(Ok(Some(erased))) => Ok(Some(erased)),
                Ok(Err(error)) => Err(error),
                // Another process has finished it and knows the numbers, or the storage was closed.
                Ok(Ok(None)) | Err(_) => {
                    let cause = anyhow!("another process finishes the erasure");
                    Err(StorageError::new(StorageErrorKind::OutcomeUnknown, OPERATION, cause))
                }
            },
        }
    }

    /// Waits for the end of an erasure.
    pub(in crate::sqlite) async fn wait_for(
        &self,
        operation: &'static str,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<(), StorageError> {
        let (sender, outcome) = oneshot::channel();
        let _ = self.messages.send(Message::Continue((shop, id), sender));
        match outcome.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                let cause = anyhow!("the last customer with this number is still being erased");
                Err(StorageError::new(StorageErrorKind::Unavailable, operation, cause))
            }
        }
    }
}

impl Drop for Eraser {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An erasure whose steps this process takes.
struct Running {
    waiting: Vec<oneshot::Sender<Outcome>>,
    /// The earliest time of the next step.
    due: Instant,
    /// The number of failures since the last step.
    failures: u32,
}

/// A finished step.
struct Measured {
    stepped: Stepped,
    waited: Duration,
    took: Duration,
}

/// The thread.
struct Worker {
    writer: Arc<Writer>,
    log: ConnectionSlot,
    runtime: tokio::runtime::Runtime,
    running: BTreeMap<Key, Running>,
    /// The number of steps of other erasures, when they were last looked at.
    seen: BTreeMap<Key, i64>,
    next_look: Option<Instant>,
    next_checkpoint: Instant,
}

impl Worker {
    fn work(mut self, messages: &Receiver<Message>) {
        loop {
            let next_step = self.running.iter().map(|(key, running)| (running.due, *key)).min();
            let due = [self.next_look, next_step.map(|(due, _)| due)].into_iter().flatten().min();
            let now = Instant::now();
            let wait = due.map_or(LOOK_EVERY, |due| due.saturating_duration_since(now));
            match messages.recv_timeout(wait) {
                Ok(Message::Continue(key, sender)) => self.running(key).waiting.push(sender),
                Ok(Message::LookAfter(time)) => self.next_look = Some(now + time),
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if self.next_look.is_some_and(|next| next <= now + wait) => {
                    self.next_look = Some(Instant::now() + self.look());
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some((_, key)) = next_step {
                        self.take_step(key);
                    }
                }
            }
        }
    }

    fn running(&mut self, key: Key) -> &mut Running {
        self.running.entry(key).or_insert_with(|| Running {
            waiting: Vec::new(),
            due: Instant::now(),
            failures: 0,
        })
    }

    /// Takes over erasures that got no further since the last look. Returns when to look again.
    fn look(&mut self) -> Duration {
        let rows = self.runtime.block_on(self.writer.run(OPERATION, |slot| {
            slot.read(&Read::default(), OPERATION, |connection| {
                let columns = (erasures::shop_id, erasures::customer_id, erasures::steps);
                Ok(erasures::table.select(columns).load::<(i64, i64, i64)>(connection)?)
            })
        }));
        let rows = match rows.map(|rows| rows.into_iter().map(keyed).collect::<Result<Vec<_>, _>>()) {
            Ok(Ok(rows)) => rows,
            Ok(Err(error)) => {
                tracing::error!(%error, "an erasure cannot be read");
                return LOOK_EVERY;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot look for unfinished erasures");
                return LOOK_EVERY;
            }
        };
        let before = std::mem::take(&mut self.seen);
        for (key, steps) in rows {
            if self.running.contains_key(&key) {
                continue;
            }
            if before.get(&key) == Some(&steps) {
                tracing::info!(shop = %key.0, "continuing an unfinished erasure of a customer");
                self.running(key);
            } else {
                self.seen.insert(key, steps);
            }
        }
        if self.seen.is_empty() { LOOK_EVERY } else { ABANDONED }
    }

    /// Takes the next step of an erasure, in turn with the other writes.
    fn take_step(&mut self, key: Key) {
        let Some(mut running) = self.running.remove(&key) else { return };
        let outcome = self.run_step(key);
        if outcome.is_ok() {
            self.copy_log();
        }
        match outcome {
            Ok(Measured { stepped: Stepped::Unfinished, waited, took }) => {
                running.failures = 0;
                let pause = if waited > BUSY { took.min(MAX_PAUSE) } else { Duration::ZERO };
                running.due = Instant::now() + pause;
                self.running.insert(key, running);
            }
            Ok(Measured { stepped: Stepped::Finished(erased), .. }) => answer(running.waiting, Some(erased)),
            Ok(Measured { stepped: Stepped::Missing, .. }) => answer(running.waiting, None),
            Err(error) => {
                tracing::warn!(%error, "a step of an erasure failed and is retried");
                running.failures += 1;
                let is_patient = running.failures < PATIENT_FAILURES;
                running.due = Instant::now() + RETRY_AFTER[usize::from(!is_patient)];
                if !is_patient {
                    give_up(running.waiting.drain(..), &error);
                }
                self.running.insert(key, running);
            }
        }
    }

    /// Copies the log into the database while others write. Otherwise SQLite would do so in a commit,
    /// for 16 MB at once, and all writes would wait.
    fn copy_log(&mut self) {
        if Instant::now() < self.next_checkpoint {
            return;
        }
        let copied = self.log.connection().and_then(|connection| Ok(checkpoint(connection, "PASSIVE")?));
        if let Err(error) = copied {
            tracing::warn!(%error, "the write-ahead log cannot be copied");
            self.log.close();
        }
        self.next_checkpoint = Instant::now() + CHECKPOINT_EVERY;
    }

    fn run_step(&self, (shop, id): Key) -> Result<Measured, StorageError> {
        let queued = Instant::now();
        self.runtime.block_on(self.writer.run(OPERATION, move |slot| {
            let started = Instant::now();
            let stepped = slot.write(OPERATION, Removes::Nothing, |connection| step(connection, shop, id))?;
            if matches!(stepped, Stepped::Finished(_)) {
                // Emptying the log after each step would delay other writes.
                slot.note_write(Removes::PersonalData);
            }
            Ok(Measured { stepped, waited: started - queued, took: started.elapsed() })
        }))
    }
}

fn keyed((shop, customer, steps): (i64, i64, i64)) -> Result<(Key, i64), CorruptRow> {
    let customer = CustomerId::new(customer).ok_or(CorruptRow("customer number"))?;
    Ok(((crate::sql::shop_id(shop)?, customer), steps))
}

fn answer(waiting: Vec<oneshot::Sender<Outcome>>, erased: Option<Erased>) {
    for sender in waiting {
        // Fails if the caller is gone.
        let _ = sender.send(Ok(erased));
    }
}

/// The erasure has taken effect, but the callers cannot wait for its end.
fn give_up(waiting: impl Iterator<Item = oneshot::Sender<Outcome>>, error: &StorageError) {
    for sender in waiting {
        let cause = anyhow!("the erasure goes on later: {error}");
        let _ = sender.send(Err(StorageError::new(StorageErrorKind::OutcomeUnknown, OPERATION, cause)));
    }
}
