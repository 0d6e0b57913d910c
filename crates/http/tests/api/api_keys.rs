//! The routes of API keys: create, find, list and revoke.

use serde_json::{Value, json};

use crate::harness::api_keys::{KEYS, created, found, key, list, path, post, serve, works};
use crate::harness::{Database, Response, SHOP, both_databases, pages};

pub(crate) const NO_SUCH_KEY: (u16, &str, &str) = (404, "api_key_not_found", "API key not found");

#[track_caller]
fn assert_refused(response: &Response, (status, code, sentence): (u16, &str, &str)) {
    response.assert_problem(status, code, sentence);
}

both_databases! {
    a_created_key_works_and_has_the_requested_members,
    one_scope_manages_keys,
    invalid_keys_are_refused_with_all_errors,
    all_keys_are_listed_by_id,
    invalid_parameters_and_cursors_of_other_lists_are_refused,
    a_revoked_key_stays_revoked,
    a_missing_key_is_not_found,
}

fn a_created_key_works_and_has_the_requested_members(database: Database) {
    let server = serve(&database);
    let response = post(
        &server,
        &server.key,
        KEYS,
        &json!({
            "scopes": ["tickets:write", "tickets:read", "tickets:read"], "userId": "45", "expiresAt": "2999-01-01", "unknown": 1
        }),
    );
    let (made, text) = created(&response);
    let id = made["id"].as_i64().unwrap();
    assert_eq!(response.header("location"), Some(&*format!("{KEYS}/{id}")));
    assert_eq!(
        made,
        json!({
            "id": id, "prefix": format!("hd_1-{id}_"), "scopes": ["tickets:read", "tickets:write"], "userId": 45,
            "createdAt": made["createdAt"].as_str().unwrap(), "expiresAt": "2999-01-01T00:00:00.000Z",
            "revokedAt": null, "isLive": true
        })
    );
    assert!(text.starts_with(made["prefix"].as_str().unwrap()), "{text}");
    assert_eq!(found(&server.get(&path(&text))), made);
    assert!(
        database
            .hexdesk(&["key", "list", "--shop", SHOP])
            .contains(&format!("1-{id}\ttickets:read,tickets:write\t"))
    );

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
        server.send(method, path, &[("x-api-key", &text)], b"{}").assert_problem(
            403,
            "missing_scope",
            &sentence,
        );
    }
}

fn one_scope_manages_keys(database: Database) {
    let server = database.serve_demo();
    let every_other =
        hexdesk_domain::Scope::DEFAULT.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",");
    let (managing, other) =
        (key(&database, &["--scope", "api_keys:manage"]), key(&database, &["--scope", &every_other]));
    let (one, another) = (path(&managing), path(&key(&database, &["--scope", "api_keys:manage"])));
    for (method, path, status) in [
        ("GET", KEYS, 200),
        ("POST", KEYS, 400),
        ("GET", &one, 200),
        ("POST", &format!("{one}/rotate"), 400),
        ("DELETE", &another, 200),
    ] {
        let send = |key: &str| server.send(method, path, &[("x-api-key", key)], b"[]");
        send(&other).assert_problem(403, "missing_scope", "The API key lacks the scope api_keys:manage");
        assert_eq!(send(&managing).status, status, "{method} {path}");
    }
}

fn invalid_keys_are_refused_with_all_errors(database: Database) {
    let server = serve(&database);
    let many = vec!["tickets:read"; 101];
    for (body, expected) in [
        (json!({}), vec![("/scopes", "required")]),
        (
            json!({"scopes": null, "expiresAt": "2001-01-01"}),
            vec![("/scopes", "required"), ("/expiresAt", "future")],
        ),
        (json!({"scopes": []}), vec![("/scopes", "required")]),
        (json!({"scopes": "tickets:read"}), vec![("/scopes", "type")]),
        (
            json!({"scopes": ["tickets:read", "root", "Tickets:Read", 7]}),
            vec![("/scopes/1", "scope"), ("/scopes/2", "scope"), ("/scopes/3", "type")],
        ),
        (json!({"scopes": many}), vec![("/scopes", "too_long")]),
        (
            json!({"scopes": ["root"], "userId": "x", "expiresAt": "tomorrow"}),
            vec![("/scopes/0", "scope"), ("/userId", "id"), ("/expiresAt", "timestamp")],
        ),
        (json!([]), vec![("", "json")]),
    ] {
        let response = post(&server, &server.key, KEYS, &body);
        response.assert_member_errors(&expected, &body);
    }
    let unknown = json!({"scopes": ["tickets:read"], "userId": 999_999});
    post(&server, &server.key, KEYS, &unknown).assert_problem(404, "user_not_found", "User not found");
    server.send("PATCH", "/api/v1/users/45", &[("x-api-key", &server.key)], br#"{"isActive": false}"#);
    let inactive = json!({"scopes": ["tickets:read"], "userId": 45});
    post(&server, &server.key, KEYS, &inactive).assert_problem(404, "user_not_found", "User not found");
    assert_eq!(list(&server, "?include=total")["total"], 2);
}

fn all_keys_are_listed_by_id(database: Database) {
    let server = serve(&database);
    let (revoked, rotated) = (key(&database, &[]), key(&database, &[]));
    database.hexdesk(&["key", "revoke", revoked.split('_').nth(1).unwrap()]);
    let (_, successor) = created(&post(
        &server,
        &server.key,
        &format!("{}/rotate", path(&rotated)),
        &json!({"overlapSeconds": 0}),
    ));
    let all = list(&server, "?include=total");
    assert_eq!((&all["total"], &all["next_cursor"]), (&json!(5), &Value::Null));
    let keys = all["apiKeys"].as_array().unwrap();
    let live: Vec<bool> = keys.iter().map(|key| key["isLive"].as_bool().unwrap()).collect();
    assert_eq!(live, [true, true, false, false, true]);
    for (entry, text) in keys[1..].iter().zip([&server.key, &revoked, &rotated, &successor]) {
        assert_eq!(*entry, found(&server.get(&path(text))));
    }
    for limit in [1, 2, 4, 5, 100] {
        let pages = pages::walk(&server, &format!("{KEYS}?limit={limit}"), "apiKeys");
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(pages.concat(), *keys, "{limit}");
    }
}

fn invalid_parameters_and_cursors_of_other_lists_are_refused(database: Database) {
    let server = serve(&database);
    let cursor = list(&server, "?limit=1")["next_cursor"].as_str().unwrap().to_owned();
    server.send(
        "POST",
        "/api/v1/users",
        &[("x-api-key", &server.key)],
        br#"{"email": "second@example.com"}"#,
    );
    let of_users = server.get("/api/v1/users?limit=1").json()["next_cursor"].as_str().unwrap().to_owned();
    let of_same_list = "cursor must be the next_cursor of a page of this same list";
    for (query, sentence) in [
        ("limit=0", "limit must be a whole number from 1 to 100"),
        ("include=all", "include must be total"),
        (
            "isLive=true",
            "The query parameter \"isLive\" is unknown. The query parameters here are limit, cursor, include",
        ),
        (&format!("cursor={of_users}"), of_same_list),
        (&format!("cursor={}", &cursor[1..]), of_same_list),
        // A cursor of another version.
        (&format!("cursor={}", cursor.replacen("AQ", "Ag", 1)), of_same_list),
    ] {
        server.get(&format!("{KEYS}?{query}")).assert_problem(400, "invalid_parameter", sentence);
    }
    server.get(&format!("/api/v1/users?cursor={cursor}")).assert_problem(
        400,
        "invalid_parameter",
        of_same_list,
    );
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other =
        database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "api_keys:manage"]);
    let response = server.send("GET", &format!("{KEYS}?cursor={cursor}"), &[("x-api-key", &other)], b"");
    response.assert_problem(400, "invalid_parameter", of_same_list);
}

fn a_revoked_key_stays_revoked(database: Database) {
    let server = serve(&database);
    let text = key(&database, &[]);
    let delete = |path: &str| server.send("DELETE", path, &[("x-api-key", &server.key)], b"");
    let mut expected = found(&server.get(&path(&text)));
    let response = delete(&path(&text));
    expected["revokedAt"] = found(&response)["revokedAt"].clone();
    expected["isLive"] = json!(false);
    assert!(expected["revokedAt"].is_string());
    assert_eq!(found(&response), expected);
    for _ in 0..2 {
        assert_eq!(delete(&path(&text)).body, response.body);
    }
    assert_eq!(found(&server.get(&path(&text))), expected);
    assert!(!works(&server, &text));
    assert_eq!(found(&delete(&path(&server.key)))["isLive"], false, "a key may revoke itself");
    assert!(!works(&database.serve(&[]), &server.key));
}

fn a_missing_key_is_not_found(database: Database) {
    let server = serve(&database);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other =
        database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "api_keys:manage"]);
    let before = list(&server, "");
    // The other shop has no key 2, but this shop has.
    for (key, id) in [(&server.key, "99"), (&server.key, "9223372036854775807"), (&other, "2")] {
        let send = |method, path: &str| server.send(method, path, &[("x-api-key", key)], b"{}");
        assert_refused(&send("GET", &format!("{KEYS}/{id}")), NO_SUCH_KEY);
        assert_refused(&send("DELETE", &format!("{KEYS}/{id}")), NO_SUCH_KEY);
        assert_refused(&send("POST", &format!("{KEYS}/{id}/rotate")), NO_SUCH_KEY);
    }
    for id in ["0", "abc", "-1", "1-2", "9223372036854775808"] {
        let sentence = "keyId must be a whole number from 1 to 9223372036854775807";
        for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/rotate")] {
            let response =
                server.send(method, &format!("{KEYS}/{id}{path}"), &[("x-api-key", &server.key)], b"{}");
            response.assert_problem(400, "invalid_parameter", sentence);
        }
    }
    assert_eq!(list(&server, ""), before);
    let theirs = server.send("GET", &format!("{KEYS}?include=total"), &[("x-api-key", &other)], b"").json();
    assert_eq!((&theirs["total"], &theirs["apiKeys"][0]["prefix"]), (&json!(1), &json!("hd_2-1_")));
    let in_name_of_another_shops = json!({"scopes": ["api_keys:manage"], "userId": 45});
    post(&server, &other, KEYS, &in_name_of_another_shops).assert_problem(
        404,
        "user_not_found",
        "User not found",
    );
}
