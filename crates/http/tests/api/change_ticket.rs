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
        (json!({"assigned_to": null}), json!({"assigned_to": null, "User": null})),
        (json!({"assigned_to": "45"}), json!({"assigned_to": 45, "User": before["User"]})),
        (json!({"Channel": "Website", "id": "1", "unknown": 1, "name": "x"}), json!({"name": "x"})),
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
