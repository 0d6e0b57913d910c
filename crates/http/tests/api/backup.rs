//! `hexdesk backup` and `hexdesk restore`.

use std::collections::BTreeSet;
use std::fs::{File, read, write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Database, Server, command};

/// The file of a SQLite database.
fn file(database: &Database) -> PathBuf {
    database.url().strip_prefix("sqlite://").unwrap().into()
}

/// A file next to the database, with this suffix.
fn sibling(database: &Database, suffix: &str) -> PathBuf {
    format!("{}{suffix}", file(database).display()).into()
}

/// The file names in the database's directory.
fn names(database: &Database) -> BTreeSet<String> {
    let entries = file(database).parent().unwrap().read_dir().unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn execute(path: &Path, sql: &str) {
    SqliteConnection::establish(text(path)).unwrap().batch_execute(sql).unwrap();
}

/// The error message of a command that must fail.
#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A database with one shop of this name, and its backup.
fn backed_up(shop: &str) -> (Database, PathBuf) {
    let database = Database::sqlite();
    database.hexdesk(&["shop", "create", shop]);
    let backup = file(&database).with_file_name("backup.db");
    database.hexdesk(&["backup", text(&backup)]);
    (database, backup)
}

/// The only shop of a database.
fn shop(database: &Database) -> String {
    database.hexdesk(&["shop", "list"]).split('\t').next().unwrap().to_owned()
}

fn create(server: &Server, number: usize) -> String {
    let body = json!({
        "customerId": 123, "Channel": "Mail", "name": format!("Ticket no{number}"), "isOpenedTicket": true
    });
    let response = server.create_ticket_idempotent(&format!("key-{number}"), &body.to_string());
    assert_eq!(response.status, 201, "{response:?}");
    response.header("location").unwrap().to_owned()
}

#[test]
fn a_backup_under_load_holds_all_acknowledged_tickets_whole() {
    const THREADS: usize = 4;
    let database = Database::sqlite();
    let server = database.serve_demo();
    let backup = file(&database).with_file_name("backup.db");
    let acknowledged = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    let (before, after) = std::thread::scope(|scope| {
        let (acknowledged, done, server) = (&acknowledged, &done, &server);
        for thread in 0..THREADS {
            scope.spawn(move || {
                for number in (thread..).step_by(THREADS).take_while(|_| !done.load(Ordering::Relaxed)) {
                    let path = create(server, number);
                    acknowledged.lock().unwrap().push(path);
                }
            });
        }
        let wait_for = |count: usize| loop {
            let paths = acknowledged.lock().unwrap().clone();
            if paths.len() >= count {
                break paths;
            }
            std::thread::yield_now();
        };
        let before = wait_for(100);
        let output = database.run(&["backup", text(&backup)]);
        let after = acknowledged.lock().unwrap().len();
        done.store(true, Ordering::Relaxed);
        assert!(output.status.success(), "{output:?}");
        (before, after)
    });
    assert!(after > before.len(), "no ticket was created during the backup");

    let restored = Database::sqlite();
    let output = restored.hexdesk(&["restore", text(&backup)]);
    let tickets = restored.count("SELECT count(*) FROM tickets");
    assert!(output.contains(&format!("{tickets} tickets")), "{output}");
    assert!(usize::try_from(tickets).unwrap() >= before.len());
    assert_eq!(restored.rows_of_tickets(), 3 * tickets);
    let mut new = restored.serve(&[]);
    new.key = server.key.clone();
    for path in before {
        assert_eq!(new.get(&path).ticket(), server.get(&path).ticket());
    }
    assert_eq!(create(&new, 0).len(), create(&new, usize::MAX).len());
}

#[test]
fn search_works_on_a_restored_backup() {
    let database = Database::sqlite();
    let server = database.serve_demo();
    let paths: Vec<String> = (0..30).map(|number| create(&server, number)).collect();
    for path in paths.iter().step_by(3) {
        assert_eq!(server.send("DELETE", path, &[("x-api-key", &server.key)], b"").status, 204);
    }
    let backup = file(&database).with_file_name("backup.db");
    database.hexdesk(&["backup", text(&backup)]);
    let restored = Database::sqlite();
    restored.hexdesk(&["restore", text(&backup)]);
    let mut new = restored.serve(&[]);
    new.key = server.key.clone();
    let found = |words: &str| {
        let response = new.get(&format!("/api/v1/tickets/search?q={words}"));
        assert_eq!(response.status, 200, "{response:?}");
        let tickets = response.json()["tickets"].as_array().unwrap().clone();
        tickets.iter().map(|ticket| ticket["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for number in 0..30 {
        let expected = (number % 3 != 0).then(|| format!("Ticket no{number}"));
        assert_eq!(found(&format!("no{number}%20lovelace")), Vec::from_iter(expected));
    }
    // The search index still follows the tickets.
    let renamed = json!({"name": "Parcel"}).to_string();
    let response = new.send("PATCH", &paths[1], &[("x-api-key", &new.key)], renamed.as_bytes());
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!((found("no1"), found("parcel")), (vec![], vec!["Parcel".to_owned()]));
}

#[test]
fn a_backup_is_one_private_file_and_overwrites_none() {
    let (database, backup) = backed_up("a.example");
    assert_eq!(backup.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = read(&backup).unwrap();
    database.hexdesk(&["shop", "create", "b.example"]);
    let before = names(&database);
    let error = refusal(&database.run(&["backup", text(&backup)]));
    assert!(error.contains("backup.db already exists"), "{error}");
    assert_eq!((read(&backup).unwrap(), names(&database)), (bytes, before));
}

#[test]
fn a_backup_that_fails_leaves_no_file() {
    let (database, _) = backed_up("a.example");
    let before = names(&database);
    let target = file(&database).with_file_name("new.db");
    let error = refusal(&database.run(&["backup", "/nonexistent/directory/new.db"]));
    assert!(error.contains("/nonexistent/directory must exist"), "{error}");
    // As on a full disk: files are limited to 16 KiB.
    let hexdesk = env!("CARGO_BIN_EXE_hexdesk");
    let script = format!(
        "trap '' XFSZ; ulimit -f 32; exec {hexdesk} backup {} --database-url {}",
        text(&target),
        database.url()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let error = refusal(&output);
    assert!(error.contains("cannot be backed up to"), "{error}");
    assert_eq!(names(&database), before);
    // A backup that could not be restored is refused.
    execute(&file(&database), "PRAGMA foreign_keys = OFF; INSERT INTO shop_counters VALUES (99, 'users', 1)");
    let error = refusal(&database.run(&["backup", text(&target)]));
    assert!(error.contains("1 rows refer to missing rows"), "{error}");
    assert!(!target.exists());
    let nothing = Database::sqlite();
    let error = refusal(&nothing.run(&["backup", text(&target)]));
    assert!(error.contains("does not exist"), "{error}");
    assert!(names(&nothing).is_empty() && !target.exists());
}

#[test]
fn a_restore_over_a_database_in_use_is_refused() {
    let (_source, backup) = backed_up("backup.example");
    let database = Database::sqlite().migrated();
    let server = database.serve(&[]);
    // Other commands may run next to the server.
    database.hexdesk(&["shop", "create", "live.example"]);
    database.hexdesk(&["key", "create", "--shop", "live.example"]);
    for arguments in [&["restore", text(&backup)][..], &["restore", text(&backup), "--replace"]] {
        let error = refusal(&database.run(arguments));
        assert!(error.contains("is in use; stop the server"), "{error}");
    }
    assert_eq!(server.get("/readyz").status, 200);
    server.signal(Signal::TERM);
    server.wait();
    let error = refusal(&database.run(&["restore", text(&backup)]));
    assert!(error.contains("already exists") && error.contains("--replace"), "{error}");
    assert_eq!(shop(&database), "live.example");
    let output = database.hexdesk(&["restore", text(&backup), "--replace"]);
    assert_eq!(shop(&database), "backup.example");
    // The replaced database can be restored.
    let kept = output.split("the database that was there is ").nth(1).unwrap().split(';').next().unwrap();
    database.hexdesk(&["restore", kept, "--replace"]);
    assert_eq!(shop(&database), "live.example");
}

#[test]
fn a_database_is_not_opened_while_it_is_restored() {
    let (database, backup) = backed_up("a.example");
    let lock = File::open(sibling(&database, "-lock")).unwrap();
    lock.lock().unwrap();
    let error = refusal(&database.run(&["shop", "list"]));
    assert!(error.contains("`hexdesk restore` is replacing it"), "{error}");
    let error = refusal(&database.run(&["backup", text(&backup.with_file_name("b.db"))]));
    assert!(error.contains("`hexdesk restore` is replacing"), "{error}");
    let output = database.run(&["doctor"]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("problem\tdatabase\t`hexdesk restore`"),
        "{output:?}"
    );
    lock.unlock().unwrap();
    assert_eq!(shop(&database), "a.example");
}

#[test]
fn a_restore_is_refused_while_another_program_has_the_database_open() {
    let (database, backup) = backed_up("a.example");
    let mut other = SqliteConnection::establish(text(&file(&database))).unwrap();
    other.batch_execute("SELECT count(*) FROM shops").unwrap();
    let error = refusal(&database.run(&["restore", text(&backup), "--replace"]));
    assert!(error.contains("is in use"), "{error}");
    other.batch_execute("INSERT INTO shop_counters VALUES (1, 'x', 1)").unwrap();
    drop(other);
    database.hexdesk(&["restore", text(&backup), "--replace"]);
    assert_eq!(database.count("SELECT count(*) FROM shop_counters WHERE counted = 'x'"), 0);
}

#[test]
fn invalid_backups_are_refused_and_change_nothing() {
    let (database, backup) = backed_up("a.example");
    let whole = read(&backup).unwrap();
    let newer = backup.with_file_name("newer.db");
    std::fs::copy(&backup, &newer).unwrap();
    execute(&newer, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231')");
    let foreign = backup.with_file_name("foreign.db");
    execute(&foreign, "CREATE TABLE tickets (a)");
    let orphan = backup.with_file_name("orphan.db");
    std::fs::copy(&backup, &orphan).unwrap();
    execute(&orphan, "PRAGMA foreign_keys = OFF; INSERT INTO shop_counters VALUES (99, 'users', 1)");
    let mut scribbled = whole.clone();
    scribbled[20_000..23_000].fill(0);
    let written = |name: &str, bytes: &[u8]| {
        let path = backup.with_file_name(name);
        write(&path, bytes).unwrap();
        path
    };
    let logged = written("logged.db", &whole);
    written("logged.db-wal", b"more");
    database.hexdesk(&["shop", "close", "a.example"]);
    let cases = [
        (written("text.db", "This is no database. ".repeat(1_000).as_bytes()), "file is not a database"),
        (written("empty.db", b""), "it is not a Hexdesk database"),
        (written("header.db", &whole[..50]), "cannot be read as a SQLite database"),
        (written("truncated.db", &whole[..whole.len() / 2]), "malformed"),
        (written("last_page.db", &whole[..whole.len() - 4_096]), "malformed"),
        (written("scribbled.db", &scribbled), "damaged"),
        (orphan, "1 rows refer to missing rows"),
        (foreign, "it is not a Hexdesk database"),
        (newer, "newer version of Hexdesk (unknown here: 99991231)"),
        (logged, "logged.db-wal"),
        (backup.with_file_name("missing.db"), "No such file"),
        (backup.parent().unwrap().to_owned(), "directory"),
        (file(&database), "is the database itself"),
    ];
    let before = names(&database);
    for (path, expected) in &cases {
        let error = refusal(&database.run(&["restore", text(path), "--replace"]));
        assert!(error.contains(expected), "{path:?}: {error}");
        assert!(error.len() < 400 && error.lines().count() == 1, "{error}");
        assert_eq!(names(&database), before, "{path:?}");
        assert!(database.hexdesk(&["shop", "list"]).contains("closed"), "{path:?}");
    }
}

#[test]
fn the_write_ahead_log_of_a_killed_server_stays_with_the_old_database() {
    let (_source, backup) = backed_up("backup.example");
    let database = Database::sqlite();
    let server = database.serve_demo();
    (0..20).for_each(|number| drop(create(&server, number)));
    drop(server);
    assert!(sibling(&database, "-wal").metadata().unwrap().len() > 0);
    let output = database.hexdesk(&["restore", text(&backup), "--replace"]);
    assert!(!sibling(&database, "-wal").exists() && !sibling(&database, "-shm").exists());
    assert_eq!(file(&database).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 0);
    assert_eq!(shop(&database), "backup.example");
    let kept = output.split("the database that was there is ").nth(1).unwrap().split(';').next().unwrap();
    let old = Database::sqlite();
    old.hexdesk(&["restore", kept]);
    assert_eq!(old.count("SELECT count(*) FROM tickets"), 20);
}

#[test]
fn a_damaged_database_can_be_replaced() {
    let (_source, backup) = backed_up("backup.example");
    let database = Database::sqlite();
    write(file(&database), "This is no database. ".repeat(1_000)).unwrap();
    write(sibling(&database, "-wal"), "log").unwrap();
    database.hexdesk(&["restore", text(&backup), "--replace"]);
    assert_eq!(shop(&database), "backup.example");
    let kept: Vec<String> = names(&database).into_iter().filter(|name| name.contains(".replaced-")).collect();
    assert!(kept.len() == 2 && kept[1] == format!("{}-wal", kept[0]), "{kept:?}");
}

#[test]
fn a_symbolic_link_names_the_same_database() {
    let (_source, backup) = backed_up("backup.example");
    let real = Database::sqlite();
    let named = Database::sqlite();
    symlink(file(&real), file(&named)).unwrap();
    let named = named.migrated();
    let server = named.serve(&[]);
    let error = refusal(&real.run(&["restore", text(&backup), "--replace"]));
    assert!(error.contains("is in use"), "{error}");
    drop(server);
    named.hexdesk(&["restore", text(&backup), "--replace"]);
    assert_eq!((shop(&real), shop(&named)), ("backup.example".to_owned(), "backup.example".to_owned()));
    assert!(file(&named).is_symlink());
}

#[test]
fn a_link_to_a_missing_file_leads_to_a_private_database() {
    let (source, backup) = backed_up("backup.example");
    let (real, named) = (Database::sqlite(), Database::sqlite());
    symlink(file(&real), file(&named)).unwrap();
    let error = refusal(&source.run(&["backup", text(&file(&named))]));
    assert!(error.contains("already exists"), "{error}");
    named.hexdesk(&["restore", text(&backup)]);
    assert_eq!(shop(&real), "backup.example");
    assert_eq!(file(&real).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(file(&named).is_symlink());
}

#[test]
fn a_restore_that_is_killed_leaves_one_whole_database() {
    const KILLS: u32 = 30;
    let (_source, backup) = backed_up("new.example");
    let template = Database::sqlite().migrated();
    let server = template.serve(&[]);
    template.hexdesk(&["shop", "create", "old.example"]);
    drop(server);
    let fixture = || {
        let database = Database::sqlite();
        for suffix in ["", "-wal", "-shm"] {
            std::fs::copy(sibling(&template, suffix), sibling(&database, suffix)).unwrap();
        }
        let restore = command(&database.url(), &["restore", text(&backup), "--replace"]);
        (database, restore)
    };
    let (_database, mut restore) = fixture();
    let started = Instant::now();
    assert!(restore.output().unwrap().status.success());
    let duration = started.elapsed();
    // Kills at moments from before the restore until after it.
    for kill in 0..=KILLS {
        let (database, mut restore) = fixture();
        let mut process = restore.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(duration * kill / (KILLS - 5));
        process.kill().unwrap();
        process.wait().unwrap();
        execute(&file(&database), "PRAGMA quick_check");
        let shop = shop(&database);
        assert!(["old.example", "new.example"].contains(&&*shop), "{shop}");
        let health = database.run(&["doctor"]);
        assert!(health.status.success(), "{health:?}");
        // The next restore works.
        database.hexdesk(&["restore", text(&backup), "--replace"]);
    }
}

#[test]
fn postgres_has_its_own_tools() {
    for arguments in [["backup", "a.db"], ["restore", "a.db"]] {
        let error = refusal(&command("postgres://u:hunter2@127.0.0.1:1/db", &arguments).output().unwrap());
        for output in ["pg_dump", "pg_basebackup", "docs/operations.md"] {
            assert!(error.contains(output), "{error}");
        }
        assert!(!error.contains("hunter2"), "{error}");
    }
}
