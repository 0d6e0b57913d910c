//! How long others wait during an erasure.

use std::time::{Duration, Instant};

use hexdesk_domain::TicketStore;
use hexdesk_domain::ports::CreateTicketOutcome;

use super::customer_with_tickets::{Desk, assert_nothing_is_left};
use crate::fixture::ticket;

/// The longest times of creations in another shop.
struct Waited {
    quiet: Duration,
    meanwhile: Duration,
    creations: i64,
    erasure: Duration,
}

impl Waited {
    fn report(&self) -> String {
        let Self { quiet, meanwhile, creations, erasure } = self;
        format!("{creations} creations during {erasure:?}: the longest took {meanwhile:?}, before {quiet:?}")
    }
}

/// Erases a customer while another shop creates one ticket after the other.
async fn measure(tickets: i64) -> Waited {
    let desk = Desk::with_tickets(tickets).await;
    let mut id = 1;
    let mut create = async || {
        let begun = Instant::now();
        let batch = vec![ticket(desk.other_shop, desk.other, id)];
        assert_eq!(desk.storage.create_tickets(batch).await.unwrap(), [CreateTicketOutcome::Created]);
        id += 1;
        begun.elapsed()
    };
    let mut quiet = Duration::ZERO;
    for _ in 0..100 {
        quiet = quiet.max(create().await);
    }
    let begun = Instant::now();
    let erasure = desk.erase();
    let (mut meanwhile, mut creations) = (Duration::ZERO, 0);
    while !erasure.is_finished() {
        meanwhile = meanwhile.max(create().await);
        creations += 1;
    }
    let duration = begun.elapsed();
    assert_eq!(erasure.await.unwrap().unwrap(), Some(desk.expected()));
    assert_nothing_is_left(&desk.path(), &desk);
    Waited { quiet, meanwhile, creations, erasure: duration }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_write_while_a_customer_is_erased() {
    let waited = measure(400).await;
    println!("{}", waited.report());
    // Without steps, one creation waits for the whole erasure.
    assert!(waited.meanwhile < waited.erasure / 4, "{}", waited.report());
    assert!(waited.creations > 10, "{}", waited.report());
}

/// The figure of docs/reliability.md.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and its figure is meaningful in a release build only"]
async fn others_write_while_a_customer_with_30_000_tickets_is_erased() {
    println!("{}", measure(30_000).await.report());
}
