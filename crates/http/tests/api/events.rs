//! The event log, and retention.

use serde_json::{Value, json};

use crate::harness::api_keys::{key, manager, path, post};
use crate::harness::events::{EVENTS, eventually, settled_log, walk};
use crate::harness::{Database, EXAMPLE, Response, api_keys, both_databases};

/// Kind, subject and actor of an event.
fn outline(event: &Value) -> (&str, &str, Value) {
    (event["kind"].as_str().unwrap(), event["subject"]["id"].as_str().unwrap(), event["actor"].clone())
}

fn by_key(number: i64, user: Value) -> Value {
    json!({"type": "api_key", "id": number, "userId": user})
}

fn operator() -> Value {
    json!({"type": "operator", "id": null, "userId": null})
}

/// A value in the response body, as text.
fn number(response: &Response, pointer: &str) -> String {
    let body = response.json();
    let value = body.pointer(pointer).unwrap_or_else(|| panic!("{response:?}"));
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A ticket or comment without `Customer` and `User`, which snapshots do not contain.
fn without_people(thing: &Value) -> Value {
    let mut thing = thing.clone();
    thing.as_object_mut().unwrap().retain(|name, _| name != "Customer" && name != "User");
    thing
}

/// The snapshot of a ticket, which has its version too.
fn of_version(version: i64, ticket: &Value) -> Value {
    let mut ticket = without_people(ticket);
    ticket["version"] = json!(version);
    ticket
}

both_databases! {
    every_change_is_logged_with_actor_and_snapshot,
    the_cursor_of_the_last_event_continues_the_log,
    the_log_holds_nothing_of_an_erased_customer,
    events_read_is_not_a_default_scope,
    invalid_parameters_are_refused,
    expired_events_and_idempotency_records_are_removed,
    events_are_kept_forever_by_default,
}

fn every_change_is_logged_with_actor_and_snapshot(database: Database) {
    let mut server = database.serve_demo();
    let agent = manager(&database, &["--user", "45"]);
    server.key = manager(&database, &[]);
    let as_agent = |method: &str, path: &str, body: Value| {
        let response = server.send(method, path, &[("x-api-key", &agent)], body.to_string().as_bytes());
        assert!((200..300).contains(&response.status), "{method} {path}: {response:?}");
        response
    };
    let demo = settled_log(&server);
    let outlines: Vec<_> = demo.iter().map(outline).collect();
    assert_eq!(
        outlines,
        [
            ("customer.created", "123", operator()),
            ("user.created", "45", operator()),
            ("api_key.created", "1", operator()),
            ("api_key.created", "2", operator()),
            ("api_key.created", "3", operator()),
        ]
    );
    assert_eq!(demo[0]["snapshot"], server.get("/api/v1/customers/123").json()["customer"]);
    let after = format!("{EVENTS}?cursor={}", demo.last().unwrap()["cursor"].as_str().unwrap());
    let marker = number(&server.get("/api/v1/users?isActive=true"), "/users/1/id");

    let created = server.create_ticket_idempotent("once", EXAMPLE);
    let ticket = number(&created, "/ticket/id");
    let opened = server.get(&format!("/api/v1/tickets/{ticket}")).ticket();
    assert_eq!(server.create_ticket_idempotent("once", EXAMPLE).header("idempotency-replayed"), Some("true"));
    assert_eq!(server.create_ticket(r#"{"customerId": 999999, "Channel": "Mail"}"#).status, 404);
    let comments = format!("/api/v1/tickets/{ticket}/comments");
    let comment = as_agent("POST", &comments, json!({"text": "Hello", "tags": ["a"], "attachments": [1.50]}));
    let commented = server.get(&format!("/api/v1/tickets/{ticket}")).ticket();
    let closed = as_agent("PATCH", &format!("/api/v1/tickets/{ticket}"), json!({"isOpenedTicket": false}));
    as_agent("PATCH", &format!("/api/v1/tickets/{ticket}"), json!({}));
    let customer = as_agent("POST", "/api/v1/customers", json!({"email": "second@example.com"}));
    as_agent("POST", "/api/v1/customers", json!({"email": "second@example.com"}));
    let second = number(&customer, "/customer/id");
    let renamed = as_agent("PATCH", &format!("/api/v1/customers/{second}"), json!({"last_name": "Byron"}));
    let user = as_agent("POST", "/api/v1/users", json!({"email": "alan@example.com"}));
    let alan = number(&user, "/user/id");
    let (made, _) = api_keys::created(&post(
        &server,
        &server.key,
        api_keys::KEYS,
        &json!({"scopes": ["tickets:read"], "userId": user.json()["user"]["id"]}),
    ));
    let alans_key = made["id"].to_string();
    let gone = as_agent("PATCH", &format!("/api/v1/users/{alan}"), json!({"isActive": false}));
    let rotated = post(&server, &server.key, &format!("{}/rotate", path(&agent)), &json!({}));
    let new_key = number(&rotated, "/apiKey/id");
    assert_eq!(
        server
            .send("DELETE", &format!("{}/{new_key}", api_keys::KEYS), &[("x-api-key", &server.key)], b"")
            .status,
        200
    );
    assert_eq!(
        server.send("DELETE", &format!("/api/v1/tickets/{ticket}"), &[("x-api-key", &agent)], b"").status,
        204
    );
    as_agent("DELETE", &format!("/api/v1/customers/{second}"), json!(null));

    settled_log(&server);
    let events = walk(&server, &after);
    // Each event names its request, and the operator has none. A replay adds none.
    assert!(demo.iter().all(|event| event["requestId"].is_null()));
    let made_by = |response: &Response| response.header("x-request-id").unwrap().to_owned();
    assert_eq!(events[1]["requestId"], made_by(&created));
    for (made, count) in [(&comment, 2), (&closed, 1), (&renamed, 1), (&user, 1), (&gone, 2), (&rotated, 2)] {
        let request = made_by(made);
        assert_eq!(events.iter().filter(|event| event["requestId"] == request).count(), count, "{made:?}");
    }
    let (own, agents) = (by_key(3, Value::Null), by_key(2, json!(45)));
    let mut outlines: Vec<_> = events.iter().map(outline).collect();
    outlines.truncate(outlines.len() - 1);
    // Within one change, the store may choose the order.
    let comment_id = number(&comment, "/comment/id");
    let mut expected = vec![
        ("user.created", marker.as_str(), own.clone()),
        ("ticket.created", ticket.as_str(), own.clone()),
        ("comment.created", comment_id.as_str(), agents.clone()),
        ("ticket.updated", &ticket, agents.clone()),
        ("ticket.updated", &ticket, agents.clone()),
        ("customer.created", &second, agents.clone()),
        ("customer.updated", &second, agents.clone()),
        ("user.created", &alan, agents.clone()),
        ("api_key.created", &alans_key, own.clone()),
        ("user.updated", &alan, agents.clone()),
        ("api_key.revoked", &alans_key, agents.clone()),
        ("api_key.rotated", "2", own.clone()),
        ("api_key.created", &new_key, own.clone()),
        ("api_key.revoked", &new_key, own.clone()),
        ("ticket.deleted", &ticket, agents.clone()),
        ("comment.deleted", &comment_id, agents.clone()),
        ("customer.erased", &second, agents.clone()),
    ];
    let sort = |outlines: &mut Vec<(&str, &str, Value)>| {
        outlines.sort_by_key(|(kind, id, actor)| format!("{kind} {id} {actor}"))
    };
    sort(&mut outlines);
    sort(&mut expected);
    assert_eq!(outlines, expected);

    let snapshots = |kind: &str, id: &str| -> Vec<Value> {
        events
            .iter()
            .filter(|event| event["kind"] == kind && event["subject"]["id"] == id)
            .map(|event| event["snapshot"].clone())
            .collect()
    };
    assert_eq!(snapshots("ticket.created", &ticket), [of_version(1, &opened)]);
    assert_eq!(
        snapshots("ticket.updated", &ticket),
        [of_version(2, &commented), of_version(3, &closed.ticket())]
    );
    let mut expected = without_people(&comment.json()["comment"]);
    expected["customerID"] = json!(123);
    expected["userId"] = json!(45);
    assert_eq!(snapshots("comment.created", &comment_id), [expected]);
    assert_eq!(snapshots("user.updated", &alan), [gone.json()["user"].clone()]);
    let mut revoked = snapshots("api_key.revoked", &alans_key).remove(0);
    assert_eq!(revoked["revokedAt"].take(), gone.json()["user"]["deactivatedAt"]);
    let mut before = made.clone();
    before.as_object_mut().unwrap().remove("isLive");
    assert_eq!(revoked, before);
    assert!(!snapshots("api_key.rotated", "2")[0]["expiresAt"].is_null());
    for (kind, id) in
        [("ticket.deleted", &ticket), ("comment.deleted", &comment_id), ("customer.erased", &second)]
    {
        assert_eq!(snapshots(kind, id), [Value::Null], "{kind}");
    }
    // The customer has been erased since.
    assert_eq!(snapshots("customer.updated", &second), [Value::Null]);
    assert!(renamed.body.contains("Byron"));
    for event in &events {
        assert!(!event.to_string().contains("Byron"), "{event}");
    }
}

fn the_cursor_of_the_last_event_continues_the_log(database: Database) {
    let server = api_keys::serve(&database);
    for _ in 0..7 {
        server.create_ticket(EXAMPLE);
    }
    let whole = settled_log(&server);
    let count = whole.len();
    for limit in [1, 3, count, 100] {
        let walked = walk(&server, &format!("{EVENTS}?limit={limit}"));
        assert_eq!(walked[..count], whole, "{limit}");
    }
    let last = whole.last().unwrap()["cursor"].as_str().unwrap();
    server.create_ticket(EXAMPLE);
    settled_log(&server);
    let since = walk(&server, &format!("{EVENTS}?limit=1&cursor={last}"));
    let kinds: Vec<&str> = since.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["user.created", "ticket.created", "user.created"]);
}

fn the_log_holds_nothing_of_an_erased_customer(database: Database) {
    let server = api_keys::serve(&database);
    let ticket = server.create_ticket(
        r#"{"customerId": 123, "Channel": "Mail", "name": "mark-name", "lastMessage": "mark-message"}"#,
    );
    let deleted = server.create_ticket(r#"{"customerId": 123, "Channel": "Mail", "name": "mark-deleted"}"#);
    for (response, text) in [(&ticket, "mark-comment"), (&deleted, "mark-deleted-comment")] {
        let comments = format!("/api/v1/tickets/{}/comments", number(response, "/ticket/id"));
        assert_eq!(post(&server, &server.key, &comments, &json!({"text": text})).status, 201);
    }
    let path = format!("/api/v1/tickets/{}", number(&deleted, "/ticket/id"));
    assert_eq!(server.send("DELETE", &path, &[("x-api-key", &server.key)], b"").status, 204);
    let text = |events: &[Value]| Value::from(events.to_vec()).to_string();
    let before = settled_log(&server);
    let marks = [
        "mark-name",
        "mark-message",
        "mark-deleted",
        "mark-comment",
        "mark-deleted-comment",
        "dev@example.com",
        "Lovelace",
    ];
    for mark in marks {
        assert!(text(&before).contains(mark), "{mark}");
    }
    let erased = server.send("DELETE", "/api/v1/customers/123", &[("x-api-key", &server.key)], b"");
    assert_eq!(erased.status, 200);
    let after = settled_log(&server);
    for mark in marks {
        assert!(!text(&after).contains(mark), "{mark}");
    }
    for (before, after) in before.iter().zip(&after) {
        for member in ["cursor", "kind", "subject", "actor", "time"] {
            assert_eq!(before[member], after[member]);
        }
    }
    assert!(text(&after).contains("agent@example.com"));
}

fn events_read_is_not_a_default_scope(database: Database) {
    let server = database.serve_demo();
    server.get(EVENTS).assert_problem(403, "missing_scope", "The API key lacks the scope events:read");
    let reader = key(&database, &["--scope", "events:read"]);
    assert_eq!(server.send("GET", EVENTS, &[("x-api-key", &reader)], b"").status, 200);
    assert_eq!(server.send("GET", "/api/v1/tickets", &[("x-api-key", &reader)], b"").status, 403);
}

fn invalid_parameters_are_refused(database: Database) {
    let server = api_keys::serve(&database);
    for (query, sentence) in [
        ("limit=0", "limit must be a whole number from 1 to 100"),
        (
            "include=total",
            "The query parameter \"include\" is unknown. The query parameters here are kinds, subject, from, to, wait, limit, cursor",
        ),
        (
            "kind=ticket.created",
            "The query parameter \"kind\" is unknown; the nearest is kinds. The query parameters here are kinds, subject, from, to, wait, limit, cursor",
        ),
        ("wait=31", "wait must be a whole number from 0 to 30"),
        ("cursor=AQ", "cursor must be the next_cursor of a page of this same list"),
    ] {
        server.get(&format!("{EVENTS}?{query}")).assert_problem(400, "invalid_parameter", sentence);
    }
}

fn expired_events_and_idempotency_records_are_removed(database: Database) {
    let server = api_keys::serve(&database);
    let first = server.create_ticket_idempotent("old", EXAMPLE);
    let young = server.create_ticket_idempotent("young", EXAMPLE);
    let log = settled_log(&server);
    let last = log.last().unwrap()["cursor"].as_str().unwrap().to_owned();
    let key = server.key.clone();
    drop(server);
    database.age("idempotency_records", "created_at", 25, "idempotency_key = 'old'");
    database.age("events", "time", 49, "subject_id IN (123, 45)");

    let mut server = database.serve(&["--keep-events", "2"]);
    server.key = key;
    eventually("the removal", || {
        let records =
            database.count("SELECT count(*) FROM idempotency_records WHERE idempotency_key = 'old'");
        let events = database
            .count("SELECT count(*) FROM events WHERE subject_id IN (123, 45) AND kind <> 'api_key.created'");
        (records + events == 0).then_some(())
    });
    let events = walk(&server, EVENTS);
    assert_eq!(events[..log.len() - 2], log[2..]);
    let since = walk(&server, &format!("{EVENTS}?cursor={last}"));
    assert_eq!(since.len(), 1, "only the marker event is new");
    // The cursor of the first event is before the beginning. The response has the oldest one.
    let gone = server.get(&format!("{EVENTS}?limit=3&cursor={}", log[0]["cursor"].as_str().unwrap()));
    assert_eq!((gone.status, &gone.json()["code"]), (410, &json!("events_removed")), "{gone:?}");
    assert_eq!(gone.json()["cursor"], log[1]["cursor"]);
    let oldest = log[1]["cursor"].as_str().unwrap();
    assert_eq!(walk(&server, &format!("{EVENTS}?cursor={oldest}")), walk(&server, EVENTS));
    let again = server.create_ticket_idempotent("young", EXAMPLE);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &young.body));
    let second = server.create_ticket_idempotent("old", EXAMPLE);
    assert_eq!((second.status, second.header("idempotency-replayed")), (201, None));
    assert_ne!(second.body, first.body);
}

fn events_are_kept_forever_by_default(database: Database) {
    let server = api_keys::serve(&database);
    server.create_ticket_idempotent("old", EXAMPLE);
    let log = settled_log(&server);
    let key = server.key.clone();
    drop(server);
    database.age("idempotency_records", "created_at", 25, "idempotency_key = 'old'");
    database.age("events", "time", 24 * 365 * 10, "subject_id > 0");
    let mut server = database.serve(&[]);
    server.key = key;
    // The server removes idempotency records first, then events.
    eventually("the removal", || {
        (database.count("SELECT count(*) FROM idempotency_records") == 0).then_some(())
    });
    let ids =
        |events: &[Value]| -> Vec<Value> { events.iter().map(|event| event["subject"].clone()).collect() };
    assert_eq!(ids(&settled_log(&server))[..log.len()], ids(&log));
}

#[test]
fn invalid_retention_settings_are_reported_with_their_valid_values() {
    let database = Database::sqlite();
    for (arguments, expected) in [
        (["serve", "--keep-idempotency-keys", "23"], "from 24 to 8760"),
        (["serve", "--keep-events", "0"], "from 1 to 36500"),
    ] {
        let output = database.run(&arguments);
        assert!(!output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected) && stderr.contains(arguments[1]), "{stderr}");
    }
}
