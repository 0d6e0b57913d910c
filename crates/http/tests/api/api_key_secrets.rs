//! The text of a key is shown once and stored nowhere.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::api_keys::{KEYS, created, key, path, post, serve, works};
use crate::harness::{Database, Response, Server, both_databases};

/// Sends this body with an idempotency key.
fn post_once(server: &Server, path: &str, idempotency_key: &str, body: &Value) -> Response {
    let headers = [("x-api-key", server.key.as_str()), ("idempotency-key", idempotency_key)];
    server.send("POST", path, &headers, body.to_string().as_bytes())
}

/// Whether the database contains this anywhere, as text or bytes.
fn holds(database: &Database, text: &str) -> bool {
    match database {
        Database::Sqlite(directory) => {
            let mut files: Vec<_> =
                std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
            // The server moves what the log has to the database at any time, so the log is read first.
            files.sort_by_key(|file| !file.to_string_lossy().ends_with("-wal"));
            files.iter().any(|file| {
                let bytes = std::fs::read(file).unwrap();
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            })
        }
        Database::Postgres(database) => {
            let tables = database.psql("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()");
            assert!(tables.lines().count() > 5, "{tables}");
            // PostgreSQL prints bytes in hexadecimal.
            let bytes: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            tables.lines().any(|table| {
                let rows = database.psql(&format!("SELECT kept::text FROM {table} AS kept"));
                rows.contains(text) || rows.contains(&bytes)
            })
        }
    }
}

/// Checks that the text is in `first` and nowhere else. `again` is the same response without it.
#[track_caller]
fn assert_shown_once(database: &Database, server: &Server, first: &Response, again: &Response) {
    let (made, text) = created(first);
    let prefix = made["prefix"].as_str().unwrap();
    let secret = text.strip_prefix(prefix).unwrap();
    assert_eq!(secret.len(), 43, "{secret}");
    assert!(holds(database, prefix), "the receipt must contain the prefix");
    assert!(!holds(database, secret), "the database must not contain the secret");

    for response in [first, again] {
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("location"), Some(&*path(&text)));
    }
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_eq!((again.status, &again.body), (201, &first.body.replace(&format!("\"{text}\""), "null")));
    assert!(works(server, &text));

    for shown in [server.get(KEYS).body, server.get(&path(&text)).body, server.log()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

both_databases! {
    a_created_key_is_shown_once,
    a_rotated_key_is_shown_once,
    a_refusal_leaves_the_idempotency_key_free,
    the_stored_response_without_the_key_survives_a_restart,
    concurrent_duplicates_create_one_key,
}

fn a_created_key_is_shown_once(database: Database) {
    let server = serve(&database);
    let body = json!({"scopes": ["tickets:read", "tickets:write"], "userId": 45});
    let first = post_once(&server, KEYS, "key-1", &body);
    for _ in 0..2 {
        assert_shown_once(&database, &server, &first, &post_once(&server, KEYS, "key-1", &body));
    }
    assert_eq!(database.count("SELECT count(*) FROM api_keys"), 3);
    let (_, other) = created(&post_once(&server, KEYS, "key-2", &body));
    assert_ne!(other, created(&first).1);
    assert_eq!(post_once(&server, KEYS, "key-1", &json!({"scopes": ["tickets:read"]})).status, 422);
    let without = post(&server, &server.key, KEYS, &body);
    assert_eq!(without.header("cache-control"), Some("no-store"));
}

fn a_rotated_key_is_shown_once(database: Database) {
    let server = serve(&database);
    let (old, other) = (key(&database, &["--user", "45"]), key(&database, &[]));
    for (text, body) in [(&old, json!({"overlapSeconds": 0})), (&other, json!({})), (&server.key, json!({}))]
    {
        let rotate = format!("{}/rotate", path(text));
        let first = post_once(&server, &rotate, "rotate-1", &body);
        let before = database.count("SELECT count(*) FROM api_keys");
        assert_shown_once(&database, &server, &first, &post_once(&server, &rotate, "rotate-1", &body));
        assert_eq!(database.count("SELECT count(*) FROM api_keys"), before);
    }
}

fn a_refusal_leaves_the_idempotency_key_free(database: Database) {
    let server = serve(&database);
    let manage = key(&database, &["--scope", "api_keys:manage"]);
    let headers = [("x-api-key", manage.as_str()), ("idempotency-key", "key-1")];
    let send = |path: &str, body: &str| server.send("POST", path, &headers, body.as_bytes()).status;
    assert_eq!(send(KEYS, "{}"), 400);
    assert_eq!(send(KEYS, r#"{"scopes": ["tickets:read"]}"#), 403);
    assert_eq!(send(KEYS, r#"{"scopes": ["api_keys:manage"], "userId": 999999}"#), 404);
    assert_eq!(send(KEYS, r#"{"scopes": ["api_keys:manage"]}"#), 201);
    let dead = key(&database, &["--scope", "api_keys:manage"]);
    server.send("DELETE", &path(&dead), &[("x-api-key", &server.key)], b"");
    for (of, status) in [(&server.key, 403), (&dead, 409)] {
        assert_eq!(send(&format!("{}/rotate", path(of)), "{}"), status);
    }
    assert_eq!(database.count("SELECT count(*) FROM idempotency_records"), 1);
}

fn the_stored_response_without_the_key_survives_a_restart(database: Database) {
    let mut server = serve(&database);
    let body = json!({"scopes": ["tickets:read"]});
    let first = post_once(&server, KEYS, "key-1", &body);
    let key = server.key.clone();
    server = database.serve(&[]);
    server.key = key;
    assert_shown_once(&database, &server, &first, &post_once(&server, KEYS, "key-1", &body));
}

fn concurrent_duplicates_create_one_key(database: Database) {
    const RACERS: usize = 20;
    let first = serve(&database);
    let mut second = database.serve(&[]);
    second.key.clone_from(&first.key);
    let servers = [first, second];
    let before = database.count("SELECT count(*) FROM api_keys");
    let start = Barrier::new(RACERS);
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, start) = (&servers[racer % 2], &start);
                scope.spawn(move || {
                    start.wait();
                    post_once(server, KEYS, "key-1", &json!({"scopes": ["tickets:read"]}))
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(database.count("SELECT count(*) FROM api_keys"), before + 1);
    let (shown, others): (Vec<&Response>, Vec<&Response>) =
        responses.iter().partition(|response| response.status == 201 && !response.json()["key"].is_null());
    assert_eq!(shown.len(), 1);
    assert!(works(&servers[0], &created(shown[0]).1));
    for response in others {
        match response.status {
            201 => assert_eq!(response.json()["apiKey"], created(shown[0]).0),
            409 => assert_eq!(response.json()["code"], "idempotency_key_in_use"),
            _ => panic!("{response:?}"),
        }
    }
}
