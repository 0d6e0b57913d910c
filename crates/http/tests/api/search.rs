//! `GET /api/v1/tickets/search`.

use serde_json::{Value, json};

use crate::harness::{Database, Response, Server, both_databases, pages};

fn post(server: &Server, path: &str, body: &Value) -> Response {
    let response = server.send("POST", path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
    assert_eq!(response.status, 201, "{response:?}");
    response
}

fn create(server: &Server, name: &str, last_message: &str, time: &str) -> String {
    let body = json!({
        "customerId": 123, "Channel": "Mail", "name": name, "lastMessage": last_message, "lastMessageTime": time
    });
    post(server, "/api/v1/tickets", &body).header("location").unwrap().to_owned()
}

#[track_caller]
fn found(server: &Server, query: &str) -> Vec<String> {
    let response = server.get(&format!("/api/v1/tickets/search?q={query}"));
    assert_eq!(response.status, 200, "{query}: {response:?}");
    names(&response)
}

fn names(response: &Response) -> Vec<String> {
    let response = response.json();
    let tickets = response["tickets"].as_array().unwrap();
    tickets.iter().map(|ticket| ticket["name"].as_str().unwrap().to_owned()).collect()
}

both_databases! {
    tickets_are_found_by_name_messages_and_customer,
    a_search_follows_changes,
    matches_are_ranked_by_place_and_pages_hold_every_ticket_once,
    invalid_searches_are_refused,
}

fn tickets_are_found_by_name_messages_and_customer(database: Database) {
    let server = database.serve_demo();
    let lost = create(&server, "Lost parcel", "Où est mon colis ?", "2026-01-01");
    create(&server, "Refund", "money back", "2026-01-02");
    post(
        &server,
        &format!("{lost}/comments"),
        &json!({"text": "It was a Théière-bleue", "time": "2026-01-03"}),
    );
    for (query, expected) in [
        ("parcel", vec!["Lost parcel"]),
        ("PARCEL", vec!["Lost parcel"]),
        ("parc", vec![]),
        ("parc*", vec!["Lost parcel"]),
        ("colis%20ou", vec!["Lost parcel"]),
        ("theiere", vec!["Lost parcel"]),
        ("bleue%20parcel%20lovelace", vec!["Lost parcel"]),
        ("bleue%20money", vec![]),
        ("money", vec!["Refund"]),
        ("dev@example.com", vec!["Lost parcel", "Refund"]),
        ("%2B33123456789%20refund", vec!["Refund"]),
        ("nobody", vec![]),
    ] {
        assert_eq!(found(&server, query), expected, "{query}");
    }
    let response = server.get("/api/v1/tickets/search?q=parcel").json();
    assert_eq!(response["tickets"][0], server.get(&lost).ticket());
    assert_eq!(
        (&response["success"], &response["next_cursor"], response.get("total")),
        (&json!(true), &Value::Null, None)
    );
}

fn a_search_follows_changes(database: Database) {
    let server = database.serve_demo();
    let path = create(&server, "Alpha", "beta", "2026-01-01");
    let send = |method: &str, path: &str, body: Value| {
        let response = server.send(method, path, &[("x-api-key", &server.key)], body.to_string().as_bytes());
        assert!(response.status < 300, "{response:?}");
    };
    send("PATCH", &path, json!({"name": "Gamma"}));
    assert_eq!((found(&server, "alpha"), found(&server, "gamma+beta")), (vec![], vec!["Gamma".to_owned()]));
    send("PATCH", &path, json!({"unReadChatCount": 3}));
    assert_eq!(found(&server, "gamma+beta+ada"), ["Gamma"]);
    send("PATCH", "/api/v1/customers/123", json!({"first_name": "Augusta", "full_name": null}));
    assert_eq!((found(&server, "ada"), found(&server, "augusta")), (vec![], vec!["Gamma".to_owned()]));
    send("DELETE", &path, json!({}));
    assert_eq!(found(&server, "gamma"), [""; 0]);
}

fn matches_are_ranked_by_place_and_pages_hold_every_ticket_once(database: Database) {
    let server = database.serve_demo();
    create(&server, "message, old", "lovelace", "2026-01-01");
    create(&server, "customer, newest", "", "2026-01-09");
    create(&server, "name: Lovelace", "", "2026-01-02");
    create(&server, "name: lovelace, newer", "", "2026-01-03");
    let expected = ["name: lovelace, newer", "name: Lovelace", "customer, newest", "message, old"];
    assert_eq!(found(&server, "lovelace"), expected);
    for limit in 1..=4 {
        let pages =
            pages::walk(&server, &format!("/api/v1/tickets/search?q=lovelace&limit={limit}"), "tickets");
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        let names: Vec<Value> = pages.concat().into_iter().map(|ticket| ticket["name"].clone()).collect();
        assert_eq!(names, expected, "{limit}");
    }
}

fn invalid_searches_are_refused(database: Database) {
    let server = database.serve_demo();
    let refused = |query: &str, sentence: &str| {
        let response = server.get(&format!("/api/v1/tickets/search{query}"));
        response.assert_problem(400, "invalid_parameter", sentence);
    };
    refused("", "q is required");
    for none in ["", "%20", "*", "%F0%9F%A6%80", "%22%27%3A"] {
        refused(&format!("?q={none}"), "q must hold 1 to 8 different words");
    }
    refused("?q=1+2+3+4+5+6+7+8+9", "q must hold 1 to 8 different words");
    refused(&format!("?q={}", "a".repeat(501)), "q must not be longer than 500");
    refused("?q=a%00", "Query parameters must not hold the character U+0000");
    refused("?q=a&limit=0", "limit must be a whole number from 1 to 100");
    refused(
        "?q=a&include=total",
        "The query parameter \"include\" is unknown. The query parameters here are q, limit, cursor",
    );
    create(&server, "a b", "", "2026-01-01");
    create(&server, "a b", "", "2026-01-01");
    let page = server.get("/api/v1/tickets/search?q=a&limit=1").json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let bad = "cursor must be the next_cursor of a page of this same list";
    refused(&format!("?q=b&cursor={cursor}"), bad);
    server.get(&format!("/api/v1/tickets?cursor={cursor}")).assert_problem(400, "invalid_parameter", bad);
    // The syntax of a search engine has no meaning in a query.
    for syntax in [
        "a+AND+b",
        "a+OR+b",
        "%22a+b",
        "NEAR(a+b)",
        "a:b",
        "-a",
        "a%7Cb",
        "!a",
        "a'b",
        "a%5C",
        "a*b*",
        "a%26%26b",
    ] {
        assert_eq!(server.get(&format!("/api/v1/tickets/search?q={syntax}")).status, 200, "{syntax}");
    }
}
