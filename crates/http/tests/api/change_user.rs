//! `PATCH /api/v1/users/{userId}`, and the effects of deactivating a user.

use serde_json::{Value, json};

use crate::harness::users::{create_user, user};
use crate::harness::{Database, EXAMPLE, Response, Server, api_keys, both_databases};

const GRACE: &str = "/api/v1/users/45";

fn patch(server: &Server, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send("PATCH", path, &all, body.to_string().as_bytes())
}

both_databases! {
    only_the_members_sent_change,
    invalid_changes_are_refused_with_all_errors,
    an_idempotency_key_makes_one_change,
    a_deactivated_user_keeps_tickets_and_gets_no_new_ones,
    deactivating_a_user_revokes_its_keys,
}

fn only_the_members_sent_change(database: Database) {
    let server = database.serve_demo();
    for (body, changed) in [
        (json!({}), json!({})),
        (json!({"email": "AGENT@example.com"}), json!({"email": "AGENT@example.com"})),
        (json!({"email": "grace@example.com"}), json!({"email": "grace@example.com"})),
        // The full name follows until it is set itself.
        (json!({"first_name": "G."}), json!({"first_name": "G.", "full_name": "G. Hopper"})),
        (json!({"last_name": null}), json!({"last_name": null, "full_name": "G."})),
        (
            json!({"full_name": "Rear Admiral Hopper", "last_name": "Hopper"}),
            json!({"full_name": "Rear Admiral Hopper", "last_name": "Hopper"}),
        ),
        (json!({"full_name": null}), json!({"full_name": null})),
        (
            json!({"isActive": true, "id": 1, "shopDomain": "x", "deactivatedAt": "2001-01-01", "unknown": 1}),
            json!({}),
        ),
    ] {
        let mut expected = user(&server.get(GRACE));
        for (name, value) in changed.as_object().unwrap() {
            expected[name] = value.clone();
        }
        let response = patch(&server, GRACE, &[], &body);
        assert_eq!((response.status, user(&response)), (200, expected.clone()), "{body}");
        assert_eq!(user(&server.get(GRACE)), expected, "{body}");
    }
}

fn invalid_changes_are_refused_with_all_errors(database: Database) {
    let server = database.serve_demo();
    let before = user(&server.get(GRACE));
    for (body, expected) in [
        (json!({"email": null}), vec![("/email", "required")]),
        (
            json!({"email": "nobody", "first_name": 1, "last_name": "\u{0}", "full_name": "x".repeat(501), "isActive": "yes"}),
            vec![
                ("/email", "email"),
                ("/first_name", "type"),
                ("/last_name", "nul"),
                ("/full_name", "too_long"),
                ("/isActive", "type"),
            ],
        ),
        (json!({"first_name": "fine", "isActive": null}), vec![("/isActive", "required")]),
        (json!({"isActive": 0}), vec![("/isActive", "type")]),
        (json!([]), vec![("", "json")]),
    ] {
        let response = patch(&server, GRACE, &[], &body);
        response.assert_member_errors(&expected, &body);
    }
    create_user(&server, "alan@example.com");
    let taken = json!({"email": "Alan@Example.com", "first_name": "x", "isActive": false});
    let sentence = "The shop has a user with this e-mail address already";
    patch(&server, GRACE, &[], &taken).assert_problem(409, "user_exists", sentence);
    assert_eq!(user(&server.get(GRACE)), before);
    patch(&server, "/api/v1/users/1", &[], &json!({})).assert_problem(
        404,
        "user_not_found",
        "User not found",
    );
    let sentence = "userId must be a whole number from 1 to 9007199254740991";
    patch(&server, "/api/v1/users/abc", &[], &json!({})).assert_problem(400, "invalid_parameter", sentence);
}

fn an_idempotency_key_makes_one_change(database: Database) {
    let server = database.serve_demo();
    let key = [("idempotency-key", "rename-1")];
    let first = patch(&server, GRACE, &key, &json!({"first_name": "once"}));
    patch(&server, GRACE, &[], &json!({"first_name": "later"}));
    // The same user, with leading zeros in the path.
    let again = patch(&server, "/api/v1/users/0045", &key, &json!({"first_name": "once"}));
    assert_eq!(
        (again.status, &again.body, again.header("idempotency-replayed")),
        (200, &first.body, Some("true"))
    );
    assert_eq!(user(&server.get(GRACE))["first_name"], "later");
    assert_eq!(patch(&server, GRACE, &key, &json!({"first_name": "other"})).status, 422);
}

fn a_deactivated_user_keeps_tickets_and_gets_no_new_ones(database: Database) {
    let server = database.serve_demo();
    let ticket = server.create_ticket(EXAMPLE).header("location").unwrap().to_owned();
    let deactivated = user(&patch(&server, GRACE, &[], &json!({"isActive": false})));
    assert_eq!(deactivated["isActive"], false);
    assert!(deactivated["deactivatedAt"].is_string(), "{deactivated}");
    let again = patch(&server, GRACE, &[], &json!({"isActive": "false", "first_name": "Grace"}));
    assert_eq!(user(&again), deactivated, "the time of the first deactivation");

    assert_eq!(server.get(&ticket).ticket()["User"]["email"], "agent@example.com");
    let sentence = "The user is deactivated";
    server.create_ticket(EXAMPLE).assert_problem(404, "user_deactivated", sentence);
    let other = server
        .create_ticket(r#"{"customerId": 123, "Channel": "Mail"}"#)
        .header("location")
        .unwrap()
        .to_owned();
    let assign = json!({"assigned_to": 45});
    patch(&server, &other, &[], &assign).assert_problem(404, "user_deactivated", sentence);

    let activated = user(&patch(&server, GRACE, &[], &json!({"isActive": true})));
    assert_eq!((&activated["isActive"], &activated["deactivatedAt"]), (&json!(true), &Value::Null));
    assert_eq!(patch(&server, &other, &[], &assign).status, 200);
}

fn deactivating_a_user_revokes_its_keys(database: Database) {
    let mut server = database.serve_demo();
    server.key = api_keys::manager(&database, &[]);
    let alan = create_user(&server, "alan@example.com");
    let create =
        |user: &str| database.hexdesk(&["key", "create", "--shop", "example.myshopify.com", "--user", user]);
    let (graces, second, alans) = (create("45"), create("45"), create(&alan.to_string()));
    let key = |text: &str| server.get(&api_keys::path(text)).json()["apiKey"].clone();
    assert_eq!(key(&graces)["isLive"], true);

    let since = user(&patch(&server, GRACE, &[], &json!({"isActive": false})))["deactivatedAt"].clone();
    for text in [&graces, &second] {
        assert_eq!((&key(text)["revokedAt"], &key(text)["isLive"]), (&since, &json!(false)));
        let response = server.send("GET", "/api/v1/tickets", &[("x-api-key", text)], b"");
        response.assert_problem(401, "invalid_api_key", "Unauthorized - Invalid API key");
    }
    for text in [&alans, &server.key] {
        assert_eq!((&key(text)["revokedAt"], &key(text)["isLive"]), (&Value::Null, &json!(true)));
        assert_eq!(server.send("GET", "/api/v1/tickets", &[("x-api-key", text)], b"").status, 200);
    }
    patch(&server, GRACE, &[], &json!({"isActive": true}));
    assert_eq!(key(&graces)["revokedAt"], since, "activating a user restores no key");
    assert_eq!(server.send("GET", "/api/v1/tickets", &[("x-api-key", &second)], b"").status, 401);
}
