//! Waits for the end of a fault.

use std::time::{Duration, Instant};

use crate::harness::{Database, Server};

/// The maximum time for a server to recover from a fault.
pub(crate) const RECOVERY: Duration = Duration::from_secs(120);

/// Concurrent requests: enough to use every database connection of the server.
const CLIENTS: usize = 16;

/// Waits until the server responds normally.
pub(crate) fn wait_for_server(server: &Server) {
    let deadline = Instant::now() + RECOVERY;
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while server.get("/api/v1/tickets?limit=1").status != 200 {
                    assert!(Instant::now() < deadline, "the server does not recover: {}", server.log());
                }
            });
        }
    });
}

/// Waits until all PostgreSQL sessions of the server are idle, and `is_expected` accepts their
/// number.
pub(crate) fn wait_for_sessions(database: &Database, is_expected: impl Fn(usize) -> bool) {
    let sessions = |condition: &str| {
        let sessions = database.count(&format!(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'hexdesk' AND {condition}"
        ));
        usize::try_from(sessions).unwrap()
    };
    until("the database is idle", || is_expected(sessions("true")) && sessions("state <> 'idle'") == 0);
}

/// Waits until the condition holds.
pub(crate) fn until(condition: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + RECOVERY;
    while !holds() {
        assert!(Instant::now() < deadline, "timed out before {condition}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
