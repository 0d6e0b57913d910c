//! A full disk under a SQLite database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::faults::{Load, rounds};
use crate::harness::{Database, Directory, PATIENCE, Server};

const NO_ROOM: &str =
    "no space is left for the database: free space on its disk, and the server continues by itself";

const NOTHING_DONE: &str = "The service is not available right now and did nothing; try again";

/// More tickets than fit into the space that a full disk has left.
const MORE_THAN_FIT: usize = 5_000;

/// Waits until `/readyz` returns this status.
fn await_readiness(server: &Server, status: u16) {
    let deadline = Instant::now() + PATIENCE;
    while server.get("/readyz").status != status {
        assert!(Instant::now() < deadline, "/readyz does not return {status}: {}", server.log());
    }
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_space() {
    let database = Database::Sqlite(Directory::on_small_disk());
    let Database::Sqlite(disk) = &database else { unreachable!() };
    let mut server = database.serve_demo();
    let key = server.key.clone();
    let load = Load::default();
    let faults = rounds(2);
    for round in 0..faults {
        let enough = load.acknowledged() + 100;
        let refused = load.refused();
        let is_full = AtomicBool::new(false);
        load.run(&server, &key, |ledger| {
            if ledger.acknowledged.len() >= enough && !is_full.swap(true, Ordering::Relaxed) {
                disk.fill();
            }
            ledger.refused.len() >= refused + 100 || ledger.acknowledged.len() > enough + MORE_THAN_FIT
        });
        assert!(load.refused() >= refused + 100, "a full disk accepts writes");

        // Writes are refused, reads are served, and the log reports the full disk.
        let headers = [("x-api-key", key.as_str())];
        let tickets = server.send("GET", "/api/v1/tickets?limit=1", &headers, b"").json();
        let path = format!("/api/v1/tickets/{}", tickets["tickets"][0]["id"].as_str().unwrap());
        let comments = format!("{path}/comments");
        let writes: [(_, &str, &dyn Fn(usize) -> Value); 3] = [
            ("PATCH", &path, &|number| json!({ "unReadChatCount": number })),
            ("POST", &comments, &|number| json!({ "text": number.to_string(), "time": "2001-01-01" })),
            ("POST", "/api/v1/customers", &|number| json!({ "phone_number": format!("{round} {number}") })),
        ];
        let [changes, commented, _] = writes.map(|(method, path, body)| {
            // SQLite's log can reuse a little space.
            (1..)
                .find(|&number| {
                    let response = server.send(method, path, &headers, body(number).to_string().as_bytes());
                    if response.status < 300 {
                        return false;
                    }
                    response.assert_problem(503, "overloaded", NOTHING_DONE);
                    assert_eq!(response.header("retry-after"), Some("1"));
                    true
                })
                .unwrap()
                - 1
        });
        let ticket = server.send("GET", &path, &headers, b"").ticket();
        assert_eq!(ticket["unReadChatCount"], changes);
        let kept = server.send("GET", &comments, &headers, b"").json();
        assert_eq!(kept["totalCount"], commented);
        server.get("/readyz").assert_problem(
            503,
            "not_ready",
            "The database cannot be reached, is not migrated, or has no room for writes",
        );
        assert_eq!(server.get("/livez").status, 200);
        let log = server.log();
        assert!(
            log.lines().any(|line| line.contains("the store is not available") && line.contains(NO_ROOM)),
            "{log}"
        );

        // A server that starts on a full disk serves or waits.
        if round % 2 == 1 {
            server.signal(Signal::KILL);
            server.wait();
            server = database.serve(&[]);
            assert_eq!(server.get("/livez").status, 200);
        }
        disk.free();
        await_readiness(&server, 200);
        load.settle_and_check(&database, &server, &key);
    }
    load.report("disk full", faults);
}
