//! No key can create a key with more rights than its own, or revoke one.

use serde_json::{Value, json};

use crate::harness::api_keys::{KEYS, created, id, key, manager, path, post, serve, works};
use crate::harness::users::create_user;
use crate::harness::{Database, Response, SHOP, Server, both_databases};

#[track_caller]
fn assert_exceeds(response: &Response, excess: &str) {
    let sentence = format!("The API key cannot make one that holds more: {excess}");
    response.assert_problem(403, "exceeds_own_key", &sentence);
}

fn keys(database: &Database) -> i64 {
    database.count("SELECT count(*) FROM api_keys")
}

both_databases! {
    a_key_cannot_grant_a_scope_it_lacks,
    a_created_key_cannot_grant_more_than_it_holds,
    a_key_without_a_user_creates_keys_for_any_user,
    rotating_a_key_grants_nothing_more,
    a_rotated_key_cannot_create_a_key_that_outlives_it,
    a_key_cannot_revoke_a_key_that_holds_more,
    a_key_that_no_longer_works_revokes_nothing,
}

fn a_key_cannot_grant_a_scope_it_lacks(database: Database) {
    let server = serve(&database);
    for held in hexdesk_domain::Scope::ALL {
        let own = key(&database, &["--scope", &format!("api_keys:manage,{held}")]);
        let before = keys(&database);
        for asked in hexdesk_domain::Scope::ALL {
            let response = post(&server, &own, KEYS, &json!({"scopes": ["api_keys:manage", asked.as_str()]}));
            if asked == held || asked.as_str() == "api_keys:manage" {
                created(&response);
            } else {
                assert_exceeds(&response, &format!("it lacks the scope {asked}"));
            }
        }
        let made = if held.as_str() == "api_keys:manage" { 1 } else { 2 };
        assert_eq!(keys(&database), before + made, "{held}");
    }
}

fn a_created_key_cannot_grant_more_than_it_holds(database: Database) {
    let server = serve(&database);
    let scopes = json!(["tickets:read", "api_keys:manage"]);
    let first = created(&post(
        &server,
        &server.key,
        KEYS,
        &json!({"scopes": scopes, "userId": 45, "expiresAt": "2999-01-01"}),
    ))
    .1;
    let mut text = first;
    for _ in 0..3 {
        for (body, excess) in [
            (json!({"scopes": ["tickets:write"]}), "it lacks the scope tickets:write"),
            (
                json!({"scopes": ["tickets:read"], "userId": create_user(&server, &format!("{}@example.com", keys(&database)))}),
                "it writes in another user's name",
            ),
            (
                json!({"scopes": ["tickets:read"], "expiresAt": "2999-01-01T00:00:00.001Z"}),
                "it expires earlier",
            ),
        ] {
            assert_exceeds(&post(&server, &text, KEYS, &body), excess);
        }
        // Members that are not sent are the creating key's own.
        let (next, its_text) = created(&post(&server, &text, KEYS, &json!({"scopes": scopes})));
        assert_eq!((&next["userId"], &next["expiresAt"]), (&json!(45), &json!("2999-01-01T00:00:00.000Z")));
        text = its_text;
        let (successor, its_text) =
            created(&post(&server, &text, &format!("{}/rotate", path(&text)), &json!({})));
        assert_eq!(
            (&successor["scopes"], &successor["userId"], &successor["expiresAt"]),
            (&scopes, &json!(45), &json!("2999-01-01T00:00:00.000Z"))
        );
        text = its_text;
    }
    let earlier = json!({"scopes": ["tickets:read"], "userId": 45, "expiresAt": "2998-12-31"});
    assert_eq!(created(&post(&server, &text, KEYS, &earlier)).0["expiresAt"], "2998-12-31T00:00:00.000Z");
}

fn a_key_without_a_user_creates_keys_for_any_user(database: Database) {
    let server = serve(&database);
    let alan = create_user(&server, "alan@example.com");
    for user in [json!(45), json!(alan), Value::Null] {
        let (key, _) =
            created(&post(&server, &server.key, KEYS, &json!({"scopes": ["tickets:read"], "userId": user})));
        assert_eq!(key["userId"], user);
    }
    let graces = manager(&database, &["--user", "45"]);
    let alans = json!({"scopes": ["tickets:read"], "userId": alan});
    assert_exceeds(&post(&server, &graces, KEYS, &alans), "it writes in another user's name");
}

fn rotating_a_key_grants_nothing_more(database: Database) {
    let server = serve(&database);
    let alan = create_user(&server, "alan@example.com").to_string();
    let plain = key(&database, &["--scope", "tickets:read,api_keys:manage"]);
    let graces = manager(&database, &["--user", "45", "--expires", "2999-01-01"]);
    let (nobodys, alans, own) =
        (key(&database, &[]), key(&database, &["--user", &alan]), key(&database, &["--user", "45"]));
    let before = server.get(KEYS).json();
    let later = json!({"expiresAt": "2999-01-02"});
    for (holder, of, body, excess) in [
        (&plain, &server.key, json!({}), "it lacks the scope tickets:write"),
        (&plain, &alans, json!({}), "it lacks the scope tickets:write"),
        (&graces, &nobodys, json!({}), "it writes in another user's name"),
        (&graces, &alans, json!({}), "it writes in another user's name"),
        (&graces, &own, later.clone(), "it expires earlier"),
        (&graces, &graces, later, "it expires earlier"),
    ] {
        assert_exceeds(&post(&server, holder, &format!("{}/rotate", path(of)), &body), excess);
    }
    assert_eq!(server.get(KEYS).json(), before);
    let (successor, _) = created(&post(&server, &graces, &format!("{}/rotate", path(&own)), &json!({})));
    assert_eq!(successor["expiresAt"], "2999-01-01T00:00:00.000Z", "no later than the requesting key");
}

fn a_rotated_key_cannot_create_a_key_that_outlives_it(database: Database) {
    let server = serve(&database);
    created(&post(
        &server,
        &server.key,
        &format!("{}/rotate", path(&server.key)),
        &json!({"overlapSeconds": 3_600}),
    ));
    let end = server.get(&path(&server.key)).json()["apiKey"]["expiresAt"].clone();
    let (key, _) = created(&post(&server, &server.key, KEYS, &json!({"scopes": ["tickets:read"]})));
    assert_eq!(key["expiresAt"], end);
    let body = json!({"scopes": ["tickets:read"], "expiresAt": "2999-01-01"});
    assert_exceeds(&post(&server, &server.key, KEYS, &body), "it expires earlier");
}

fn revoke(server: &Server, holder: &str, of: &str) -> Response {
    server.send("DELETE", &path(of), &[("x-api-key", holder)], b"")
}

fn a_key_cannot_revoke_a_key_that_holds_more(database: Database) {
    let server = serve(&database);
    let alan = create_user(&server, "alan@example.com").to_string();
    let narrow = key(&database, &["--scope", "api_keys:manage"]);
    let graces = manager(&database, &["--user", "45", "--expires", "2999-01-01"]);
    let (nobodys, alans) = (key(&database, &[]), key(&database, &["--user", &alan]));
    let before = server.get(KEYS).json();
    for (holder, of, excess) in [
        (&narrow, &server.key, "it lacks the scope tickets:read"),
        (&narrow, &nobodys, "it lacks the scope tickets:read"),
        (&graces, &server.key, "it writes in another user's name"),
        (&graces, &nobodys, "it writes in another user's name"),
        (&graces, &alans, "it writes in another user's name"),
    ] {
        let sentence = format!("The API key cannot revoke one that holds more: {excess}");
        revoke(&server, holder, of).assert_problem(403, "exceeds_own_key", &sentence);
    }
    assert_eq!(server.get(KEYS).json(), before);
    // A key that expires may revoke one that does not, and every key may revoke itself.
    let graces_too = key(&database, &["--user", "45"]);
    for (holder, of) in
        [(&graces, &graces_too), (&graces, &graces), (&narrow, &narrow), (&server.key, &alans)]
    {
        assert_eq!(revoke(&server, holder, of).status, 200);
    }
    // The operator may revoke every key.
    database.hexdesk(&["key", "revoke", id(&nobodys)]);
    assert!(works(&database.serve(&[]), &server.key));
}

fn a_key_that_no_longer_works_revokes_nothing(database: Database) {
    let server = serve(&database);
    let target = key(&database, &[]);
    let (revoked, expired, closed) =
        (manager(&database, &[]), manager(&database, &[]), manager(&database, &[]));
    // The server knows the keys as live, for a few seconds.
    for key in [&revoked, &expired, &closed] {
        assert!(works(&server, key));
    }
    database.hexdesk(&["key", "revoke", id(&revoked)]);
    database.hexdesk(&["key", "rotate", id(&expired), "--overlap", "0s"]);
    for holder in [&revoked, &expired] {
        revoke(&server, holder, &target).assert_problem(
            401,
            "invalid_api_key",
            "Unauthorized - Invalid API key",
        );
    }
    database.hexdesk(&["shop", "close", SHOP]);
    assert!([401, 404].contains(&revoke(&server, &closed, &target).status));
    assert_eq!(database.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NOT NULL"), 1);
}
