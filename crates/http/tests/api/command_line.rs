//! The command line: its output for scripts, and its errors.

use serde_json::{Value, json};

use crate::harness::{Database, api_keys, both_databases};

/// The error message of a command that must fail with this code.
#[track_caller]
fn error_of(database: &Database, code: i32, arguments: &[&str]) -> String {
    let output = database.run(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

both_databases! {
    shops_are_created_listed_and_closed,
    keys_are_created_listed_rotated_and_revoked,
    a_rotated_key_keeps_its_expiry,
    api_keys_manage_is_not_a_default_scope,
    keys_of_more_than_one_page_are_listed,
    no_key_is_created_for_an_inactive_user,
    users_and_customers_are_created,
    users_get_links_to_the_console,
    lists_are_lines_or_json,
    users_are_deactivated,
    customers_are_erased,
    a_key_that_nobody_gets_is_revoked,
    migrating_again_does_nothing,
}

fn shops_are_created_listed_and_closed(database: Database) {
    assert_eq!(database.hexdesk(&["shop", "list"]), "");
    let created = database.hexdesk(&["shop", "create", "Shop.Example.com"]);
    assert_eq!(created, "shop.example.com\t1\topen");
    assert!(
        error_of(&database, 1, &["shop", "create", "shop.example.com"])
            .contains("there is a shop shop.example.com already")
    );
    let second = database.hexdesk(&["shop", "create", "second.example.com"]);
    assert!(second.starts_with("second.example.com\t") && second.ends_with("\topen"), "{second}");
    let closed = database.hexdesk(&["shop", "close", "shop.example.com"]);
    assert!(closed.starts_with("shop.example.com\t1\tclosed 2"), "{closed}");
    assert_eq!(database.hexdesk(&["shop", "close", "shop.example.com"]), closed);
    let list = database.hexdesk(&["shop", "list"]);
    assert_eq!(list.lines().collect::<Vec<_>>(), [&closed, &second]);
    assert!(
        error_of(&database, 1, &["shop", "close", "no.example.com"])
            .contains("there is no shop no.example.com")
    );
    assert!(
        error_of(&database, 1, &["key", "create", "--shop", "shop.example.com"]).contains("was closed on")
    );
    for _ in 0..2 {
        let reopened = database.hexdesk(&["shop", "reopen", "shop.example.com"]);
        assert_eq!(reopened, "shop.example.com\t1\topen");
    }
    assert!(
        error_of(&database, 1, &["shop", "reopen", "no.example.com"])
            .contains("there is no shop no.example.com")
    );
    database.hexdesk(&["shop", "set", "shop.example.com", "--reopen-on-reply", "on"]);
    database.hexdesk(&["shop", "close", "shop.example.com", "--yes"]);
    let log = database.hexdesk(&["events", "--shop", "shop.example.com", "--subject", "shop:1"]);
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outlines: Vec<_> = log
        .iter()
        .map(|event| {
            let (kind, shop) = (event["kind"].as_str().unwrap(), &event["snapshot"]);
            assert_eq!((&event["actor"]["type"], &event["requestId"]), (&json!("operator"), &Value::Null));
            assert_eq!((&shop["id"], &shop["domain"]), (&json!(1), &json!("shop.example.com")));
            (kind, shop["closedAt"].is_null(), shop["reopenOnReply"].as_bool().unwrap())
        })
        .collect();
    let expected = [
        ("shop.closed", false, false),
        ("shop.reopened", true, false),
        ("shop.updated", true, true),
        ("shop.closed", false, true),
    ];
    assert_eq!(outlines, expected);
    assert!(error_of(&database, 2, &["shop", "create", "not a domain"]).contains("not a domain name"));
}

fn keys_are_created_listed_rotated_and_revoked(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let create = |arguments: &[&str]| {
        database.hexdesk(&[&["key", "create", "--shop", "shop.example.com"], arguments].concat())
    };
    let key = create(&[]);
    assert_eq!(key.lines().count(), 1, "the key alone");
    let id = key.strip_prefix("hd_").unwrap().split_once('_').unwrap().0;
    create(&["--scope", "tickets:read", "--expires", "2999-01-01"]);
    create(&["--scope", "tickets:read", "--scope", "tickets:write"]);
    let successor = database.hexdesk(&["key", "rotate", id]);
    assert_ne!(key, successor);
    let revoked = database.hexdesk(&["key", "revoke", successor.split('_').nth(1).unwrap()]);
    assert!(revoked.contains("\trevoked 2"), "{revoked}");

    let list = database.hexdesk(&["key", "list", "--shop", "shop.example.com"]);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 4, "{list}");
    assert_eq!(
        (rows[0][0], rows[0][1]),
        (id, "tickets:read,tickets:write,customers:read,customers:write,users:read,users:write")
    );
    assert!(rows[0][3].starts_with("expires "), "{list}");
    assert_eq!((rows[1][1], rows[1][3]), ("tickets:read", "expires 2999-01-01T00:00:00.000Z"));
    assert_eq!((rows[2][1], rows[2][3]), ("tickets:read,tickets:write", "live"));
    assert!(rows[3][3].starts_with("revoked "), "{list}");
    for secret in [&key, &successor].map(|key| key.splitn(3, '_').nth(2).unwrap()) {
        assert!(!list.contains(secret));
    }

    let create = |option, value| ["key", "create", "--shop", "shop.example.com", option, value];
    assert!(
        error_of(&database, 2, &create("--scope", "tickets:all"))
            .contains("the scopes are tickets:read, tickets:write,")
    );
    assert!(
        error_of(&database, 1, &create("--expires", "2001-01-01"))
            .contains("--expires must lie in the future")
    );
    assert!(error_of(&database, 1, &["key", "revoke", "1-99"]).contains("there is no key 1-99"));
    assert!(
        error_of(&database, 1, &["key", "rotate", successor.split('_').nth(1).unwrap()])
            .contains("there is no live key")
    );
    assert!(
        error_of(&database, 1, &["key", "create", "--shop", "no.example.com"])
            .contains("hexdesk shop create no.example.com")
    );
}

fn a_rotated_key_keeps_its_expiry(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let id = |key: String| key.strip_prefix("hd_").unwrap().split_once('_').unwrap().0.to_owned();
    let expiries = || {
        let list = database.hexdesk(&["key", "list", "--shop", "shop.example.com"]);
        list.lines().map(|line| line.split('\t').nth(3).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let create = ["key", "create", "--shop", "shop.example.com", "--expires", "2999-01-01"];
    let first = id(database.hexdesk(&create));
    let second = id(database.hexdesk(&["key", "rotate", &first, "--overlap", "60d"]));
    assert_eq!(expiries()[1], "expires 2999-01-01T00:00:00.000Z");
    let later = ["key", "rotate", &second, "--expires", "2999-12-31T00:00:00+01:00"];
    let third = id(database.hexdesk(&later));
    assert_eq!(expiries()[2], "expires 2999-12-30T23:00:00.000Z");
    database.hexdesk(&["key", "rotate", &third, "--expires", "never", "--overlap", "0s"]);
    let expiries = expiries();
    assert!(expiries[2].starts_with("expired "), "{expiries:?}");
    assert_eq!(expiries[3], "live");
    let past = error_of(&database, 1, &["key", "rotate", &first, "--expires", "2001-01-01"]);
    assert!(past.contains("--expires must lie in the future"), "{past}");
}

fn api_keys_manage_is_not_a_default_scope(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let create = |arguments: &[&str]| {
        database.hexdesk(&[&["key", "create", "--shop", "shop.example.com"], arguments].concat())
    };
    let (default, manager) = (create(&[]), create(&["--scope", "users:read,api_keys:manage"]));
    let server = database.serve(&[]);
    let keys = |key: &str| server.send("GET", "/api/v1/api-keys", &[("x-api-key", key)], b"");
    keys(&default).assert_problem(403, "missing_scope", "The API key lacks the scope api_keys:manage");
    assert_eq!(
        keys(&manager).json()["apiKeys"][1]["scopes"],
        serde_json::json!(["users:read", "api_keys:manage"])
    );
}

fn keys_of_more_than_one_page_are_listed(database: Database) {
    let mut server = database.serve_demo();
    server.key = api_keys::manager(&database, &[]);
    for _ in 0..100 {
        let made = api_keys::post(
            &server,
            &server.key,
            "/api/v1/api-keys",
            &serde_json::json!({"scopes": ["users:read"]}),
        );
        assert_eq!(made.status, 201);
    }
    let list = database.hexdesk(&["key", "list", "--shop", "example.myshopify.com"]);
    let ids: Vec<&str> = list.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(ids, (1..=102).map(|number| format!("1-{number}")).collect::<Vec<_>>());
}

fn no_key_is_created_for_an_inactive_user(database: Database) {
    let server = database.serve_demo();
    let create = ["key", "create", "--shop", "example.myshopify.com", "--user", "45"];
    database.hexdesk(&create);
    server.send("PATCH", "/api/v1/users/45", &[("x-api-key", &server.key)], br#"{"isActive": false}"#);
    let error = error_of(&database, 1, &create);
    assert!(error.contains("example.myshopify.com has no active user 45"), "{error}");
    let revoked = database.hexdesk(&["key", "list", "--shop", "example.myshopify.com"]);
    assert!(revoked.lines().nth(1).unwrap().contains("\trevoked "), "{revoked}");
}

fn users_and_customers_are_created(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let create = |what, arguments: &[&'static str]| {
        [&[what, "create", "--shop", "shop.example.com"], arguments].concat()
    };
    let user = database.hexdesk(&create(
        "user",
        &["--email", "a@example.com", "--first-name", "Grace", "--last-name", "Hopper"],
    ));
    assert!(user.parse::<i64>().unwrap() > 0);
    let customer = database.hexdesk(&create("customer", &["--phone-number", "+33123456789"]));
    assert!(customer.parse::<i64>().unwrap() > 0);
    let taken = error_of(&database, 1, &create("user", &["--email", "A@example.com"]));
    assert!(taken.contains(&format!("user {user} has this e-mail address already")), "{taken}");
    let taken = error_of(&database, 1, &create("customer", &["--phone-number", "+33123456789"]));
    assert!(taken.contains(&format!("customer {customer} has this")), "{taken}");
    assert!(error_of(&database, 1, &create("customer", &[])).contains("--email or --phone-number is needed"));
    assert!(
        error_of(&database, 1, &create("user", &["--email", "nobody"]))
            .contains("--email must be an e-mail address")
    );
}

fn users_get_links_to_the_console(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let of_user = |what, email, more: &[&'static str]| {
        [&["user", what, "--shop", "shop.example.com", "--email", email], more].concat()
    };
    let never = error_of(&database, 1, &of_user("password-reset", "a@example.com", &[]));
    assert!(
        never.contains("shop.example.com has invited nobody with the e-mail address a@example.com"),
        "{never}"
    );
    let link = database.hexdesk(&of_user("invite", "a@example.com", &[]));
    let token = link.strip_prefix("http://127.0.0.1:8080/welcome/").unwrap();
    assert!(token.parse::<hexdesk_domain::Token>().is_ok(), "{link}");
    let url = ["--role", "admin", "--console-url", "https://desk.example.com/"];
    let other = database.hexdesk(&of_user("invite", "A@example.com", &url));
    assert!(other.starts_with("https://desk.example.com/welcome/") && !other.ends_with(token), "{other}");
    assert!(database.hexdesk(&of_user("password-reset", "a@EXAMPLE.com", &[])).contains("/welcome/"));
    let created = error_of(&database, 1, &of_user("create", "a@example.com", &[]));
    assert!(created.contains("has this e-mail address already"), "{created}");
    for (arguments, code, message) in [
        (of_user("invite", "nobody", &[]), 1, "--email must be an e-mail address"),
        (
            of_user("invite", "a@example.com", &["--console-url", "desk"]),
            1,
            "must begin with http:// or https://",
        ),
        (of_user("invite", "a@example.com", &["--role", "owner"]), 2, "the roles are agent and admin"),
    ] {
        let error = error_of(&database, code, &arguments);
        assert!(error.contains(message), "{error}");
    }
    database.hexdesk(&["shop", "close", "shop.example.com"]);
    let closed = error_of(&database, 1, &of_user("password-reset", "a@example.com", &[]));
    assert!(closed.contains("the shop shop.example.com was closed"), "{closed}");
}

fn lists_are_lines_or_json(database: Database) {
    const SHOP: [&str; 2] = ["--shop", "shop.example.com"];
    let run = |command: &[&str], arguments: &[&str]| database.hexdesk(&[command, arguments].concat());
    let json = |command: &[&str], arguments: &[&str]| -> Vec<Value> {
        let list = run(command, &[arguments, &["--json"]].concat());
        list.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(json(&["shop", "list"], &[]), [] as [Value; 0]);
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    database.hexdesk(&["shop", "create", "closed.example.com"]);
    database.hexdesk(&["shop", "close", "closed.example.com"]);
    let shops = json(&["shop", "list"], &[]);
    let of = |name: &str| shops.iter().find(|shop| shop["domain"] == name).unwrap();
    assert_eq!(of("shop.example.com")["closedAt"], Value::Null);
    assert_eq!(of("shop.example.com")["reopenOnReply"], false);
    assert!(of("closed.example.com")["closedAt"].is_string());

    let key = run(&["key", "create"], &SHOP);
    let id = key.split('_').nth(1).unwrap();
    let keys = json(&["key", "list"], &SHOP);
    assert_eq!(keys.len(), 1);
    for (member, expected) in
        [("key", json!(id)), ("prefix", json!(format!("hd_{id}_"))), ("isLive", json!(true))]
    {
        assert_eq!(keys[0][member], expected, "{keys:?}");
    }

    let grace = ["--email", "Grace@example.com", "--first-name", "Grace", "--last-name", "Hopper\n\tX"];
    let user = run(&["user", "create"], &[&SHOP[..], &grace].concat());
    let other = run(&["user", "create"], &[&SHOP[..], &["--email", "alan@example.com"]].concat());
    let lines = run(&["user", "list"], &SHOP);
    let expected = [
        format!("{user}\tGrace@example.com\tGrace Hopper  X\tactive"),
        format!("{other}\talan@example.com\t\tactive"),
    ];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    let found = json(&["user", "list"], &[&SHOP[..], &["--email", "grace@EXAMPLE.com"]].concat());
    assert_eq!(found.len(), 1);
    let members = ["id", "full_name", "isActive", "shopDomain"].map(|member| found[0][member].clone());
    let number = |id: &str| json!(id.parse::<i64>().unwrap());
    assert_eq!(members, [number(&user), json!("Grace Hopper\n\tX"), json!(true), json!("shop.example.com")]);

    let ada = ["--email", "ada@example.com", "--phone-number", "+33 1 23", "--first-name", "Ada"];
    let first = run(&["customer", "create"], &[&SHOP[..], &ada].concat());
    let second = run(&["customer", "create"], &[&SHOP[..], &["--email", "x@example.com"]].concat());
    let lines = run(&["customer", "list"], &SHOP);
    let expected =
        [format!("{second}\tx@example.com\t\t"), format!("{first}\tada@example.com\t+33 1 23\tAda")];
    assert_eq!(
        lines.lines().map(str::trim_end).collect::<Vec<_>>(),
        expected.each_ref().map(|line| line.trim_end())
    );
    let found = json(&["customer", "list"], &[&SHOP[..], &["--email", "ADA@example.com"]].concat());
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["id"], &found[0]["phone_number"]), (&number(&first), &json!("+33 1 23")));
}

fn users_are_deactivated(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let deactivate = |user| ["user", "deactivate", "--shop", "shop.example.com", user];
    let create =
        |email| database.hexdesk(&["user", "create", "--shop", "shop.example.com", "--email", email]);
    let (first, second) = (create("a@example.com"), create("b@example.com"));
    database.hexdesk(&["key", "create", "--shop", "shop.example.com", "--user", &first]);
    let line = database.hexdesk(&deactivate(&first));
    assert!(line.starts_with(&format!("{first}\ta@example.com\t\tdeactivated 2")), "{line}");
    assert_eq!(database.hexdesk(&deactivate("A@example.com")), line);
    let keys = database.hexdesk(&["key", "list", "--shop", "shop.example.com"]);
    assert!(keys.contains("\trevoked 2"), "{keys}");
    let line = database.hexdesk(&deactivate("B@EXAMPLE.com"));
    assert!(line.starts_with(&format!("{second}\tb@example.com\t\tdeactivated 2")), "{line}");
    for unknown in ["99", "c@example.com"] {
        let error = error_of(&database, 1, &deactivate(unknown));
        assert!(
            error.contains(&format!("shop.example.com has no user {unknown}: see `hexdesk user list`")),
            "{error}"
        );
    }
    let log =
        database.hexdesk(&["events", "--shop", "shop.example.com", "--subject", &format!("user:{first}")]);
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&last["kind"], &last["actor"]["type"]), (&json!("user.updated"), &json!("operator")));
}

fn customers_are_erased(database: Database) {
    let server = database.serve_demo();
    server.create_ticket(crate::harness::EXAMPLE);
    let shop = ["--shop", crate::harness::SHOP];
    let erase = |more: &[&'static str]| [&["customer", "erase"][..], &shop, more].concat();
    // A terminal asks.
    let terminal = |answer: &str| {
        let mut command = database.command(&erase(&["123"]));
        let quoted: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        command = std::process::Command::new("script");
        command.args(["-qec", &quoted.join(" "), "/dev/null"]).stdin(std::process::Stdio::piped());
        let mut process = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, answer.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let no = terminal("n\n");
    assert!(no.contains("Erase customer 123\tdev@example.com\t+33123456789\tAda Lovelace of example.myshopify.com? It cannot be undone. [y/N]"), "{no}");
    assert!(no.contains("error: customer 123 was not erased"), "{no}");
    assert_eq!(database.count("SELECT count(*) FROM customers"), 1);
    let erased = database.hexdesk(&erase(&["123", "--yes"]));
    assert_eq!(erased, "erased customer 123 of example.myshopify.com: 1 tickets, 0 comments");
    for id in ["123", "999"] {
        let error = error_of(&database, 1, &erase(&[id]));
        assert!(error.contains(&format!("has no customer {id}: see `hexdesk customer list`")), "{error}");
    }
    assert!(error_of(&database, 2, &erase(&["Ada"])).contains("must be a whole number from 1 to"));
}

fn a_key_that_nobody_gets_is_revoked(database: Database) {
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let run_into = |arguments: &[&str], stdout: std::process::Stdio| {
        let output = database.command(arguments).stdout(stdout).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into();
    let closed = || std::io::pipe().unwrap().1.into();
    let create = ["key", "create", "--shop", "shop.example.com"];
    let list = || database.hexdesk(&["key", "list", "--shop", "shop.example.com"]);
    for (number, (stdout, cause)) in
        [(full(), "No space left"), (closed(), "Broken pipe")].into_iter().enumerate()
    {
        let error = run_into(&create, stdout);
        let expected = format!("the key 1-{} was revoked, because it was not written", number + 1);
        assert!(error.contains(&expected) && error.contains(cause), "{error}");
        assert!(list().lines().nth(number).unwrap().contains("\trevoked 2"), "{}", list());
    }
    database.hexdesk(&create);
    let error = run_into(&["key", "rotate", "1-3", "--overlap", "7d"], full());
    let expected =
        "run `hexdesk key rotate 1-3 --expires never` before the old key ends: the key 1-4 was revoked";
    assert!(error.contains(expected), "{error}");
    let list = list();
    let states: Vec<&str> = list.lines().map(|line| line.split('\t').nth(3).unwrap()).collect();
    assert!(states[2].starts_with("expires ") && states[3].starts_with("revoked "), "{states:?}");
    database.hexdesk(&["key", "rotate", "1-3", "--expires", "never"]);
}

fn migrating_again_does_nothing(database: Database) {
    database.hexdesk(&["migrate"]);
    assert_eq!(database.hexdesk(&["migrate"]), "");
}

#[test]
fn the_version_names_the_commit() {
    let git = std::process::Command::new("git")
        .args(["rev-parse", "--show-prefix", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let git = git.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default();
    let commit = git.strip_prefix("crates/http/\n").map(|commit| format!(" ({})", &commit[..12]));
    let expected = format!("hexdesk {}{}", env!("CARGO_PKG_VERSION"), commit.unwrap_or_default());
    assert_eq!(Database::sqlite().hexdesk(&["--version"]), expected);
}

#[test]
fn help_shows_commands_and_settings() {
    let database = Database::sqlite();
    let help = database.hexdesk(&["--help"]);
    for expected in [
        "serve --demo",
        "migrate",
        "shop",
        "key",
        "user",
        "customer",
        "backup",
        "restore",
        "doctor",
        "HEXDESK_DATABASE_URL",
        "sqlite://hexdesk.db",
        "postgres://",
    ] {
        assert!(help.contains(expected), "{expected}: {help}");
    }
    let help = database.hexdesk(&["key", "create", "--help"]);
    let help: Vec<&str> = help.split_whitespace().collect();
    let scopes = hexdesk_domain::Scope::names();
    assert!(help.join(" ").contains(&format!("The scopes that it holds: {scopes}.")), "{help:?}");
    assert!(help.join(" ").contains("The default is all but the last four"), "{help:?}");
    let help = database.hexdesk(&["serve", "--help"]);
    for expected in ["--demo", "HEXDESK_LISTEN", "127.0.0.1:8080"] {
        assert!(help.contains(expected), "{expected}: {help}");
    }
}

#[test]
fn invalid_settings_are_reported_with_their_valid_values() {
    let run = |arguments: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_hexdesk")).args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let error = run(&["migrate", "--database-url", "mysql://root:hunter2@localhost/db"]);
    for expected in ["--database-url", "HEXDESK_DATABASE_URL", "sqlite://", "postgres://"] {
        assert!(error.contains(expected), "{error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
    let error = run(&["migrate", "--database-url", "postgres://u:hunter2@127.0.0.1:1/db"]);
    assert!(!error.contains("hunter2"), "{error}");
    let error = run(&["migrate", "--database-url", "postgres://u:hunter2@127.0.0.1:1/db?sslmode=maybe"]);
    assert!(
        error.contains("sslmode") && error.contains("verify-full") && !error.contains("hunter2"),
        "{error}"
    );
    let error = run(&["migrate", "--database-url", "sqlite:///nonexistent/directory/hexdesk.db"]);
    assert!(error.contains("/nonexistent/directory"), "{error}");
    let duration = "expected a number with a unit (s, m, h or d), such as 0s, 30m, 24h or 7d";
    let date =
        "expected a date such as 2027-01-31 (its midnight in UTC), or a date-time with an offset such as";
    let key = ["key", "create", "--shop", "shop.example.com"];
    let rotate = ["key", "rotate", "1-1"];
    let events = ["events", "--shop", "shop.example.com"];
    let serve = ["serve"];
    for (command, option, value, expected) in [
        (&rotate[..], "--overlap", "90", duration),
        (&rotate, "--overlap", "soon", duration),
        (&rotate, "--overlap=-5m", "", duration),
        (&rotate, "--expires", "always", date),
        (&key, "--expires", "tomorrow", date),
        (&events, "--from", "yesterday", date),
        (&serve, "--keep-events", "60d", "a whole number of days from 1 to 36500, such as 90"),
        (&serve, "--keep-idempotency-keys", "1", "a whole number of hours from 24 to 8760, such as 48"),
        (&serve, "--max-requests", "0", "a whole number of requests from 1 to 1000000, such as 1024"),
        (&serve, "--max-connections", "many", "a whole number of connections from 1 to"),
        (&serve, "--max-streams", "x", "a whole number of streams from 0 to 1000000, such as 1000"),
        (&serve, "--max-answer-memory", "1GB", "a whole number of MiB from 8 to 1048576, such as 256"),
        (&serve, "--keep-alive", "75s", "a whole number of seconds from 1 to 3600, such as 75"),
        (&serve, "--read-timeout", "0", "a whole number of seconds from 1 to 3600, such as 5"),
        (&serve, "--listen", "localhost", "must be an IP address and a port, like 127.0.0.1:8080"),
    ] {
        let value = (!value.is_empty()).then_some(value);
        let arguments: Vec<&str> = command.iter().copied().chain([option]).chain(value).collect();
        let error = run(&arguments);
        assert!(error.contains(option.split('=').next().unwrap()), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    for (filter, refused) in [
        ("info=x=y", r#""x=y" is no level"#),
        ("info=much", r#""much" is no level"#),
        ("hexdesk_http=", r#""" is no level"#),
        ("info;hexdesk_http", r#""info;hexdesk_http" is no level or module; the nearest is"#),
        ("[request]=debug", r#""[request]" is no level or module"#),
        ("inf", r#""inf" is no level or module; the nearest is info"#),
        ("info,inf", r#""inf" is no level or module; the nearest is info"#),
        ("hexdesk_htp=debug", r#""hexdesk_htp" is no level or module; the nearest is hexdesk_http"#),
        ("warn,hexdesk_httpx", r#""hexdesk_httpx" is no level or module"#),
        ("diesel=debug", r#""diesel" is no level or module"#),
        ("=debug", r#""" is no level or module"#),
        (",", r#""" is no level"#),
    ] {
        let error = run(&["serve", "--log", filter]);
        for expected in ["--log (HEXDESK_LOG)", refused, "trace", "hexdesk_http=debug", "actix_server"] {
            assert!(error.contains(expected), "{filter}: {error}");
        }
    }
}

#[test]
fn only_commands_that_are_meant_to_make_a_database_do() {
    let database = Database::sqlite();
    let Database::Sqlite(directory) = &database else { unreachable!() };
    let files = || directory.path().read_dir().unwrap().count();
    let shop = ["--shop", "shop.example.com"];
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["shop", "list"],
        &["shop", "close", "shop.example.com"],
        &[&["key", "create"][..], &shop].concat(),
        &[&["user", "create", "--email", "a@example.com"][..], &shop].concat(),
        &[&["customer", "create", "--email", "a@example.com"][..], &shop].concat(),
        &[&["webhook", "list"][..], &shop].concat(),
        &[&["events"][..], &shop].concat(),
        &["dump"],
    ] {
        // As in a directory where nobody has set the variable.
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_hexdesk"));
        let output = process.env_clear().args(command).current_dir(directory.path()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {error}");
        let path = directory.path().join("hexdesk.db");
        for expected in [
            "--database-url (HEXDESK_DATABASE_URL)",
            &format!("there is no database {}", path.display()),
            "`hexdesk shop create <domain>`",
            "`hexdesk migrate`",
            "`hexdesk serve --demo`",
        ] {
            assert!(error.contains(expected), "{command:?}: {error}");
        }
        assert_eq!(files(), 0, "{command:?}");
    }
    let other = directory.path().join("other.db").display().to_string();
    let copy = ["copy", "--from", &database.url(), "--to", &format!("sqlite://{other}")];
    let error = error_of(&database, 1, &copy);
    assert!(error.contains("--from (HEXDESK_COPY_FROM): there is no database"), "{error}");
    assert_eq!(files(), 0);
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    assert!(files() > 0);
}

#[test]
fn variables_that_are_no_setting_are_named_with_the_nearest_setting() {
    let database = Database::sqlite().migrated();
    let log = |variable, value| {
        let output = database.command(&["shop", "list"]).env(variable, value).output().unwrap();
        assert!(output.status.success());
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(!log.contains("hunter2"), "{log}");
        log
    };
    for (variable, warning) in [
        ("HEXDESK_DATABSE_URL", "; the nearest is HEXDESK_DATABASE_URL"),
        ("HEXDESK_LOGFORMAT", "; the nearest is HEXDESK_LOG_FORMAT"),
        ("HEXDESK_COPYFROM", "; the nearest is HEXDESK_COPY_FROM"),
        ("HEXDESK_", ": `hexdesk help serve` lists them"),
        ("HEXDESK_ZZZ", ": `hexdesk help serve` lists them"),
    ] {
        let log = log(variable, "hunter2");
        assert!(
            log.contains("WARN") && log.contains(&format!("{variable:?} is no setting{warning}")),
            "{log}"
        );
    }
    for (variable, value) in
        [("HEXDESK_RATE_LIMIT", "1/1"), ("HEXDESK", "hunter2"), ("hexdesk_log", "hunter2")]
    {
        let log = log(variable, value);
        assert!(!log.contains("is no setting"), "{log}");
    }
}

#[test]
fn the_log_setting_takes_levels_per_module() {
    let log = |filter: &str| {
        let output = Database::sqlite().run(&["migrate", "--log", filter]);
        assert!(output.status.success(), "{filter}");
        String::from_utf8(output.stderr).unwrap()
    };
    for filter in
        ["off,hexdesk_adapters::statements=trace", "hexdesk_adapters=trace, OFF,", " off ,,hexdesk_adapters"]
    {
        let log = log(filter);
        assert!(log.contains("hexdesk_adapters::statements"), "{filter}: {log}");
    }
    for filter in ["error", "off", "info,", "trace,hexdesk_adapters::statements=warn", "hexdesk_http"] {
        let log = log(filter);
        assert!(!log.contains("hexdesk_adapters::statements"), "{filter}: {log}");
    }
}
