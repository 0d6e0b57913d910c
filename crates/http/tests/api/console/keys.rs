//! API keys.

use crate::harness::visitor::{Visitor, field, secret_once};
use crate::harness::{Database, Response, Server, both_databases};

both_databases! {
    admins_create_rotate_and_revoke_keys,
}

fn works(server: &Server, key: &str) -> bool {
    let response = server.send("GET", "/api/v1/tickets", &[("x-api-key", key)], b"");
    response.status == 200
}

/// The path of the page to which a form has led.
fn path_of(response: &Response) -> String {
    response.body.split("data-path=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn admins_create_rotate_and_revoke_keys(database: Database) {
    let server = database.serve_demo();
    let admin = Visitor::of_demo(&server);
    let form = field(&admin.page("/keys"), "key");
    let refused = admin.post("/keys", &[("key", &form), ("days", "30")]);
    assert!(refused.status == 400 && refused.body.contains("Choose at least one right."), "{refused:?}");
    assert!(refused.body.contains("value=\"30\" selected"), "{refused:?}");

    let fields =
        [("key", form.as_str()), ("scope", "tickets:read"), ("scope", "events:read"), ("days", "30")];
    let created = admin.post("/keys", &fields);
    assert_eq!((created.status, created.header("cache-control")), (200, Some("no-store")), "{created:?}");
    let first = secret_once(&created.body);
    assert!(first.starts_with("hd_") && works(&server, &first));
    let key = path_of(&created);
    // Sent again, it creates no other key, and shows no text.
    let again = admin.post("/keys", &fields);
    let repeated = format!("{key}?done=repeated");
    assert_eq!((again.status, again.header("location")), (303, Some(repeated.as_str())), "{again:?}");
    let page = admin.page(&repeated);
    assert!(page.contains("already sent") && !page.contains(&first), "{page}");
    assert!(page.contains("events:read") && page.contains("Works") && page.contains("Expires"), "{page}");
    let other = admin.post("/keys", &[("key", &form), ("scope", "users:read")]);
    assert!(other.status == 400 && other.body.contains("already sent with other values"), "{other:?}");
    let list = admin.page("/keys");
    assert!(
        list.contains(&format!("href=\"{key}\"")) && list.contains("tickets:read, events:read"),
        "{list}"
    );

    let rotation = [("key", &*field(&page, "key")), ("overlap", "3600"), ("days", "")];
    let rotated = admin.post(&format!("{key}/rotate"), &rotation);
    let second = secret_once(&rotated.body);
    assert!(works(&server, &first) && works(&server, &second));
    assert!(admin.page(&key).contains("Expires soon"));
    let new = path_of(&rotated);
    let again = admin.post(&format!("{key}/rotate"), &rotation);
    assert_eq!(again.header("location"), Some(format!("{new}?done=repeated").as_str()), "{again:?}");

    let asked = admin.page(&format!("{new}/revoke"));
    assert!(asked.contains("Nothing makes the key work again"), "{asked}");
    for _ in 0..2 {
        let revoked = admin.post(&format!("{new}/revoke"), &[]);
        assert_eq!(revoked.header("location"), Some(format!("{new}?done=revoked").as_str()), "{revoked:?}");
    }
    let page = admin.page(&new);
    assert!(page.contains("Revoked") && !page.contains("/rotate"), "{page}");
    let refused = admin.post(&format!("{new}/rotate"), &[("key", "other"), ("overlap", "0")]);
    assert!(refused.status == 409 && refused.body.contains("does not work any more"), "{refused:?}");
    assert!(admin.get("/keys/999999").body.contains("Key not found"));
    let log = server.log();
    for key in [first, second] {
        assert!(!log.contains(key.splitn(3, '_').nth(2).unwrap()), "{log}");
    }
}
