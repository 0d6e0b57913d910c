//! `PATCH` and `DELETE /api/v1/tickets/{ticketId}/comments/{commentId}`.

use serde_json::{Value, json};

use crate::harness::events::settled_log;
use crate::harness::{Database, Response, Server, api_keys, both_databases};

/// A text that must not be found anywhere after it was removed.
const CARD: &str = "my card is zzcard4111 \"1111\"\n1111";

fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send(method, path, &all, body.to_string().as_bytes())
}

/// A ticket with a first message, as its path.
fn ticket(server: &Server) -> String {
    let body = json!({
        "customerId": 123, "Channel": "Mail", "lastMessage": "first", "lastMessageTime": "2026-01-01",
        "unReadChatCount": 3
    });
    server.create_ticket(body.to_string()).header("location").unwrap().to_owned()
}

/// Adds a comment, and returns it with its path.
fn comment(server: &Server, ticket: &str, body: &Value) -> (Value, String) {
    let path = format!("{ticket}/comments");
    let created = send(server, "POST", &path, &[], body).json()["comment"].clone();
    let path = format!("{path}/{}", created["id"].as_str().unwrap());
    (created, path)
}

fn shown(server: &Server, ticket: &str) -> (Value, Value) {
    let ticket = server.get(ticket).ticket();
    (ticket["lastMessage"].clone(), ticket["lastMessageTime"].clone())
}

fn found(server: &Server, word: &str) -> usize {
    let found = server.get(&format!("/api/v1/tickets/search?q={word}")).json();
    found["tickets"].as_array().unwrap().len()
}

both_databases! {
    only_the_members_sent_change,
    the_ticket_shows_the_message_before,
    a_removed_text_is_found_nowhere,
    refused_changes_change_nothing,
}

fn only_the_members_sent_change(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server);
    let body = json!({"text": "Hello", "tags": ["a"], "attachments": [{"url": "https://cdn.example/a.jpg"}]});
    let (mut expected, path) = comment(&server, &ticket, &body);
    for (body, changed) in [
        (json!({"text": "Good bye"}), json!({"text": "Good bye"})),
        (json!({"tags": ["b", "a"]}), json!({"tags": ["b", "a"]})),
        (json!({"tags": null}), json!({"tags": []})),
        (json!({"isNote": true}), json!({"isNote": true})),
        (json!({"isNote": null, "Channel": "x", "time": "2020-01-01"}), json!({"isNote": false})),
        (json!({"text": ""}), json!({"text": ""})),
        (json!({"text": "Hello", "isNote": "false", "tags": ["c"]}), json!({"text": "Hello", "tags": ["c"]})),
        (json!({}), json!({})),
    ] {
        for (name, value) in changed.as_object().unwrap() {
            expected[name] = value.clone();
        }
        let response = send(&server, "PATCH", &path, &[], &body);
        assert_eq!((response.status, &response.json()["comment"]), (200, &expected), "{body}");
        assert_eq!(server.get(&format!("{ticket}/comments")).json()["comments"], json!([expected]), "{body}");
    }
    // A change raises the version of the ticket, and If-Match takes it.
    let tag = server.get(&ticket).header("etag").unwrap().to_owned();
    let same = send(&server, "PATCH", &path, &[("if-match", &tag)], &json!({"text": "Hello"}));
    assert_eq!((same.status, server.get(&ticket).header("etag")), (200, Some(&*tag)), "nothing changed");
    let changed = send(&server, "PATCH", &path, &[("if-match", &tag)], &json!({"text": "changed"}));
    assert_eq!(changed.status, 200);
    assert_ne!(server.get(&ticket).header("etag"), Some(&*tag));
    let sentence = "The ticket was changed since it was read; read it again";
    for method in ["PATCH", "DELETE"] {
        let stale = send(&server, method, &path, &[("if-match", &tag)], &json!({"text": "stale"}));
        stale.assert_problem(412, "version_mismatch", sentence);
    }
    let tag = server.get(&ticket).header("etag").unwrap().to_owned();
    let deleted = send(&server, "DELETE", &path, &[("if-match", &tag)], &Value::Null);
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert_eq!(server.get(&format!("{ticket}/comments")).json()["totalCount"], 0);
}

fn the_ticket_shows_the_message_before(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server);
    let at = |day: u32| json!(format!("2026-01-0{day}T00:00:00.000Z"));
    let (_, one) = comment(&server, &ticket, &json!({"text": "one", "time": at(2)}));
    let (_, two) = comment(&server, &ticket, &json!({"text": "two", "time": at(3)}));
    comment(&server, &ticket, &json!({"text": "note", "time": at(4), "isNote": true}));
    assert_eq!(shown(&server, &ticket), (json!("two"), at(3)));
    send(&server, "PATCH", &two, &[], &json!({"text": "corrected"}));
    assert_eq!(shown(&server, &ticket), (json!("corrected"), at(3)));
    send(&server, "PATCH", &one, &[], &json!({"text": "not the last"}));
    assert_eq!(shown(&server, &ticket), (json!("corrected"), at(3)));
    send(&server, "PATCH", &two, &[], &json!({"isNote": true}));
    assert_eq!(shown(&server, &ticket), (json!("not the last"), at(2)));
    send(&server, "PATCH", &two, &[], &json!({"isNote": false}));
    assert_eq!(shown(&server, &ticket), (json!("corrected"), at(3)));
    send(&server, "DELETE", &two, &[], &Value::Null);
    assert_eq!(shown(&server, &ticket), (json!("not the last"), at(2)));
    send(&server, "DELETE", &one, &[], &Value::Null);
    assert_eq!(shown(&server, &ticket), (json!("first"), at(1)));
    let read = server.get(&ticket).ticket();
    assert_eq!((&read["initialMessage"]["text"], &read["unReadChatCount"]), (&json!("first"), &json!(3)));
}

fn a_removed_text_is_found_nowhere(database: Database) {
    let mut server = database.serve_demo();
    server.key = api_keys::manager(&database, &["--user", "45"]);
    for method in ["PATCH", "DELETE"] {
        let ticket = ticket(&server);
        let posted = [("idempotency-key", "post")];
        let body = json!({"text": CARD});
        let created = send(&server, "POST", &format!("{ticket}/comments"), &posted, &body);
        let path = format!("{ticket}/comments/{}", created.json()["comment"]["id"].as_str().unwrap());
        // The ticket shows the text, in responses and events of its own.
        let patched = [("idempotency-key", "patch")];
        let named = send(&server, "PATCH", &ticket, &patched, &json!({"name": "Parcel"}));
        assert_eq!(named.ticket()["lastMessage"], CARD);
        let noted = [("idempotency-key", "tag")];
        assert_eq!(send(&server, "PATCH", &path, &noted, &json!({"tags": ["card"]})).status, 200);
        assert_eq!(found(&server, "zzcard4111"), 1);
        let is_there = |event: &&Value| event["snapshot"].to_string().contains("zzcard4111");
        assert_eq!(settled_log(&server).iter().filter(is_there).count(), 5);

        let removed = send(&server, method, &path, &[], &json!({"text": "removed"}));
        assert!((200..300).contains(&removed.status), "{removed:?}");
        assert_eq!(found(&server, "zzcard4111"), 0);
        let log = settled_log(&server);
        assert_eq!(log.iter().filter(is_there).count(), 0, "{log:#?}");
        // The events say that it happened, and who did it.
        let kind = if method == "PATCH" { "comment.updated" } else { "comment.deleted" };
        let last = log.iter().rfind(|event| event["kind"] == kind).unwrap();
        assert_eq!(last["actor"]["userId"], 45);
        assert_eq!(last["snapshot"].is_null(), method == "DELETE");
        // A retry takes no effect again, and returns no text.
        let sentence = "The request took effect; its response was removed with the text of a comment";
        let retries = [
            ("POST", format!("{ticket}/comments"), posted, body.clone()),
            ("PATCH", ticket.clone(), patched, json!({"name": "Parcel"})),
            ("PATCH", path.clone(), noted, json!({"tags": ["card"]})),
        ];
        for (method, path, key, body) in &retries {
            send(&server, method, path, key, body).assert_problem(410, "response_removed", sentence);
        }
        let texts: &[&str] = if method == "PATCH" { &["removed"] } else { &[] };
        let list = server.get(&format!("{ticket}/comments")).json();
        let listed: Vec<_> =
            list["comments"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect();
        assert_eq!(listed, texts);
        for read in [&*ticket, "/api/v1/tickets", "/api/v1/events"] {
            assert!(!server.get(read).body.contains("zzcard4111"), "{read}");
        }
        for table in ["comments", "tickets", "events"] {
            let column = match table {
                "comments" => "text",
                "tickets" => "coalesce(last_message, '') || coalesce(initial_message, '')",
                _ => "coalesce(snapshot, '')",
            };
            let left = format!("SELECT count(*) FROM {table} WHERE {column} LIKE '%zzcard4111%'");
            assert_eq!(database.count(&left), 0, "{table}");
        }
    }
}

fn refused_changes_change_nothing(database: Database) {
    let server = database.serve_demo();
    let (ticket, other) = (ticket(&server), ticket(&server));
    let (before, path) = comment(&server, &ticket, &json!({"text": "Hello"}));
    for (body, expected) in [
        (json!({"text": ""}), vec![("/text", "blank")]),
        (json!({"text": null, "tags": []}), vec![("/text", "blank")]),
        (json!({"text": " \n"}), vec![("/text", "blank")]),
        (json!({"text": "x".repeat(262_145)}), vec![("/text", "too_long")]),
        (json!({"text": 1, "tags": "a"}), vec![("/tags", "type"), ("/text", "type")]),
        (json!({"isNote": "yes"}), vec![("/isNote", "type")]),
    ] {
        send(&server, "PATCH", &path, &[], &body).assert_member_errors(&expected, &body);
    }
    let id = before["id"].as_str().unwrap();
    for method in ["PATCH", "DELETE"] {
        let body = json!({"text": "x"});
        let elsewhere = send(&server, method, &format!("{other}/comments/{id}"), &[], &body);
        elsewhere.assert_problem(404, "comment_not_found", "Comment not found");
        let nowhere = send(&server, method, &format!("/api/v1/tickets/1/comments/{id}"), &[], &body);
        nowhere.assert_problem(404, "ticket_not_found", "Ticket not found");
        for bad in [format!("{ticket}/comments/abc"), format!("/api/v1/tickets/x/comments/{id}")] {
            assert_eq!(send(&server, method, &bad, &[], &body).status, 400, "{bad}");
        }
    }
    // A key belongs to one comment.
    let (_, second) = comment(&server, &ticket, &json!({"text": "Second"}));
    let key = [("idempotency-key", "once")];
    for path in [&path, &second] {
        let first = send(&server, "PATCH", path, &key, &json!({"tags": ["once"]}));
        let again = send(&server, "PATCH", path, &key, &json!({"tags": ["once"]}));
        assert_eq!(first.header("idempotency-replayed"), None);
        assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    }
    let list = server.get(&format!("{ticket}/comments")).json();
    assert_eq!(list["comments"][0]["text"], "Hello");
}
