//! `PATCH` and `DELETE /api/v1/tickets/{ticketId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Database, EXAMPLE, Response, Server, both_databases};

fn path(server: &Server) -> String {
    server.create_ticket(EXAMPLE).header("location").unwrap().to_owned()
}

fn patch(server: &Server, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send("PATCH", path, &all, body.to_string().as_bytes())
}

fn delete(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send("DELETE", path, &all, b"")
}

both_databases! {
    only_the_members_sent_change,
    a_ticket_moves_to_another_customer,
    strict_handling_names_unknown_members,
    opening_and_closing_moves_the_human_ticket,
    if_match_refuses_a_stale_version,
    a_change_to_the_current_values_changes_nothing,
    one_of_concurrent_changes_to_one_version_succeeds,
    invalid_changes_are_refused_with_all_errors,
    an_idempotency_key_makes_one_change,
    deleting_a_ticket_deletes_its_comments,
    another_shops_ticket_is_not_changed,
}

fn only_the_members_sent_change(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let before = server.get(&path).ticket();
    for (body, changed) in [
        (json!({"name": "Other"}), json!({"name": "Other"})),
        (json!({"name": null}), json!({"name": null})),
        (json!({"tags": ["b", "a"]}), json!({"tags": ["b", "a"]})),
        (json!({"tags": null}), json!({"tags": []})),
        (json!({"contact_reason": "other"}), json!({"contact_reason": "other"})),
        (json!({"language_code": "pt_BR"}), json!({"language_code": "pt_BR"})),
        (json!({"unReadChatCount": 0}), json!({"unReadChatCount": 0})),
        (json!({"lastMessageTime": "2026-04-27"}), json!({"lastMessageTime": "2026-04-27T00:00:00.000Z"})),
        (json!({"assigned_to": null}), json!({"assigned_to": null, "User": null})),
        (json!({"assigned_to": "45"}), json!({"assigned_to": 45, "User": before["User"]})),
        (json!({"id": "1", "unknown": 1, "name": "x"}), json!({"name": "x"})),
        (json!({"Channel": "Website"}), json!({"Channel": "Website"})),
        (json!({"threadId": "<a@b>"}), json!({"threadId": "<a@b>"})),
        (json!({"threadId": null, "via": null}), json!({"threadId": null, "via": null})),
        (json!({"emailUsed": "help@example.com"}), json!({"emailUsed": "help@example.com"})),
        (json!({"via": "import"}), json!({"via": "import"})),
        (json!({"date": "2026-01-02T00:00:00+01:00"}), json!({"date": "2026-01-01T23:00:00.000Z"})),
    ] {
        let mut expected = server.get(&path).ticket();
        for (name, value) in changed.as_object().unwrap() {
            expected[name] = value.clone();
        }
        let response = patch(&server, &path, &[], &body);
        assert_eq!((response.status, response.ticket()), (200, expected.clone()), "{body}");
        assert_eq!(server.get(&path).ticket(), expected, "{body}");
    }
}

fn a_ticket_moves_to_another_customer(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let headers = [("x-api-key", server.key.as_str())];
    server.send("POST", &format!("{path}/comments"), &headers, br#"{"text": "hello", "isFromShop": false}"#);
    let created = server.send("POST", "/api/v1/customers", &headers, br#"{"email": "grace@example.com"}"#);
    let grace = created.json()["customer"]["id"].clone();
    let moved =
        patch(&server, &path, &[("idempotency-key", "move")], &json!({"customerId": grace.to_string()}));
    assert_eq!((moved.status, moved.header("etag")), (200, Some("\"3\"")));
    let (ticket, again) = (moved.ticket(), patch(&server, &path, &[], &json!({"customerId": grace})));
    assert_eq!((&ticket["customerID"], &ticket["Customer"]["email"]), (&grace, &json!("grace@example.com")));
    assert_eq!((again.header("etag"), again.ticket()), (Some("\"3\""), ticket));
    let comments = server.get(&format!("{path}/comments")).json();
    assert_eq!(comments["comments"][0]["Customer"]["id"], grace);
    let of = |customer: &Value| {
        server.get(&format!("/api/v1/tickets?customerId={customer}")).json()["tickets"].clone()
    };
    assert_eq!((of(&json!(123)), of(&grace)[0]["id"].is_string()), (json!([]), true));
    for nobody in [json!(999_999), json!("999999")] {
        let response = patch(&server, &path, &[], &json!({"customerId": nobody, "name": "x"}));
        response.assert_problem(404, "customer_not_found", "Customer not found");
    }
    for (body, pointer, code) in [
        (json!({"customerId": null}), "/customerId", "required"),
        (json!({"Channel": null}), "/Channel", "required"),
        (json!({"Channel": " "}), "/Channel", "blank"),
        (json!({"date": null}), "/date", "required"),
        (json!({"emailUsed": "x"}), "/emailUsed", "email"),
    ] {
        patch(&server, &path, &[], &body).assert_member_errors(&[(pointer, code)], &body);
    }
    // The ticket outlives its former customer, and is erased with the new one, history and all.
    assert_eq!(delete(&server, "/api/v1/customers/123", &[]).status, 200);
    assert_eq!(server.get(&path).ticket()["customerID"], grace);
    let kept = "SELECT count(*) FROM events WHERE snapshot IS NOT NULL AND kind LIKE 'ticket%'";
    assert_eq!(database.count(kept), 3);
    let erased = delete(&server, &format!("/api/v1/customers/{grace}"), &[]).json()["erased"].clone();
    assert_eq!((&erased["tickets"], &erased["comments"]), (&json!(1), &json!(1)));
    assert_eq!(server.get(&path).status, 404);
    assert_eq!(database.count("SELECT count(*) FROM events WHERE snapshot LIKE '%hello%'"), 0);
    assert_eq!(database.count(kept), 0);
}

fn strict_handling_names_unknown_members(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let strict = [("prefer", "return=minimal, handling=strict")];
    let bodies = [
        ("PATCH", path.clone(), json!({"name": "n"})),
        ("POST", "/api/v1/tickets".to_owned(), json!({"customerId": 123, "Channel": "Mail"})),
        ("POST", format!("{path}/comments"), json!({"text": "t"})),
        ("POST", "/api/v1/customers".to_owned(), json!({"email": "a@example.com"})),
        ("PATCH", "/api/v1/customers/123".to_owned(), json!({"first_name": "A"})),
        ("POST", "/api/v1/users".to_owned(), json!({"email": "a@example.com"})),
        ("PATCH", "/api/v1/users/45".to_owned(), json!({"first_name": "A"})),
    ];
    for (method, path, good) in bodies {
        let send = |headers: &[(&str, &str)], body: &Value| {
            let all = [&[("x-api-key", server.key.as_str())], headers].concat();
            server.send(method, &path, &all, body.to_string().as_bytes())
        };
        let mut bad = good.clone();
        bad["prio~rity/1"] = json!(1);
        bad["Custom"] = json!({"a": [1]});
        let refused = send(&strict, &bad);
        refused.assert_member_errors(&[("/Custom", "unknown"), ("/prio~0rity~11", "unknown")], &bad);
        assert_eq!(refused.header("preference-applied"), Some("handling=strict"));
        let accepted = send(&strict, &good);
        assert!(matches!(accepted.status, 200 | 201), "{method} {path}: {accepted:?}");
        assert_eq!(accepted.header("preference-applied"), Some("handling=strict"));
        let lenient = send(&[("prefer", "handling=lenient")], &bad);
        assert!(matches!(lenient.status, 200 | 201 | 409), "{method} {path}: {lenient:?}");
        assert_eq!(lenient.header("preference-applied"), None);
    }
    let body = json!({"nmae": "x", "tags": "x"});
    let refused = patch(&server, &path, &strict, &body);
    refused.assert_member_errors(&[("/tags", "type"), ("/nmae", "unknown")], &body);
    assert_eq!(refused.json()["errors"][1]["message"], "\"nmae\" is unknown; the nearest is name");
}

fn opening_and_closing_moves_the_human_ticket(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let human_ticket = |body: Value| {
        let ticket = patch(&server, &path, &[], &body).ticket();
        (ticket["isOpenedTicket"].clone(), ticket["HumanTicket"].clone())
    };
    let opened = server.get(&path).ticket()["HumanTicket"].clone();
    assert_eq!(human_ticket(json!({"isOpenedTicket": true})), (json!(true), opened.clone()));
    let (is_open, closed) = human_ticket(json!({"isOpenedTicket": false}));
    assert_eq!(
        (is_open, &closed["HumanTicketStatus"], &closed["openedAt"]),
        (json!(false), &json!("CLOSED"), &opened["openedAt"])
    );
    assert!(closed["closedAt"].is_string());
    assert_eq!(human_ticket(json!({"isOpenedTicket": "false"})), (json!(false), closed.clone()));
    let (is_open, again) = human_ticket(json!({"isOpenedTicket": "true"}));
    assert_eq!(
        (is_open, &again["HumanTicketStatus"], &again["closedAt"]),
        (json!(true), &json!("OPEN"), &Value::Null)
    );
    assert_eq!(again["id"], opened["id"]);
}

fn if_match_refuses_a_stale_version(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let read = server.get(&path);
    let first = read.header("etag").unwrap();
    assert!(first.starts_with('"') && first.ends_with('"'), "{first}");
    let changed = patch(&server, &path, &[("if-match", first)], &json!({"name": "a"}));
    assert_eq!(changed.status, 200);
    let second = changed.header("etag").unwrap();
    assert_ne!(first, second);
    assert_eq!(server.get(&path).header("etag"), Some(second));
    let sentence = "The ticket was changed since it was read; read it again";
    for stale in [first, "W/\"1\"", "\"1\", \"3\"", "\"x\""] {
        let response = patch(&server, &path, &[("if-match", stale)], &json!({"name": "b"}));
        response.assert_problem(412, "version_mismatch", sentence);
        delete(&server, &path, &[("if-match", stale)]).assert_problem(412, "version_mismatch", sentence);
    }
    let sentence = "If-Match must be the ETag of an answer, or *";
    patch(&server, &path, &[("if-match", "2")], &json!({})).assert_problem(
        400,
        "invalid_parameter",
        sentence,
    );
    assert_eq!(server.get(&path).ticket()["name"], "a");
    for matching in ["*", "W/\"3\"", "\"1\", W/\"4\""] {
        assert_eq!(patch(&server, &path, &[("if-match", matching)], &json!({"name": matching})).status, 200);
    }
    assert_eq!(patch(&server, &path, &[], &json!({"name": "d"})).status, 200, "the last write wins");
    let comments = format!("{path}/comments");
    let before = server.get(&path).header("etag").unwrap().to_owned();
    assert_eq!(patch(&server, &path, &[], &json!({})).header("etag"), Some(&*before), "nothing changed");
    server.send("POST", &comments, &[("x-api-key", &server.key)], br#"{"text": "x"}"#);
    assert_ne!(server.get(&path).header("etag"), Some(&*before), "a comment changes the ticket");
}

fn a_change_to_the_current_values_changes_nothing(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let ticket = server.get(&path).ticket();
    let all = json!({
        "name": ticket["name"], "contact_reason": ticket["contact_reason"], "tags": ticket["tags"],
        "assigned_to": "45", "isOpenedTicket": "true", "unReadChatCount": ticket["unReadChatCount"],
        "language_code": ticket["language_code"],
    });
    let events = || database.count("SELECT count(*) FROM events");
    let key = [("idempotency-key", "same")];
    let same = patch(&server, &path, &key, &all);
    assert_eq!((same.status, same.header("etag"), same.ticket()), (200, Some("\"1\""), ticket));
    assert_eq!(patch(&server, &path, &key, &all).header("idempotency-replayed"), Some("true"));
    // The assignee may stay after the deactivation, but nobody is assigned to a deactivated user.
    let user = "/api/v1/users/45";
    patch(&server, user, &[], &json!({"isActive": false}));
    let before = events();
    assert_eq!(patch(&server, &path, &[], &all).header("etag"), Some("\"1\""));
    assert_eq!(patch(&server, &path, &[("if-match", "\"2\"")], &all).status, 412);
    patch(&server, user, &[], &json!({"isActive": "false", "email": "agent@example.com"}));
    let customer = "/api/v1/customers/123";
    let first_name = server.get(customer).json()["customer"]["first_name"].clone();
    assert_eq!(patch(&server, customer, &[], &json!({"first_name": first_name})).status, 200);
    assert_eq!(events(), before);
    let renamed = patch(&server, &path, &[], &json!({"assigned_to": 45, "name": "renamed"}));
    assert_eq!((renamed.status, renamed.header("etag")), (200, Some("\"2\"")));
    assert_eq!(events(), before + 1);
    patch(&server, &path, &[], &json!({"assigned_to": null}));
    let back = patch(&server, &path, &[], &json!({"assigned_to": 45, "name": "back"}));
    back.assert_problem(404, "user_deactivated", "The user is deactivated");
    assert_eq!(server.get(&path).ticket()["name"], "renamed");
}

fn one_of_concurrent_changes_to_one_version_succeeds(database: Database) {
    const RACERS: usize = 20;
    let server = database.serve_demo();
    let path = path(&server);
    let tag = server.get(&path).header("etag").unwrap().to_owned();
    let start = Barrier::new(RACERS);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, start, path, tag) = (&server, &start, &path, &tag);
                scope.spawn(move || {
                    start.wait();
                    patch(server, path, &[("if-match", tag)], &json!({"name": racer.to_string()})).status
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
}

fn invalid_changes_are_refused_with_all_errors(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let before = (server.get(&path).ticket(), server.get(&path).header("etag").map(str::to_owned));
    for (body, expected) in [
        (
            json!({"name": 1, "contact_reason": "\u{0}", "assigned_to": "x", "isOpenedTicket": "yes", "unReadChatCount": -1,
                "tags": ["a", 1], "language_code": "!"}),
            vec![
                ("/name", "type"),
                ("/contact_reason", "nul"),
                ("/assigned_to", "id"),
                ("/isOpenedTicket", "type"),
                ("/unReadChatCount", "range"),
                ("/tags/1", "type"),
                ("/language_code", "language_tag"),
            ],
        ),
        (json!({"unReadChatCount": 2_147_483_648_i64, "name": "fine"}), vec![("/unReadChatCount", "range")]),
        (json!({"isOpenedTicket": 1}), vec![("/isOpenedTicket", "type")]),
        (json!([]), vec![("", "json")]),
    ] {
        let response = patch(&server, &path, &[], &body);
        response.assert_member_errors(&expected, &body);
    }
    let response = patch(&server, &path, &[], &json!({"assigned_to": 999_999, "name": "x"}));
    response.assert_problem(404, "user_not_found", "User not found");
    assert_eq!((server.get(&path).ticket(), server.get(&path).header("etag").map(str::to_owned)), before);
    patch(&server, "/api/v1/tickets/1", &[], &json!({})).assert_problem(
        404,
        "ticket_not_found",
        "Ticket not found",
    );
    assert_eq!(patch(&server, "/api/v1/tickets/abc", &[], &json!({})).status, 400);
}

fn an_idempotency_key_makes_one_change(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    let key = [("idempotency-key", "close-1")];
    let first = patch(&server, &path, &key, &json!({"name": "once"}));
    patch(&server, &path, &[], &json!({"name": "later"}));
    let again = patch(&server, &path, &key, &json!({"name": "once"}));
    assert_eq!(
        (again.status, &again.body, again.header("idempotency-replayed")),
        (200, &first.body, Some("true"))
    );
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(server.get(&path).ticket()["name"], "later");
    assert_eq!(patch(&server, &path, &key, &json!({"name": "other"})).status, 422);
}

fn deleting_a_ticket_deletes_its_comments(database: Database) {
    let server = database.serve_demo();
    let (path, other) = (path(&server), path(&server));
    for of in [&path, &other] {
        server.send("POST", &format!("{of}/comments"), &[("x-api-key", &server.key)], br#"{"text": "x"}"#);
    }
    let response = delete(&server, &path, &[]);
    assert_eq!((response.status, response.body.as_str()), (204, ""));
    server.get(&path).assert_problem(404, "ticket_not_found", "Ticket not found");
    assert_eq!(server.get(&format!("{path}/comments")).status, 404);
    assert_eq!(delete(&server, &path, &[]).status, 404);
    assert_eq!(database.count("SELECT count(*) FROM comments"), 1);
    assert_eq!(database.count("SELECT count(human_ticket_id) FROM tickets"), 1);
    assert_eq!(server.get(&other).status, 200);
    let tag = server.get(&other).header("etag").unwrap().to_owned();
    assert_eq!(delete(&server, &other, &[("if-match", &tag)]).status, 204);
    assert_eq!(server.get("/api/v1/tickets").json()["tickets"], json!([]));
}

fn another_shops_ticket_is_not_changed(database: Database) {
    let server = database.serve_demo();
    let path = path(&server);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    for method in ["PATCH", "DELETE"] {
        let response = server.send(method, &path, &[("x-api-key", &other)], br#"{"name": "theirs"}"#);
        response.assert_problem(404, "ticket_not_found", "Ticket not found");
    }
    assert_eq!(server.get(&path).ticket()["name"], "Refund request");
}
