//! `POST /api/v1/tickets`.

use serde_json::{Value, json};

use crate::harness::{Database, EXAMPLE, Server, both_databases};

/// The smallest valid body, with these members changed or added.
fn body_with(members: Value) -> String {
    let mut body = json!({"customerId": 123, "Channel": "Mail"});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

/// Checks that each body is refused with these member errors and that nothing is stored.
#[track_caller]
fn assert_refused(database: &Database, server: &Server, cases: &[(String, &[(&str, &str)])]) {
    for (body, expected) in cases {
        let shown: String = body.chars().take(200).collect();
        let response = server.create_ticket(body);
        response.assert_member_errors(expected, &shown);
        let problem = response.json();
        assert_eq!(problem["error"], problem["errors"][0]["message"], "{shown}");
    }
    assert_eq!(database.rows_of_tickets(), 0);
}

both_databases! {
    the_documented_example_gets_the_documented_response,
    optional_members_get_defaults,
    values_are_stored_as_sent,
    ids_grow,
    only_true_opens_a_human_ticket,
    missing_required_members_are_refused,
    invalid_ids_are_refused,
    invalid_values_are_refused,
    all_errors_are_reported_in_the_documented_order,
    customer_and_assignee_must_belong_to_the_shop,
}

fn the_documented_example_gets_the_documented_response(database: Database) {
    let server = database.serve_demo();
    let response = server.create_ticket(EXAMPLE);
    assert_eq!(response.status, 201, "{response:?}");
    let created = response.ticket();
    let id = created["id"].as_str().unwrap();
    assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    assert_eq!(response.header("location"), Some(&*format!("/api/v1/tickets/{id}")));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let time = created["date"].as_str().unwrap();
    assert_eq!(
        created,
        json!({
            "id": id,
            "shopDomain": "example.myshopify.com",
            "customerID": 123,
            "Channel": "Mail",
            "name": "Refund request",
            "threadId": "thread-001",
            "emailUsed": "support@example.com",
            "date": time,
            "lastMessage": "Hello, I need a refund.",
            "lastMessageTime": time,
            "contact_reason": "refund",
            "assigned_to": 45,
            "isOpenedTicket": true,
            "unReadChatCount": 1,
            "tags": ["refund", "vip"],
            "language_code": "en",
            "via": "api"
        })
    );

    let mut expected = created.clone();
    expected["initialMessage"] = json!({"text": created["lastMessage"], "time": created["lastMessageTime"]});
    expected["Customer"] = json!({
        "id": 123, "email": "dev@example.com", "first_name": "Ada", "last_name": "Lovelace",
        "full_name": "Ada Lovelace", "phone_number": "+33123456789", "shopify_id": "987654321"
    });
    expected["User"] = json!({
        "id": 45, "email": "agent@example.com", "first_name": "Grace", "last_name": "Hopper",
        "full_name": "Grace Hopper"
    });
    let found = server.get(&format!("/api/v1/tickets/{id}")).ticket();
    let human_ticket = &found["HumanTicket"];
    assert!(human_ticket["id"].as_i64().unwrap() > 0);
    expected["HumanTicket"] = json!({
        "id": human_ticket["id"], "HumanTicketStatus": "OPEN", "openedAt": time, "closedAt": null
    });
    assert_eq!(found, expected);
}

fn optional_members_get_defaults(database: Database) {
    let server = database.serve_demo();
    for body in [
        r#"{"customerId": 123, "Channel": "Mail"}"#.to_owned(),
        r#"{"Channel": "Mail", "customerId": "123", "assigned_to": null, "unknown": {"x": [1]}, "tags": null}"#
            .to_owned(),
    ] {
        let created = server.create_ticket(&body).ticket();
        assert_eq!(created["date"], created["lastMessageTime"]);
        let time = created["date"].as_str().unwrap();
        assert_eq!((time.len(), &time[19..20], &time[23..]), (24, ".", "Z"), "{time}");
        for absent in
            ["name", "threadId", "emailUsed", "lastMessage", "contact_reason", "assigned_to", "language_code", "via"]
        {
            assert_eq!(created.get(absent), Some(&Value::Null), "{absent}");
        }
        assert_eq!(created["tags"], json!([]));
        assert_eq!(created["unReadChatCount"], 0);
        assert_eq!(created["isOpenedTicket"], false);
        let found = server.get(&format!("/api/v1/tickets/{}", created["id"].as_str().unwrap())).ticket();
        assert_eq!((&found["User"], &found["HumanTicket"]), (&Value::Null, &Value::Null));
    }
}

fn values_are_stored_as_sent(database: Database) {
    let server = database.serve_demo();
    for (members, expected) in [
        (json!({"date": "2026-04-28"}), json!({"date": "2026-04-28T00:00:00.000Z"})),
        (
            json!({"date": "2026-04-28T02:00:00.1239+02:00", "lastMessageTime": "0001-01-01T00:00:00Z"}),
            json!({"date": "2026-04-28T00:00:00.123Z", "lastMessageTime": "0001-01-01T00:00:00.000Z"}),
        ),
        (json!({"date": "9999-12-31T23:59:59.999Z"}), json!({"date": "9999-12-31T23:59:59.999Z"})),
        (
            json!({"Channel": " 💬 ", "name": " ", "threadId": ""}),
            json!({"Channel": " 💬 ", "name": " ", "threadId": null}),
        ),
        (
            json!({"tags": ["b", "a", "", "b", "\"\\\u{7f}é"]}),
            json!({"tags": ["b", "a", "", "b", "\"\\\u{7f}é"]}),
        ),
        (json!({"unReadChatCount": 2147483647}), json!({"unReadChatCount": 2147483647})),
        (json!({"lastMessage": "é".repeat(262_144)}), json!({"lastMessage": "é".repeat(262_144)})),
        (json!({"language_code": "pt_BR"}), json!({"language_code": "pt_BR"})),
        (json!({"assigned_to": "45"}), json!({"assigned_to": 45})),
        (
            json!({"name": "Robert'); DROP TABLE tickets;--"}),
            json!({"name": "Robert'); DROP TABLE tickets;--"}),
        ),
    ] {
        let created = server.create_ticket(body_with(members)).ticket();
        let found = server.get(&format!("/api/v1/tickets/{}", created["id"].as_str().unwrap())).ticket();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!((&created[name], &found[name]), (value, value), "{name}");
        }
    }
}

fn ids_grow(database: Database) {
    let server = database.serve_demo();
    let id = || server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().parse::<i64>().unwrap();
    let ids: Vec<i64> = (0..20).map(|_| id()).collect();
    assert!(ids.is_sorted_by(|earlier, later| earlier < later), "{ids:?}");
}

fn only_true_opens_a_human_ticket(database: Database) {
    let server = database.serve_demo();
    for (given, opened) in [
        ("true", true),
        (r#""true""#, true),
        (r#""TRUE""#, false),
        ("1", false),
        (r#""yes""#, false),
        ("[]", false),
        ("[true]", false),
        ("{}", false),
        ("null", false),
        ("false", false),
        (r#""false""#, false),
    ] {
        let body = format!(r#"{{"customerId": 123, "Channel": "Mail", "isOpenedTicket": {given}}}"#);
        let created = server.create_ticket(body).ticket();
        assert_eq!(created["isOpenedTicket"], opened, "{given}");
        let found = server.get(&format!("/api/v1/tickets/{}", created["id"].as_str().unwrap())).ticket();
        assert_eq!(found["HumanTicket"].is_object(), opened, "{given}");
    }
}

fn missing_required_members_are_refused(database: Database) {
    let server = database.serve_demo();
    assert_refused(
        &database,
        &server,
        &[
            ("{}".into(), &[("/customerId", "required"), ("/Channel", "required")]),
            (
                r#"{"customerId": null, "Channel": null}"#.into(),
                &[("/customerId", "required"), ("/Channel", "required")],
            ),
            (r#"{"Channel": "Mail"}"#.into(), &[("/customerId", "required")]),
            (r#"{"customerId": 123}"#.into(), &[("/Channel", "required")]),
            (body_with(json!({"Channel": ""})), &[("/Channel", "blank")]),
            (body_with(json!({"Channel": " \t\u{2003}"})), &[("/Channel", "blank")]),
            (body_with(json!({"Channel": 1})), &[("/Channel", "type")]),
            (body_with(json!({"Channel": ["Mail"]})), &[("/Channel", "type")]),
        ],
    );
    server.create_ticket("{}").assert_problem(400, "invalid_body", "customerId is required");
}

fn invalid_ids_are_refused(database: Database) {
    let server = database.serve_demo();
    for bad in [
        r#""12abc""#,
        "1.5",
        "1.0",
        "1e2",
        "-1",
        "0",
        r#"" ""#,
        r#"" 1""#,
        r#""+1""#,
        r#""-1""#,
        r#""1.0""#,
        r#""0""#,
        "true",
        "[]",
        "[1]",
        "{}",
        "9007199254740992",
        r#""9007199254740992""#,
        "9223372036854775808",
        "18446744073709551616",
        r#""99999999999999999999""#,
    ] {
        assert_refused(
            &database,
            &server,
            &[
                (format!(r#"{{"customerId": {bad}, "Channel": "Mail"}}"#), &[("/customerId", "id")]),
                (
                    format!(r#"{{"customerId": 123, "Channel": "Mail", "assigned_to": {bad}}}"#),
                    &[("/assigned_to", "id")],
                ),
            ],
        );
    }
}

fn invalid_values_are_refused(database: Database) {
    let server = database.serve_demo();
    let mut cases: Vec<(String, &[(&str, &str)])> = Vec::new();
    for bad in [
        json!("2026-02-30"),
        json!("yesterday"),
        json!("2026-01-05T10:00:00"),
        json!("10000-01-01"),
        json!("+010000-01-01T00:00:00Z"),
        json!("0000-01-01"),
        json!(" "),
        json!(1_767_607_200),
        json!(["2026-01-05"]),
    ] {
        cases.push((body_with(json!({"date": bad})), &[("/date", "timestamp")]));
        cases.push((body_with(json!({"lastMessageTime": bad})), &[("/lastMessageTime", "timestamp")]));
    }
    for bad in
        [json!(-1), json!(2_147_483_648_i64), json!(1.5), json!("1"), json!([]), json!(true), json!(1e300)]
    {
        cases.push((body_with(json!({"unReadChatCount": bad})), &[("/unReadChatCount", "range")]));
    }
    for bad in [json!("support"), json!("@example.com"), json!(" "), json!("a b@example.com")] {
        cases.push((body_with(json!({"emailUsed": bad})), &[("/emailUsed", "email")]));
    }
    for bad in [json!("english please"), json!(" "), json!("e"), json!("en--GB")] {
        cases.push((body_with(json!({"language_code": bad})), &[("/language_code", "language_tag")]));
    }
    cases.extend::<[(String, &[(&str, &str)]); 17]>([
        (body_with(json!({"tags": "refund"})), &[("/tags", "type")]),
        (body_with(json!({"tags": {"0": "refund"}})), &[("/tags", "type")]),
        (body_with(json!({"tags": ["a", 1, "b", null]})), &[("/tags/1", "type"), ("/tags/3", "type")]),
        (body_with(json!({"tags": ["a", "x".repeat(201)]})), &[("/tags/1", "too_long")]),
        (body_with(json!({"tags": ["a", "b\u{0}"]})), &[("/tags/1", "nul")]),
        (body_with(json!({"tags": vec!["x"; 101]})), &[("/tags", "too_long")]),
        (body_with(json!({"tags": vec![1; 101]})), &[("/tags", "too_long")]),
        (body_with(json!({"tags": vec!["x"; 10_000]})), &[("/tags", "too_long")]),
        (body_with(json!({"name": 1})), &[("/name", "type")]),
        (body_with(json!({"name": "a\u{0}b"})), &[("/name", "nul")]),
        (body_with(json!({"name": "x".repeat(1_001)})), &[("/name", "too_long")]),
        (body_with(json!({"lastMessage": {"text": "x"}})), &[("/lastMessage", "type")]),
        (body_with(json!({"lastMessage": "x".repeat(262_145)})), &[("/lastMessage", "too_long")]),
        (
            body_with(json!({"threadId": true, "contact_reason": 1, "via": []})),
            &[("/threadId", "type"), ("/contact_reason", "type"), ("/via", "type")],
        ),
        (
            r#"{"customerId": 123, "customerId": 124, "Channel": "Mail"}"#.into(),
            &[("/customerId", "duplicate")],
        ),
        (
            r#"{"isOpenedTicket": 1, "customerId": 123, "Channel": "Mail", "isOpenedTicket": true}"#.into(),
            &[("/isOpenedTicket", "duplicate")],
        ),
        // One error, not one for each repetition.
        (
            format!(r#"{{"customerId": 123, "Channel": "Mail"{}}}"#, r#","via":"x""#.repeat(100_000)),
            &[("/via", "duplicate")],
        ),
    ]);
    assert_refused(&database, &server, &cases);
}

fn all_errors_are_reported_in_the_documented_order(database: Database) {
    let server = database.serve_demo();
    let body = json!({
        "via": 1, "language_code": "!", "tags": [0], "unReadChatCount": -1, "assigned_to": "x", "lastMessage": 1,
        "lastMessageTime": "x", "date": "x", "emailUsed": "x", "contact_reason": 1, "threadId": 1, "name": "\u{0}",
        "Channel": " ", "customerId": "x"
    });
    assert_refused(
        &database,
        &server,
        &[(
            body.to_string(),
            &[
                ("/customerId", "id"),
                ("/Channel", "blank"),
                ("/name", "nul"),
                ("/threadId", "type"),
                ("/contact_reason", "type"),
                ("/via", "type"),
                ("/emailUsed", "email"),
                ("/date", "timestamp"),
                ("/lastMessageTime", "timestamp"),
                ("/lastMessage", "type"),
                ("/assigned_to", "id"),
                ("/unReadChatCount", "range"),
                ("/tags/0", "type"),
                ("/language_code", "language_tag"),
            ],
        )],
    );
}

fn customer_and_assignee_must_belong_to_the_shop(database: Database) {
    let server = database.serve_demo();
    database.hexdesk(&["shop", "create", "other.example.com"]);
    // Ids in the other shop that differ from the demo's 123 and 45.
    let mut other = (0, 0);
    while other.0 == 0 || other.0 == 123 || other.1 == 45 {
        let email = format!("{}-{}@example.com", other.0, other.1);
        let create = |what: &str| {
            database
                .hexdesk(&[what, "create", "--shop", "other.example.com", "--email", &email])
                .parse()
                .unwrap()
        };
        other = (create("customer"), create("user"));
    }
    for (members, code, sentence) in [
        (json!({"customerId": 999_999}), "customer_not_found", "Customer not found"),
        (json!({"customerId": other.0}), "customer_not_found", "Customer not found"),
        (json!({"assigned_to": 999_999}), "user_not_found", "User not found"),
        (json!({"assigned_to": other.1, "isOpenedTicket": true}), "user_not_found", "User not found"),
        (json!({"customerId": 999_999, "assigned_to": 999_999}), "customer_not_found", "Customer not found"),
        (json!({"customerId": 9_007_199_254_740_991_i64}), "customer_not_found", "Customer not found"),
    ] {
        server.create_ticket(body_with(members)).assert_problem(404, code, sentence);
    }
    assert_eq!(database.rows_of_tickets(), 0);
}
