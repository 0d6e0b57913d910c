//! `GET /api/v1/tickets` and `GET /api/v1/tickets/getRecentConversations`.

use serde_json::{Value, json};

use crate::harness::{Database, Server, both_databases, pages};

fn create(server: &Server, members: Value) -> String {
    let mut body = json!({"customerId": 123, "Channel": "Mail"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    server.create_ticket(body.to_string()).ticket()["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn list(server: &Server, query: &str) -> Value {
    let response = server.get(&format!("/api/v1/tickets{query}"));
    assert_eq!(response.status, 200, "{query}: {response:?}");
    assert_eq!(response.json()["success"], true);
    response.json()
}

fn names(list: &Value) -> Vec<&str> {
    list["tickets"].as_array().unwrap().iter().map(|ticket| ticket["name"].as_str().unwrap()).collect()
}

fn refused(server: &Server, path: &str, sentence: &str) {
    server.get(path).assert_problem(400, "invalid_parameter", sentence);
}

both_databases! {
    tickets_are_listed_by_latest_activity_with_customer_and_user,
    filters_narrow_the_list,
    pages_hold_every_ticket_once,
    recent_conversations_are_limited_to_the_last_days,
    invalid_parameters_are_refused,
    a_cursor_works_for_its_own_list_only,
    tickets_of_another_shop_are_not_listed,
}

fn tickets_are_listed_by_latest_activity_with_customer_and_user(database: Database) {
    let server = database.serve_demo();
    create(&server, json!({"name": "old", "lastMessageTime": "2026-01-01"}));
    create(
        &server,
        json!({"name": "new", "lastMessageTime": "2026-03-01", "assigned_to": 45, "isOpenedTicket": true}),
    );
    create(&server, json!({"name": "middle", "lastMessageTime": "2026-02-01"}));
    let all = list(&server, "");
    assert_eq!(names(&all), ["new", "middle", "old"]);
    assert_eq!((&all["next_cursor"], all.get("total")), (&Value::Null, None));
    let first = &all["tickets"][0];
    assert_eq!(*first, server.get(&format!("/api/v1/tickets/{}", first["id"].as_str().unwrap())).ticket());
    assert_eq!(
        (&first["Customer"]["id"], &first["User"]["id"], &first["HumanTicket"]["HumanTicketStatus"]),
        (&json!(123), &json!(45), &json!("OPEN"))
    );
    assert_eq!(list(&server, "?include=total&limit=1")["total"], 3);
}

fn filters_narrow_the_list(database: Database) {
    let server = database.serve_demo();
    let customer = database.hexdesk(&[
        "customer",
        "create",
        "--shop",
        "example.myshopify.com",
        "--email",
        "b@example.com",
    ]);
    create(
        &server,
        json!({"name": "a", "Channel": "Website", "isOpenedTicket": true, "assigned_to": 45, "threadId": "t",
        "tags": ["vip", "50% off"], "contact_reason": "refund", "unReadChatCount": 2,
        "date": "2026-01-01", "lastMessageTime": "2026-02-03"}),
    );
    create(
        &server,
        json!({"name": "b", "customerId": customer, "threadId": "t", "tags": ["VIP"],
        "contact_reason": "late, broken",
        "date": "2026-01-02", "lastMessageTime": "2026-02-02"}),
    );
    create(
        &server,
        json!({"name": "c", "threadId": "", "date": "2026-01-03", "lastMessageTime": "2026-02-01"}),
    );
    let thread_of_other = format!("?threadId=t&customerId={customer}");
    let of_other = format!("?customerId={customer}");
    let cases: [(&str, &[&str]); 41] = [
        ("", &["a", "b", "c"]),
        ("?isOpenedTicket=true", &["a"]),
        ("?isOpenedTicket=false", &["b", "c"]),
        ("?Channel=Website", &["a"]),
        ("?Channel=website", &[]),
        ("?assigned_to=45", &["a"]),
        ("?assigned_to=none", &["b", "c"]),
        ("?customerId=123", &["a", "c"]),
        (&of_other, &["b"]),
        ("?threadId=t&customerId=123", &["a"]),
        (&thread_of_other, &["b"]),
        ("?threadId=&customerId=123", &[]),
        ("?threadId=t", &["a", "b"]),
        ("?threadId=", &[]),
        ("?Channel=Mail,Website", &["a", "b", "c"]),
        ("?Channel=Website,Chat", &["a"]),
        ("?Channel=Web,site", &[]),
        ("?Channel=Mail&Channel=Website", &["a", "b", "c"]),
        ("?assigned_to=46&assigned_to=45,47", &["a"]),
        ("?assigned_to=45,46", &["a"]),
        ("?assigned_to=none,45", &["a", "b", "c"]),
        ("?assigned_to=46,47", &[]),
        ("?contact_reason=refund,late", &["a"]),
        ("?contact_reason=late%2C%20broken", &["b"]),
        ("?tag=vip&tag=50%25%20off", &["a"]),
        ("?tag=50%25%20off&tag=vip&tag=vip", &["a"]),
        ("?tag=vip&tag=VIP", &[]),
        ("?Channel=Mail,Website&tag=vip&assigned_to=45,none&unread=true", &["a"]),
        ("?tag=vip", &["a"]),
        ("?tag=50%25%20off", &["a"]),
        ("?tag=50%25", &[]),
        ("?contact_reason=refund", &["a"]),
        ("?unread=true", &["a"]),
        ("?unread=false", &["b", "c"]),
        ("?dateFrom=2026-01-02", &["b", "c"]),
        ("?dateBefore=2026-01-02", &["a"]),
        ("?lastMessageFrom=2026-02-02&lastMessageBefore=2026-02-03", &["b"]),
        ("?lastMessageFrom=2026-02-02T01:00:00%2B01:00", &["a", "b"]),
        ("?lastMessageFrom=2026-02-02T01:00:00+01:00", &["a", "b"]),
        ("?isOpenedTicket=true&tag=vip&assigned_to=45&Channel=Website", &["a"]),
        ("?isOpenedTicket=true&unread=false", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(names(&list(&server, query)), expected, "{query}");
        let separator = if query.is_empty() { "?" } else { "&" };
        let total = &list(&server, &format!("{query}{separator}include=total"))["total"];
        assert_eq!(*total, expected.len(), "{query}");
    }
    // Only a key that may read all customers sees the threads of all.
    let key =
        database.hexdesk(&["key", "create", "--shop", "example.myshopify.com", "--scope", "tickets:read"]);
    let get =
        |query: &str| server.send("GET", &format!("/api/v1/tickets{query}"), &[("x-api-key", &key)], b"");
    let sentence = "The API key lacks the scope customers:read";
    get("?threadId=t").assert_problem(403, "missing_scope", sentence);
    assert_eq!(names(&get("?threadId=t&customerId=123").json()), ["a"]);
}

fn pages_hold_every_ticket_once(database: Database) {
    let server = database.serve_demo();
    for number in 0..11 {
        let day = 1 + number / 4;
        create(
            &server,
            json!({"name": number.to_string(), "lastMessageTime": format!("2026-01-0{day}"), "tags": ["x"]}),
        );
    }
    let whole = list(&server, "?limit=100");
    assert_eq!(whole["tickets"].as_array().unwrap().len(), 11);
    for limit in [1, 3, 10, 11, 100] {
        let pages = pages::walk(&server, &format!("/api/v1/tickets?limit={limit}&tag=x"), "tickets");
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(Value::Array(pages.concat()), whole["tickets"], "{limit}");
    }
}

fn recent_conversations_are_limited_to_the_last_days(database: Database) {
    let server = database.serve_demo();
    create(&server, json!({"name": "now"}));
    create(&server, json!({"name": "old", "lastMessageTime": "2001-01-01"}));
    create(&server, json!({"name": "coming", "lastMessageTime": "2999-01-01"}));
    let recent = |query: &str| {
        let response = server.get(&format!("/api/v1/tickets/getRecentConversations{query}"));
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    };
    for query in ["", "?days=7", "?days=1", "?days=365"] {
        assert_eq!(names(&recent(query)), ["coming", "now"], "{query}");
    }
    let first = server.get("/api/v1/tickets/getRecentConversations?days=1&limit=1");
    assert_eq!(names(&first.json()), ["coming"]);
    assert_eq!(names(&pages::next(&server, &first).unwrap().json()), ["now"]);
    for days in ["0", "366", "-1", "x", "1.5", ""] {
        refused(
            &server,
            &format!("/api/v1/tickets/getRecentConversations?days={days}"),
            "days must be a whole number from 1 to 365",
        );
    }
}

fn invalid_parameters_are_refused(database: Database) {
    let server = database.serve_demo();
    for (query, sentence) in [
        ("limit=0", "limit must be a whole number from 1 to 100"),
        ("limit=101", "limit must be a whole number from 1 to 100"),
        ("limit=ten", "limit must be a whole number from 1 to 100"),
        ("limit=1&limit=2", "limit must not be there twice"),
        ("isOpenedTicket=yes", "isOpenedTicket must be true or false"),
        ("unread=1", "unread must be true or false"),
        ("assigned_to=nobody", "assigned_to must be a whole number from 1 to 9007199254740991, or none"),
        ("customerId=12abc", "customerId must be a whole number from 1 to 9007199254740991"),
        ("assigned_to=45,", "assigned_to must be a whole number from 1 to 9007199254740991, or none"),
        ("customerId=1&customerId=1", "customerId must not be there twice"),
        (&*format!("Channel={}", "a,".repeat(100)), "Channel must not have more than 100 values"),
        (&*"tag=a&".repeat(101), "tag must not have more than 100 values"),
        ("include=all", "include must be total"),
        ("Channel=%00", "Query parameters must not hold the character U+0000"),
        (
            "dateFrom=2026-02-30",
            "dateFrom must be an ISO 8601 date-time with an offset, or a date, of the years 0001 to 9999",
        ),
    ] {
        refused(&server, &format!("/api/v1/tickets?{query}"), sentence);
    }
    assert_eq!(server.get("/api/v1/tickets?page=2").status, 400);
    assert_eq!(server.get("/api/v1/tickets?tags=vip").status, 400);
    assert_eq!(server.get("/api/v1/tickets/1/comments?include=total").status, 400);
    assert_eq!(server.get("/api/v1/tickets/getRecentConversations?tag=x").status, 400);
}

fn a_cursor_works_for_its_own_list_only(database: Database) {
    let server = database.serve_demo();
    create(&server, json!({"name": "a", "tags": ["x"]}));
    create(&server, json!({"name": "b", "tags": ["x"]}));
    let page = list(&server, "?limit=1&tag=x");
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(names(&list(&server, &format!("?tag=x&limit=50&include=total&cursor={cursor}"))), ["a"]);

    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    let sentence = "cursor must be the next_cursor of a page of this same list";
    let response =
        server.send("GET", &format!("/api/v1/tickets?tag=x&cursor={cursor}"), &[("x-api-key", &other)], b"");
    response.assert_problem(400, "invalid_parameter", sentence);
    let mut forged = cursor.to_owned();
    forged.replace_range(4..5, if &cursor[4..5] == "A" { "B" } else { "A" });
    for query in [
        format!("/api/v1/tickets?cursor={cursor}"),
        format!("/api/v1/tickets?tag=y&cursor={cursor}"),
        format!("/api/v1/tickets?tag=x&tag=y&cursor={cursor}"),
        format!("/api/v1/tickets?tag=x&cursor={forged}"),
        format!("/api/v1/tickets?tag=x&cursor={cursor}A"),
        "/api/v1/tickets?tag=x&cursor=".to_owned(),
        "/api/v1/tickets?cursor=MQ".to_owned(),
        "/api/v1/tickets?cursor=%F0%9F%98%80".to_owned(),
        format!("/api/v1/tickets/getRecentConversations?cursor={cursor}"),
        format!("/api/v1/tickets/{}/comments?cursor={cursor}", page["tickets"][0]["id"].as_str().unwrap()),
    ] {
        refused(&server, &query, sentence);
    }
}

fn tickets_of_another_shop_are_not_listed(database: Database) {
    let server = database.serve_demo();
    create(&server, json!({"name": "theirs"}));
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    for path in [
        "/api/v1/tickets?include=total",
        "/api/v1/tickets?customerId=123",
        "/api/v1/tickets/getRecentConversations",
    ] {
        let response = server.send("GET", path, &[("x-api-key", &other)], b"");
        assert_eq!((response.status, &response.json()["tickets"]), (200, &json!([])), "{path}");
        assert_ne!(response.json()["total"], 1);
    }
}
