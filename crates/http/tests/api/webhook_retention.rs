//! The events of shops with webhooks are kept long enough, whatever `--keep-events` says.

use serde_json::json;

use crate::harness::api_keys::{key, post};
use crate::harness::events::eventually;
use crate::harness::{Database, SHOP, both_databases};
use crate::webhooks::key_file;

both_databases! {
    webhooks_need_the_events_of_a_week,
}

fn webhooks_need_the_events_of_a_week(database: Database) {
    let directory = tempfile::tempdir().unwrap();
    let file = key_file(&database, &directory);
    let file: Vec<&str> = file.iter().map(String::as_str).collect();
    let serve = |options: &[&str]| database.serve(&[options, &file].concat());
    let create = |days: &str| {
        let create = ["webhook", "create", "--shop", SHOP, "https://example.com/", "--keep-events", days];
        database.run(&[&create[..], &file].concat())
    };
    let server = serve(&["--demo", "--keep-events", "6"]);
    let key = key(&database, &["--scope", "webhooks:manage,events:read"]);
    post(&server, &key, "/api/v1/webhooks", &json!({"url": "https://example.com/"})).assert_problem(
        409,
        "event_retention_too_short",
        "The server keeps events for less than 7 days, which webhooks need; its operator sets the days with \
         --keep-events",
    );
    // Errors of the body come first.
    assert_eq!(post(&server, &key, "/api/v1/webhooks", &json!({})).status, 400);
    let refused = create("6");
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && error.contains("(HEXDESK_KEEP_EVENTS) to at least 7"), "{error}");
    assert_eq!(database.count("SELECT count(*) FROM webhooks"), 0);
    assert!(create("7").status.success());
    drop(server);

    // A webhook may be older than the setting.
    let other = "other.example.com";
    database.hexdesk(&["shop", "create", other]);
    database.hexdesk(&["customer", "create", "--shop", other, "--email", "a@example.com"]);
    let earliest = "shop_id = 1 AND change = (SELECT min(change) FROM events WHERE shop_id = 1)";
    database.age("events", "time", 6 * 24, "shop_id > 0");
    database.age("events", "time", 2 * 24, earliest);
    let count = |condition: &str| database.count(&format!("SELECT count(*) FROM events WHERE {condition}"));
    let last = database.count("SELECT max(change) FROM events WHERE shop_id = 1");
    let present = format!("shop_id = 1 AND change <= {last}");
    let (all, old) = (count(&present), count(earliest));
    let server = serve(&["--keep-events", "2"]);
    eventually("the removal", || (count("shop_id <> 1") == 0).then_some(()));
    assert_eq!(count(&present), all - old);
    let warning = "is too short for webhooks: the events of shops with webhooks are kept for 7 days";
    eventually("the warning", || server.log().contains(warning).then_some(()));
}
