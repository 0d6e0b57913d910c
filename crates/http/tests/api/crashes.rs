//! SIGKILL of the server under load: what was acknowledged is there once, whole; what was
//! refused left nothing; what is not known is settled by trying again.
//!
//! `HEXDESK_CRASHES` tells how often; 3 times if it is not set.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Server, on_both_databases};

const CLIENTS: usize = 16;

/// How many tickets are acknowledged before the server is killed.
const ACKNOWLEDGED_PER_CRASH: usize = 200;

fn crashes() -> usize {
    std::env::var("HEXDESK_CRASHES").ok().map_or(3, |times| times.parse().unwrap())
}

/// A ticket that is its own proof: everything in it follows from its name.
fn body(name: &str) -> Value {
    json!({
        "customerId": 123, "Channel": "Mail", "name": name, "lastMessage": name.repeat(20), "tags": [name],
        "isOpenedTicket": true
    })
}

fn create(server: &Server, key: &str, name: &str) -> Option<u16> {
    let headers = [("x-api-key", key), ("idempotency-key", name)];
    let sent = server.try_send("POST", "/api/v1/tickets", &headers, body(name).to_string().as_bytes());
    sent.ok().map(|answer| answer.status)
}

/// Names of what was acknowledged, and of what got no answer or an unclear one.
#[derive(Default)]
struct Sent {
    acknowledged: Vec<String>,
    unclear: Vec<String>,
}

/// Creates tickets until enough are acknowledged, kills the server, and tells what was sent.
fn load_and_kill(server: Server, key: &str, round: usize) -> Sent {
    let sent = Mutex::new(Sent::default());
    let number = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let name = format!("crash-{round}-{}", number.fetch_add(1, Ordering::Relaxed));
                    let status = create(&server, key, &name);
                    let mut sent = sent.lock().unwrap();
                    if status == Some(201) {
                        sent.acknowledged.push(name);
                        if sent.acknowledged.len() == ACKNOWLEDGED_PER_CRASH {
                            server.signal("KILL");
                        }
                    } else {
                        // The server is going, or gone.
                        assert!(matches!(status, None | Some(503)), "{status:?}");
                        sent.unclear.push(name);
                        break;
                    }
                }
            });
        }
    });
    sent.into_inner().unwrap()
}

on_both_databases! {
    fn what_was_acknowledged_outlives_the_server(database: Database) {
        let first = database.serve_demo();
        let key = first.key.clone();
        let mut running = Some(first);
        let mut names: HashSet<String> = HashSet::new();
        for round in 0..crashes() {
            let sent = load_and_kill(running.take().unwrap(), &key, round);
            assert!(sent.acknowledged.len() >= ACKNOWLEDGED_PER_CRASH);
            let server = database.serve(&[]);
            let stored = database.count("SELECT count(*) FROM tickets");
            let known = i64::try_from(names.len() + sent.acknowledged.len()).unwrap();
            let unclear = i64::try_from(sent.unclear.len()).unwrap();
            assert!((known..=known + unclear).contains(&stored), "{known} acknowledged, {unclear} unclear, {stored} stored");
            for name in &sent.unclear {
                assert_eq!(create(&server, &key, name), Some(201), "{name}");
            }
            names.extend(sent.acknowledged.into_iter().chain(sent.unclear));
            running = Some(server);
        }
        let expected = i64::try_from(names.len()).unwrap();
        for table in ["tickets", "human_tickets", "idempotency_records"] {
            assert_eq!(database.count(&format!("SELECT count(*) FROM {table}")), expected, "{table}");
        }
        // Each once, and whole.
        let server = running.take().unwrap();
        let mut page = "/api/v1/tickets?limit=100".to_owned();
        loop {
            let answer = server.send("GET", &page, &[("x-api-key", &key)], b"").json();
            for ticket in answer["tickets"].as_array().unwrap() {
                let name = ticket["name"].as_str().unwrap();
                assert!(names.remove(name), "{name} is there twice, or was never sent");
                let sent = body(name);
                for member in ["lastMessage", "tags", "isOpenedTicket"] {
                    assert_eq!(ticket[member], sent[member], "{member} of {name}");
                }
                assert_eq!(ticket["HumanTicket"]["HumanTicketStatus"], "OPEN");
            }
            let Some(cursor) = answer["next_cursor"].as_str() else { break };
            page = format!("/api/v1/tickets?limit=100&cursor={cursor}");
        }
        assert!(names.is_empty(), "lost: {names:?}");
    }
}
