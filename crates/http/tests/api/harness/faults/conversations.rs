//! Clients that comment on tickets and change them, and record the outcomes.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::RECOVERY;
use crate::harness::{Database, Response, Server};

/// The number of concurrent clients.
const CLIENTS: usize = 8;
/// The number of tickets: fewer than clients, so that clients use the same tickets.
const TICKETS: usize = 4;

/// One comment or change with a unique name. Everything in it follows from its number.
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
    /// The number of unclear steps that had taken effect, and of those that had not.
    settled: (usize, usize),
}

/// Comments and changes, each with its own idempotency key.
pub(crate) struct Conversations {
    /// The path of each ticket, and its version at the beginning.
    tickets: Vec<(String, u64)>,
    key: String,
    sent: AtomicUsize,
    ledger: Mutex<Ledger>,
}

impl Conversations {
    /// Creates the tickets.
    pub(crate) fn begin(server: &Server) -> Self {
        let tickets = (0..TICKETS).map(|_| {
            let created = server.create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#);
            let path = created.header("location").unwrap().to_owned();
            let version = version(&server.get(&path));
            (path, version)
        });
        let (tickets, key) = (tickets.collect(), server.key.clone());
        Self { tickets, key, sent: AtomicUsize::new(0), ledger: Mutex::default() }
    }

    /// Sends one comment or change after another from each client. Each client checks `is_over`
    /// after every response, with the number of acknowledged steps.
    pub(crate) fn run(&self, server: &Server, is_over: impl Fn(usize) -> bool + Sync) {
        let deadline = Instant::now() + RECOVERY;
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    loop {
                        assert!(Instant::now() < deadline, "the server does not recover: {}", server.log());
                        let step = Step(self.sent.fetch_add(1, Ordering::Relaxed));
                        self.record(step, &self.send(server, step));
                        if is_over(self.acknowledged()) {
                            break;
                        }
                    }
                });
            }
        });
    }

    fn send(&self, server: &Server, step: Step) -> Response {
        let (path, name) = (&self.tickets[step.ticket()].0, step.name());
        let headers = [("x-api-key", self.key.as_str()), ("idempotency-key", &name)];
        let (method, path, body) = if step.is_comment() {
            ("POST", format!("{path}/comments"), json!({"text": name}))
        } else {
            ("PATCH", path.clone(), json!({"name": name}))
        };
        server.send(method, &path, &headers, body.to_string().as_bytes())
    }

    fn record(&self, step: Step, response: &Response) {
        let mut ledger = self.ledger.lock().unwrap();
        let is_new = match response.status {
            200 | 201 => ledger.acknowledged.insert(step),
            503 if response.json()["code"] == "overloaded" => ledger.refused.insert(step),
            503 if response.json()["code"] == "outcome_unknown" => ledger.unclear.insert(step),
            _ => panic!("{response:?}"),
        };
        assert!(is_new);
    }

    /// The number of acknowledged steps so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.ledger.lock().unwrap().acknowledged.len()
    }

    /// Checks comments and versions against the ledger, while no client sends. Retries the unclear
    /// steps with the same idempotency keys.
    pub(crate) fn settle_and_check(&self, database: &Database, server: &Server) {
        let mut ledger = self.ledger.lock().unwrap();
        for step in std::mem::take(&mut ledger.unclear) {
            let response = self.send(server, step);
            assert!([200, 201].contains(&response.status), "{response:?}");
            if response.header("idempotency-replayed") == Some("true") {
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

    /// Prints the figures of the test in one line.
    #[expect(clippy::print_stdout, reason = "figures for runs with --nocapture")]
    pub(crate) fn report(&self, fault: &str, faults: usize) {
        let ledger = self.ledger.lock().unwrap();
        let (there, not_there) = ledger.settled;
        println!(
            "{fault}: faults: {faults}, comments and changes acknowledged: {}, refused: {}, unclear: {} \
             ({there} of them stored, {not_there} not), lost: 0, duplicates: 0",
            ledger.acknowledged.len() - there - not_there,
            ledger.refused.len(),
            there + not_there
        );
    }
}

/// The version in the `ETag` of a ticket.
fn version(response: &Response) -> u64 {
    response.header("etag").unwrap().trim_matches('"').parse().unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    let comments = list["comments"].as_array().unwrap().iter();
    comments.map(|comment| comment["text"].as_str().unwrap().to_owned()).collect()
}
