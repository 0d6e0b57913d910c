//! SIGKILL of the server in the middle of the erasure of a customer.

use rustix::process::Signal;
use serde_json::json;

use crate::harness::faults::{rounds, until};
use crate::harness::{Database, Directory};

/// Enough for several steps of an erasure.
const TICKETS: usize = 300;

/// A word in every text of the customer, and in no other text.
const WORD: &str = "kumquat";

/// The texts of each table with customer data.
const TEXTS: &[(&str, &str)] = &[
    ("customers", "full_name"),
    ("tickets", "last_message"),
    ("comments", "text"),
    ("idempotency_records", "receipt"),
    ("events", "snapshot"),
    ("search_documents", "words"),
];

/// On PostgreSQL, an erasure is one transaction.
#[test]
fn an_erasure_that_a_kill_interrupts_ends_after_the_next_start() {
    for _ in 0..rounds(1) {
        interrupt_an_erasure(&Database::Sqlite(Directory::new()));
    }
}

fn interrupt_an_erasure(database: &Database) {
    let server = database.serve_demo();
    let headers = [("x-api-key", server.key.as_str()), ("content-type", "application/json")];
    let customer = json!({ "email": "ada@example.org", "first_name": WORD });
    let created = server.send("POST", "/api/v1/customers", &headers, customer.to_string().as_bytes());
    assert_eq!(created.status, 201, "{created:?}");
    let customer = created.json()["customer"]["id"].clone();
    for number in 0..TICKETS {
        let body = json!({
            "customerId": customer,
            "Channel": "Mail",
            "lastMessage": format!("{WORD}: where is parcel {number}? It has not arrived, and nobody replies."),
        });
        let ticket = server.create_ticket_idempotent(&format!("{WORD} {number}"), &body.to_string());
        let comments = format!("/api/v1/tickets/{}/comments", ticket.ticket()["id"].as_str().unwrap());
        if number % 10 == 0 {
            let comment = json!({ "text": format!("{WORD} {number}") });
            let created = server.send("POST", &comments, &headers, comment.to_string().as_bytes());
            assert_eq!(created.status, 201, "{created:?}");
        }
    }

    let path = format!("/api/v1/customers/{customer}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The kill cuts the response off.
            let _ = server.try_send("DELETE", &path, &[("x-api-key", &server.key)], b"");
        });
        until("the erasure begins", || server.get(&path).status == 404);
        server.signal(Signal::KILL);
    });
    let key = server.key.clone();
    server.wait();
    let left = database.count(&format!("SELECT count(*) FROM tickets WHERE customer_id = {customer}"));
    assert!(left > 0, "the erasure was too fast for this test");

    let findings = String::from_utf8(database.run(&["doctor"]).stdout).unwrap();
    assert!(findings.contains("1 customers are hidden and not yet deleted"), "{findings}");

    let mut server = database.serve(&[]);
    server.key = key;
    // Nothing comes back, and writes do not wait for the rest of the erasure.
    assert_eq!(server.get(&path).status, 404);
    let list = server.get(&format!("/api/v1/tickets?customerId={customer}&include=total")).json();
    assert_eq!((&list["tickets"], &list["total"]), (&json!([]), &json!(0)));
    let ticket = json!({ "customerId": 123, "Channel": "Mail" });
    assert_eq!(server.create_ticket(ticket.to_string()).status, 201);
    until("the erasure ends", || database.count("SELECT count(*) FROM erasures") == 0);
    for (table, text) in TEXTS {
        let rows = format!("SELECT count(*) FROM {table} WHERE instr(CAST({text} AS TEXT), '{WORD}') > 0");
        assert_eq!(database.count(&rows), 0, "{table}");
    }
    for (kind, expected) in
        [("customer.erased", 1), ("ticket.deleted", TICKETS), ("comment.deleted", TICKETS.div_ceil(10))]
    {
        let expected = i64::try_from(expected).unwrap();
        let of_kind = format!("FROM events WHERE kind = '{kind}'");
        assert_eq!(database.count(&format!("SELECT count(*) {of_kind}")), expected, "{kind}");
        assert_eq!(
            database.count(&format!("SELECT count(DISTINCT subject_id) {of_kind}")),
            expected,
            "{kind}"
        );
    }
    let named = format!("SELECT count(*) FROM events WHERE customer_id = {customer}");
    assert_eq!(database.count(&named), 0);
}
