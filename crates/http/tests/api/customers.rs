//! `POST /api/v1/customers` and `GET /api/v1/customers/{customerId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Server, on_both_databases};

fn create(server: &Server, body: &str) -> Answer {
    server.send("POST", "/api/v1/customers", &[("x-api-key", &server.key)], body.as_bytes())
}

#[track_caller]
fn customer(answer: &Answer) -> Value {
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer.json()["customer"].clone()
}

fn customers(database: &Database) -> i64 {
    database.count("SELECT count(*) FROM customers")
}

on_both_databases! {
    fn a_customer_is_kept_with_all_that_was_given(database: Database) {
        let server = database.serve_demo();
        let answer = create(&server, &json!({
            "email": "New@Example.com", "phone_number": "+4912345", "first_name": "Émile", "last_name": "Zola",
            "full_name": "É. Zola", "shopify_id": 12, "wordpress_id": "w-1", "fb_user_id": 9_007_199_254_740_993_i64,
            "ig_user_id": "i", "whatsapp_id": null, "unknown": []
        }).to_string());
        assert_eq!(answer.status, 201);
        assert_eq!(answer.json().get("existing"), None);
        let created = customer(&answer);
        let id = created["id"].as_i64().unwrap();
        assert_eq!(answer.header("location"), Some(&*format!("/api/v1/customers/{id}")));
        let time = created["creationDate"].as_str().unwrap();
        assert_eq!(created, json!({
            "id": id, "shopify_id": "12", "wordpress_id": "w-1", "prestashop_id": null,
            "fb_user_id": "9007199254740993", "ig_user_id": "i", "whatsapp_id": null, "email": "New@Example.com",
            "phone_number": "+4912345", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "numberOfOrders": 0, "shopDomain": "example.myshopify.com", "creationDate": time,
            "cms_creationDate": null, "CMS": null, "zendesk_id": null, "freshdesk_id": null, "ig_pseudo": null,
            "gmelius_id": null, "gorgias_id": null
        }));
        assert_eq!(customer(&server.get(&format!("/api/v1/customers/{id}"))), created);
    }

    fn names_are_joined_unless_the_full_one_is_given(database: Database) {
        let server = database.serve_demo();
        for (body, full_name) in [
            (json!({"email": "a@example.com", "first_name": "A", "last_name": "B"}), json!("A B")),
            (json!({"email": "b@example.com", "last_name": "B"}), json!("B")),
            (json!({"email": "c@example.com"}), Value::Null),
        ] {
            assert_eq!(customer(&create(&server, &body.to_string()))["full_name"], full_name);
        }
    }

    fn who_is_there_is_answered_and_nothing_is_written(database: Database) {
        let server = database.serve_demo();
        let by_phone = customer(&create(&server, r#"{"phone_number": "+1", "first_name": "Phone"}"#));
        let before = customers(&database);
        for (body, id) in [
            (json!({"email": "DEV@example.COM", "first_name": "Other"}), json!(123)),
            (json!({"phone_number": "+33123456789"}), json!(123)),
            (json!({"email": "new@example.com", "phone_number": "+1"}), by_phone["id"].clone()),
            // The e-mail address comes first.
            (json!({"email": "dev@example.com", "phone_number": "+1"}), json!(123)),
        ] {
            let answer = create(&server, &body.to_string());
            assert_eq!((answer.status, &answer.json()["existing"]), (200, &json!(true)), "{body}");
            assert_eq!(customer(&answer)["id"], id, "{body}");
        }
        assert_eq!(customers(&database), before);
        assert_eq!(customer(&server.get("/api/v1/customers/123"))["first_name"], "Ada");
    }

    fn a_race_for_one_address_makes_one_customer(database: Database) {
        const RACERS: usize = 20;
        let servers = [database.serve_demo(), database.serve_demo()];
        let before = customers(&database);
        let start = Barrier::new(RACERS);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
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
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        let id = customer(&answers[0])["id"].clone();
        assert!(answers.iter().all(|answer| customer(answer)["id"] == id));
    }

    fn bad_customers_are_refused_with_every_reason(database: Database) {
        let server = database.serve_demo();
        let before = customers(&database);
        for (body, expected) in [
            (json!({}), vec![("/email", "required")]),
            (json!({"email": null, "phone_number": null, "first_name": "A"}), vec![("/email", "required")]),
            (json!({"email": "nobody"}), vec![("/email", "email")]),
            (json!({"phone_number": " "}), vec![("/phone_number", "blank")]),
            (json!({"phone_number": 49123}), vec![("/phone_number", "type")]),
            (json!({"email": "a@example.com", "shopify_id": 1.5, "wordpress_id": true, "first_name": "\u{0}"}),
             vec![("/first_name", "nul"), ("/shopify_id", "type"), ("/wordpress_id", "type")]),
            (json!({"email": "a@example.com", "last_name": "x".repeat(501), "whatsapp_id": "x".repeat(201)}),
             vec![("/last_name", "too_long"), ("/whatsapp_id", "too_long")]),
        ] {
            let answer = create(&server, &body.to_string());
            assert_eq!(answer.status, 400, "{body}");
            let found = answer.member_errors();
            let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (&**pointer, &**code)).collect();
            assert_eq!(found, expected, "{body}");
        }
        assert_eq!(create(&server, "{}").json()["error"], "email or phone_number is required");
        assert_eq!(customers(&database), before);
    }

    fn a_customer_is_created_once_under_a_key(database: Database) {
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
        assert_eq!((again.header("idempotency-replayed"), again.header("location")), (Some("true"), first.header("location")));
        assert_eq!(send(r#"{"email": "other@example.com"}"#).status, 422);
        assert_eq!(database.count("SELECT count(*) FROM customers WHERE email = 'other@example.com'"), 0);
    }

    fn a_customer_that_is_not_there_is_not_found(database: Database) {
        let server = database.serve_demo();
        for id in ["1", "999999", "9007199254740991"] {
            server.get(&format!("/api/v1/customers/{id}")).assert_problem(404, "customer_not_found", "Customer not found");
        }
        for id in ["0", "abc", "9007199254740992", "-1"] {
            let sentence = "customerId must be a whole number from 1 to 9007199254740991";
            server.get(&format!("/api/v1/customers/{id}")).assert_problem(400, "invalid_parameter", sentence);
        }
    }
}
