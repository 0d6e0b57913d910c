//! `GET` and `POST /api/v1/users`, `GET /api/v1/users/{userId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::users::{create, create_user, user};
use crate::harness::{Database, Server, api_keys, both_databases, pages};

/// The demo's user.
const GRACE: i64 = 45;

#[track_caller]
fn list(server: &Server, query: &str) -> Value {
    let response = server.get(&format!("/api/v1/users{query}"));
    assert_eq!(response.status, 200, "{query}: {response:?}");
    assert_eq!(response.json()["success"], true);
    response.json()
}

fn ids(list: &Value) -> Vec<i64> {
    list["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect()
}

fn deactivate(server: &Server, id: i64) {
    let body = br#"{"isActive": false}"#;
    let response = server.send("PATCH", &format!("/api/v1/users/{id}"), &[("x-api-key", &server.key)], body);
    assert_eq!(response.status, 200, "{response:?}");
}

fn users(database: &Database) -> i64 {
    database.count("SELECT count(*) FROM users")
}

both_databases! {
    a_user_is_stored_with_all_members,
    full_name_defaults_to_the_joined_names,
    invalid_users_are_refused_with_all_errors,
    an_address_belongs_to_one_user,
    concurrent_creations_with_one_address_create_one_user,
    an_idempotency_key_creates_one_user,
    users_are_listed_by_id,
    users_are_found_by_their_addresses,
    pages_hold_every_user_once,
    invalid_parameters_and_cursors_of_other_lists_are_refused,
    reading_and_writing_need_separate_scopes,
    a_missing_user_is_not_found,
    users_of_another_shop_are_not_visible,
}

fn a_user_is_stored_with_all_members(database: Database) {
    let server = database.serve_demo();
    let response = create(
        &server,
        &json!({
            "email": "New@Example.com", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "isActive": false, "id": 7, "unknown": []
        }),
    );
    assert_eq!(response.status, 201);
    let created = user(&response);
    let id = created["id"].as_i64().unwrap();
    assert!(id > GRACE, "{id}");
    assert_eq!(response.header("location"), Some(&*format!("/api/v1/users/{id}")));
    assert_eq!(
        created,
        json!({
            "id": id, "email": "New@Example.com", "first_name": "Émile", "last_name": "Zola", "full_name": "É. Zola",
            "shopDomain": "example.myshopify.com", "creationDate": created["creationDate"].as_str().unwrap(),
            "isActive": true, "deactivatedAt": null
        })
    );
    assert_eq!(user(&server.get(&format!("/api/v1/users/{id}"))), created);
    let ticket = format!(r#"{{"customerId": 123, "Channel": "Mail", "assigned_to": {id}}}"#);
    assert_eq!(server.create_ticket(ticket).ticket()["assigned_to"], id);
}

fn full_name_defaults_to_the_joined_names(database: Database) {
    let server = database.serve_demo();
    for (body, full_name) in [
        (json!({"email": "a@example.com", "first_name": "A", "last_name": "B"}), json!("A B")),
        (json!({"email": "b@example.com", "last_name": "B"}), json!("B")),
        (json!({"email": "c@example.com", "first_name": null}), Value::Null),
    ] {
        assert_eq!(user(&create(&server, &body))["full_name"], full_name);
    }
}

fn invalid_users_are_refused_with_all_errors(database: Database) {
    let server = database.serve_demo();
    for (body, expected) in [
        (json!({}), vec![("/email", "required")]),
        (json!({"email": null, "first_name": "A"}), vec![("/email", "required")]),
        (json!({"email": "nobody"}), vec![("/email", "email")]),
        (
            json!({"email": 1, "first_name": "\u{0}", "last_name": [], "full_name": "x".repeat(501)}),
            vec![
                ("/email", "type"),
                ("/first_name", "nul"),
                ("/last_name", "type"),
                ("/full_name", "too_long"),
            ],
        ),
        (json!([]), vec![("", "json")]),
    ] {
        let response = create(&server, &body);
        response.assert_member_errors(&expected, &body);
    }
    assert_eq!(users(&database), 1);
}

fn an_address_belongs_to_one_user(database: Database) {
    let server = database.serve_demo();
    let sentence = "The shop has a user with this e-mail address already";
    for email in ["agent@example.com", "AGENT@example.COM"] {
        create(&server, &json!({"email": email, "first_name": "Other"})).assert_problem(
            409,
            "user_exists",
            sentence,
        );
    }
    assert_eq!(users(&database), 1);
    assert_eq!(user(&server.get("/api/v1/users/45"))["first_name"], "Grace");
    deactivate(&server, GRACE);
    create(&server, &json!({"email": "agent@example.com"})).assert_problem(409, "user_exists", sentence);
}

fn concurrent_creations_with_one_address_create_one_user(database: Database) {
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

fn an_idempotency_key_creates_one_user(database: Database) {
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
    assert_eq!(
        (again.header("idempotency-replayed"), again.header("location")),
        (Some("true"), first.header("location"))
    );
    assert_eq!(send(r#"{"email": "other@example.com"}"#).status, 422);
    assert_eq!(users(&database), 2);
}

fn users_are_found_by_their_addresses(database: Database) {
    let server = database.serve_demo();
    let alan = create_user(&server, "Alan@Büro.example");
    deactivate(&server, alan);
    for (query, found) in [
        ("?email=AGENT@example.com", vec![GRACE]),
        ("?email=agent", vec![]),
        ("?email=alan@xn--bro-hoa.example", vec![alan]),
        ("?email=alan@b%C3%BCro.example&isActive=true", vec![]),
        ("?email=alan@b%C3%BCro.example&isActive=false", vec![alan]),
    ] {
        assert_eq!(ids(&list(&server, query)), found, "{query}");
        assert_eq!(list(&server, &format!("{query}&include=total"))["total"], found.len(), "{query}");
    }
}

fn users_are_listed_by_id(database: Database) {
    let server = database.serve_demo();
    let alan = create_user(&server, "alan@example.com");
    let barbara = create_user(&server, "barbara@example.com");
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
        create_user(&server, &format!("{number}@example.com"));
    }
    deactivate(&server, GRACE);
    let whole = ids(&list(&server, "?limit=100&isActive=true"));
    assert_eq!(whole.len(), 6);
    for limit in [1, 4, 5, 6, 100] {
        let pages = pages::walk(&server, &format!("/api/v1/users?limit={limit}&isActive=true"), "users");
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(ids(&json!({ "users": pages.concat() })), whole, "{limit}");
    }
}

fn invalid_parameters_and_cursors_of_other_lists_are_refused(database: Database) {
    let server = database.serve_demo();
    create_user(&server, "alan@example.com");
    let cursor = list(&server, "?limit=1&isActive=true")["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(ids(&list(&server, &format!("?isActive=true&include=total&cursor={cursor}"))).len(), 1);
    let of_same_list = "cursor must be the next_cursor of a page of this same list";
    let customer = br#"{"email": "second@example.com"}"#;
    server.send("POST", "/api/v1/customers", &[("x-api-key", &server.key)], customer);
    let of_customers =
        server.get("/api/v1/customers?limit=1").json()["next_cursor"].as_str().unwrap().to_owned();
    // A cursor begins with its version.
    let of_another_version = cursor.replacen("AQ", "Ag", 1);
    assert_ne!(of_another_version, cursor);
    for (query, sentence) in [
        ("limit=0".to_owned(), "limit must be a whole number from 1 to 100"),
        ("limit=101".to_owned(), "limit must be a whole number from 1 to 100"),
        ("isActive=yes".to_owned(), "isActive must be true or false"),
        ("isActive=true&isActive=true".to_owned(), "isActive must not be there twice"),
        ("include=users".to_owned(), "include must be total"),
        (
            "IsActive=true".to_owned(),
            "The query parameter \"IsActive\" is unknown; the nearest is isActive. The query parameters here are \
             email, isActive, limit, cursor, include",
        ),
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
    server.send("GET", &path, &[("x-api-key", &other)], b"").assert_problem(
        400,
        "invalid_parameter",
        of_same_list,
    );
}

fn reading_and_writing_need_separate_scopes(database: Database) {
    let server = database.serve_demo();
    for (scope, reads, writes) in
        [("users:read", 200, 403), ("users:write", 403, 400), ("tickets:write", 403, 403)]
    {
        let key = api_keys::key(&database, &["--scope", scope]);
        let status = |method, path| server.send(method, path, &[("x-api-key", &key)], b"[]").status;
        assert_eq!(
            (status("GET", "/api/v1/users"), status("GET", "/api/v1/users/45")),
            (reads, reads),
            "{scope}"
        );
        assert_eq!(
            (status("POST", "/api/v1/users"), status("PATCH", "/api/v1/users/45")),
            (writes, writes),
            "{scope}"
        );
    }
}

fn a_missing_user_is_not_found(database: Database) {
    let server = database.serve_demo();
    for id in ["1", "999999", "9007199254740991"] {
        server.get(&format!("/api/v1/users/{id}")).assert_problem(404, "user_not_found", "User not found");
    }
    for id in ["0", "abc", "9007199254740992", "-1"] {
        let sentence = "userId must be a whole number from 1 to 9007199254740991";
        server.get(&format!("/api/v1/users/{id}")).assert_problem(400, "invalid_parameter", sentence);
    }
}

fn users_of_another_shop_are_not_visible(database: Database) {
    let server = database.serve_demo();
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
    let with_other = |method: &str, path: &str, body: &str| {
        server.send(method, path, &[("x-api-key", &other)], body.as_bytes())
    };
    assert_eq!(with_other("GET", "/api/v1/users?include=total", "").json()["total"], 0);
    assert_eq!(with_other("GET", "/api/v1/users", "").json()["users"], json!([]));
    with_other("GET", "/api/v1/users/45", "").assert_problem(404, "user_not_found", "User not found");
    with_other("PATCH", "/api/v1/users/45", r#"{"isActive": false}"#).assert_problem(
        404,
        "user_not_found",
        "User not found",
    );
    assert_eq!(
        with_other("POST", "/api/v1/users", r#"{"email": "agent@example.com"}"#).status,
        201,
        "the address is free in the other shop"
    );
    assert_eq!(user(&server.get("/api/v1/users/45"))["isActive"], true);
}
