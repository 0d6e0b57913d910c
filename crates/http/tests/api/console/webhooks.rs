//! Webhooks and their attempts.

use crate::harness::events::eventually;
use crate::harness::visitor::{Visitor, field, secret_once};
use crate::harness::{Database, EXAMPLE, Server, both_databases};
use crate::webhooks::{free_port, key_file};

both_databases! {
    admins_manage_webhooks,
    admins_read_attempts_and_send_events_again,
}

/// The demo, whose webhooks may send to this machine, and its admin.
pub(super) fn serve(database: &Database) -> (Server, Visitor, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = key_file(database, &directory);
    let file: Vec<&str> = file.iter().map(String::as_str).collect();
    let server = database.serve_demo_with(&[&["--webhook-allow", "127.0.0.1"][..], &file].concat());
    let admin = Visitor::of_demo(&server);
    (server, admin, directory)
}

/// A URL at which nobody listens.
pub(super) fn closed_url() -> String {
    format!("http://127.0.0.1:{}/", free_port())
}

/// Creates a webhook, and returns the path of its page and its secret.
pub(super) fn create(admin: &Visitor, url: &str) -> (String, String) {
    let key = field(&admin.page("/webhooks"), "key");
    let created =
        admin.post("/webhooks", &[("key", &key), ("url", url), ("all", "true"), ("payload", "full")]);
    assert_eq!((created.status, created.header("cache-control")), (200, Some("no-store")), "{created:?}");
    let path = created.body.split("data-path=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (path, secret_once(&created.body))
}

fn admins_manage_webhooks(database: Database) {
    let (server, admin, _directory) = serve(&database);
    assert!(admin.page("/webhooks").contains("No webhook yet."));
    // The page shows each error at its field, and keeps the values.
    for (fields, field, sentence) in [
        ([("url", "https://10.0.0.1/"), ("all", "true")], "url-wrong", "private or reserved address"),
        ([("url", "https://example.com/a"), ("all", "false")], "kind-wrong", "at least one kind"),
        ([("url", "https://example.com/b"), ("ignore", "first")], "ignore-wrong", "the number of an API key"),
    ] {
        let refused = admin.post("/webhooks", &fields);
        let beside = refused.body.split(&format!("id=\"{field}\">")).nth(1).unwrap_or_default();
        assert!(refused.status == 400 && beside.split('<').next().unwrap().contains(sentence), "{refused:?}");
        assert!(refused.body.contains(fields[0].1), "{refused:?}");
    }
    let key = field(&admin.page("/webhooks"), "key");
    let url = closed_url();
    let form = [
        ("key", key.as_str()),
        ("url", &url),
        ("all", "false"),
        ("kind", "ticket.created"),
        ("kind", "user.created"),
    ];
    let created = admin.post("/webhooks", &form);
    let secret = secret_once(&created.body);
    assert!(secret.starts_with("whsec_"), "{secret}");
    let path = created.body.split("data-path=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let again = admin.post("/webhooks", &form);
    assert_eq!(again.header("location"), Some(format!("{path}?done=repeated").as_str()), "{again:?}");
    let list = admin.page("/webhooks");
    assert!(list.matches(&url).count() == 1 && list.contains("ticket.created, user.created"), "{list}");

    // Settings, unless somebody else has changed them.
    let theirs = format!("{}mine", closed_url());
    let changed = [("version", "1"), ("url", &*url), ("all", "true"), ("payload", "thin"), ("ignore", "1")];
    let saved = admin.post(&path, &changed);
    assert_eq!(saved.header("location"), Some(format!("{path}?done=saved").as_str()), "{saved:?}");
    let page = admin.page(&path);
    assert!(
        page.contains("value=\"thin\" selected") && page.contains("name=\"ignore\" value=\"1\""),
        "{page}"
    );
    let mine = [("version", "1"), ("url", theirs.as_str()), ("all", "true"), ("payload", "full")];
    let stale = admin.post(&path, &mine);
    assert!(stale.status == 412 && stale.body.contains(&theirs), "{stale:?}");
    assert!(stale.body.contains("somebody changed this webhook meanwhile"), "{stale:?}");
    let version = field(&stale.body, "version");
    let mine = [("version", version.as_str()), ("url", theirs.as_str()), ("all", "true")];
    assert_eq!(admin.post(&path, &mine).status, 303);
    assert!(admin.page("/webhooks").contains(&theirs));

    for (enabled, word) in [("false", "Disabled"), ("false", "Disabled"), ("true", "Enabled")] {
        assert_eq!(admin.post(&format!("{path}/state"), &[("enabled", enabled)]).status, 303);
        let page = admin.page(&path);
        assert!(page.contains(&format!(">{word}</span>")), "{page}");
        assert_eq!(page.contains("Somebody disabled it on"), enabled == "false", "{page}");
    }
    let page = admin.page(&path);
    let (_, rotation) = page.split_once("id=\"rotate\"").unwrap();
    let rotation = [("key", &*field(rotation, "key")), ("overlap", "3600")];
    let rotated = admin.post(&format!("{path}/rotate"), &rotation);
    let other = secret_once(&rotated.body);
    assert!(other != secret && rotated.body.contains("Old secret until"), "{rotated:?}");
    let again = admin.post(&format!("{path}/rotate"), &rotation);
    assert_eq!(again.header("location"), Some(format!("{path}?done=repeated").as_str()), "{again:?}");

    assert!(admin.page(&format!("{path}/delete")).contains("disable it instead"));
    for _ in 0..2 {
        assert_eq!(admin.post(&format!("{path}/delete"), &[]).header("location"), Some("/webhooks"));
    }
    let gone = admin.get(&path);
    assert!(gone.status == 404 && gone.body.contains("Webhook not found"), "{gone:?}");
    let log = server.log();
    assert!(!log.contains(&secret) && !log.contains(&other), "{log}");
}

fn admins_read_attempts_and_send_events_again(database: Database) {
    let (server, admin, _directory) = serve(&database);
    let (path, _) = create(&admin, &closed_url());
    let test = format!("{path}/test");
    // A test that is sent again is sent once.
    for _ in 0..2 {
        let tested = admin.post(&test, &[("seen", "0")]);
        assert_eq!(tested.header("location"), Some(format!("{path}?done=tested#attempts").as_str()));
    }
    let page = admin.page(&path);
    assert_eq!((page.matches("<code>Test</code>").count(), page.matches("No connection").count()), (1, 1));
    assert!(!page.contains("/replay\""), "{page}");

    server.create_ticket(EXAMPLE);
    let event = eventually("the attempt is noted", || {
        let page = admin.page(&path);
        let (_, attempt) = page.split_once("<th scope=\"row\"><code>ticket.created</code>")?;
        (page.contains("Failing") && attempt.contains("next attempt")).then(|| field(attempt, "event"))
    });
    let replay = format!("{path}/replay");
    let replayed = admin.post(&replay, &[("event", &event)]);
    let location = replayed.header("location").unwrap().to_owned();
    assert!(location.contains("done=replayed&events=1"), "{replayed:?}");
    assert!(admin.page(location.split('#').next().unwrap()).contains("1 event is sent again."));
    let asked = admin.page(&format!("{replay}?event={event}"));
    assert!(asked.contains("The log has") && field(&asked, "event") == event, "{asked}");
    let all = admin.post(&replay, &[("event", &event), ("on", "true")]);
    assert!(all.header("location").unwrap().contains("done=replayed&events="), "{all:?}");
    for wrong in ["", "1", "a.b"] {
        assert_eq!(admin.post(&replay, &[("event", wrong)]).status, 400, "{wrong}");
    }

    // Pages of 25.
    for _ in 0..25 {
        assert_eq!(admin.post(&test, &[]).status, 303);
    }
    let page = admin.page(&path);
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('#').next().unwrap();
    let later = admin.page(next);
    let rows = |page: &str| page.matches("<th scope=\"row\">").count();
    assert_eq!(rows(&page), 25);
    assert!(rows(&later) >= 1 && later.contains("Newest"), "{later}");
}
