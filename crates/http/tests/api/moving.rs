//! `hexdesk dump`, `hexdesk load` and `hexdesk copy`.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::api_keys::{post, serve};
use crate::harness::events::eventually;
use crate::harness::faults::rounds;
use crate::harness::{Database, EXAMPLE, SHOP, Server, both_databases};

/// Everything that clients of the demo's shop see.
const READ: [&str; 9] = [
    "/api/v1/tickets?limit=100",
    "/api/v1/tickets?limit=2&tag=vip",
    "/api/v1/customers?limit=100&include=total",
    "/api/v1/users?limit=100",
    "/api/v1/api-keys?limit=100",
    "/api/v1/events?limit=100",
    "/api/v1/webhooks",
    "/api/v1/tickets/search?q=refund",
    "/api/v1/customers?q=ada",
];

/// Fills the demo's shop: tickets, comments, a merged and an erased customer, a webhook.
fn fill(server: &Server, tickets: usize) -> String {
    let key = &server.key;
    for _ in 0..tickets {
        let created = server.create_ticket(EXAMPLE);
        let id = created.ticket()["id"].as_str().unwrap().to_owned();
        let comments = format!("/api/v1/tickets/{id}/comments");
        assert_eq!(post(server, key, &comments, &json!({"text": "A comment", "isNote": true})).status, 201);
    }
    let customer = |email: &str| {
        let made = post(server, key, "/api/v1/customers", &json!({"email": email, "first_name": "Ada"}));
        made.json()["customer"]["id"].to_string()
    };
    let (into, from, erased) =
        (customer("ada@x.example"), customer("from@x.example"), customer("gone@x.example"));
    let merge = json!({"from": from.parse::<i64>().unwrap()});
    assert_eq!(post(server, key, &format!("/api/v1/customers/{into}/merge"), &merge).status, 200);
    assert_eq!(
        server.send("DELETE", &format!("/api/v1/customers/{erased}"), &[("x-api-key", key)], b"").status,
        200
    );
    let last = server.create_ticket_idempotent("again", EXAMPLE);
    assert_eq!(last.status, 201);
    last.body
}

/// What clients see of the shop.
fn seen(server: &Server) -> Vec<String> {
    let body = |path: &&str| {
        let response = server.get(path);
        assert_eq!(response.status, 200, "{path}: {response:?}");
        response.body
    };
    READ.iter().map(body).collect()
}

/// Runs `hexdesk load` with this file.
fn load(database: &Database, file: &Path) -> Output {
    database.command(&["load"]).stdin(File::open(file).unwrap()).output().unwrap()
}

/// Writes an archive of the database.
fn dump(database: &Database, directory: &Path) -> PathBuf {
    let file = directory.join("archive.ndjson");
    let dumped = database.command(&["dump"]).stdout(File::create(&file).unwrap()).output().unwrap();
    assert!(dumped.status.success(), "{dumped:?}");
    file
}

/// The lines of the shops' digests.
fn digests(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| line.starts_with("{\"shop_end\":")).map(str::to_owned).collect()
}

fn message(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines().rfind(|line| line.starts_with("error: ")).unwrap_or_default().to_owned()
}

/// A database with the filled shop of the demo, without a server. Returns its key, what was seen, and the
/// response to the request with the key `again`.
struct Source {
    database: Database,
    key: String,
    seen: Vec<String>,
    response: String,
}

impl Source {
    fn of(database: Database, tickets: usize) -> Self {
        let server = serve(&database);
        let response = fill(&server, tickets);
        let (key, seen) = (server.key.clone(), seen(&server));
        drop(server);
        Self { database, key, seen, response }
    }

    /// Fails unless clients of this database notice no difference.
    fn expect_at(&self, database: &Database) {
        let mut server = database.serve(&[]);
        server.key.clone_from(&self.key);
        for ((path, before), after) in READ.iter().zip(&self.seen).zip(seen(&server)) {
            assert_eq!(after, *before, "{path}");
        }
        let again = server.create_ticket_idempotent("again", EXAMPLE);
        assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &self.response));
        let new = server.create_ticket(EXAMPLE).ticket();
        let number = |ticket: &Value| ticket["humanTicketId"].as_i64();
        let first: Value = serde_json::from_str(&self.response).unwrap();
        assert!(number(&new) > number(&first["ticket"]) || number(&new).is_none(), "{new}");
        let newest = server.get("/api/v1/tickets?limit=1").json();
        assert_eq!(newest["tickets"][0]["id"], new["id"]);
    }
}

fn copy(from: &Database, to: &Database) -> Output {
    let arguments = ["copy", "--from", &from.url(), "--to", &to.url()];
    to.command(&arguments).output().unwrap()
}

#[test]
fn a_shop_moves_to_postgresql_and_back() {
    let source = Source::of(Database::sqlite(), 3);
    let (postgres, back) = (Database::postgres(), Database::sqlite());
    for (from, to) in [(&source.database, &postgres), (&postgres, &back)] {
        let copied = copy(from, to);
        assert!(copied.status.success(), "{copied:?}");
        let line = String::from_utf8(copied.stdout).unwrap();
        assert!(line.starts_with(&format!("1\t{SHOP}\tmoved\t")) && line.contains("\tsha256:"), "{line}");
        // Nothing changes a shop that is there.
        let again = copy(from, to);
        assert!(again.status.success(), "{again:?}");
        assert!(String::from_utf8(again.stdout).unwrap().contains("\twas there\t"));
    }
    source.expect_at(&postgres);
    source.expect_at(&back);
    // What was written since is not overwritten, and not mixed.
    let refused = message(&copy(&source.database, &postgres));
    assert!(refused.contains("exists already, and is not the same"), "{refused}");
}

both_databases! {
    an_archive_is_private_and_loads_once,
    a_damaged_archive_serves_nobody,
    a_load_needs_a_free_number_and_domain,
    a_discarded_load_can_begin_again,
    a_killed_load_or_copy_goes_on,
}

fn an_archive_is_private_and_loads_once(target: Database) {
    let source = Source::of(Database::sqlite(), 2);
    let directory = tempfile::tempdir().unwrap();
    let file = dump(&source.database, directory.path());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let loaded = load(&target, &file);
    assert!(loaded.status.success(), "{loaded:?}");
    let lines = String::from_utf8(loaded.stderr).unwrap();
    assert!(lines.contains(&format!("checking {SHOP}: ")), "{lines}");
    let again = load(&target, &file);
    assert!(String::from_utf8(again.stdout).unwrap().contains("\twas there\t"));
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(digests(&dump(&target, elsewhere.path())), digests(&file));
    source.expect_at(&target);
}

fn a_damaged_archive_serves_nobody(target: Database) {
    let source = Source::of(Database::sqlite(), 2);
    let directory = tempfile::tempdir().unwrap();
    let file = dump(&source.database, directory.path());
    let bytes = std::fs::read(&file).unwrap();
    let broken = directory.path().join("broken.ndjson");
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without_end = lines[..lines.len() - 1].concat();
    let other_text = text.replacen("A comment", "a comment", 1);
    let swapped = [&lines[..5], &[lines[6], lines[5]], &lines[7..]].concat().concat();
    for (damaged, expected) in [
        (text[..text.len() / 2].to_owned(), "the file was cut off after line "),
        (without_end, "the file was cut off after line "),
        (other_text, " does not have the digest that was written"),
        (swapped, " is damaged: it is not in order"),
        (text.replacen("\"version\":1", "\"version\":2", 1), "the archive has format 2"),
        ("id,email\n".to_owned(), "this is no archive of Hexdesk"),
        (String::new(), "this is no archive of Hexdesk"),
    ] {
        std::fs::write(&broken, damaged).unwrap();
        let refused = message(&load(&target, &broken));
        assert!(refused.contains(expected), "{refused}");
        let mut server = target.serve(&[]);
        server.key.clone_from(&source.key);
        let status = server.get("/api/v1/tickets").status;
        assert!([401, 403, 404].contains(&status), "{expected}: {status}");
        target.run(&["load", "--discard", SHOP]);
    }
    let loaded = load(&target, &file);
    assert!(loaded.status.success(), "{loaded:?}");
    source.expect_at(&target);
}

fn a_load_needs_a_free_number_and_domain(target: Database) {
    let source = Source::of(Database::sqlite(), 1);
    let directory = tempfile::tempdir().unwrap();
    let file = dump(&source.database, directory.path());
    target.hexdesk(&["shop", "create", "other.example.com"]);
    let refused = message(&load(&target, &file));
    assert!(
        refused.contains(&format!("the number of shop 1 ({SHOP}) belongs to shop 1 (other.example.com)")),
        "{refused}"
    );
    assert_eq!(target.hexdesk(&["shop", "list"]).lines().count(), 1);
    let refused = message(&target.run(&["load", "--discard", "other.example.com"]));
    assert!(refused.contains("is not being loaded; nothing was removed"), "{refused}");
}

/// Begins to load the file, and kills the process once some entries are loaded.
fn load_in_part(target: &Database, file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let mut process = target
        .command(&["load"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    // The rest is never sent, so that the load cannot end.
    input.write_all(&bytes[..bytes.len() * 9 / 10]).unwrap();
    input.flush().unwrap();
    eventually("a part is loaded", || {
        (target.count("SELECT coalesce(sum(entries), 0) FROM shop_loads") > 0).then_some(())
    });
    process.kill().unwrap();
    process.wait().unwrap();
}

fn a_discarded_load_can_begin_again(target: Database) {
    let source = Source::of(Database::sqlite(), 150);
    let directory = tempfile::tempdir().unwrap();
    let file = dump(&source.database, directory.path());
    load_in_part(&target, &file);
    let refused = message(&target.run(&["dump", "--shop", SHOP]));
    assert!(refused.contains("is being loaded: finish the load first, or discard it"), "{refused}");
    let reopened = target.run(&["shop", "reopen", SHOP]);
    assert_eq!(reopened.status.code(), Some(1), "{reopened:?}");
    target.hexdesk(&["load", "--discard", SHOP]);
    assert_eq!(target.hexdesk(&["shop", "list"]), "");
    assert_eq!(target.count("SELECT count(*) FROM tickets"), 0);
    let loaded = load(&target, &file);
    assert!(loaded.status.success(), "{loaded:?}");
    source.expect_at(&target);
}

/// Kills loads and copies at any moment, and lets another one go on.
fn a_killed_load_or_copy_goes_on(target: Database) {
    let source = Source::of(Database::sqlite(), 150);
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = dump(&source.database, directory.path());
    load_in_part(&target, &file);
    let begun = Instant::now();
    let loaded = load(&target, &file);
    let whole = begun.elapsed();
    assert!(loaded.status.success(), "{loaded:?}");
    source.expect_at(&target);
    for round in 0..rounds(4) {
        let target = target.another();
        let moving = || {
            let mut load = target.command(&["load"]);
            load.stdin(File::open(&file).unwrap());
            let copy = target.command(&["copy", "--from", &source.database.url(), "--to", &target.url()]);
            if round % 2 == 0 { load } else { copy }
        };
        let mut process = moving().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let until = moment_within(whole);
        while Instant::now() < until && process.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = process.kill();
        process.wait().unwrap();
        let moved = moving().output().unwrap();
        assert!(moved.status.success(), "{moved:?}");
        assert_eq!(digests(&dump(&target, elsewhere.path())), digests(&file));
    }
}

/// A random moment within this time from now.
fn moment_within(time: Duration) -> Instant {
    Instant::now() + time.mul_f64(fastrand::f64())
}
