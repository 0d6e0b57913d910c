//! `hexdesk serve --demo`, the first command of a new user.

use std::process::Command;

use hexdesk_domain::Timestamp;

use crate::harness::api_keys::{found, manager, path};
use crate::harness::{Database, EXAMPLE, both_databases};

both_databases! {
    the_printed_request_works_as_pasted,
    the_key_works_after_the_demo,
    the_demo_shop_is_created_once_and_each_start_adds_a_key,
    new_ids_follow_the_demos_ids,
    the_demo_listens_on_loopback_only,
    the_key_ends_after_a_day,
    a_database_with_other_shops_is_refused_unchanged,
}

fn the_printed_request_works_as_pasted(database: Database) {
    let server = database.serve_demo();
    let (_, pasted) = server.stdout.split_once("curl ").unwrap();
    let output = Command::new("sh").arg("-c").arg(format!("curl {pasted}")).output().unwrap();
    let response = String::from_utf8(output.stdout).unwrap();
    assert!(
        response.starts_with("HTTP/1.1 201 Created\r\n"),
        "{response} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    let ticket = &serde_json::from_str::<serde_json::Value>(body).unwrap()["ticket"];
    let example: serde_json::Value = serde_json::from_str(EXAMPLE).unwrap();
    for (name, value) in example.as_object().unwrap() {
        let name = if name == "customerId" { "customerID" } else { name };
        assert_eq!(&ticket[name], value, "{name}");
    }
}

fn the_key_works_after_the_demo(database: Database) {
    let key = database.serve_demo().key.clone();
    let server = database.serve(&[]);
    let response = server.send("POST", "/api/v1/tickets", &[("x-api-key", &key)], EXAMPLE.as_bytes());
    assert_eq!(response.status, 201);
}

fn the_demo_shop_is_created_once_and_each_start_adds_a_key(database: Database) {
    let first = database.serve_demo().key.clone();
    let second = database.serve_demo();
    assert_ne!(first, second.key);
    assert_eq!(database.count("SELECT count(*) FROM shops"), 1);
    assert_eq!(database.count("SELECT count(*) FROM customers"), 1);
    assert_eq!(database.count("SELECT count(*) FROM users"), 1);
    for key in [&first, &second.key] {
        assert_eq!(
            second.send("POST", "/api/v1/tickets", &[("x-api-key", key)], EXAMPLE.as_bytes()).status,
            201
        );
    }
    let printed: Vec<&str> = second.stdout.lines().filter(|line| line.starts_with("hd_")).collect();
    assert_eq!(printed, [&second.key]);
}

fn new_ids_follow_the_demos_ids(database: Database) {
    drop(database.serve_demo());
    let create = |what: &str| -> i64 {
        database
            .hexdesk(&[what, "create", "--shop", "example.myshopify.com", "--email", "new@example.com"])
            .parse()
            .unwrap()
    };
    assert!(create("customer") > 123);
    assert!(create("user") > 45);
}

fn the_demo_listens_on_loopback_only(database: Database) {
    let output = database.run(&["serve", "--demo", "--listen", "0.0.0.0:0"]);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("--demo") && error.contains("loopback"), "{error}");
}

fn the_key_ends_after_a_day(database: Database) {
    let mut server = database.serve_demo();
    assert!(server.stdout.contains("for one day"), "{}", server.stdout);
    let path = path(&server.key);
    server.key = manager(&database, &[]);
    let key = found(&server.get(&path));
    let millis = |member: &str| Timestamp::parse(key[member].as_str().unwrap()).unwrap().unix_millis();
    assert_eq!(millis("expiresAt") - millis("createdAt"), 24 * 60 * 60 * 1_000);
}

fn a_database_with_other_shops_is_refused_unchanged(database: Database) {
    let rows = || {
        ["shops", "api_keys", "customers", "users", "id_ranges"]
            .map(|table| database.count(&format!("SELECT count(*) FROM {table}")))
    };
    let is_refused = || {
        let before = rows();
        let output = database.run(&["serve", "--demo", "--listen", "127.0.0.1:0"]);
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("other shops") && error.contains("--database-url"), "{error}");
        assert_eq!(rows(), before);
    };
    database.hexdesk(&["shop", "create", "other.example.com"]);
    is_refused();
    database.hexdesk(&["shop", "create", "example.myshopify.com"]);
    is_refused();
    assert_eq!(rows(), [2, 0, 0, 0, 0]);
}
