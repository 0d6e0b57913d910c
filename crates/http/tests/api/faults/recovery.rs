//! Waits until a fault is over for everyone.

use std::time::{Duration, Instant};

use crate::harness::{Database, Server};

/// How long a server may take to get over a fault.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// How many requests go through at once: enough that each connection of the server's is used.
const CLIENTS: usize = 16;

/// Waits until requests are answered as if nothing had happened.
pub(super) fn wait_for_server(server: &Server) {
    let deadline = Instant::now() + PATIENCE;
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while server.get("/api/v1/tickets?limit=1").status != 200 {
                    assert!(Instant::now() < deadline, "the server does not go on: {}", server.log());
                }
            });
        }
    });
}

/// Waits until the database is done with what it was sent, and has as many sessions of the
/// server's as there can be.
pub(super) fn wait_for_sessions(database: &Database, can_be: impl Fn(usize) -> bool) {
    let sessions = |condition: &str| {
        let sessions = database.count(&format!(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'hexdesk' AND {condition}"
        ));
        usize::try_from(sessions).unwrap()
    };
    until("the database is at rest", || can_be(sessions("true")) && sessions("state <> 'idle'") == 0);
}

/// Waits for what cannot be awaited.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
