//! The rate limits of keys and shops, and the headers that report them.

use crate::harness::{Database, EXAMPLE, Response, SHOP, Server, both_databases};

/// Starts a server with the demo shop and these arguments, and a key that it does not count yet.
fn serve_demo(database: &Database, arguments: &[&str]) -> Server {
    let mut server = database.serve(&[&["--demo"], arguments].concat());
    server.key = create_key(database, SHOP);
    server
}

fn create_key(database: &Database, shop: &str) -> String {
    database.hexdesk(&["key", "create", "--shop", shop])
}

fn list_with(server: &Server, key: &str) -> Response {
    server.send("GET", "/api/v1/tickets", &[("x-api-key", key)], b"")
}

/// The remaining requests and the seconds of a limit, as the header reports them.
#[track_caller]
fn state(response: &Response, name: &str) -> Option<(u64, u64)> {
    let items = response.header("ratelimit").unwrap().split(", ");
    let state = items.filter_map(|item| item.strip_prefix(&format!("\"{name}\";r="))).next()?;
    let (remaining, reset) = state.split_once(";t=").unwrap();
    Some((remaining.parse().unwrap(), reset.parse().unwrap()))
}

both_databases! {
    each_key_has_its_own_rate_limit,
    the_keys_of_a_shop_share_a_rate_limit,
    a_shop_can_have_a_rate_limit_alone,
    no_rate_limit_sends_no_rate_limit_headers,
}

fn each_key_has_its_own_rate_limit(database: Database) {
    let server = serve_demo(&database, &["--rate-limit", "3/3600"]);
    let other = database.hexdesk(&["key", "create", "--shop", SHOP, "--scope", "users:read"]);
    for (remaining, waits) in [(2, 1200), (1, 2400), (0, 3600)] {
        let response = server.get("/api/v1/tickets");
        assert_eq!(response.status, 200);
        let policies = "\"key\";q=3;w=3600, \"shop\";q=12;w=3600";
        assert_eq!(response.header("ratelimit-policy"), Some(policies));
        let (left, reset) = state(&response, "key").unwrap();
        assert_eq!(left, remaining);
        assert!((waits - 60..=waits).contains(&reset), "{response:?}");
        assert_eq!(state(&response, "shop").unwrap().0, remaining + 9);
    }
    let before = database.rows_of_tickets();
    let refused = server.create_ticket(EXAMPLE);
    refused.assert_problem(429, "rate_limited", "The API key made too many requests; try again later");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1_100..=1_200).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit").unwrap(), format!("\"key\";r=0;t={wait}"));
    assert_eq!(database.rows_of_tickets(), before);
    // Other keys have their own limit. Refusals count; requests without a valid key do not.
    for _ in 0..3 {
        list_with(&server, &other).assert_problem(
            403,
            "missing_scope",
            "The API key lacks the scope tickets:read",
        );
    }
    assert_eq!(list_with(&server, &other).status, 429);
    for _ in 0..5 {
        assert_eq!(list_with(&server, "wrong").status, 401);
        assert_eq!(server.get("/livez").header("ratelimit"), None);
    }
}

fn the_keys_of_a_shop_share_a_rate_limit(database: Database) {
    for shop in ["one.example.com", "two.example.com"] {
        database.hexdesk(&["shop", "create", shop]);
    }
    let server = database.serve(&["--rate-limit", "3/3600"]);
    let key = || create_key(&database, "one.example.com");
    // What a key sends above its own limit does not count for the shop.
    let eager = key();
    let statuses: Vec<u16> = (0..10).map(|_| list_with(&server, &eager).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3);
    for _ in 0..3 {
        let key = key();
        for _ in 0..3 {
            assert_eq!(list_with(&server, &key).status, 200);
        }
    }
    // The shop has used its limit, which is that of four keys. More keys change nothing.
    for _ in 0..2 {
        let refused = list_with(&server, &key());
        refused.assert_problem(
            429,
            "rate_limited",
            "The API keys of the shop together made too many requests; try again later",
        );
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((200..=300).contains(&wait), "{wait}");
        assert_eq!(state(&refused, "shop"), Some((0, wait)));
        assert_eq!(state(&refused, "key").unwrap().0, 2);
    }
    assert_eq!(list_with(&server, &create_key(&database, "two.example.com")).status, 200);
}

fn a_shop_can_have_a_rate_limit_alone(database: Database) {
    let server = serve_demo(&database, &["--shop-rate-limit", "2/3600"]);
    let other = create_key(&database, SHOP);
    let first = server.get("/api/v1/tickets");
    assert_eq!(first.header("ratelimit-policy"), Some("\"shop\";q=2;w=3600"));
    assert_eq!((state(&first, "shop").unwrap().0, state(&first, "key")), (1, None));
    assert_eq!(list_with(&server, &other).status, 200);
    for key in [&server.key, &other] {
        assert_eq!(list_with(&server, key).status, 429);
    }
}

fn no_rate_limit_sends_no_rate_limit_headers(database: Database) {
    let server = database.serve_demo();
    assert_eq!(server.get("/api/v1/tickets").header("ratelimit"), None);
}

#[test]
fn invalid_rate_limits_are_reported_with_their_valid_values() {
    let database = Database::sqlite();
    for (setting, variable) in
        [("--rate-limit", "HEXDESK_RATE_LIMIT"), ("--shop-rate-limit", "HEXDESK_SHOP_RATE_LIMIT")]
    {
        let too_high = format!("{setting} ({variable}) allows more than a request each nanosecond");
        for (value, expected) in
            [("many", "requests/seconds, two whole numbers from 1, like 600/60"), ("4294967295/1", &too_high)]
        {
            let output = database.run(&["serve", setting, value]);
            assert!(!output.status.success());
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains(expected), "{stderr}");
        }
    }
}
