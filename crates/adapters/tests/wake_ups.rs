//! Readers of a shop's log are woken by writes, and by a sweep.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hexdesk_adapters::{LogWakeUps, WakingStorage};
use hexdesk_contract::MemoryStorage;
use hexdesk_domain::ports::{CreateCustomerOutcome, CreateShopOutcome, TicketCreation, WakeUps};
use hexdesk_domain::{
    Actor, AuditStamp, Customer, CustomerDraft, CustomerStore, EventPosition, EventStore, IdempotentOutcome,
    ShopDomain, ShopId, ShopStore, StorageError, TicketDraft, TicketId, TicketStore, Timestamp,
};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

/// The events of a store, and how often their end was asked for.
struct Counted {
    events: Arc<MemoryStorage>,
    looks: AtomicUsize,
}

#[async_trait]
impl EventStore for Counted {
    hexdesk_domain::forward!(events: list_events);

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.events.find_log_end(shop).await
    }
}

struct Fixture {
    /// As another process sees it.
    storage: Arc<MemoryStorage>,
    waking: WakingStorage,
    wake_ups: Arc<LogWakeUps>,
    looks: Arc<Counted>,
    shops: [ShopId; 2],
}

impl Fixture {
    async fn new() -> Self {
        let storage = Arc::new(MemoryStorage::new());
        let looks = Arc::new(Counted { events: storage.clone(), looks: AtomicUsize::new(0) });
        let wake_ups = Arc::new(LogWakeUps::new(looks.clone(), Handle::current()));
        let waking = WakingStorage::new(storage.clone(), wake_ups.clone());
        let mut shops = Vec::new();
        for domain in ["one.example.com", "two.example.com"] {
            let created = storage.create_shop(&ShopDomain::parse(domain).unwrap(), stamp().time).await;
            let CreateShopOutcome::Created(shop) = created.unwrap() else { panic!("{domain}") };
            shops.push(shop.id);
        }
        Self { storage, waking, wake_ups, looks, shops: shops.try_into().unwrap() }
    }

    fn looks(&self) -> usize {
        self.looks.looks.load(Ordering::SeqCst)
    }
}

fn stamp() -> AuditStamp {
    AuditStamp {
        actor: Actor::Operator,
        time: Timestamp::parse("2026-11-22T10:00:00Z").unwrap(),
        request_id: None,
    }
}

async fn create_customer(store: &dyn CustomerStore, shop: ShopId) -> Customer {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let email = format!("{}@example.com", NUMBER.fetch_add(1, Ordering::SeqCst));
    let draft = CustomerDraft { email: Some(email), ..CustomerDraft::default() };
    let created = store.create_customer(shop, draft.into_new(stamp()).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) = created else {
        panic!("{created:?}")
    };
    customer
}

#[tokio::test(start_paused = true)]
async fn a_write_wakes_the_readers_of_its_shop_at_once() {
    let fixture = Fixture::new().await;
    let [one, two] = fixture.shops;
    let customer = create_customer(&*fixture.storage, one).await;
    let (mut of_one, mut again) = (fixture.wake_ups.listen(one), fixture.wake_ups.listen(one));
    let (mut of_two, mut of_all) = (fixture.wake_ups.listen(two), fixture.wake_ups.listen_to_writes());
    let began = Instant::now();
    let ticket = TicketDraft {
        customer_id: Some(customer.id),
        channel: Some("Mail".to_owned()),
        ..TicketDraft::default()
    };
    let ticket = ticket.into_ticket(TicketId::new(1).unwrap(), one, stamp().time).unwrap();
    let batch = vec![TicketCreation { ticket, stamp: stamp(), idempotency: None }];
    fixture.waking.create_tickets(batch).await.unwrap();
    for listener in [&mut of_one, &mut again, &mut of_all] {
        listener.wait().await;
        // Once for each write.
        assert!(timeout(Duration::ZERO, listener.wait()).await.is_err());
    }
    assert!(timeout(Duration::ZERO, of_two.wait()).await.is_err());
    fixture.waking.delete_ticket(one, TicketId::new(1).unwrap(), None, stamp()).await.unwrap();
    of_one.wait().await;
    create_customer(&fixture.waking, two).await;
    of_two.wait().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_finds_what_another_process_wrote() {
    let fixture = Fixture::new().await;
    let [one, _] = fixture.shops;
    let mut listener = fixture.wake_ups.listen(one);
    // The first look.
    listener.wait().await;
    assert!(timeout(Duration::from_secs(60), listener.wait()).await.is_err());
    create_customer(&*fixture.storage, one).await;
    let began = Instant::now();
    listener.wait().await;
    assert!(began.elapsed() <= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_swept_without_readers() {
    let fixture = Fixture::new().await;
    let [one, two] = fixture.shops;
    create_customer(&fixture.waking, one).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(fixture.looks(), 0);
    let listeners = [fixture.wake_ups.listen(one), fixture.wake_ups.listen(one)];
    let of_two = fixture.wake_ups.listen(two);
    tokio::time::sleep(Duration::from_millis(10_500)).await;
    assert_eq!(fixture.looks(), 20, "one look a second for each shop");
    drop((listeners, of_two));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(fixture.looks(), 20);
}
