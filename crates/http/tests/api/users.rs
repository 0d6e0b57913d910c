//! `GET` and `POST /api/v1/users`, `GET /api/v1/users/{userId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Server, follow, on_both_databases};

/// The demo's user.
const GRACE: i64 = 45;

pub(crate) fn create(server: &Server, body: &Value) -> Answer {
    server.send("POST", "/api/v1/users", &[("x-api-key", &server.key)], body.to_string().as_bytes())
}

#[track_caller]
pub(crate) fn user(answer: &Answer) -> Value {
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    assert_eq!(answer.json()["success"], true);
    answer.json()["user"].clone()
}

/// The id of a new user with this e-mail address.
#[track_caller]
pub(crate) fn created(server: &Server, email: &str) -> i64 {
    user(&create(server, &json!({ "email": email })))["id"].as_i64().unwrap()
}

#[track_caller]
fn list(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/api/v1/users{query}"));
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    assert_eq!(answer.json()["success"], true);
    answer.json()
}

fn ids(list: &Value) -> Vec<i64> {
    list["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect()
}

fn deactivate(server: &Server, id: i64) {
    let body = br#"{"isActive": false}"#;
    let answer = server.send("PATCH", &format!("/api/v1/users/{id}"), &[("x-api-key", &server.key)], body);
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn users(database: &Database) -> i64 {
    database.count("SELECT count(*) FROM users")
}

on_both_databases! {
    fn a_user_is_kept_with_all_that_was_given(database: Database) {
        let server = database.serve_demo();
        let answer = create(&server, &json!({
            "email": "New@Example.com", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "isActive": false, "id": 7, "unknown": []
        }));
        assert_eq!(answer.status, 201);
        let created = user(&answer);
        let id = created["id"].as_i64().unwrap();
        assert!(id > GRACE, "{id}");
        assert_eq!(answer.header("location"), Some(&*format!("/api/v1/users/{id}")));
        assert_eq!(created, json!({
            "id": id, "email": "New@Example.com", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "shopDomain": "example.myshopify.com", "creationDate": created["creationDate"].as_str().unwrap(),
            "isActive": true, "deactivatedAt": null
        }));
        assert_eq!(user(&server.get(&format!("/api/v1/users/{id}"))), created);
        let ticket = format!(r#"{{"customerId": 123, "Channel": "Mail", "assigned_to": {id}}}"#);
        assert_eq!(server.create_ticket(ticket).ticket()["assigned_to"], id);
    }

    fn names_are_joined_unless_the_full_one_is_given(database: Database) {
        let server = database.serve_demo();
        for (body, full_name) in [
            (json!({"email": "a@example.com", "first_name": "A", "last_name": "B"}), json!("A B")),
            (json!({"email": "b@example.com", "last_name": "B"}), json!("B")),
            (json!({"email": "c@example.com", "first_name": null}), Value::Null),
        ] {
            assert_eq!(user(&create(&server, &body))["full_name"], full_name);
        }
    }

    fn bad_users_are_refused_with_every_reason(database: Database) {
        let server = database.serve_demo();
        for (body, expected) in [
            (json!({}), vec![("/email", "required")]),
            (json!({"email": null, "first_name": "A"}), vec![("/email", "required")]),
            (json!({"email": "nobody"}), vec![("/email", "email")]),
            (json!({"email": 1, "first_name": "\u{0}", "last_name": [], "full_name": "x".repeat(501)}),
             vec![("/email", "type"), ("/first_name", "nul"), ("/last_name", "type"), ("/full_name", "too_long")]),
            (json!([]), vec![("", "json")]),
        ] {
            let answer = create(&server, &body);
            assert_eq!(answer.status, 400, "{body}");
            let found = answer.member_errors();
            let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (&**pointer, &**code)).collect();
            assert_eq!(found, expected, "{body}");
        }
        assert_eq!(users(&database), 1);
    }

    fn an_address_is_one_users(database: Database) {
        let server = database.serve_demo();
        let sentence = "The shop has a user with this e-mail address already";
        for email in ["agent@example.com", "AGENT@example.COM"] {
            create(&server, &json!({"email": email, "first_name": "Other"})).assert_problem(409, "user_exists", sentence);
        }
        assert_eq!(users(&database), 1);
        assert_eq!(user(&server.get("/api/v1/users/45"))["first_name"], "Grace");
        deactivate(&server, GRACE);
        create(&server, &json!({"email": "agent@example.com"})).assert_problem(409, "user_exists", sentence);
    }

    fn a_race_for_one_address_makes_one_user(database: Database) {
        const RACERS: usize = 20;
        let servers = [database.serve_demo(), database.serve_demo()];
        let start = Barrier::new(RACERS);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..RACERS)
                .map(|racer| {
                    let (server, start) = (&servers[racer % 2], &start);
                    scope.spawn(move || {
                        start.wait();
                        create(server, &json!({"email": "race@example.com"})).status
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(users(&database), 2);
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    }

    fn a_user_is_created_once_under_a_key(database: Database) {
        let server = database.serve_demo();
        let send = |body: &str| {
            let headers = [("x-api-key", server.key.as_str()), ("idempotency-key", "import-1")];
            server.send("POST", "/api/v1/users", &headers, body.as_bytes())
        };
        assert_eq!(send("{}").status, 400);
        assert_eq!(send(r#"{"email": "agent@example.com"}"#).status, 409, "a refusal leaves the key free");
        let first = send(r#"{"email": "once@example.com"}"#);
        assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
        let again = send(r#"{"email": "once@example.com"}"#);
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!((again.header("idempotency-replayed"), again.header("location")), (Some("true"), first.header("location")));
        assert_eq!(send(r#"{"email": "other@example.com"}"#).status, 422);
        assert_eq!(users(&database), 2);
    }

    fn users_are_listed_in_order_of_their_ids(database: Database) {
        let server = database.serve_demo();
        let alan = created(&server, "alan@example.com");
        let barbara = created(&server, "barbara@example.com");
        deactivate(&server, alan);
        let all = list(&server, "");
        assert_eq!((&all["next_cursor"], all.get("total")), (&Value::Null, None));
        for (entry, id) in all["users"].as_array().unwrap().iter().zip([GRACE, alan, barbara]) {
            assert_eq!(*entry, user(&server.get(&format!("/api/v1/users/{id}"))));
        }
        for (query, found) in [
            ("?limit=100", vec![GRACE, alan, barbara]),
            ("?isActive=true", vec![GRACE, barbara]),
            ("?isActive=false", vec![alan]),
        ] {
            assert_eq!(ids(&list(&server, query)), found, "{query}");
            assert_eq!(list(&server, &format!("{query}&include=total"))["total"], found.len(), "{query}");
        }
        assert_eq!(list(&server, "?include=total&limit=1")["total"], 3);
    }

    fn pages_hold_every_user_once(database: Database) {
        let server = database.serve_demo();
        for number in 0..6 {
            created(&server, &format!("{number}@example.com"));
        }
        deactivate(&server, GRACE);
        let whole = ids(&list(&server, "?limit=100&isActive=true"));
        assert_eq!(whole.len(), 6);
        for limit in [1, 4, 5, 6, 100] {
            let mut walked = Vec::new();
            let mut page = Some(server.get(&format!("/api/v1/users?limit={limit}&isActive=true")));
            while let Some(answer) = page {
                let list = answer.json();
                assert!(ids(&list).len() <= limit);
                walked.extend(ids(&list));
                assert_eq!(list["next_cursor"].is_null(), answer.header("link").is_none());
                page = follow(&server, &answer);
            }
            assert_eq!(walked, whole, "{limit}");
        }
    }

    fn bad_parameters_and_others_cursors_are_refused(database: Database) {
        let server = database.serve_demo();
        created(&server, "alan@example.com");
        let cursor = list(&server, "?limit=1&isActive=true")["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(ids(&list(&server, &format!("?isActive=true&include=total&cursor={cursor}"))).len(), 1);
        let of_same_list = "cursor must be the next_cursor of a page of this same list";
        let customer = br#"{"email": "second@example.com"}"#;
        server.send("POST", "/api/v1/customers", &[("x-api-key", &server.key)], customer);
        let of_customers = server.get("/api/v1/customers?limit=1").json()["next_cursor"].as_str().unwrap().to_owned();
        // It begins with its version.
        let of_another_version = cursor.replacen("AQ", "Ag", 1);
        assert_ne!(of_another_version, cursor);
        for (query, sentence) in [
            ("limit=0".to_owned(), "limit must be a whole number from 1 to 100"),
            ("limit=101".to_owned(), "limit must be a whole number from 1 to 100"),
            ("isActive=yes".to_owned(), "isActive must be true or false"),
            ("isActive=true&isActive=true".to_owned(), "isActive must not be there twice"),
            ("include=users".to_owned(), "include must be total"),
            ("email=a".to_owned(), "The query parameters here are isActive, limit, cursor, include"),
            (format!("cursor={cursor}"), of_same_list),
            (format!("isActive=false&cursor={cursor}"), of_same_list),
            (format!("isActive=true&cursor={cursor}A"), of_same_list),
            (format!("isActive=true&cursor={of_another_version}"), of_same_list),
            (format!("cursor={of_customers}"), of_same_list),
        ] {
            server.get(&format!("/api/v1/users?{query}")).assert_problem(400, "invalid_parameter", sentence);
        }
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
        let path = format!("/api/v1/users?isActive=true&cursor={cursor}");
        server.send("GET", &path, &[("x-api-key", &other)], b"").assert_problem(400, "invalid_parameter", of_same_list);
    }

    fn a_user_that_is_not_there_is_not_found(database: Database) {
        let server = database.serve_demo();
        for id in ["1", "999999", "9007199254740991"] {
            server.get(&format!("/api/v1/users/{id}")).assert_problem(404, "user_not_found", "User not found");
        }
        for id in ["0", "abc", "9007199254740992", "-1"] {
            let sentence = "userId must be a whole number from 1 to 9007199254740991";
            server.get(&format!("/api/v1/users/{id}")).assert_problem(400, "invalid_parameter", sentence);
        }
    }

    fn another_shops_users_are_not_seen(database: Database) {
        let server = database.serve_demo();
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
        let with_other = |method: &str, path: &str, body: &str| server.send(method, path, &[("x-api-key", &other)], body.as_bytes());
        assert_eq!(with_other("GET", "/api/v1/users?include=total", "").json()["total"], 0);
        assert_eq!(with_other("GET", "/api/v1/users", "").json()["users"], json!([]));
        with_other("GET", "/api/v1/users/45", "").assert_problem(404, "user_not_found", "User not found");
        with_other("PATCH", "/api/v1/users/45", r#"{"isActive": false}"#).assert_problem(404, "user_not_found", "User not found");
        assert_eq!(with_other("POST", "/api/v1/users", r#"{"email": "agent@example.com"}"#).status, 201, "no one's address there");
        assert_eq!(user(&server.get("/api/v1/users/45"))["isActive"], true);
    }
}
