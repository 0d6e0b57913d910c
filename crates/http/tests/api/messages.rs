//! The messages of a ticket: the first, the last, and those that are dated in the future.

use serde_json::{Value, json};

use crate::harness::events::settled_log;
use crate::harness::{Database, Response, Server, api_keys, both_databases};

/// A new ticket, as its path.
fn create(server: &Server, members: &Value) -> String {
    let mut body = json!({"customerId": 123, "Channel": "Mail"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let response = server.create_ticket(body.to_string());
    assert_eq!(response.ticket().get("initialMessage"), None, "only a read has it");
    response.header("location").unwrap().to_owned()
}

fn send(server: &Server, method: &str, path: &str, body: &Value) -> Response {
    let response = server.send(method, path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
    assert!((200..300).contains(&response.status), "{method} {path}: {response:?}");
    response
}

fn comment(server: &Server, ticket: &str, body: &Value) {
    send(server, "POST", &format!("{ticket}/comments"), body);
}

fn last_message(server: &Server, ticket: &str) -> (Value, Value) {
    let ticket = server.get(ticket).ticket();
    (ticket["lastMessage"].clone(), ticket["lastMessageTime"].clone())
}

both_databases! {
    the_first_message_stays,
    a_message_from_the_future_gives_way,
    the_time_of_the_last_message_can_be_corrected,
    attachments_need_no_text,
    a_note_moves_nothing,
}

fn the_first_message_stays(database: Database) {
    let mut server = database.serve_demo();
    server.key = api_keys::manager(&database, &[]);
    let first = json!({"text": "Where is my parcel?\n", "time": "2026-01-05T10:00:00.000Z"});
    let written = json!({"lastMessage": first["text"], "lastMessageTime": "2026-01-05T11:00:00+01:00"});
    let ticket = create(&server, &written);
    let initial = |ticket: &str| server.get(ticket).ticket()["initialMessage"].clone();
    assert_eq!(initial(&ticket), first);
    for (text, time) in [("older", "2026-01-04"), ("later", "2026-01-06"), ("latest", "2026-01-07")] {
        comment(&server, &ticket, &json!({"text": text, "time": time}));
        assert_eq!(initial(&ticket), first, "{text}");
    }
    assert_eq!(last_message(&server, &ticket).0, "latest");
    let renamed =
        send(&server, "PATCH", &ticket, &json!({"name": "Parcel", "lastMessageTime": "2026-01-08"}));
    assert_eq!(renamed.ticket()["initialMessage"], first);
    // It is no comment, it is found, and lists and events show it.
    let comments = server.get(&format!("{ticket}/comments")).json();
    assert_eq!(comments["totalCount"], 3);
    for list in ["/api/v1/tickets", "/api/v1/tickets/search?q=where"] {
        assert_eq!(server.get(list).json()["tickets"][0]["initialMessage"], first, "{list}");
    }
    let log = settled_log(&server);
    let of_ticket = |event: &&Value| event["kind"].as_str().unwrap().starts_with("ticket.");
    let of_ticket: Vec<_> = log.iter().filter(of_ticket).collect();
    assert_eq!(of_ticket.len(), 5);
    assert!(of_ticket.iter().all(|event| event["snapshot"]["initialMessage"] == first), "{of_ticket:#?}");

    let silent = create(&server, &json!({}));
    assert_eq!(initial(&silent), Value::Null);
    comment(&server, &silent, &json!({"text": "answer"}));
    assert_eq!((initial(&silent), last_message(&server, &silent).0), (Value::Null, json!("answer")));

    send(&server, "DELETE", "/api/v1/customers/123", &Value::Null);
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 0);
    let log = settled_log(&server);
    assert!(log.iter().all(|event| !event.to_string().contains("parcel")));
}

fn a_message_from_the_future_gives_way(database: Database) {
    let server = database.serve_demo();
    let first = json!({"text": "from the future", "time": "2096-01-05T00:00:00.000Z"});
    let pinned = json!({"lastMessage": first["text"], "lastMessageTime": first["time"]});
    for is_from_shop in [true, false] {
        let ticket = create(&server, &pinned);
        comment(&server, &ticket, &json!({"text": "now", "isFromShop": is_from_shop}));
        let (text, time) = last_message(&server, &ticket);
        assert_eq!(text, "now");
        assert!(time.as_str().unwrap() < "2090", "{time}");
        assert_eq!(server.get(&ticket).ticket()["initialMessage"], first);
    }
    // So does a comment from the future, to an old one as well.
    let ticket = create(&server, &json!({"lastMessage": "first", "lastMessageTime": "2026-01-05"}));
    comment(&server, &ticket, &json!({"text": "wrong clock", "time": "2999-01-01"}));
    assert_eq!(last_message(&server, &ticket).0, "wrong clock");
    for (text, time, last) in
        [("old", "2020-01-01", "old"), ("older", "2019-01-01", "old"), ("new", "2021-01-01", "new")]
    {
        comment(&server, &ticket, &json!({"text": text, "time": time}));
        assert_eq!(last_message(&server, &ticket).0, last);
    }
}

fn the_time_of_the_last_message_can_be_corrected(database: Database) {
    let server = database.serve_demo();
    let pinned = create(&server, &json!({"lastMessage": "first", "lastMessageTime": "2096-01-05"}));
    let other = create(&server, &json!({"lastMessageTime": "2026-01-05"}));
    let ids = || {
        let list = server.get("/api/v1/tickets").json();
        let ids = list["tickets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ticket| ticket["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let (pinned_id, other_id) = (&pinned["/api/v1/tickets/".len()..], &other["/api/v1/tickets/".len()..]);
    assert_eq!(ids(), [pinned_id, other_id]);
    let corrected = send(&server, "PATCH", &pinned, &json!({"lastMessageTime": "2026-01-04T01:00:00+01:00"}));
    let expected = (json!("first"), json!("2026-01-04T00:00:00.000Z"));
    assert_eq!(last_message(&server, &pinned), expected);
    assert_eq!(corrected.ticket()["initialMessage"]["time"], "2096-01-05T00:00:00.000Z");
    assert_eq!(ids(), [other_id, pinned_id]);
    comment(&server, &pinned, &json!({"text": "older", "time": "2026-01-03"}));
    assert_eq!(last_message(&server, &pinned), expected);
    for (value, code) in
        [(json!(null), "required"), (json!("yesterday"), "timestamp"), (json!(1), "timestamp")]
    {
        let body = json!({"lastMessageTime": value});
        let refused =
            server.send("PATCH", &pinned, &[("x-api-key", &server.key)], body.to_string().as_bytes());
        refused.assert_member_errors(&[("/lastMessageTime", code)], &body);
    }
}

fn attachments_need_no_text(database: Database) {
    let server = database.serve_demo();
    let ticket = create(&server, &json!({"lastMessage": "first", "lastMessageTime": "2026-01-05"}));
    let path = format!("{ticket}/comments");
    let photo = json!([{"url": "https://cdn.example/photo.jpg"}]);
    let bodies = [
        (json!({"text": "", "attachments": photo}), ""),
        (json!({"attachments": photo}), ""),
        (json!({"text": null, "attachments": photo}), ""),
        (json!({"text": " \n", "attachments": photo}), " \n"),
        (json!({"attachments": {"a.pdf": "https://cdn.example/a.pdf"}}), ""),
        (json!({"attachments": "https://cdn.example/a.pdf"}), ""),
        (json!({"text": "Look", "attachments": photo}), "Look"),
    ];
    for (body, text) in &bodies {
        let created = send(&server, "POST", &path, body).json()["comment"].clone();
        assert_eq!(
            (&created["text"], &created["attachments"]),
            (&json!(text), &body["attachments"]),
            "{body}"
        );
        assert_eq!(last_message(&server, &ticket).0, *text);
    }
    for nothing in [json!([]), json!({}), json!(""), json!(null)] {
        for (text, code) in [(json!(""), "blank"), (json!(" "), "blank"), (json!(null), "required")] {
            let body = json!({"text": text, "attachments": nothing});
            let refused =
                server.send("POST", &path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
            refused.assert_member_errors(&[("/text", code)], &body);
        }
    }
    assert_eq!(server.get(&path).json()["totalCount"], bodies.len());
}

fn a_note_moves_nothing(database: Database) {
    let mut server = database.serve_demo();
    server.key = api_keys::manager(&database, &[]);
    let written = json!({"lastMessage": "first", "lastMessageTime": "2026-01-05", "unReadChatCount": 7});
    let ticket = create(&server, &written);
    let path = format!("{ticket}/comments");
    let before = server.get(&ticket).ticket();
    let mut texts = Vec::new();
    for (note, is_from_shop, time) in [
        (json!(true), true, "2026-01-06"),
        (json!("true"), false, "2026-01-07"),
        (json!(true), false, "2096-01-01"),
    ] {
        let body = json!({"text": format!("zebra {time}"), "isNote": note, "isFromShop": is_from_shop, "time": time});
        let created = send(&server, "POST", &path, &body).json()["comment"].clone();
        assert_eq!((&created["isNote"], &created["isFromShop"]), (&json!(true), &json!(is_from_shop)));
        assert_eq!(server.get(&ticket).ticket(), before, "{body}");
        texts.push(created);
    }
    // It is seen wherever comments are, and found with the scope that search needs.
    assert_eq!(server.get(&path).json()["comments"], json!(texts));
    assert_eq!(server.get("/api/v1/tickets/search?q=zebra").json()["tickets"][0], before);
    let writer = api_keys::key(&database, &["--scope", "tickets:write"]);
    let refused = server.send("GET", "/api/v1/tickets/search?q=zebra", &[("x-api-key", &writer)], b"");
    assert_eq!(refused.status, 403);
    let log = settled_log(&server);
    let noted = |event: &&Value| event["kind"] == "comment.created" && event["snapshot"]["isNote"] == true;
    assert_eq!(log.iter().filter(noted).count(), 3);
    // A message is no note.
    let body = json!({"text": "answer", "time": "2026-01-06", "isNote": "false"});
    assert_eq!(send(&server, "POST", &path, &body).json()["comment"]["isNote"], false);
    assert_eq!(last_message(&server, &ticket).0, "answer");
    let body = json!({"text": "x", "isNote": "yes"});
    let refused = server.send("POST", &path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
    refused.assert_member_errors(&[("/isNote", "type")], &body);
}
