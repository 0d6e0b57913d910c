//! A clock that steps back and forward, or stops.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::faults::{Load, create, rounds};
use crate::harness::{Database, PATIENCE, Response, SHOP, Server, both_databases};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The offsets of the clock in seconds, in order: an hour back, a day forward, and back again.
const STEPS: [i64; 4] = [-HOUR, DAY, 0, -HOUR];

/// The allowed difference between a stored time and the clock, in seconds.
const TOLERANCE: i64 = 60;

/// A clock for a server, which the test can set.
struct Clock(TempDir);

impl Clock {
    fn new() -> Self {
        let clock = Self(tempfile::tempdir().unwrap());
        clock.set(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("offset")
    }

    /// Sets the clock to this many seconds ahead of the machine's clock.
    fn set(&self, offset: i64) {
        self.write(&format!("{offset:+}"));
    }

    /// Stops the clock at a time in the past.
    fn stop(&self) {
        self.write("2026-06-01 12:00:00");
    }

    fn write(&self, setting: &str) {
        let new = self.0.path().join("new");
        fs::write(&new, format!("{setting}\n")).unwrap();
        // Atomically, because every call for the time reads the file.
        fs::rename(new, self.file()).unwrap();
    }

    /// The time of a clock with this offset, in seconds since 1970.
    fn time(offset: i64) -> i64 {
        #[allow(clippy::disallowed_methods, reason = "what the server's clock is held against")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        i64::try_from(now.as_secs()).unwrap() + offset
    }

    /// Starts a server that uses this clock.
    fn serve(&self, database: &Database, key: &str) -> Server {
        // Retention uses this clock too. The steps must not remove idempotency records.
        let mut command: Command = database.serve_command("info", &["--keep-idempotency-keys", "8760"]);
        command
            .env("LD_PRELOAD", libfaketime())
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
        let mut server = Server::start(&mut command);
        server.key = key.to_owned();
        server
    }
}

/// The library that replaces the clock, from Debian's package `libfaketime`.
fn libfaketime() -> PathBuf {
    let architectures = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    architectures
        .map(|directory| directory.join("faketime/libfaketime.so.1"))
        .find(|library| library.exists())
        .expect("libfaketime is not installed: run scripts/install-test-dependencies")
}

/// Creates a ticket. Right after a step, the server may have no ids for a moment.
fn create_soon(server: &Server, load: &Load) -> (String, Response) {
    // Recovery must not take until the next regular reservation of ids, which is every minute.
    let deadline = Instant::now() + PATIENCE / 2;
    loop {
        let name = load.next_name();
        let response = create(server, &server.key, &name);
        load.record(name.clone(), response.as_ref());
        match response.unwrap() {
            response if response.status == 201 => return (name, response),
            response => assert!(Instant::now() < deadline, "{response:?}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn id(ticket: &Value) -> i64 {
    ticket["id"].as_str().unwrap().parse().unwrap()
}

/// Seconds since 1970.
fn seconds(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()
}

/// Creates tickets one by one and concurrently. Checks that ids grow from `last_id`, that times are
/// the clock's, and that a repeated request is recognised.
fn check_service(server: &Server, load: &Load, offset: i64, last_id: &mut i64) {
    let (name, first) = create_soon(server, load);
    for _ in 0..20 {
        let (_, response) = create_soon(server, load);
        let ticket = response.ticket();
        assert!(id(&ticket) > *last_id, "{} after {last_id}", id(&ticket));
        *last_id = id(&ticket);
        for member in ["date", "lastMessageTime"] {
            let off_by = seconds(&ticket[member]) - Clock::time(offset);
            assert!(off_by.abs() < TOLERANCE, "{member} is {off_by} s off: {ticket}");
        }
    }
    let enough = load.acknowledged() + 100;
    load.run(server, &server.key, |ledger| ledger.acknowledged.len() >= enough);
    let again = create(server, &server.key, &name).unwrap();
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
    assert_eq!(again.body, first.body);
}

both_databases! {
    clock_steps_lose_and_duplicate_nothing,
    a_stopped_clock_loses_and_duplicates_nothing,
    keys_expire_by_the_clock_and_stay_revoked,
}

/// Creates the demo shop and a key of it. The demo's own key would end when the clock steps forward.
fn key_without_an_end(database: &Database) -> String {
    database.serve_demo();
    database.hexdesk(&["key", "create", "--shop", SHOP])
}

fn clock_steps_lose_and_duplicate_nothing(database: Database) {
    let key = key_without_an_end(&database);
    let clock = Clock::new();
    let mut server = clock.serve(&database, &key);
    let load = Load::default();
    let (first_name, first) = create_soon(&server, &load);
    let mut last_id = id(&first.ticket());
    let rounds = rounds(1);
    for _ in 0..rounds {
        for offset in STEPS {
            clock.set(offset);
            check_service(&server, &load, offset, &mut last_id);
        }
        // The same with a kill and a restart before each step.
        for offset in STEPS {
            server.signal(Signal::KILL);
            server.wait();
            clock.set(offset);
            server = clock.serve(&database, &key);
            last_id = 0;
            check_service(&server, &load, offset, &mut last_id);
        }
    }
    let again = create(&server, &key, &first_name).unwrap();
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again:?}");
    assert_eq!(again.body, first.body);
    load.settle_and_check(&database, &server, &key);
    load.report("steps of the clock", rounds * STEPS.len() * 2);
}

fn a_stopped_clock_loses_and_duplicates_nothing(database: Database) {
    let key = key_without_an_end(&database);
    let clock = Clock::new();
    clock.stop();
    let load = Load::default();
    let restarts = rounds(3);
    for _ in 0..restarts {
        let server = clock.serve(&database, &key);
        let enough = load.acknowledged() + 100;
        load.run(&server, &key, |ledger| ledger.acknowledged.len() >= enough);
        load.settle_and_check(&database, &server, &key);
    }
    load.report("restarts while the clock stands still", restarts);
}

fn keys_expire_by_the_clock_and_stay_revoked(database: Database) {
    let manager = {
        database.serve_demo();
        database.hexdesk(&[
            "key",
            "create",
            "--shop",
            "example.myshopify.com",
            "--scope",
            "api_keys:manage",
            "--scope",
            "tickets:read",
        ])
    };
    let clock = Clock::new();
    let server = clock.serve(&database, &manager);
    let make = |expires_in: i64| {
        let expires_at = jiff::Timestamp::from_second(Clock::time(expires_in)).unwrap().to_string();
        let body = json!({"scopes": ["tickets:read"], "expiresAt": expires_at}).to_string();
        let response = server.send("POST", "/api/v1/api-keys", &[("x-api-key", &manager)], body.as_bytes());
        assert_eq!(response.status, 201, "{response:?}");
        let response = response.json();
        (response["key"].as_str().unwrap().to_owned(), response["apiKey"]["id"].to_string())
    };
    let status = |key: &str| server.send("GET", "/api/v1/tickets", &[("x-api-key", key)], b"").status;

    // A key works until it expires by the clock.
    let (key, _) = make(HOUR);
    for (offset, expected) in [(0, 200), (DAY, 401), (-HOUR, 200), (2 * HOUR, 401), (0, 200)] {
        clock.set(offset);
        assert_eq!(status(&key), expected, "{offset}");
    }
    // A revoked key stays revoked, even if the server cached it at a later clock time.
    let (key, number) = make(10 * DAY);
    clock.set(DAY);
    assert_eq!(status(&key), 200);
    clock.set(0);
    let path = format!("/api/v1/api-keys/{number}");
    assert_eq!(server.send("DELETE", &path, &[("x-api-key", &manager)], b"").status, 200);
    clock.set(-HOUR);
    assert_eq!(status(&key), 401);
    let started = Instant::now();
    // Keeps the clock just after the time when the key was cached.
    let stand_still = || clock.set(DAY + 1 - i64::try_from(started.elapsed().as_secs()).unwrap());
    stand_still();
    while status(&key) != 401 {
        assert!(started.elapsed() < PATIENCE, "a revoked key works while the clock stands still");
        stand_still();
    }
}
