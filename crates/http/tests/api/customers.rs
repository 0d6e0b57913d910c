//! `POST /api/v1/customers` and `GET /api/v1/customers/{customerId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Database, Response, Server, both_databases};

fn create(server: &Server, body: &str) -> Response {
    server.send("POST", "/api/v1/customers", &[("x-api-key", &server.key)], body.as_bytes())
}

#[track_caller]
fn customer(response: &Response) -> Value {
    assert!(matches!(response.status, 200 | 201), "{response:?}");
    response.json()["customer"].clone()
}

fn customers(database: &Database) -> i64 {
    database.count("SELECT count(*) FROM customers")
}

both_databases! {
    a_customer_is_stored_with_all_members,
    full_name_defaults_to_the_joined_names,
    an_existing_customer_is_returned_unchanged,
    concurrent_creations_with_one_address_create_one_customer,
    invalid_customers_are_refused_with_all_errors,
    an_idempotency_key_creates_one_customer,
    a_missing_customer_is_not_found,
}

fn a_customer_is_stored_with_all_members(database: Database) {
    let server = database.serve_demo();
    let response = create(&server, &json!({
        "email": "New@Example.com", "phone_number": "+4912345", "first_name": "Émile", "last_name": "Zola",
        "full_name": "É. Zola", "shopify_id": 12, "wordpress_id": "w-1", "fb_user_id": 9_007_199_254_740_993_i64,
        "ig_user_id": "i", "whatsapp_id": null, "unknown": []
    }).to_string());
    assert_eq!(response.status, 201);
    assert_eq!(response.json().get("existing"), None);
    let created = customer(&response);
    let id = created["id"].as_i64().unwrap();
    assert_eq!(response.header("location"), Some(&*format!("/api/v1/customers/{id}")));
    let time = created["creationDate"].as_str().unwrap();
    assert_eq!(
        created,
        json!({
            "id": id, "shopify_id": "12", "wordpress_id": "w-1", "prestashop_id": null,
            "fb_user_id": "9007199254740993", "ig_user_id": "i", "whatsapp_id": null, "email": "New@Example.com",
            "phone_number": "+4912345", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "numberOfOrders": 0, "shopDomain": "example.myshopify.com", "creationDate": time,
            "cms_creationDate": null, "CMS": null, "zendesk_id": null, "freshdesk_id": null, "ig_pseudo": null,
            "gmelius_id": null, "gorgias_id": null
        })
    );
    assert_eq!(customer(&server.get(&format!("/api/v1/customers/{id}"))), created);
}

fn full_name_defaults_to_the_joined_names(database: Database) {
    let server = database.serve_demo();
    for (body, full_name) in [
        (json!({"email": "a@example.com", "first_name": "A", "last_name": "B"}), json!("A B")),
        (json!({"email": "b@example.com", "last_name": "B"}), json!("B")),
        (json!({"email": "c@example.com"}), Value::Null),
    ] {
        assert_eq!(customer(&create(&server, &body.to_string()))["full_name"], full_name);
    }
}

fn an_existing_customer_is_returned_unchanged(database: Database) {
    let server = database.serve_demo();
    let by_phone = customer(&create(&server, r#"{"phone_number": "+1", "first_name": "Phone"}"#));
    let before = customers(&database);
    for (body, id) in [
        (json!({"email": "DEV@example.COM", "first_name": "Other"}), json!(123)),
        (json!({"phone_number": "+33123456789"}), json!(123)),
        (json!({"email": "new@example.com", "phone_number": "+1"}), by_phone["id"].clone()),
        // The e-mail address takes precedence.
        (json!({"email": "dev@example.com", "phone_number": "+1"}), json!(123)),
    ] {
        let response = create(&server, &body.to_string());
        assert_eq!((response.status, &response.json()["existing"]), (200, &json!(true)), "{body}");
        assert_eq!(customer(&response)["id"], id, "{body}");
    }
    assert_eq!(customers(&database), before);
    assert_eq!(customer(&server.get("/api/v1/customers/123"))["first_name"], "Ada");
}

fn concurrent_creations_with_one_address_create_one_customer(database: Database) {
    const RACERS: usize = 20;
    let servers = [database.serve_demo(), database.serve_demo()];
    let before = customers(&database);
    let start = Barrier::new(RACERS);
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, start) = (&servers[racer % 2], &start);
                scope.spawn(move || {
                    start.wait();
                    create(server, r#"{"email": "race@example.com"}"#)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(customers(&database), before + 1);
    assert_eq!(responses.iter().filter(|response| response.status == 201).count(), 1);
    let id = customer(&responses[0])["id"].clone();
    assert!(responses.iter().all(|response| customer(response)["id"] == id));
}

fn invalid_customers_are_refused_with_all_errors(database: Database) {
    let server = database.serve_demo();
    let before = customers(&database);
    for (body, expected) in [
        (json!({}), vec![("/email", "required")]),
        (json!({"email": null, "phone_number": null, "first_name": "A"}), vec![("/email", "required")]),
        (json!({"email": "nobody"}), vec![("/email", "email")]),
        (json!({"phone_number": " "}), vec![("/phone_number", "blank")]),
        (json!({"phone_number": 49123}), vec![("/phone_number", "type")]),
        (
            json!({"email": "a@example.com", "shopify_id": 1.5, "wordpress_id": true, "first_name": "\u{0}"}),
            vec![("/first_name", "nul"), ("/shopify_id", "type"), ("/wordpress_id", "type")],
        ),
        (
            json!({"email": "a@example.com", "last_name": "x".repeat(501), "whatsapp_id": "x".repeat(201)}),
            vec![("/last_name", "too_long"), ("/whatsapp_id", "too_long")],
        ),
    ] {
        let response = create(&server, &body.to_string());
        response.assert_member_errors(&expected, &body);
    }
    assert_eq!(create(&server, "{}").json()["error"], "email or phone_number is required");
    assert_eq!(customers(&database), before);
}

fn an_idempotency_key_creates_one_customer(database: Database) {
    let server = database.serve_demo();
    let send = |body: &str| {
        let headers = [("x-api-key", server.key.as_str()), ("idempotency-key", "import-1")];
        server.send("POST", "/api/v1/customers", &headers, body.as_bytes())
    };
    assert_eq!(send("{}").status, 400);
    let first = send(r#"{"email": "once@example.com"}"#);
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    let again = send(r#"{"email": "once@example.com"}"#);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(
        (again.header("idempotency-replayed"), again.header("location")),
        (Some("true"), first.header("location"))
    );
    assert_eq!(send(r#"{"email": "other@example.com"}"#).status, 422);
    assert_eq!(database.count("SELECT count(*) FROM customers WHERE email = 'other@example.com'"), 0);
}

fn a_missing_customer_is_not_found(database: Database) {
    let server = database.serve_demo();
    for id in ["1", "999999", "9007199254740991"] {
        server.get(&format!("/api/v1/customers/{id}")).assert_problem(
            404,
            "customer_not_found",
            "Customer not found",
        );
    }
    for id in ["0", "abc", "9007199254740992", "-1"] {
        let sentence = "customerId must be a whole number from 1 to 9007199254740991";
        server.get(&format!("/api/v1/customers/{id}")).assert_problem(400, "invalid_parameter", sentence);
    }
}
