//! `POST /api/v1/api-keys/{keyId}/rotate`.

use serde_json::{Value, json};

use crate::harness::api_keys::{KEYS, created, found, key, list, path, post, serve, works};
use crate::harness::{Database, both_databases};

/// A time in Unix milliseconds.
fn millis(time: &Value) -> i64 {
    hexdesk_domain::Timestamp::parse(time.as_str().unwrap()).unwrap().unix_millis()
}

both_databases! {
    a_rotated_key_works_until_the_overlap_ends,
    a_key_can_rotate_itself,
    invalid_rotations_are_refused,
}

fn a_rotated_key_works_until_the_overlap_ends(database: Database) {
    let server = serve(&database);
    let rotate = |text: &str, body: Value| {
        created(&post(&server, &server.key, &format!("{}/rotate", path(text)), &body))
    };
    let end = |text: &str| millis(&found(&server.get(&path(text)))["expiresAt"]);
    for (body, overlap_seconds) in
        [(json!({}), 86_400), (json!({"overlapSeconds": 60, "expiresAt": null}), 60)]
    {
        let old = key(&database, &["--scope", "tickets:read,tickets:write", "--user", "45"]);
        let (successor, text) = rotate(&old, body);
        assert_eq!(
            (&successor["scopes"], &successor["userId"]),
            (&json!(["tickets:read", "tickets:write"]), &json!(45))
        );
        assert_eq!((&successor["expiresAt"], &successor["isLive"]), (&Value::Null, &json!(true)));
        assert_eq!(successor, found(&server.get(&path(&text))));
        assert!(works(&server, &old) && works(&server, &text));
        assert_eq!(end(&old), millis(&successor["createdAt"]) + overlap_seconds * 1_000);
    }
    let old = key(&database, &[]);
    let (successor, text) = rotate(&old, json!({"overlapSeconds": 0, "expiresAt": "2999-01-01"}));
    assert_eq!(successor["expiresAt"], "2999-01-01T00:00:00.000Z");
    assert_eq!(end(&old), millis(&successor["createdAt"]));
    assert!(!works(&server, &old) && works(&server, &text));
    let short = created(&post(
        &server,
        &server.key,
        KEYS,
        &json!({"scopes": ["tickets:read"], "expiresAt": "2100-01-01"}),
    ))
    .1;
    rotate(&short, json!({"overlapSeconds": 2_592_000}));
    assert!(end(&short) < 4_102_444_800_000, "the overlap ends the key earlier");
    let soon = end(&short);
    rotate(&short, json!({"overlapSeconds": 2_592_000}));
    assert_eq!(end(&short), soon, "an overlap never prolongs a key");
}

fn a_key_can_rotate_itself(database: Database) {
    let server = serve(&database);
    let rotate =
        |key: &str| post(&server, key, &format!("{}/rotate", path(key)), &json!({"overlapSeconds": 0}));
    let (successor, text) = created(&rotate(&server.key));
    assert_eq!(successor["scopes"].as_array().unwrap().len(), hexdesk_domain::Scope::ALL.len());
    // This server has cached neither of the keys.
    let second = database.serve(&[]);
    assert!(works(&second, &text) && !works(&second, &server.key));
    // Even on the server that may have cached it.
    rotate(&server.key).assert_problem(401, "invalid_api_key", "Unauthorized - Invalid API key");
    let body = json!({"scopes": ["tickets:read"]});
    post(&server, &server.key, KEYS, &body).assert_problem(
        401,
        "invalid_api_key",
        "Unauthorized - Invalid API key",
    );
}

fn invalid_rotations_are_refused(database: Database) {
    let server = serve(&database);
    let (revoked, expired, live) = (key(&database, &[]), key(&database, &[]), key(&database, &[]));
    let rotate = |path: &str, body: &Value| post(&server, &server.key, &format!("{path}/rotate"), body);
    server.send("DELETE", &path(&revoked), &[("x-api-key", &server.key)], b"");
    created(&rotate(&path(&expired), &json!({"overlapSeconds": 0})));
    let before = list(&server, "");
    for dead in [&revoked, &expired] {
        rotate(&path(dead), &json!({})).assert_problem(
            409,
            "api_key_not_live",
            "The API key is revoked or has expired",
        );
    }
    for (body, expected) in [
        (json!({"overlapSeconds": -1}), vec![("/overlapSeconds", "range")]),
        (json!({"overlapSeconds": 2_592_001}), vec![("/overlapSeconds", "range")]),
        (
            json!({"overlapSeconds": "60", "expiresAt": "2001-01-01"}),
            vec![("/expiresAt", "future"), ("/overlapSeconds", "range")],
        ),
        (json!({"expiresAt": 1}), vec![("/expiresAt", "timestamp")]),
        (json!([]), vec![("", "json")]),
    ] {
        let response = rotate(&path(&live), &body);
        response.assert_member_errors(&expected, &body);
    }
    assert_eq!(list(&server, ""), before);
}
