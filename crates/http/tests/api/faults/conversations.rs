//! Clients that comment on tickets and change them, and keep books of what they were told.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::recovery::PATIENCE;
use crate::harness::{Answer, Database, Server};

/// How many clients send at once.
const CLIENTS: usize = 8;
/// How many tickets they have to do with: fewer, so that they meet.
const TICKETS: usize = 4;

/// One comment or change, of a name that no other has. It follows from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Step(usize);

impl Step {
    fn name(self) -> String {
        format!("step-{}", self.0)
    }

    fn is_comment(self) -> bool {
        self.0.is_multiple_of(2)
    }

    fn ticket(self) -> usize {
        self.0 / 2 % TICKETS
    }
}

#[derive(Debug, Default)]
struct Ledger {
    acknowledged: HashSet<Step>,
    refused: HashSet<Step>,
    unclear: HashSet<Step>,
    /// How many unclear ones turned out to be there, and how many not to be.
    settled: (usize, usize),
}

/// Comments and changes, each with an idempotency key of its own.
pub(super) struct Conversations {
    /// The path of each ticket, and its version at the beginning.
    tickets: Vec<(String, u64)>,
    key: String,
    sent: AtomicUsize,
    ledger: Mutex<Ledger>,
}

impl Conversations {
    /// Creates the tickets.
    pub(super) fn begin(server: &Server) -> Self {
        let tickets = (0..TICKETS).map(|_| {
            let created = server.create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#);
            let path = created.header("location").unwrap().to_owned();
            let version = version(&server.get(&path));
            (path, version)
        });
        let (tickets, key) = (tickets.collect(), server.key.clone());
        Self { tickets, key, sent: AtomicUsize::new(0), ledger: Mutex::default() }
    }

    /// Sends one comment or change after the other from each client until `is_over`, which is
    /// asked after every answer, with how many were acknowledged.
    pub(super) fn run(&self, server: &Server, is_over: impl Fn(usize) -> bool + Sync) {
        let deadline = Instant::now() + PATIENCE;
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    loop {
                        assert!(Instant::now() < deadline, "the server does not go on: {}", server.log());
                        let step = Step(self.sent.fetch_add(1, Ordering::Relaxed));
                        self.book(step, &self.send(server, step));
                        if is_over(self.acknowledged()) {
                            break;
                        }
                    }
                });
            }
        });
    }

    fn send(&self, server: &Server, step: Step) -> Answer {
        let (path, name) = (&self.tickets[step.ticket()].0, step.name());
        let headers = [("x-api-key", self.key.as_str()), ("idempotency-key", &name)];
        let (method, path, body) = if step.is_comment() {
            ("POST", format!("{path}/comments"), json!({"text": name}))
        } else {
            ("PATCH", path.clone(), json!({"name": name}))
        };
        server.send(method, &path, &headers, body.to_string().as_bytes())
    }

    fn book(&self, step: Step, answer: &Answer) {
        let mut ledger = self.ledger.lock().unwrap();
        let is_new = match answer.status {
            200 | 201 => ledger.acknowledged.insert(step),
            503 if answer.json()["code"] == "overloaded" => ledger.refused.insert(step),
            503 if answer.json()["code"] == "outcome_unknown" => ledger.unclear.insert(step),
            _ => panic!("{answer:?}"),
        };
        assert!(is_new);
    }

    /// How many were acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        self.ledger.lock().unwrap().acknowledged.len()
    }

    /// Checks what a fault left, while nothing is sent: tries again what is unclear, with the
    /// same idempotency keys, and holds comments and versions against the books.
    pub(super) fn settle_and_check(&self, database: &Database, server: &Server) {
        let mut ledger = self.ledger.lock().unwrap();
        for step in std::mem::take(&mut ledger.unclear) {
            let answer = self.send(server, step);
            assert!([200, 201].contains(&answer.status), "{answer:?}");
            if answer.header("idempotency-replayed") == Some("true") {
                ledger.settled.0 += 1;
            } else {
                ledger.settled.1 += 1;
            }
            ledger.acknowledged.insert(step);
        }
        for (index, (path, first_version)) in self.tickets.iter().enumerate() {
            let of_ticket = || ledger.acknowledged.iter().filter(|step| step.ticket() == index);
            let read = server.get(path);
            let effects = u64::try_from(of_ticket().count()).unwrap();
            assert_eq!(version(&read) - first_version, effects, "effects on {path}");
            let named = read.ticket()["name"].as_str().map(str::to_owned);
            if let Some(name) = named {
                assert!(of_ticket().any(|step| !step.is_comment() && step.name() == name), "{name}");
            }
            let mut expected: Vec<String> =
                of_ticket().filter(|step| step.is_comment()).map(|step| step.name()).collect();
            let mut there = texts(&server.get(&format!("{path}/comments")).json());
            expected.sort();
            there.sort();
            assert_eq!(there, expected, "comments of {path}");
        }
        let recorded = database.count("SELECT count(*) FROM idempotency_records");
        assert_eq!(recorded, i64::try_from(ledger.acknowledged.len()).unwrap());
    }

    /// Prints what was injected and what was checked, in one line.
    #[expect(clippy::print_stdout, reason = "figures for who runs the tests with --nocapture")]
    pub(super) fn report(&self, fault: &str, faults: usize) {
        let ledger = self.ledger.lock().unwrap();
        let (there, not_there) = ledger.settled;
        println!(
            "{fault}: faults: {faults}, comments and changes acknowledged: {}, refused: {}, unclear: {} \
             ({there} of them there, {not_there} not), lost: 0, doubled: 0",
            ledger.acknowledged.len() - there - not_there,
            ledger.refused.len(),
            there + not_there
        );
    }
}

/// The version of a ticket that was read.
fn version(answer: &Answer) -> u64 {
    answer.header("etag").unwrap().trim_matches('"').parse().unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    let comments = list["comments"].as_array().unwrap().iter();
    comments.map(|comment| comment["text"].as_str().unwrap().to_owned()).collect()
}
