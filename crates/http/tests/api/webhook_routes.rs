//! The routes of webhooks, with a local receiver that verifies signatures.

use serde_json::{Value, json};

use crate::harness::api_keys::key;
use crate::harness::events::eventually;
use crate::harness::{Database, EXAMPLE, Response, SHOP, Server, both_databases};
use crate::webhooks::{Documented, free_port, key_file};

const WEBHOOKS: &str = "/api/v1/webhooks";

fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let headers = [&[("x-api-key", server.key.as_str())], headers].concat();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.send(method, path, &headers, body.as_bytes())
}

/// Creates a webhook for this URL. Returns its id.
pub(crate) fn create_webhook(server: &Server, url: &str) -> String {
    let created = send(server, "POST", WEBHOOKS, &[], &json!({"url": url}));
    assert_eq!(created.status, 201, "{created:?}");
    created.json()["webhook"]["id"].as_str().unwrap().to_owned()
}

/// A server with the demo shop, whose key holds the scopes of webhooks, and the folder of its key file.
fn serve(database: &Database) -> (Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = key_file(database, &directory);
    let file: Vec<&str> = file.iter().map(String::as_str).collect();
    let mut server = database.serve_demo_with(&[&["--webhook-allow", "127.0.0.1"][..], &file].concat());
    let scopes = "webhooks:read,webhooks:manage,events:read,tickets:read,tickets:write";
    server.key = key(database, &["--scope", scopes]);
    (server, directory)
}

both_databases! {
    a_webhook_lives,
    refusals_write_nothing,
}

fn a_webhook_lives(database: Database) {
    let (server, _directory) = serve(&database);
    let port = free_port();
    let body = json!({"url": format!("http://127.0.0.1:{port}/"), "kinds": ["ticket.created"]});
    let once = [("idempotency-key", "webhook-1")];
    let created = send(&server, "POST", WEBHOOKS, &once, &body);
    assert_eq!((created.status, created.header("etag")), (201, Some("\"1\"")), "{created:?}");
    let json = created.json();
    let first = json["secret"].as_str().unwrap().to_owned();
    let webhook = &json["webhook"];
    assert!(first.starts_with("whsec_"));
    assert_eq!(webhook["kinds"], json!(["ticket.created"]));
    assert_eq!((&webhook["payload"], &webhook["isEnabled"]), (&json!("full"), &json!(true)));
    let path = format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap());
    assert_eq!(created.header("location"), Some(path.as_str()));
    let again = send(&server, "POST", WEBHOOKS, &once, &body);
    assert_eq!((again.status, &again.json()["secret"]), (201, &Value::Null));
    assert_eq!((again.header("idempotency-replayed"), &again.json()["webhook"]), (Some("true"), webhook));
    let mut others = vec![again];

    // A test fails before the receiver listens, and is accepted afterwards.
    let test = || send(&server, "POST", &format!("{path}/test"), &[], &Value::Null).json()["attempt"].clone();
    let failed = test();
    assert_eq!((&failed["kind"], &failed["error"]), (&json!("webhook.test"), &json!("connect")));
    assert_eq!((&failed["number"], &failed["status"]), (&json!(1), &Value::Null));
    let receiver = Documented::start("python3", "python", port, &first);
    eventually("the receiver accepts a test", || Some(test()).filter(|made| made["status"] == 204));
    receiver.prints("webhook.test");
    let created_ticket = server.create_ticket(EXAMPLE);
    assert_eq!(created_ticket.status, 201);
    receiver.prints("ticket.created");

    // Attempts, newest first, in pages.
    let deliveries = format!("{path}/deliveries");
    let sent = eventually("the attempt is noted", || {
        let page = server.get(&format!("{deliveries}?limit=1")).json();
        Some(page).filter(|page| page["attempts"][0]["kind"] == "ticket.created")
    });
    assert_eq!(sent["attempts"][0]["status"], 204);
    let event = sent["attempts"][0]["event"].as_str().unwrap().to_owned();
    assert!(sent["attempts"][0]["messageId"].as_str().unwrap().starts_with("msg_"));
    let listed = server.get("/api/v1/events?limit=100").json();
    let of_ticket =
        listed["events"].as_array().unwrap().iter().find(|event| event["kind"] == "ticket.created");
    assert_eq!(of_ticket.unwrap()["cursor"], json!(event));
    let cursor = sent["next_cursor"].as_str().unwrap();
    let next = server.get(&format!("{deliveries}?limit=1&cursor={cursor}"));
    assert_eq!(next.json()["attempts"][0]["kind"], "webhook.test");
    others.push(next);

    // One event and a range are sent again.
    let replay = |body: Value| send(&server, "POST", &format!("{path}/replay"), &[], &body);
    let one = replay(json!({"event": event}));
    assert_eq!((one.status, &one.json()["replayed"]), (200, &json!(1)), "{one:?}");
    receiver.prints("ticket.created");
    assert_eq!(replay(json!({})).json()["replayed"], 1);
    receiver.prints("ticket.created");
    assert_eq!(replay(json!({"after": event})).json()["replayed"], 0);
    assert_eq!(replay(json!({"until": event})).json()["replayed"], 1);
    receiver.prints("ticket.created");

    // A rotation: the old secret still signs, and so does the new one.
    let rotation = send(&server, "POST", &format!("{path}/rotate"), &[("idempotency-key", "r")], &json!({}));
    assert_eq!((rotation.status, rotation.header("etag")), (200, Some("\"2\"")), "{rotation:?}");
    let second = rotation.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert!(rotation.json()["webhook"]["formerSecretEndsAt"].is_string());
    let again = send(&server, "POST", &format!("{path}/rotate"), &[("idempotency-key", "r")], &json!({}));
    assert_eq!((again.status, &again.json()["secret"]), (200, &Value::Null));
    others.push(again);
    assert_eq!(test()["status"], 204);
    receiver.prints("webhook.test");
    drop(receiver);
    let receiver = Documented::start("python3", "python", port, &second);
    eventually("the receiver accepts a test", || Some(test()).filter(|made| made["status"] == 204));
    receiver.prints("webhook.test");

    // Changes, with the version that was read.
    let disable = json!({"isEnabled": false, "ignoreKey": 1, "kinds": null, "payload": "thin"});
    let stale = send(&server, "PATCH", &path, &[("if-match", "\"1\"")], &disable);
    let sentence = "The webhook was changed since it was read; read it again";
    stale.assert_problem(412, "version_mismatch", sentence);
    let changed = send(&server, "PATCH", &path, &[("if-match", "\"1\", \"2\"")], &disable);
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"3\"")), "{changed:?}");
    let json = changed.json();
    let webhook = &json["webhook"];
    assert_eq!((&webhook["disabledReason"], &webhook["kinds"]), (&json!("requested"), &Value::Null));
    assert_eq!((&webhook["ignoreKey"], &webhook["payload"]), (&json!(1), &json!("thin")));
    others.extend([changed, server.get(&path), server.get(WEBHOOKS), server.get("/api/v1/events?limit=100")]);
    others.push(server.get(&deliveries));
    for response in &others {
        assert!(response.status < 300, "{response:?}");
        assert!(!response.body.contains("whsec_"), "{response:?}");
        let secrets = [&first[6..], &second[6..]];
        assert!(!secrets.iter().any(|secret| response.body.contains(secret)), "{response:?}");
    }
    assert!(!server.log().contains("whsec_") && !server.log().contains(&first[6..]));
    assert_eq!(server.get(WEBHOOKS).json()["webhooks"], json!([webhook]));

    let stale = send(&server, "DELETE", &path, &[("if-match", "\"2\"")], &Value::Null);
    stale.assert_problem(412, "version_mismatch", sentence);
    assert_eq!(send(&server, "DELETE", &path, &[("if-match", "\"3\"")], &Value::Null).status, 204);
    server.get(&path).assert_problem(404, "webhook_not_found", "Webhook not found");
    server.get(&deliveries).assert_problem(404, "webhook_not_found", "Webhook not found");
    replay(json!({})).assert_problem(404, "webhook_not_found", "Webhook not found");
}

fn refusals_write_nothing(database: Database) {
    // On PostgreSQL without a key, no secret can be sealed.
    if let Database::Postgres(_) = &database {
        let mut server = database.serve_demo();
        server.key = key(&database, &["--scope", "webhooks:manage,webhooks:read,events:read"]);
        let refused = send(&server, "POST", WEBHOOKS, &[], &json!({"url": "https://example.com/"}));
        assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("secret_key_missing")));
        assert_eq!(server.get(WEBHOOKS).json()["webhooks"], json!([]));
    }
    let (mut server, _directory) = serve(&database);
    // A long log, which the webhook does not send, because it begins afterwards.
    database.execute(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) \
         INSERT INTO events (shop_id, change, part, kind, subject_id, time) \
         SELECT shop_id, change, 1000 + n, kind, subject_id, time FROM numbers, \
         (SELECT * FROM events WHERE shop_id = 1 ORDER BY change, part LIMIT 1) AS earliest",
    );
    let id = create_webhook(&server, "https://example.com/");
    let path = format!("{WEBHOOKS}/{id}");
    let before = server.get(WEBHOOKS).json();
    database.hexdesk(&["shop", "create", "other.example.com"]);
    database.hexdesk(&["customer", "create", "--shop", "other.example.com", "--email", "a@example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "events:read"]);
    let theirs = eventually("their event is listed", || {
        let log = server.send("GET", "/api/v1/events", &[("x-api-key", &other)], b"").json();
        log["events"][0]["cursor"].as_str().map(str::to_owned)
    });
    let replay = format!("{path}/replay");
    let rotate = format!("{path}/rotate");
    let long = format!("https://example.com/{}", "x".repeat(3_000));
    for (method, at, body, pointer, code) in [
        ("POST", WEBHOOKS, json!({}), "/url", "required"),
        ("POST", WEBHOOKS, json!({"url": 7}), "/url", "type"),
        ("POST", WEBHOOKS, json!({"url": "not a url"}), "/url", "url"),
        ("POST", WEBHOOKS, json!({"url": long}), "/url", "too_long"),
        ("POST", WEBHOOKS, json!({"url": "http://example.com/"}), "/url", "target"),
        ("POST", WEBHOOKS, json!({"url": "https://u@example.com/"}), "/url", "target"),
        ("POST", WEBHOOKS, json!({"url": "https://169.254.169.254/"}), "/url", "target"),
        ("POST", WEBHOOKS, json!({"url": "https://2852039166/"}), "/url", "target"),
        ("POST", WEBHOOKS, json!({"url": "https://[::ffff:10.0.0.1]/"}), "/url", "target"),
        ("PATCH", &path, json!({"url": "https://10.0.0.1/"}), "/url", "target"),
        ("PATCH", &path, json!({"url": null}), "/url", "required"),
        (
            "POST",
            WEBHOOKS,
            json!({"url": "https://example.com/", "kinds": ["ticket.created", "ticket.exploded"]}),
            "/kinds/1",
            "event_kind",
        ),
        ("PATCH", &path, json!({"kinds": []}), "/kinds", "required"),
        ("PATCH", &path, json!({"payload": "thick"}), "/payload", "payload"),
        ("PATCH", &path, json!({"ignoreKey": 0}), "/ignoreKey", "id"),
        ("POST", &rotate, json!({"overlapSeconds": 604_801}), "/overlapSeconds", "range"),
        ("POST", &replay, json!({"event": theirs}), "/event", "cursor"),
        ("POST", &replay, json!({"after": theirs}), "/after", "cursor"),
        ("POST", &replay, json!({"until": "x"}), "/until", "cursor"),
        ("POST", &replay, json!({"event": theirs, "after": theirs}), "/event", "together"),
    ] {
        let refused = send(&server, method, at, &[], &body);
        let error = &refused.json()["errors"][0];
        assert_eq!(refused.status, 400, "{body}: {refused:?}");
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code)),
            "{body}: {refused:?}"
        );
    }
    let too_large = send(&server, "POST", &replay, &[], &json!({}));
    let sentence = "The range has more than 100000 events; replay a part";
    too_large.assert_problem(409, "replay_too_large", sentence);
    assert_eq!(server.get(&format!("{WEBHOOKS}?limit=1")).status, 400);
    assert_eq!(server.get(&format!("{path}/deliveries?cursor={theirs}")).status, 400);

    // Managing needs both scopes, and reading one.
    let full = server.key.clone();
    for (scopes, missing) in [
        ("webhooks:manage,webhooks:read", "scope events:read"),
        ("events:read,webhooks:read", "scope webhooks:manage"),
        ("webhooks:read", "scope webhooks:manage and events:read"),
    ] {
        server.key = key(&database, &["--scope", scopes]);
        let sentence = format!("The API key lacks the {missing}");
        for (method, at) in
            [("POST", WEBHOOKS), ("PATCH", &path), ("DELETE", &path), ("POST", &rotate), ("POST", &replay)]
        {
            send(&server, method, at, &[], &json!({})).assert_problem(403, "missing_scope", &sentence);
        }
        assert_eq!(server.get(&path).status, 200);
    }
    server.key = full;
    assert_eq!(server.get(WEBHOOKS).json(), before);

    for _ in 1..20 {
        create_webhook(&server, "https://example.com/");
    }
    let refused = send(&server, "POST", WEBHOOKS, &[], &json!({"url": "https://example.com/"}));
    refused.assert_problem(409, "too_many_webhooks", "The shop has 20 webhooks, the most a shop can have");
    assert_eq!(server.get(WEBHOOKS).json()["webhooks"].as_array().unwrap().len(), 20);
    assert_eq!(database.run(&["webhook", "list", "--shop", SHOP]).status.code(), Some(0));

    // Without the key that sealed it, a secret can be neither used nor replaced.
    let key = server.key.clone();
    drop(server);
    if let Database::Sqlite(folder) = &database {
        std::fs::remove_file(folder.path().join("hexdesk.db.secret-key")).unwrap();
    }
    let mut server = database.serve(&[]);
    server.key = key;
    let sentence =
        "The server has no key for the secrets of webhooks; its operator sets it with --secret-key-file";
    let attempts = server.get(&format!("{path}/deliveries")).json();
    let tested = send(&server, "POST", &format!("{path}/test"), &[], &Value::Null);
    tested.assert_problem(409, "secret_key_missing", sentence);
    assert_eq!(server.get(&format!("{path}/deliveries")).json(), attempts);
    if let Database::Postgres(_) = &database {
        send(&server, "POST", &rotate, &[], &json!({})).assert_problem(409, "secret_key_missing", sentence);
        // A webhook that does not exist comes first.
        let missing = send(&server, "POST", &format!("{WEBHOOKS}/1/rotate"), &[], &json!({}));
        missing.assert_problem(404, "webhook_not_found", "Webhook not found");
    }
}
