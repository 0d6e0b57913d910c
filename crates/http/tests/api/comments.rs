//! `POST` and `GET /api/v1/tickets/{ticketId}/comments`.

use serde_json::{Value, json};

use crate::harness::{Database, Response, Server, both_databases};

/// A ticket of the demo's customer with this time of the last message.
fn ticket(server: &Server, last_message_time: &str) -> String {
    let body = json!({
        "customerId": 123, "Channel": "Mail", "lastMessage": "first", "lastMessageTime": last_message_time,
        "unReadChatCount": 7
    });
    server.create_ticket(body.to_string()).ticket()["id"].as_str().unwrap().to_owned()
}

fn comment(server: &Server, ticket: &str, body: &Value) -> Response {
    let path = format!("/api/v1/tickets/{ticket}/comments");
    server.send("POST", &path, &[("x-api-key", &server.key)], body.to_string().as_bytes())
}

#[track_caller]
fn created(response: &Response) -> Value {
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(response.json()["success"], true);
    response.json()["comment"].clone()
}

fn list(server: &Server, ticket: &str, query: &str) -> Value {
    let response = server.get(&format!("/api/v1/tickets/{ticket}/comments{query}"));
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

fn texts(list: &Value) -> Vec<&str> {
    list["comments"].as_array().unwrap().iter().map(|comment| comment["text"].as_str().unwrap()).collect()
}

both_databases! {
    a_comment_is_stored_with_all_members,
    optional_members_of_a_comment_get_defaults,
    a_comment_updates_its_ticket,
    a_key_of_a_user_comments_in_the_users_name,
    comments_can_be_paged,
    invalid_comments_are_refused_with_all_errors,
    comments_of_a_missing_ticket_are_not_found,
    an_idempotency_key_creates_one_comment,
    a_customers_comment_opens_a_closed_ticket_if_the_shop_wants_it,
    if_match_refuses_a_comment_after_somebody_has_answered,
}

fn a_comment_is_stored_with_all_members(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server, "2026-01-01");
    let attachments =
        json!([{"url": "https://example.com/a.png", "size": 12, "nested": {"b": [1.5, null, "\u{0}é"]}}]);
    let response = created(&comment(
        &server,
        &ticket,
        &json!({
            "text": " Hello\n", "time": "2026-01-02T03:04:05.678Z", "subject": "Re: refund", "fromEmail": "dev@example.com",
            "toEmails": ["support@example.com", "b@example.com"], "attachments": attachments, "tags": ["b", "a"],
            "Channel": "Website", "isFromShop": false
        }),
    ));
    let id = response["id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_digit()));
    let customer = json!({
        "id": 123, "email": "dev@example.com", "first_name": "Ada", "last_name": "Lovelace",
        "full_name": "Ada Lovelace", "phone_number": "+33123456789", "shopify_id": "987654321"
    });
    assert_eq!(
        response,
        json!({
            "id": id, "ticketId": ticket, "text": " Hello\n", "time": "2026-01-02T03:04:05.678Z", "Channel": "Website",
            "isFromShop": false, "isNote": false, "subject": "Re: refund", "fromEmail": "dev@example.com",
            "toEmails": ["support@example.com", "b@example.com"], "attachments": attachments, "tags": ["b", "a"],
            "Customer": customer, "User": null
        })
    );
    let listed = list(&server, &ticket, "");
    assert_eq!((&listed["comments"], &listed["totalCount"]), (&json!([response]), &json!(1)));
    assert_eq!(listed["next_cursor"], Value::Null);
}

fn optional_members_of_a_comment_get_defaults(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server, "2026-01-01");
    for body in [json!({"text": "x"}), json!({"text": "x", "toEmails": "a@example.com", "isFromShop": "yes"})]
    {
        let response = created(&comment(&server, &ticket, &body));
        assert_eq!(response["Channel"], "Mail");
        assert_eq!(response["isFromShop"], true);
        assert_eq!(
            (&response["toEmails"], &response["tags"], &response["attachments"]),
            (&json!([]), &json!([]), &Value::Null)
        );
    }
    for (given, from_shop) in [
        (json!(false), false),
        (json!("false"), false),
        (json!("FALSE"), true),
        (json!(0), true),
        (json!(true), true),
    ] {
        let response = created(&comment(&server, &ticket, &json!({"text": "x", "isFromShop": given})));
        assert_eq!(response["isFromShop"], from_shop, "{given}");
    }
}

fn a_comment_updates_its_ticket(database: Database) {
    let server = database.serve_demo();
    let state = |ticket: &str| {
        let ticket = server.get(&format!("/api/v1/tickets/{ticket}")).ticket();
        (ticket["lastMessage"].clone(), ticket["lastMessageTime"].clone(), ticket["unReadChatCount"].clone())
    };
    let id = ticket(&server, "2026-01-05");
    comment(&server, &id, &json!({"text": "from the shop", "time": "2026-01-06"}));
    assert_eq!(state(&id), (json!("from the shop"), json!("2026-01-06T00:00:00.000Z"), json!(7)));
    comment(&server, &id, &json!({"text": "from the customer", "time": "2026-01-06", "isFromShop": false}));
    assert_eq!(state(&id), (json!("from the customer"), json!("2026-01-06T00:00:00.000Z"), json!(1)));
    comment(&server, &id, &json!({"text": "older", "time": "2026-01-04"}));
    assert_eq!(state(&id), (json!("from the customer"), json!("2026-01-06T00:00:00.000Z"), json!(1)));
    assert_eq!(texts(&list(&server, &id, "")), ["older", "from the shop", "from the customer"]);
    let refused = comment(&server, &id, &json!({"text": "  ", "time": "2026-02-01"}));
    refused.assert_member_errors(&[("/text", "blank")], &"a blank text");
    assert_eq!(state(&id), (json!("from the customer"), json!("2026-01-06T00:00:00.000Z"), json!(1)));
}

fn a_customers_comment_opens_a_closed_ticket_if_the_shop_wants_it(database: Database) {
    let server = database.serve_demo();
    let path = |id: &str| format!("/api/v1/tickets/{id}");
    let patch = |id: &str, is_open: bool| {
        let body = json!({ "isOpenedTicket": is_open }).to_string();
        server.send("PATCH", &path(id), &[("x-api-key", &server.key)], body.as_bytes()).ticket()
    };
    let state = |id: &str| {
        let ticket = server.get(&path(id)).ticket();
        (ticket["isOpenedTicket"].clone(), ticket["HumanTicket"]["id"].clone())
    };
    let reply = |id: &str, more: Value| {
        let mut body = json!({"text": "Still broken", "isFromShop": false});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        created(&comment(&server, id, &body));
        state(id)
    };
    let (closed, never_opened) = (ticket(&server, "2026-01-05"), ticket(&server, "2026-01-05"));
    let number = patch(&closed, true)["HumanTicket"]["id"].clone();
    patch(&closed, false);
    assert_eq!(reply(&closed, json!({})), (json!(false), number.clone()));

    let line = database.hexdesk(&["shop", "set", "example.myshopify.com", "--reopen-on-reply", "on"]);
    assert_eq!(line, "example.myshopify.com\t1\topen\treopen-on-reply");
    assert_eq!(database.hexdesk(&["shop", "list"]), line);
    for other in [json!({"isFromShop": true}), json!({"isNote": true})] {
        assert_eq!(reply(&closed, other), (json!(false), number.clone()));
    }
    // An old message opens it, too.
    assert_eq!(reply(&closed, json!({"time": "2020-01-01"})), (json!(true), number.clone()));
    let human_ticket = server.get(&path(&closed)).ticket()["HumanTicket"].clone();
    assert_eq!(human_ticket["closedAt"], Value::Null, "{human_ticket}");
    let version = server.get(&path(&never_opened)).header("etag").unwrap().to_owned();
    let (is_open, new_number) = reply(&never_opened, json!({}));
    assert_eq!((is_open, version.as_str()), (json!(true), "\"1\""));
    assert!(new_number.is_u64() && new_number != number, "{new_number}");
    assert_eq!(server.get(&path(&never_opened)).header("etag"), Some("\"2\""));

    let line = database.hexdesk(&["shop", "set", "example.myshopify.com", "--reopen-on-reply", "off"]);
    assert_eq!(line, "example.myshopify.com\t1\topen");
    patch(&closed, false);
    assert_eq!(reply(&closed, json!({})).0, json!(false));
    for (arguments, error) in [
        (&["nobody.example.com", "--reopen-on-reply", "on"][..], "there is no shop nobody.example.com"),
        (&["example.myshopify.com", "--reopen-on-reply", "yes"], "expected `on` or `off`"),
        (&["example.myshopify.com"], "--reopen-on-reply"),
    ] {
        let output = database.run(&[&["shop", "set"], arguments].concat());
        assert!(!output.status.success());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(error), "{stderr}");
    }
}

fn if_match_refuses_a_comment_after_somebody_has_answered(database: Database) {
    let server = database.serve_demo();
    let id = ticket(&server, "2026-01-05");
    let path = format!("/api/v1/tickets/{id}/comments");
    let send = |headers: &[(&str, &str)], text: &str| {
        let mut all = vec![("x-api-key", server.key.as_str())];
        all.extend(headers);
        server.send("POST", &path, &all, json!({ "text": text }).to_string().as_bytes())
    };
    let read = server.get(&format!("/api/v1/tickets/{id}")).header("etag").unwrap().to_owned();
    created(&send(&[("if-match", &read)], "The first answer"));
    let sentence = "The ticket was changed since it was read; read it again";
    for stale in [read.as_str(), "W/\"1\"", "\"3\"", "\"0\"", "\"x\"", "\"1\", W/\"3\""] {
        send(&[("if-match", stale)], "Too late").assert_problem(412, "version_mismatch", sentence);
    }
    for invalid in ["2", "\"2", "", "*, \"2\""] {
        let sentence = "If-Match must be the ETag of an answer, or *";
        send(&[("if-match", invalid)], "x").assert_problem(400, "invalid_parameter", sentence);
    }
    assert_eq!(texts(&list(&server, &id, "")), ["The first answer"]);
    created(&send(&[("if-match", "W/\"2\"")], "a weak tag"));
    created(&send(&[("if-match", "\"1\", \"3\"")], "one of several"));
    created(&send(&[("if-match", "*")], "any"));
    created(&send(&[], "without"));

    // A refused comment leaves its key free. A repeated one is not compared again.
    let keyed = |tag| [("idempotency-key", "answer"), ("if-match", tag)];
    send(&keyed("\"5\""), "with a key").assert_problem(412, "version_mismatch", sentence);
    created(&send(&keyed("\"6\""), "with a key"));
    let again = send(&keyed("\"6\""), "with a key");
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));

    // Of answers that are written at the same time, one wins.
    let statuses = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|racer| {
                scope.spawn(move || send(&[("if-match", "\"7\"")], &format!("racer {racer}")).status)
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 412].contains(status)), "{statuses:?}");
    // A missing ticket comes before its version.
    let missing = server.send(
        "POST",
        "/api/v1/tickets/1/comments",
        &[("x-api-key", &server.key), ("if-match", "\"7\"")],
        br#"{"text": "x"}"#,
    );
    missing.assert_problem(404, "ticket_not_found", "Ticket not found");
}

fn a_key_of_a_user_comments_in_the_users_name(database: Database) {
    let mut server = database.serve_demo();
    server.key = database.hexdesk(&["key", "create", "--shop", "example.myshopify.com", "--user", "45"]);
    let ticket = ticket(&server, "2026-01-05");
    let response = created(&comment(&server, &ticket, &json!({"text": "x"})));
    assert_eq!(
        (&response["User"]["id"], &response["User"]["full_name"]),
        (&json!(45), &json!("Grace Hopper"))
    );
    let output = database.run(&["key", "create", "--shop", "example.myshopify.com", "--user", "46"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("example.myshopify.com has no active user 46"));
}

fn comments_can_be_paged(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server, "2026-01-01");
    let expected: Vec<String> = (1..=7).map(|day| format!("comment {day}")).collect();
    for (day, text) in expected.iter().enumerate().rev() {
        comment(&server, &ticket, &json!({"text": text, "time": format!("2026-02-0{}", day / 2 + 1)}));
    }
    let whole = list(&server, &ticket, "");
    assert_eq!(whole["comments"].as_array().unwrap().len(), 7);
    let mut walked = Vec::new();
    let mut query = "?limit=3".to_owned();
    let mut pages = 0;
    loop {
        let page = list(&server, &ticket, &query);
        pages += 1;
        assert_eq!(page["totalCount"], 7);
        walked.extend(page["comments"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!((pages, &Value::Array(walked)), (3, &whole["comments"]));
}

fn invalid_comments_are_refused_with_all_errors(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server, "2026-01-01");
    for (body, expected) in [
        (json!({}), vec![("/text", "required")]),
        (json!({"text": null}), vec![("/text", "required")]),
        (json!({"text": 1}), vec![("/text", "type")]),
        (json!({"text": "x".repeat(262_145)}), vec![("/text", "too_long")]),
        (
            json!({"text": "x", "Channel": " ", "tags": "x", "time": "x", "fromEmail": "x", "subject": 1, "toEmails": ["a", 1]}),
            vec![
                ("/Channel", "blank"),
                ("/tags", "type"),
                ("/time", "timestamp"),
                ("/subject", "type"),
                ("/fromEmail", "email"),
                ("/toEmails/1", "type"),
            ],
        ),
    ] {
        let response = comment(&server, &ticket, &body);
        response.assert_member_errors(&expected, &body);
    }
    assert_eq!(database.count("SELECT count(*) FROM comments"), 0);
}

fn comments_of_a_missing_ticket_are_not_found(database: Database) {
    let server = database.serve_demo();
    let response = comment(&server, "1", &json!({"text": "x"}));
    response.assert_problem(404, "ticket_not_found", "Ticket not found");
    server.get("/api/v1/tickets/1/comments").assert_problem(404, "ticket_not_found", "Ticket not found");
    server.get("/api/v1/tickets/1/comments?limit=1").assert_problem(
        404,
        "ticket_not_found",
        "Ticket not found",
    );
    assert_eq!(comment(&server, "abc", &json!({"text": "x"})).status, 400);
    assert_eq!(server.get("/api/v1/tickets/abc/comments").status, 400);
    assert_eq!(database.count("SELECT count(*) FROM comments"), 0);
}

fn an_idempotency_key_creates_one_comment(database: Database) {
    let server = database.serve_demo();
    let ticket = ticket(&server, "2026-01-01");
    let path = format!("/api/v1/tickets/{ticket}/comments");
    let send = |body: &str| {
        server.send(
            "POST",
            &path,
            &[("x-api-key", &server.key), ("idempotency-key", "reply-1")],
            body.as_bytes(),
        )
    };
    let first = send(r#"{"text": "once"}"#);
    let again = send(r#"{"text": "once"}"#);
    assert_eq!(
        (again.status, &again.body, again.header("idempotency-replayed")),
        (201, &first.body, Some("true"))
    );
    assert_eq!(send(r#"{"text": "twice"}"#).status, 422);
    assert_eq!(texts(&list(&server, &ticket, "")), ["once"]);
}
