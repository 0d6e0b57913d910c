//! The routes of API keys: make, find, list and revoke.

use serde_json::{Value, json};

use crate::harness::{Answer, Database, Server, follow, on_both_databases};

pub(crate) const KEYS: &str = "/api/v1/api-keys";
pub(crate) const NO_SUCH_KEY: (u16, &str, &str) = (404, "api_key_not_found", "API key not found");
const SHOP: &str = "example.myshopify.com";

/// A key of the demo shop with these arguments.
pub(crate) fn key(database: &Database, arguments: &[&str]) -> String {
    database.hexdesk(&[&["key", "create", "--shop", SHOP], arguments].concat())
}

/// A key of the demo shop that holds every scope, with these arguments.
pub(crate) fn manager(database: &Database, arguments: &[&str]) -> String {
    let all: Vec<&str> = hexdesk_domain::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    key(database, &[&["--scope", &all.join(",")], arguments].concat())
}

/// A server of the demo shop, whose key holds every scope.
pub(crate) fn serve(database: &Database) -> Server {
    let mut server = database.serve_demo();
    server.key = manager(database, &[]);
    server
}

/// The path of the key with this text.
pub(crate) fn path(text: &str) -> String {
    let (_, number) = text.split('_').nth(1).unwrap().split_once('-').unwrap();
    format!("{KEYS}/{number}")
}

/// Sends this body with a key of one's own.
pub(crate) fn post(server: &Server, key: &str, path: &str, body: &Value) -> Answer {
    server.send("POST", path, &[("x-api-key", key)], body.to_string().as_bytes())
}

/// The new key of the answer, and its text.
#[track_caller]
pub(crate) fn made(answer: &Answer) -> (Value, String) {
    assert_eq!((answer.status, &answer.json()["success"]), (201, &json!(true)), "{answer:?}");
    (answer.json()["apiKey"].clone(), answer.json()["key"].as_str().unwrap().to_owned())
}

/// The key of the answer, which must have been found.
#[track_caller]
pub(crate) fn found(answer: &Answer) -> Value {
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(true)), "{answer:?}");
    answer.json()["apiKey"].clone()
}

/// Whether the key opens anything.
pub(crate) fn works(server: &Server, key: &str) -> bool {
    match server.send("GET", "/api/v1/tickets", &[("x-api-key", key)], b"").status {
        200 | 403 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

#[track_caller]
pub(crate) fn list(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("{KEYS}{query}"));
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(true)), "{query}: {answer:?}");
    answer.json()
}

#[track_caller]
fn assert_refused(answer: &Answer, (status, code, sentence): (u16, &str, &str)) {
    answer.assert_problem(status, code, sentence);
}

on_both_databases! {
    fn a_made_key_works_and_holds_what_was_asked(database: Database) {
        let server = serve(&database);
        let answer = post(&server, &server.key, KEYS, &json!({
            "scopes": ["tickets:write", "tickets:read", "tickets:read"], "userId": "45", "expiresAt": "2999-01-01", "unknown": 1
        }));
        let (made, text) = made(&answer);
        let id = made["id"].as_i64().unwrap();
        assert_eq!(answer.header("location"), Some(&*format!("{KEYS}/{id}")));
        assert_eq!(made, json!({
            "id": id, "prefix": format!("hd_1-{id}_"), "scopes": ["tickets:read", "tickets:write"], "userId": 45,
            "createdAt": made["createdAt"].as_str().unwrap(), "expiresAt": "2999-01-01T00:00:00.000Z",
            "revokedAt": null, "isLive": true
        }));
        assert!(text.starts_with(made["prefix"].as_str().unwrap()), "{text}");
        assert_eq!(found(&server.get(&path(&text))), made);
        assert!(database.hexdesk(&["key", "list", "--shop", SHOP]).contains(&format!("1-{id}\ttickets:read,tickets:write\t")));

        let ticket = post(&server, &text, "/api/v1/tickets", &json!({"customerId": 123, "Channel": "Mail"}));
        let comments = format!("{}/comments", ticket.header("location").unwrap());
        let comment = post(&server, &text, &comments, &json!({"text": "Hello"})).json()["comment"].clone();
        assert_eq!(comment["User"]["id"], 45, "{comment}");
        for (method, path, scope) in [
            ("GET", "/api/v1/customers/123", "customers:read"),
            ("PATCH", "/api/v1/users/45", "users:write"),
            ("GET", KEYS, "api_keys:manage"),
            ("POST", KEYS, "api_keys:manage"),
            ("DELETE", &path(&text), "api_keys:manage"),
        ] {
            let sentence = format!("The API key lacks the scope {scope}");
            server.send(method, path, &[("x-api-key", &text)], b"{}").assert_problem(403, "missing_scope", &sentence);
        }
    }

    fn one_scope_manages_keys(database: Database) {
        let server = database.serve_demo();
        let every_other = hexdesk_domain::Scope::DEFAULT.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
        let (managing, other) = (key(&database, &["--scope", "api_keys:manage"]), key(&database, &["--scope", &every_other]));
        let one = path(&managing);
        for (method, path, status) in [
            ("GET", KEYS, 200),
            ("POST", KEYS, 400),
            ("GET", &one, 200),
            ("POST", &format!("{one}/rotate"), 400),
            ("DELETE", &path(&other), 200),
        ] {
            let send = |key: &str| server.send(method, path, &[("x-api-key", key)], b"[]");
            send(&other).assert_problem(403, "missing_scope", "The API key lacks the scope api_keys:manage");
            assert_eq!(send(&managing).status, status, "{method} {path}");
        }
    }

    fn bad_keys_are_refused_with_every_reason(database: Database) {
        let server = serve(&database);
        let many = vec!["tickets:read"; 101];
        for (body, expected) in [
            (json!({}), vec![("/scopes", "required")]),
            (json!({"scopes": null, "expiresAt": "2001-01-01"}), vec![("/scopes", "required"), ("/expiresAt", "future")]),
            (json!({"scopes": []}), vec![("/scopes", "required")]),
            (json!({"scopes": "tickets:read"}), vec![("/scopes", "type")]),
            (json!({"scopes": ["tickets:read", "root", "Tickets:Read", 7]}),
             vec![("/scopes/1", "scope"), ("/scopes/2", "scope"), ("/scopes/3", "type")]),
            (json!({"scopes": many}), vec![("/scopes", "too_long")]),
            (json!({"scopes": ["root"], "userId": "x", "expiresAt": "tomorrow"}),
             vec![("/scopes/0", "scope"), ("/userId", "id"), ("/expiresAt", "timestamp")]),
            (json!([]), vec![("", "json")]),
        ] {
            let answer = post(&server, &server.key, KEYS, &body);
            assert_eq!(answer.status, 400, "{body}");
            let found = answer.member_errors();
            let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (&**pointer, &**code)).collect();
            assert_eq!(found, expected, "{body}");
        }
        let unknown = json!({"scopes": ["tickets:read"], "userId": 999_999});
        post(&server, &server.key, KEYS, &unknown).assert_problem(404, "user_not_found", "User not found");
        server.send("PATCH", "/api/v1/users/45", &[("x-api-key", &server.key)], br#"{"isActive": false}"#);
        let inactive = json!({"scopes": ["tickets:read"], "userId": 45});
        post(&server, &server.key, KEYS, &inactive).assert_problem(404, "user_not_found", "User not found");
        assert_eq!(list(&server, "?include=total")["total"], 2);
    }

    fn keys_are_listed_in_order_of_their_ids_dead_ones_too(database: Database) {
        let server = serve(&database);
        let (revoked, rotated) = (key(&database, &[]), key(&database, &[]));
        database.hexdesk(&["key", "revoke", revoked.split('_').nth(1).unwrap()]);
        let (_, successor) = made(&post(&server, &server.key, &format!("{}/rotate", path(&rotated)), &json!({"overlapSeconds": 0})));
        let all = list(&server, "?include=total");
        assert_eq!((&all["total"], &all["next_cursor"]), (&json!(5), &Value::Null));
        let keys = all["apiKeys"].as_array().unwrap();
        let live: Vec<bool> = keys.iter().map(|key| key["isLive"].as_bool().unwrap()).collect();
        assert_eq!(live, [true, true, false, false, true]);
        for (entry, text) in keys[1..].iter().zip([&server.key, &revoked, &rotated, &successor]) {
            assert_eq!(*entry, found(&server.get(&path(text))));
        }
        for limit in [1, 2, 4, 5, 100] {
            let mut walked = Vec::new();
            let mut page = Some(server.get(&format!("{KEYS}?limit={limit}")));
            while let Some(answer) = page {
                let list = answer.json();
                let entries = list["apiKeys"].as_array().unwrap().clone();
                assert!(entries.len() <= limit);
                walked.extend(entries);
                assert_eq!((list["next_cursor"].is_null(), list.get("total")), (answer.header("link").is_none(), None));
                page = follow(&server, &answer);
            }
            assert_eq!(walked, *keys, "{limit}");
        }
    }

    fn bad_parameters_and_others_cursors_are_refused(database: Database) {
        let server = serve(&database);
        let cursor = list(&server, "?limit=1")["next_cursor"].as_str().unwrap().to_owned();
        server.send("POST", "/api/v1/users", &[("x-api-key", &server.key)], br#"{"email": "second@example.com"}"#);
        let of_users = server.get("/api/v1/users?limit=1").json()["next_cursor"].as_str().unwrap().to_owned();
        let of_same_list = "cursor must be the next_cursor of a page of this same list";
        for (query, sentence) in [
            ("limit=0", "limit must be a whole number from 1 to 100"),
            ("include=all", "include must be total"),
            ("isLive=true", "The query parameters here are limit, cursor, include"),
            (&format!("cursor={of_users}"), of_same_list),
            (&format!("cursor={}", &cursor[1..]), of_same_list),
            // Another version.
            (&format!("cursor={}", cursor.replacen("AQ", "Ag", 1)), of_same_list),
        ] {
            server.get(&format!("{KEYS}?{query}")).assert_problem(400, "invalid_parameter", sentence);
        }
        server.get(&format!("/api/v1/users?cursor={cursor}")).assert_problem(400, "invalid_parameter", of_same_list);
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "api_keys:manage"]);
        let answer = server.send("GET", &format!("{KEYS}?cursor={cursor}"), &[("x-api-key", &other)], b"");
        answer.assert_problem(400, "invalid_parameter", of_same_list);
    }

    fn a_revoked_key_opens_nothing_and_stays_as_it_was_revoked(database: Database) {
        let server = serve(&database);
        let text = key(&database, &[]);
        let delete = |path: &str| server.send("DELETE", path, &[("x-api-key", &server.key)], b"");
        let mut expected = found(&server.get(&path(&text)));
        let answer = delete(&path(&text));
        expected["revokedAt"] = found(&answer)["revokedAt"].clone();
        expected["isLive"] = json!(false);
        assert!(expected["revokedAt"].is_string());
        assert_eq!(found(&answer), expected);
        for _ in 0..2 {
            assert_eq!(delete(&path(&text)).body, answer.body);
        }
        assert_eq!(found(&server.get(&path(&text))), expected);
        assert!(!works(&server, &text));
        assert_eq!(found(&delete(&path(&server.key)))["isLive"], false, "a key may revoke itself");
        assert!(!works(&database.serve(&[]), &server.key));
    }

    fn a_key_that_is_not_there_is_not_found(database: Database) {
        let server = serve(&database);
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "api_keys:manage"]);
        let before = list(&server, "");
        // The other shop has a first key only, and this one a second.
        for (key, id) in [(&server.key, "99"), (&server.key, "9223372036854775807"), (&other, "2")] {
            let send = |method, path: &str| server.send(method, path, &[("x-api-key", key)], b"{}");
            assert_refused(&send("GET", &format!("{KEYS}/{id}")), NO_SUCH_KEY);
            assert_refused(&send("DELETE", &format!("{KEYS}/{id}")), NO_SUCH_KEY);
            assert_refused(&send("POST", &format!("{KEYS}/{id}/rotate")), NO_SUCH_KEY);
        }
        for id in ["0", "abc", "-1", "1-2", "9223372036854775808"] {
            let sentence = "keyId must be a whole number from 1 to 9223372036854775807";
            for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/rotate")] {
                let answer = server.send(method, &format!("{KEYS}/{id}{path}"), &[("x-api-key", &server.key)], b"{}");
                answer.assert_problem(400, "invalid_parameter", sentence);
            }
        }
        assert_eq!(list(&server, ""), before);
        let theirs = server.send("GET", &format!("{KEYS}?include=total"), &[("x-api-key", &other)], b"").json();
        assert_eq!((&theirs["total"], &theirs["apiKeys"][0]["prefix"]), (&json!(1), &json!("hd_2-1_")));
        let in_name_of_another_shops = json!({"scopes": ["api_keys:manage"], "userId": 45});
        post(&server, &other, KEYS, &in_name_of_another_shops).assert_problem(404, "user_not_found", "User not found");
    }
}
