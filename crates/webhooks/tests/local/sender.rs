//! The loop, on a store that is a few lines of memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::receivers::{RealClock, Received, Receiver, client, secret};
use crate::store::Store;
use async_trait::async_trait;
use hexdesk_domain::ports::{SecretPlace, SecretSealerError, WakeUpListener};
use hexdesk_domain::{
    DisabledReason, Event, SealedSecret, SecretSealer, StorageError, Webhook, WebhookState,
};
use hexdesk_webhooks::{ClientLimits, RenderMessage, Sender, SenderLimits, SenderPorts};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, Semaphore};

/// Keeps secrets as they are.
struct Open;

impl SecretSealer for Open {
    fn seal(&self, _: SecretPlace, secret: &[u8]) -> Result<SealedSecret, SecretSealerError> {
        Ok(SealedSecret(secret.to_vec()))
    }

    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, SecretSealerError> {
        assert_eq!(place.table, "webhooks");
        Ok(sealed.0.clone())
    }
}

/// The body is the number of the event.
struct Number;

#[async_trait]
impl RenderMessage for Number {
    async fn body(&self, _: &Webhook, event: &Event) -> Result<Vec<u8>, StorageError> {
        Ok(event.position.change.to_string().into_bytes())
    }
}

fn ports(store: &Arc<Store>) -> SenderPorts {
    SenderPorts {
        deliveries: store.clone(),
        sealer: Arc::new(Open),
        client: Arc::new(client(ClientLimits::default())),
        render: Arc::new(Number),
        clock: Arc::new(RealClock),
    }
}

/// Only a signal makes it look again.
const WITHOUT_SWEEPS: SenderLimits = SenderLimits {
    attempts: 64,
    planned: 10,
    lease: Duration::from_secs(60),
    pause: Duration::from_millis(1),
    idle_pause: Duration::from_millis(8),
    settle_pause: Duration::from_millis(1),
    busy_sweep: Duration::from_secs(3_600),
    idle_sweep: Duration::from_secs(3_600),
    grace: Duration::from_secs(20),
};

const WITH_SWEEPS: SenderLimits = SenderLimits {
    busy_sweep: Duration::from_millis(5),
    idle_sweep: Duration::from_millis(5),
    ..WITHOUT_SWEEPS
};

/// What a receiver saw, and how it answers.
#[derive(Default)]
struct Endpoint {
    /// The bodies and ids of the requests, in their order.
    seen: Mutex<Vec<(i64, String)>>,
    changed: Notify,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Endpoint {
    /// Serves requests: each waits for `gate`, and gets the status that `status` chooses.
    async fn start(
        self: &Arc<Self>,
        gate: Arc<Semaphore>,
        status: impl Fn(i64) -> u16 + Send + Sync + 'static,
    ) -> Receiver {
        let (endpoint, status) = (self.clone(), Arc::new(status));
        Receiver::start(move |mut stream| {
            let (endpoint, gate, status) = (endpoint.clone(), gate.clone(), status.clone());
            async move {
                while let Some(request) = Received::read(&mut stream).await {
                    let number = String::from_utf8(request.body.clone()).unwrap().parse().unwrap();
                    let now = endpoint.now.fetch_add(1, Ordering::SeqCst) + 1;
                    endpoint.most.fetch_max(now, Ordering::SeqCst);
                    let id = request.header("webhook-id").to_owned();
                    endpoint.seen.lock().unwrap().push((number, id));
                    endpoint.changed.notify_waiters();
                    gate.acquire().await.unwrap().forget();
                    gate.add_permits(1);
                    endpoint.now.fetch_sub(1, Ordering::SeqCst);
                    let answer = format!("HTTP/1.1 {} x\r\ncontent-length: 0\r\n\r\n", status(number));
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        })
        .await
    }

    /// Waits until this many requests were seen.
    async fn sees(&self, requests: usize) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.seen.lock().unwrap().len() >= requests {
                return;
            }
            changed.await;
        }
    }
}

fn open_gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1_000))
}

/// A listener that the test wakes.
#[derive(Clone, Default)]
struct WakeUp(Arc<Notify>);

impl WakeUp {
    fn wake(&self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl WakeUpListener for WakeUp {
    async fn wait(&mut self) {
        self.0.notified().await;
    }
}

#[tokio::test]
async fn every_event_arrives_in_the_order_of_its_subject_while_the_receiver_fails_at_random() {
    let endpoint = Arc::new(Endpoint::default());
    let receiver = endpoint.start(open_gate(), |_| [200, 500, 503, 404, 200][fastrand::usize(..5)]).await;
    let store = Store::with_webhook(&receiver.url(), &secret());
    // Seven tickets of different lengths.
    for event in 0..150 {
        store.append((event * event) % 7 + 1);
    }
    let sender = Sender::start(ports(&store), WITH_SWEEPS, Box::new(WakeUp::default()));
    store.is_empty().await;
    sender.stop().await;

    let mut last = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for (number, id) in endpoint.seen.lock().unwrap().iter() {
        let subject = store.subject(*number);
        let before = last.insert(subject, *number).unwrap_or_default();
        assert!(before <= *number, "{number} of {subject:?} came after {before}");
        assert_eq!(ids.entry(*number).or_insert_with(|| id.clone()), id);
    }
    assert_eq!(ids.into_keys().collect::<Vec<_>>(), (1..=150).collect::<Vec<i64>>());
    assert!(endpoint.most.load(Ordering::SeqCst) <= 8);
}

#[tokio::test]
async fn a_signal_finds_new_events_also_while_attempts_run() {
    let endpoint = Arc::new(Endpoint::default());
    let gate = Arc::new(Semaphore::new(0));
    let receiver = endpoint.start(gate.clone(), |_| 200).await;
    let store = Store::with_webhook(&receiver.url(), &secret());
    let wake_up = WakeUp::default();
    let sender = Sender::start(ports(&store), WITHOUT_SWEEPS, Box::new(wake_up.clone()));
    for event in 1..=8 {
        store.append(event);
        wake_up.wake();
        endpoint.sees(event as usize).await;
    }
    gate.add_permits(1);
    for _ in 0..20 {
        store.append(1);
        wake_up.wake();
        store.is_empty().await;
    }
    sender.stop().await;
}

#[tokio::test]
async fn one_webhook_has_8_attempts_and_all_have_what_the_process_allows() {
    let endpoint = Arc::new(Endpoint::default());
    let gate = Arc::new(Semaphore::new(0));
    let receiver = endpoint.start(gate.clone(), |_| 200).await;
    let store = Store::with_webhook(&receiver.url(), &secret());
    store.add_webhooks(4);
    for event in 1..=20 {
        store.append(event);
    }
    let limits = SenderLimits { attempts: 20, ..WITH_SWEEPS };
    let sender = Sender::start(ports(&store), limits, Box::new(WakeUp::default()));
    endpoint.sees(20).await;
    assert!(store.most_claimed() <= 8);
    gate.add_permits(1);
    store.is_empty().await;
    sender.stop().await;
    assert_eq!(endpoint.most.load(Ordering::SeqCst), 20);
    assert_eq!(endpoint.seen.lock().unwrap().len(), 5 * 20);
}

#[tokio::test]
async fn stopping_settles_what_ends_in_time_and_leaves_the_rest_to_another_process() {
    let endpoint = Arc::new(Endpoint::default());
    let gate = Arc::new(Semaphore::new(0));
    let receiver = endpoint.start(gate.clone(), |_| 200).await;
    let store = Store::with_webhook(&receiver.url(), &secret());
    store.append(1);
    store.append(1);
    let sender = Sender::start(ports(&store), WITH_SWEEPS, Box::new(WakeUp::default()));
    endpoint.sees(1).await;
    let stopping = tokio::spawn(sender.stop());
    gate.add_permits(1);
    stopping.await.unwrap();
    // The running attempt was settled, and the next event was not claimed.
    assert_eq!((store.left(), endpoint.seen.lock().unwrap().len()), (1, 1));

    let silent = Arc::new(Endpoint::default());
    let closed = Arc::new(Semaphore::new(0));
    let never = silent.start(closed, |_| 200).await;
    store.set_url(&never.url());
    let limits = SenderLimits { grace: Duration::from_millis(10), ..WITH_SWEEPS };
    let sender = Sender::start(ports(&store), limits, Box::new(WakeUp::default()));
    silent.sees(1).await;
    sender.stop().await;
    assert_eq!(store.left(), 1);

    store.set_url(&receiver.url());
    store.end_leases();
    let sender = Sender::start(ports(&store), WITH_SWEEPS, Box::new(WakeUp::default()));
    store.is_empty().await;
    sender.stop().await;
    let seen = endpoint.seen.lock().unwrap();
    assert_eq!(seen[1], silent.seen.lock().unwrap()[0], "another event or another id");
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_loses_nothing() {
    let endpoint = Arc::new(Endpoint::default());
    let receiver = endpoint.start(open_gate(), |_| 200).await;
    let store = Store::with_webhook(&receiver.url(), &secret());
    for event in 0..30 {
        store.append(event % 3 + 1);
    }
    store.fails.store(true, Ordering::SeqCst);
    let limits = SenderLimits { lease: Duration::from_millis(100), ..WITH_SWEEPS };
    let sender = Sender::start(ports(&store), limits, Box::new(WakeUp::default()));
    store.is_empty().await;
    sender.stop().await;
    // An event may arrive again if its settlement failed.
    let seen: BTreeSet<i64> = endpoint.seen.lock().unwrap().iter().map(|(number, _)| *number).collect();
    assert_eq!(seen.len(), 30);
}

#[tokio::test]
async fn gone_disables_and_nothing_more_is_sent() {
    let endpoint = Arc::new(Endpoint::default());
    let receiver = endpoint.start(open_gate(), |_| 410).await;
    let store = Store::with_webhook(&receiver.url(), &secret());
    store.append(1);
    let has_ended = AtomicBool::new(false);
    let sender = Sender::start(ports(&store), WITH_SWEEPS, Box::new(WakeUp::default()));
    while !has_ended.load(Ordering::SeqCst) {
        store.changed.notified().await;
        has_ended.store(!store.webhook().is_enabled(), Ordering::SeqCst);
    }
    store.append(2);
    sender.stop().await;
    let WebhookState::Disabled { reason, .. } = store.webhook().state else { panic!("it is enabled") };
    assert_eq!((reason, endpoint.seen.lock().unwrap().len()), (DisabledReason::Gone, 1));
}

/// Writes pay little for a sender that has nothing to send.
#[tokio::test(start_paused = true)]
async fn looks_are_rare_while_nothing_is_due() {
    let store = Store::with_webhook("https://192.0.2.1/", &secret());
    let wake_up = WakeUp::default();
    let sender = Sender::start(ports(&store), SenderLimits::default(), Box::new(wake_up.clone()));
    let looks = async |seconds: u64| {
        let before = store.looks.load(Ordering::SeqCst);
        for _ in 0..seconds * 100 {
            wake_up.wake();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        store.looks.load(Ordering::SeqCst) - before
    };
    // The first pauses are shorter than a second.
    assert!((4..=8).contains(&looks(4).await));
    let of_ten_seconds = looks(10).await;
    assert!((9..=11).contains(&of_ten_seconds), "{of_ten_seconds} looks");
    // After a quiet time, an event is looked for at once.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let before = store.looks.load(Ordering::SeqCst);
    wake_up.wake();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(store.looks.load(Ordering::SeqCst) - before, 1);
    drop(sender);
}
