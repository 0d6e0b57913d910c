//! Clients that create tickets and keep books of what they were told.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Server};

/// How many clients send at once.
const CLIENTS: usize = 16;

/// What became of the tickets that were sent, by name.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Answered 201: each must be there, once.
    pub(super) acknowledged: HashSet<String>,
    /// Answered 4xx, or 503 `overloaded`: none may be there.
    pub(super) refused: HashSet<String>,
    /// Answered 503 `outcome_unknown`, or not at all: there once or not at all.
    pub(super) unclear: HashSet<String>,
    /// How many unclear ones turned out to be there, and how many not to be.
    settled: (usize, usize),
}

/// A load of tickets, each with a name and an idempotency key of its own.
#[derive(Debug, Default)]
pub(super) struct Load {
    sent: AtomicUsize,
    ledger: Mutex<Ledger>,
}

/// A ticket that is its own proof: everything in it follows from its name.
pub(super) fn body(name: &str) -> Value {
    json!({
        "customerId": 123, "Channel": "Mail", "name": name, "lastMessage": name.repeat(20), "tags": [name],
        "isOpenedTicket": true
    })
}

/// Creates the ticket of this name; `None` if no answer came.
pub(super) fn create(server: &Server, key: &str, name: &str) -> Option<Answer> {
    let headers = [("x-api-key", key), ("idempotency-key", name)];
    server.try_send("POST", "/api/v1/tickets", &headers, body(name).to_string().as_bytes()).ok()
}

impl Load {
    /// Sends one ticket after the other from each of 16 clients until `is_over`, which is
    /// asked after every answer.
    pub(super) fn run(&self, server: &Server, key: &str, is_over: impl Fn(&Ledger) -> bool + Sync) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    loop {
                        let name = self.next_name();
                        let answer = create(server, key, &name);
                        self.book(name, answer.as_ref());
                        if is_over(&self.ledger.lock().unwrap()) {
                            break;
                        }
                    }
                });
            }
        });
    }

    /// [`Self::run`] for as long as `during` takes.
    pub(super) fn run_during(&self, server: &Server, key: &str, during: impl FnOnce()) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| self.run(server, key, |_| is_over.load(Ordering::Relaxed)));
            // The clients end also if this panics.
            let ended = catch_unwind(AssertUnwindSafe(during));
            is_over.store(true, Ordering::Relaxed);
            if let Err(panic) = ended {
                resume_unwind(panic);
            }
        });
    }

    /// A name that no other ticket of the load has.
    pub(super) fn next_name(&self) -> String {
        format!("load-{}", self.sent.fetch_add(1, Ordering::Relaxed))
    }

    /// Books what the sender of the ticket of this name was told.
    pub(super) fn book(&self, name: String, answer: Option<&Answer>) {
        let mut ledger = self.ledger.lock().unwrap();
        let is_new = match answer.map(|answer| (answer.status, answer)) {
            None => ledger.unclear.insert(name),
            Some((201, _)) => ledger.acknowledged.insert(name),
            Some((503, answer)) => match answer.json()["code"].as_str() {
                Some("overloaded") => ledger.refused.insert(name),
                Some("outcome_unknown") => ledger.unclear.insert(name),
                _ => panic!("{answer:?}"),
            },
            Some((400..=499, _)) => ledger.refused.insert(name),
            Some((_, answer)) => panic!("{answer:?}"),
        };
        assert!(is_new);
    }

    /// Books a ticket that was never sent whole: nothing of it may be there.
    pub(super) fn book_unsent(&self, name: String) {
        assert!(self.ledger.lock().unwrap().refused.insert(name));
    }

    /// How many were refused so far.
    pub(super) fn refused(&self) -> usize {
        self.ledger.lock().unwrap().refused.len()
    }

    /// How many were acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        self.ledger.lock().unwrap().acknowledged.len()
    }

    /// Checks what a fault left, while nothing is sent: tries again what is unclear, with
    /// the same idempotency keys, and holds every row against the books.
    pub(super) fn settle_and_check(&self, database: &Database, server: &Server, key: &str) {
        let mut ledger = self.ledger.lock().unwrap();
        let names = stored_names(server, key);
        for name in &ledger.acknowledged {
            assert!(names.contains(name), "{name} was acknowledged and is lost");
        }
        for name in &names {
            let is_allowed = ledger.acknowledged.contains(name) || ledger.unclear.contains(name);
            assert!(is_allowed, "{name} was refused and is there");
        }
        for name in std::mem::take(&mut ledger.unclear) {
            let answer = create(server, key, &name).unwrap();
            assert_eq!(answer.status, 201, "{answer:?}");
            let is_replayed = answer.header("idempotency-replayed") == Some("true");
            assert_eq!(is_replayed, names.contains(&name), "{name}: {answer:?}");
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

    /// Prints what was injected and what was checked, in one line.
    #[expect(clippy::print_stdout, reason = "figures for who runs the tests with --nocapture")]
    pub(super) fn report(&self, fault: &str, faults: usize) {
        let ledger = self.ledger.lock().unwrap();
        let (there, not_there) = ledger.settled;
        let acknowledged = ledger.acknowledged.len() - there - not_there;
        let refused = ledger.refused.len();
        // The checks end the test at the first that is lost or there twice.
        println!(
            "{fault}: faults: {faults}, acknowledged: {acknowledged}, refused: {refused}, unclear: {} \
             ({there} of them there, {not_there} not), lost: 0, doubled: 0",
            there + not_there
        );
    }
}

/// The names of all tickets, each of which must be there once and whole.
fn stored_names(server: &Server, key: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut page = "/api/v1/tickets?limit=100".to_owned();
    loop {
        let answer = server.send("GET", &page, &[("x-api-key", key)], b"").json();
        for ticket in answer["tickets"].as_array().unwrap() {
            let name = ticket["name"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            let sent = body(name);
            for member in ["lastMessage", "tags", "isOpenedTicket"] {
                assert_eq!(ticket[member], sent[member], "{member} of {name}");
            }
            assert_eq!(ticket["HumanTicket"]["HumanTicketStatus"], "OPEN", "{name}");
        }
        let Some(cursor) = answer["next_cursor"].as_str() else { return names };
        page = format!("/api/v1/tickets?limit=100&cursor={cursor}");
    }
}
