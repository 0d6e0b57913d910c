//! Webhooks that fail, their secrets, and transactions that hold the counter of a shop.

use std::fs::{self, Permissions, remove_file, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::{Findings, as_another_account, file};
use crate::harness::events::eventually;
use crate::harness::{Database, EXAMPLE, SHOP, both_databases};
use crate::webhooks::{ALLOW, key_file};

/// A database with a webhook of the demo shop, and the options that name its secret key file.
struct Fixture {
    database: Database,
    id: String,
    key_file: Vec<String>,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new(database: Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key_file = key_file(&database, &directory);
        let mut fixture = Self { database, id: String::new(), key_file, _directory: directory };
        fixture.database.hexdesk(&["shop", "create", SHOP]);
        let url = "http://127.0.0.1:1/hook?token=hunter2";
        let created = fixture.run(&[&["webhook", "create", "--shop", SHOP, url][..], &ALLOW].concat());
        fixture.id = created.split('\t').next().unwrap().to_owned();
        fixture
    }

    fn with_key_file<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        arguments.iter().copied().chain(self.key_file.iter().map(String::as_str)).collect()
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.database.hexdesk(&self.with_key_file(arguments))
    }

    fn doctor(&self) -> Findings {
        Findings::of(self.database.run(&self.with_key_file(&["doctor"])))
    }

    fn secret_keys(&self) -> PathBuf {
        match self.key_file.last() {
            Some(path) => path.into(),
            None => format!("{}.secret-key", file(&self.database).display()).into(),
        }
    }
}

both_databases! {
    webhooks_that_fail_are_named,
    a_secret_key_file_that_cannot_be_used_is_a_problem,
}

fn webhooks_that_fail_are_named(database: Database) {
    let fixture = Fixture::new(database);
    let id = &fixture.id;
    fixture.doctor().assert("webhook", "ok", "1 enabled, 0 disabled, none fails");
    fixture.doctor().assert("webhook secrets", "ok", "all can be opened: 1");

    let server = fixture.database.serve(&fixture.with_key_file(&[&["--demo"][..], &ALLOW].concat()));
    let key = server.stdout.lines().find(|line| line.starts_with("hd_")).unwrap();
    let created = server.send("POST", "/api/v1/tickets", &[("x-api-key", key)], EXAMPLE.as_bytes());
    assert_eq!(created.status, 201);
    let failing = eventually("an attempt fails", || {
        Some(fixture.doctor()).filter(|findings| findings.lines["webhook"].0 == "warning")
    });
    drop(server);
    failing.assert(
        "webhook",
        "warning",
        &format!("webhook {id} of {SHOP} to http://127.0.0.1:1/hook has failed since 20"),
    );
    failing.assert(
        "webhook",
        "warning",
        "; the last attempt failed with connect; it is disabled if it still fails after 20",
    );
    assert!(!format!("{:?}", failing.output).contains("hunter2"));

    let set = |columns: &str| fixture.database.execute(&format!("UPDATE webhooks SET {columns}"));
    let (since, at) = match fixture.database {
        Database::Sqlite(_) => ("1767225600000", "1767657600000"),
        Database::Postgres(_) => ("'2026-01-01Z'", "'2026-01-06Z'"),
    };
    set(&format!("failures = 7, failing_since = {since}"));
    let findings = fixture.doctor();
    findings.assert("webhook", "warning", "has failed since 2026-01-01T00:00:00.000Z, failed attempts: 7; ");
    findings.assert(
        "webhook",
        "warning",
        "if it still fails after 2026-01-06T00:00:00.000Z; check it with `hexdesk webhook test",
    );
    for (reason, why) in
        [("failing", "every attempt failed for days"), ("gone", "the endpoint returned the status 410")]
    {
        set(&format!("disabled_reason = '{reason}', disabled_at = {at}"));
        let findings = fixture.doctor();
        findings.assert(
            "webhook",
            "warning",
            &format!("was disabled at 2026-01-06T00:00:00.000Z because {why}; "),
        );
        // A test is an attempt, too. The suggested command continues.
        let test = format!("webhook test --shop {SHOP} {id}");
        findings.assert(
            "webhook",
            "warning",
            &format!("; check it with `hexdesk {test}`, then continue with `"),
        );
        let test: Vec<&str> = test.split(' ').chain(ALLOW).collect();
        assert!(!fixture.database.run(&fixture.with_key_file(&test)).status.success());
        let findings = fixture.doctor();
        findings.assert("webhook", "warning", "; a test after them failed with connect; ");
        let enable = findings.lines["webhook"].1.split('`').nth(3).unwrap().replace("hexdesk ", "");
        fixture.database.hexdesk(&enable.split(' ').collect::<Vec<_>>());
        fixture.doctor().assert("webhook", "ok", "1 enabled, 0 disabled, none fails");
    }
    fixture.database.hexdesk(&["webhook", "disable", "--shop", SHOP, id]);
    fixture.doctor().assert("webhook", "ok", "0 enabled, 1 disabled, none fails");
}

fn a_secret_key_file_that_cannot_be_used_is_a_problem(database: Database) {
    let fixture = Fixture::new(database);
    let path = fixture.secret_keys();
    let advice = |findings: &Findings| {
        let command = findings.lines["secret key file"].1.split('`').nth(1).unwrap();
        assert!(Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
    };
    set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let findings = fixture.doctor();
    findings.assert("secret key file", "problem", "has mode 0644: run `chmod 600 ");
    assert!(!findings.lines.contains_key("webhook secrets"), "{findings:?}");
    advice(&findings);
    fixture.doctor().assert("secret key file", "ok", "keys: 1; ");
    fixture.doctor().assert("webhook secrets", "ok", "");

    let keys = fs::read_to_string(&path).unwrap();
    let key = keys.lines().last().unwrap().split_once(' ').unwrap().1;
    for (content, check, expected) in [
        (String::new(), "secret key file", "has no key: add a line with `"),
        (format!("1 {}", &key[4..]), "secret key file", "line 1 of the secret key file "),
        (
            format!("2 {key}"),
            "webhook secrets",
            "add the line of key 1 to the secret key file again; bring back",
        ),
        (format!("1 {}", "A".repeat(43) + "="), "webhook secrets", "1 of 1 do not open"),
    ] {
        fs::write(&path, &content).unwrap();
        fixture.doctor().assert(check, "problem", expected);
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    fixture.doctor().assert("secret key file", "problem", "is not a key");
    fs::write(&path, &keys).unwrap();
    fixture.doctor().assert("webhook secrets", "ok", "");

    let (_binary, mut doctor) = as_another_account(&fixture.database, &fixture.with_key_file(&["doctor"]));
    let findings = Findings::of(doctor.output().unwrap());
    findings.assert("secret key file", "problem", "this account may not read the secret key file");

    remove_file(&path).unwrap();
    let findings = fixture.doctor();
    if fixture.key_file.is_empty() {
        findings.assert("secret key file", "ok", "is made when the first secret is sealed");
        findings.assert("webhook secrets", "problem", "there is no secret key");
    } else {
        findings.assert("secret key file", "problem", "does not exist: create it with `");
        advice(&findings);
        fixture.doctor().assert("webhook secrets", "problem", "another secret key sealed it");
        let findings = Findings::of(fixture.database.run(&["doctor"]));
        findings.assert("webhook secrets", "problem", "name it in this command, too");
    }
    assert!(!path.exists() || !fixture.key_file.is_empty(), "doctor makes no file");
}

#[test]
fn a_transaction_that_holds_a_counter_for_long_is_named() {
    let database = Database::postgres();
    let Database::Postgres(postgres) = &database else { unreachable!() };
    database.hexdesk(&["shop", "create", SHOP]);
    let doctor = || Findings::of(database.run(&["doctor"]));
    doctor().assert("shop counters", "ok", "no transaction has held one for more than 5 seconds");
    let hold = "UPDATE shop_counters SET shop_id = shop_id";
    std::thread::scope(|scope| {
        let holding =
            scope.spawn(|| postgres.psql(&format!("BEGIN; {hold}; SELECT pg_sleep(600), 'hunter2'")));
        let involved = "SELECT count(*) FROM pg_locks WHERE relation = 'shop_counters'::regclass";
        eventually("the counter is held", || (postgres.psql(involved) == "1").then_some(()));
        // It waits as long, and is not to blame.
        let waiting = scope.spawn(|| postgres.psql(hold));
        eventually("another waits", || (postgres.psql(involved) != "1").then_some(()));
        // A reader is not to blame, either.
        let reading =
            scope.spawn(|| postgres.psql("BEGIN; SELECT * FROM shop_counters; SELECT pg_sleep(600)"));
        let findings = eventually("the transaction is reported", || {
            Some(doctor()).filter(|findings| findings.lines["shop counters"].0 == "warning")
        });
        findings.assert(
            "shop counters",
            "warning",
            "(application psql, role postgres, client this machine) has had a",
        );
        findings.assert(
            "shop counters",
            "warning",
            "it is active, with the statement: BEGIN; UPDATE shop_counters SET",
        );
        findings.assert("shop counters", "warning", "SELECT pg_sleep(600), '…'; end the transaction");
        let stdout = String::from_utf8(findings.output.stdout.clone()).unwrap();
        assert_eq!(stdout.matches("shop counters\t").count(), 1, "{stdout}");
        // The suggested statement works as it is.
        postgres.psql(findings.lines["shop counters"].1.split('`').nth(1).unwrap());
        assert!(holding.join().is_err(), "the session was ended");
        waiting.join().unwrap();
        doctor().assert("shop counters", "ok", "");
        postgres.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()");
        assert!(reading.join().is_err());
    });
}
