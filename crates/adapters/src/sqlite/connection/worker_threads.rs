//! Threads that own connections, and the bounded queue in front of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::anyhow;
use hexdesk_domain::{StorageError, StorageErrorKind};
use tokio::sync::oneshot;

use crate::fair_reads::current_turn;
use crate::sqlite::connection::slot::ConnectionSlot;

type Job = Box<dyn FnOnce(&mut ConnectionSlot) + Send>;

/// A queue of jobs with a thread for each connection. Dropping it blocks until every queued job has
/// run.
#[derive(Debug)]
pub(in crate::sqlite) struct WorkerThreads {
    /// `None` once the threads are ending.
    queue: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl WorkerThreads {
    /// Starts a thread for each slot.
    pub(in crate::sqlite) fn start(
        name: &str,
        slots: Vec<ConnectionSlot>,
        queue_length: usize,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel::<Job>(queue_length);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut workers = Self { queue: Some(sender), threads: Vec::new() };
        for mut slot in slots {
            let receiver = Arc::clone(&receiver);
            let serve = move || {
                loop {
                    match next_job(&receiver, slot.upkeep_is_due()) {
                        Ok(job) => job(&mut slot),
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => break,
                    }
                    slot.keep_up();
                }
                slot.end();
            };
            workers.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(serve)?);
        }
        Ok(workers)
    }

    /// Queues a job and waits for its outcome. A queued job runs even if the caller no longer
    /// waits. A job that panics fails as unexpected. Its connection is closed, which rolls back an
    /// open transaction.
    pub(in crate::sqlite) async fn run<T, J>(
        &self,
        operation: &'static str,
        job: J,
    ) -> Result<T, StorageError>
    where
        T: Send + 'static,
        J: FnOnce(&mut ConnectionSlot) -> Result<T, StorageError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let turn = current_turn();
        let job = Box::new(move |slot: &mut ConnectionSlot| {
            let _turn = turn;
            let answer = catch_unwind(AssertUnwindSafe(|| job(slot))).unwrap_or_else(|_| {
                slot.close();
                let cause = anyhow!("the command panicked and was rolled back");
                Err(StorageError::new(StorageErrorKind::Unexpected, operation, cause))
            });
            // Fails if the caller dropped the future.
            let _ = sender.send(answer);
        });
        let unavailable = |cause| StorageError::new(StorageErrorKind::Unavailable, operation, cause);
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => {
                return Err(unavailable(anyhow!("too many commands are waiting for the database")));
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                return Err(unavailable(anyhow!("the storage is closed")));
            }
        }
        receiver.await.unwrap_or_else(|_| {
            let cause = anyhow!("the database thread ended before the command ended");
            Err(StorageError::new(StorageErrorKind::OutcomeUnknown, operation, cause))
        })
    }
}

/// Waits for a job until this time, in turn with the other threads.
fn next_job(receiver: &Mutex<Receiver<Job>>, until: Option<Instant>) -> Result<Job, RecvTimeoutError> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    match until {
        Some(until) => receiver.recv_timeout(until.saturating_duration_since(Instant::now())),
        None => Ok(receiver.recv()?),
    }
}

impl Drop for WorkerThreads {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // `run` has already returned the error of a thread that panicked.
            let _ = thread.join();
        }
    }
}
