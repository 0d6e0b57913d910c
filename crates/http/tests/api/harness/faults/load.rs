//! Clients that create tickets and record the outcomes.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::until;
use crate::harness::{Database, Response, Server};

/// The number of concurrent clients.
const CLIENTS: usize = 16;

/// The outcomes of the tickets that were sent, by name.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Status 201: each must be stored once.
    pub(crate) acknowledged: HashSet<String>,
    /// Status 4xx, or 503 `overloaded`: none may be stored.
    pub(crate) refused: HashSet<String>,
    /// Status 503 `outcome_unknown`, or no response: each may be stored, at most once.
    pub(crate) unclear: HashSet<String>,
    /// The number of unclear tickets that were stored, and of those that were not.
    settled: (usize, usize),
}

/// A load of tickets, each with its own name and idempotency key.
#[derive(Debug, Default)]
pub(crate) struct Load {
    sent: AtomicUsize,
    ledger: Mutex<Ledger>,
}

/// The body of a ticket. It follows from the name, so that a stored ticket can be checked.
pub(crate) fn ticket(name: &str) -> Value {
    json!({
        "customerId": 123, "Channel": "Mail", "name": name, "lastMessage": name.repeat(20), "tags": [name],
        "isOpenedTicket": true
    })
}

/// Creates the ticket with this name. `None` if there was no response.
pub(crate) fn create(server: &Server, key: &str, name: &str) -> Option<Response> {
    let headers = [("x-api-key", key), ("idempotency-key", name)];
    server.try_send("POST", "/api/v1/tickets", &headers, ticket(name).to_string().as_bytes()).ok()
}

impl Load {
    /// Sends one ticket after another from each of 16 clients. Each client checks `is_over` after
    /// every response.
    pub(crate) fn run(&self, server: &Server, key: &str, is_over: impl Fn(&Ledger) -> bool + Sync) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    loop {
                        let name = self.next_name();
                        let response = create(server, key, &name);
                        self.record(name, response.as_ref());
                        if is_over(&self.ledger.lock().unwrap()) {
                            break;
                        }
                    }
                });
            }
        });
    }

    /// Calls [`Self::run`] for as long as `during` runs.
    pub(crate) fn run_during(&self, server: &Server, key: &str, during: impl FnOnce()) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| self.run(server, key, |_| is_over.load(Ordering::Relaxed)));
            // If this panics, the clients must end too.
            let ended = catch_unwind(AssertUnwindSafe(during));
            is_over.store(true, Ordering::Relaxed);
            if let Err(panic) = ended {
                resume_unwind(panic);
            }
        });
    }

    /// A name for a new ticket of this load.
    pub(crate) fn next_name(&self) -> String {
        format!("load-{}", self.sent.fetch_add(1, Ordering::Relaxed))
    }

    /// Records the response to the ticket with this name.
    pub(crate) fn record(&self, name: String, response: Option<&Response>) {
        let mut ledger = self.ledger.lock().unwrap();
        let is_new = match response.map(|response| (response.status, response)) {
            None => ledger.unclear.insert(name),
            Some((201, _)) => ledger.acknowledged.insert(name),
            Some((503, response)) => match response.json()["code"].as_str() {
                Some("overloaded") => ledger.refused.insert(name),
                Some("outcome_unknown") => ledger.unclear.insert(name),
                _ => panic!("{response:?}"),
            },
            Some((400..=499, _)) => ledger.refused.insert(name),
            Some((_, response)) => panic!("{response:?}"),
        };
        assert!(is_new);
    }

    /// Records a ticket of an incomplete request. It may not be stored.
    pub(crate) fn record_unsent(&self, name: String) {
        assert!(self.ledger.lock().unwrap().refused.insert(name));
    }

    /// The number of refused tickets so far.
    pub(crate) fn refused(&self) -> usize {
        self.ledger.lock().unwrap().refused.len()
    }

    /// The number of acknowledged tickets so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.ledger.lock().unwrap().acknowledged.len()
    }

    /// Waits until 200 more tickets are acknowledged.
    pub(crate) fn acknowledge_more(&self) {
        let enough = self.acknowledged() + 200;
        until("more tickets are acknowledged", || self.acknowledged() >= enough);
    }

    /// Checks every stored ticket against the ledger, while no client sends. Retries the unclear
    /// tickets with the same idempotency keys.
    pub(crate) fn settle_and_check(&self, database: &Database, server: &Server, key: &str) {
        let mut ledger = self.ledger.lock().unwrap();
        let names = stored_names(server, key);
        for name in &ledger.acknowledged {
            assert!(names.contains(name), "{name} was acknowledged and is lost");
        }
        for name in &names {
            let is_allowed = ledger.acknowledged.contains(name) || ledger.unclear.contains(name);
            assert!(is_allowed, "{name} was refused and is stored");
        }
        for name in std::mem::take(&mut ledger.unclear) {
            let response = create(server, key, &name).unwrap();
            assert_eq!(response.status, 201, "{response:?}");
            let is_replayed = response.header("idempotency-replayed") == Some("true");
            assert_eq!(is_replayed, names.contains(&name), "{name}: {response:?}");
            if is_replayed {
                ledger.settled.0 += 1;
            } else {
                ledger.settled.1 += 1;
            }
            ledger.acknowledged.insert(name);
        }
        assert_eq!(stored_names(server, key), ledger.acknowledged);
        let expected = i64::try_from(ledger.acknowledged.len()).unwrap();
        for rows in [
            "count(*) FROM tickets",
            "count(DISTINCT human_ticket_id) FROM tickets",
            "count(*) FROM idempotency_records",
            "count(*) FROM events WHERE kind = 'ticket.created'",
            "count(DISTINCT subject_id) FROM events WHERE kind = 'ticket.created'",
        ] {
            assert_eq!(database.count(&format!("SELECT {rows}")), expected, "{rows}");
        }
    }

    /// Prints the figures of the test in one line.
    #[expect(clippy::print_stdout, reason = "figures for runs with --nocapture")]
    pub(crate) fn report(&self, fault: &str, faults: usize) {
        let ledger = self.ledger.lock().unwrap();
        let (there, not_there) = ledger.settled;
        let acknowledged = ledger.acknowledged.len() - there - not_there;
        let refused = ledger.refused.len();
        // A lost or duplicate ticket has failed the test before this.
        println!(
            "{fault}: faults: {faults}, acknowledged: {acknowledged}, refused: {refused}, unclear: {} \
             ({there} of them stored, {not_there} not), lost: 0, duplicates: 0",
            there + not_there
        );
    }
}

/// The names of all stored tickets. Each must be stored once, with all its members.
fn stored_names(server: &Server, key: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut page = "/api/v1/tickets?limit=100".to_owned();
    loop {
        let response = server.send("GET", &page, &[("x-api-key", key)], b"").json();
        for ticket in response["tickets"].as_array().unwrap() {
            let name = ticket["name"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is stored twice");
            let sent = self::ticket(name);
            for member in ["lastMessage", "tags", "isOpenedTicket"] {
                assert_eq!(ticket[member], sent[member], "{member} of {name}");
            }
            assert_eq!(ticket["HumanTicket"]["HumanTicketStatus"], "OPEN", "{name}");
        }
        let Some(cursor) = response["next_cursor"].as_str() else { return names };
        page = format!("/api/v1/tickets?limit=100&cursor={cursor}");
    }
}
