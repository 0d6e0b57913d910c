//! `GET /api/v1/customers`.

use serde_json::{Value, json};

use crate::harness::{Database, Server, both_databases, pages};

const ADA: i64 = 123;

fn create(server: &Server, body: &Value) -> i64 {
    let response =
        server.send("POST", "/api/v1/customers", &[("x-api-key", &server.key)], body.to_string().as_bytes());
    assert_eq!(response.status, 201, "{response:?}");
    response.json()["customer"]["id"].as_i64().unwrap()
}

#[track_caller]
fn list(server: &Server, query: &str) -> Value {
    let response = server.get(&format!("/api/v1/customers{query}"));
    assert_eq!(response.status, 200, "{query}: {response:?}");
    assert_eq!(response.json()["success"], true);
    response.json()
}

fn ids(list: &Value) -> Vec<i64> {
    list["customers"].as_array().unwrap().iter().map(|customer| customer["id"].as_i64().unwrap()).collect()
}

both_databases! {
    customers_are_listed_latest_first,
    customers_are_found_by_their_addresses_and_ids,
    customers_are_found_by_words,
    pages_hold_every_customer_once,
    invalid_parameters_are_refused,
}

fn customers_are_listed_latest_first(database: Database) {
    let server = database.serve_demo();
    let grace = create(&server, &json!({"email": "grace@example.com"}));
    let all = list(&server, "");
    assert_eq!(ids(&all), [grace, ADA]);
    assert_eq!((&all["next_cursor"], all.get("total")), (&Value::Null, None));
    let ada = server.get("/api/v1/customers/123").json()["customer"].clone();
    assert_eq!(all["customers"][1], ada);
    assert_eq!(list(&server, "?include=total&limit=1")["total"], 2);
}

fn customers_are_found_by_their_addresses_and_ids(database: Database) {
    let server = database.serve_demo();
    let grace = create(
        &server,
        &json!({
            "email": "Grace@Example.com", "phone_number": "+1 (555) 123", "shopify_id": 12, "wordpress_id": "w-1",
            "fb_user_id": "f", "ig_user_id": "i", "whatsapp_id": "é&="
        }),
    );
    let plus = create(&server, &json!({"email": "ada+shop@example.com"}));
    for (query, found) in [
        ("?email=grace@example.COM", vec![grace]),
        ("?email=Grace%40Example.com", vec![grace]),
        ("?email=ada+shop@example.com", vec![plus]),
        ("?email=ada%2Bshop%40example.com", vec![plus]),
        ("?email=ada%20shop@example.com", vec![]),
        ("?email=grace", vec![]),
        ("?email=", vec![]),
        ("?phone_number=%2B1%20(555)%20123", vec![grace]),
        ("?phone_number=00-1-555-123", vec![grace]),
        ("?phone_number=1555123", vec![]),
        ("?phone_number=%2B33123456789", vec![ADA]),
        ("?phone_number=+33123456789", vec![ADA]),
        ("?phone_number=33123456789", vec![]),
        ("?shopify_id=12", vec![grace]),
        ("?shopify_id=987654321", vec![ADA]),
        ("?shopify_id=1", vec![]),
        ("?wordpress_id=w-1", vec![grace]),
        ("?fb_user_id=f", vec![grace]),
        ("?ig_user_id=i", vec![grace]),
        ("?whatsapp_id=%C3%A9%26%3D", vec![grace]),
        ("?shopify_id=12&email=dev@example.com", vec![]),
        ("?shopify_id=12&email=grace@example.com", vec![grace]),
    ] {
        assert_eq!(ids(&list(&server, query)), found, "{query}");
        let counted = list(&server, &format!("{query}&include=total"));
        assert_eq!(counted["total"], found.len(), "{query}");
    }
    for name in ["prestashop_id", "ig_pseudo", "zendesk_id", "freshdesk_id", "gmelius_id", "gorgias_id"] {
        assert_eq!(ids(&list(&server, &format!("?{name}=1"))), [0; 0], "{name}");
    }
}

fn customers_are_found_by_words(database: Database) {
    let server = database.serve_demo();
    let jose = create(&server, &json!({"email": "josé.garcía@correo.example", "full_name": "José García"}));
    let grace = create(
        &server,
        &json!({"email": "g.hopper@navy.example", "first_name": "Grace", "last_name": "Hopper"}),
    );
    for (query, found) in [
        ("?q=Ada", vec![ADA]),
        ("?q=lovel", vec![ADA]),
        ("?q=ada%20lovelace", vec![ADA]),
        ("?q=dev@example", vec![ADA]),
        ("?q=JOSE", vec![jose]),
        ("?q=garc%C3%ADa%20jos", vec![jose]),
        ("?q=example", vec![grace, jose, ADA]),
        ("?q=hopper@navy", vec![grace]),
        ("?q=grace%20lovelace", vec![]),
        ("?q=nobody", vec![]),
        ("?q=example&email=G.HOPPER@navy.example", vec![grace]),
    ] {
        assert_eq!(ids(&list(&server, query)), found, "{query}");
        let counted = list(&server, &format!("{query}&include=total"));
        assert_eq!(counted["total"], found.len(), "{query}");
    }
    let pages = pages::walk(&server, "/api/v1/customers?q=example&limit=1", "customers").concat();
    assert_eq!(ids(&json!({ "customers": pages })), [grace, jose, ADA]);
    for (query, sentence) in [
        ("q=", "q must hold a word".to_owned()),
        ("q=%21", "q must hold a word".to_owned()),
        (&format!("q={}", "a".repeat(1001)), "q must not be longer than 1000".to_owned()),
    ] {
        let path = format!("/api/v1/customers?{query}");
        server.get(&path).assert_problem(400, "invalid_parameter", &sentence);
    }
}

fn pages_hold_every_customer_once(database: Database) {
    let server = database.serve_demo();
    let mut expected = vec![ADA];
    for number in 0..4 {
        expected.insert(0, create(&server, &json!({"email": format!("{number}@example.com")})));
    }
    let found = pages::walk(&server, "/api/v1/customers?limit=2", "customers").concat();
    assert_eq!(ids(&json!({ "customers": found })), expected);
}

fn invalid_parameters_are_refused(database: Database) {
    let server = database.serve_demo();
    create(&server, &json!({"email": "b@example.com"}));
    let refused = |path: &str, sentence: &str| {
        server.get(path).assert_problem(400, "invalid_parameter", sentence);
    };
    refused("/api/v1/customers?limit=0", "limit must be a whole number from 1 to 100");
    refused("/api/v1/customers?limit=101", "limit must be a whole number from 1 to 100");
    refused("/api/v1/customers?include=all", "include must be total");
    refused("/api/v1/customers?email=a&email=b", "email must not be there twice");
    refused("/api/v1/customers?email=a%00", "Query parameters must not hold the character U+0000");
    let unknown = server.get("/api/v1/customers?e-mail=ada@example.com").json()["error"].clone();
    let sentence =
        "The query parameter \"e-mail\" is unknown; the nearest is email. The query parameters here are ";
    assert!(unknown.as_str().unwrap().starts_with(sentence), "{unknown}");
    assert!(!unknown.to_string().contains("ada@"), "{unknown}");
    let cursor = |query: &str| {
        let page = list(&server, query);
        page["next_cursor"].as_str().unwrap().to_owned()
    };
    let of_customers = cursor("?limit=1");
    server.create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#);
    server.create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#);
    let tickets = server.get("/api/v1/tickets?limit=1").json();
    let of_tickets = tickets["next_cursor"].as_str().unwrap();
    let bad = "cursor must be the next_cursor of a page of this same list";
    refused(&format!("/api/v1/customers?cursor={of_tickets}"), bad);
    refused(&format!("/api/v1/customers?email=b@example.com&cursor={of_customers}"), bad);
    refused("/api/v1/customers?cursor=AQ", bad);
    assert_eq!(ids(&list(&server, &format!("?cursor={of_customers}"))), [ADA]);
}
