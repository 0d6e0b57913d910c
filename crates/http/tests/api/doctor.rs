//! `hexdesk doctor`: each check, with and without a problem.

mod webhooks;

use std::collections::BTreeMap;
use std::fs::{Permissions, read_to_string, set_permissions, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use hexdesk_test_postgres::Cluster;

use crate::harness::api_keys::secret;
use crate::harness::{Database, both_databases, command};

/// The severity and the text of each check.
#[derive(Debug)]
struct Findings {
    output: Output,
    lines: BTreeMap<String, (String, String)>,
}

impl Findings {
    fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout.clone()).unwrap();
        let line = |line: &str| {
            let [severity, check, text] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            (check.to_owned(), (severity.to_owned(), text.to_owned()))
        };
        Self { lines: stdout.lines().map(line).collect(), output }
    }

    /// Checks the finding. The command must fail exactly if there is a problem.
    #[track_caller]
    fn assert(&self, check: &str, severity: &str, text: &str) {
        let found = self.lines.get(check).unwrap_or_else(|| panic!("{check}: {:?}", self.output));
        assert!(found.0 == severity && found.1.contains(text), "{check}: {found:?}");
        let is_bad = self.lines.values().any(|(severity, _)| severity == "problem");
        assert_eq!(self.output.status.code(), Some(i32::from(is_bad)), "{:?}", self.output);
        assert_eq!(String::from_utf8_lossy(&self.output.stderr).contains("problem"), is_bad);
    }
}

fn doctor(database: &Database) -> Findings {
    Findings::of(database.run(&["doctor"]))
}

fn file(database: &Database) -> PathBuf {
    database.url().strip_prefix("sqlite://").unwrap().into()
}

/// A command of `hexdesk` that runs as an account other than root, and the folder of its binary.
fn as_another_account(database: &Database, arguments: &[&str]) -> (tempfile::TempDir, Command) {
    let directory = tempfile::tempdir().unwrap();
    let mut process = command(&database.url(), arguments);
    if directory.path().metadata().unwrap().uid() == 0 {
        // Another account may not be able to run the built binary. Its copy cannot run while a process
        // has it open for writing, such as a child of another test.
        let binary = directory.path().join("hexdesk");
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_hexdesk")).arg(&binary).status();
        assert!(copied.unwrap().success());
        set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        process = Command::new(binary);
        process.env_clear().args(arguments).args(["--database-url", &database.url()]).uid(65_534).gid(65_534);
    }
    (directory, process)
}

both_databases! {
    it_suggests_commands_until_a_shop_is_usable,
    it_passes_with_a_running_server_and_shows_no_secret,
    id_ranges_far_ahead_are_a_warning,
    a_database_of_another_version_is_reported_and_not_changed,
}

fn it_suggests_commands_until_a_shop_is_usable(database: Database) {
    database.hexdesk(&["migrate"]);
    let findings = doctor(&database);
    findings.assert("shops", "warning", "`hexdesk shop create");
    assert!(!findings.lines.contains_key("keys"));
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let findings = doctor(&database);
    findings.assert("shops", "ok", "1 open, 0 closed");
    findings.assert("keys", "warning", "`hexdesk key create");
    let create = |options: &[&str]| {
        database.hexdesk(&[&["key", "create", "--shop", "shop.example.com"], options].concat())
    };
    let key = create(&[]);
    doctor(&database).assert("keys", "ok", "1 live");
    let id = key.split('_').nth(1).unwrap();
    database.hexdesk(&["key", "revoke", id]);
    doctor(&database).assert(
        "keys",
        "warning",
        "0 live; open shops without a live key, which nobody can use: 1",
    );
    create(&["--expires", "2999-01-01"]);
    doctor(&database).assert("keys", "ok", "1 live");
    database.hexdesk(&["shop", "create", "second.example.com"]);
    doctor(&database).assert(
        "keys",
        "warning",
        "1 live; open shops without a live key, which nobody can use: 1",
    );
    database.hexdesk(&["shop", "close", "second.example.com"]);
    doctor(&database).assert("shops", "ok", "1 open, 1 closed");
    doctor(&database).assert("keys", "ok", "1 live");
}

fn it_passes_with_a_running_server_and_shows_no_secret(database: Database) {
    let server = database.serve_demo();
    let findings = doctor(&database);
    for check in ["listen address", "database url", "database", "migrations", "id ranges", "shops", "keys"] {
        findings.assert(check, "ok", "");
    }
    let output = format!("{:?}", findings.output);
    let secret = secret(&server.key);
    for kept in [secret, "Lovelace", "example.com", "postgres@"] {
        assert!(!output.contains(kept), "{kept}: {output}");
    }
}

fn id_ranges_far_ahead_are_a_warning(database: Database) {
    drop(database.serve_demo());
    doctor(&database).assert("id ranges", "ok", "none");
    match &database {
        Database::Sqlite(_) => database.execute("INSERT INTO id_ranges VALUES (900, 4102444800000)"),
        Database::Postgres(_) => database.execute("INSERT INTO id_ranges VALUES (900, '2100-01-01Z')"),
    }
    doctor(&database).assert(
        "id ranges",
        "warning",
        "1 of 1024 nodes are reserved more than an hour ahead, up to 2100-01-01",
    );
}

fn a_database_of_another_version_is_reported_and_not_changed(database: Database) {
    database.hexdesk(&["migrate"]);
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231')");
    doctor(&database).assert(
        "migrations",
        "problem",
        "a newer version of Hexdesk migrated the database (unknown here: 99991231)",
    );
    database.execute("DELETE FROM __diesel_schema_migrations");
    doctor(&database).assert("migrations", "warning", "`hexdesk migrate`");
    assert_eq!(database.count("SELECT count(*) FROM __diesel_schema_migrations"), 0);
}

#[test]
fn invalid_settings_are_reported_with_their_valid_values() {
    let run = |url: &str, listen: &str| {
        Findings::of(command(url, &["doctor", "--listen", listen]).output().unwrap())
    };
    let findings = run("mysql://u:hunter2@host/db", "localhost:8080");
    findings.assert("database url", "problem", "--database-url (HEXDESK_DATABASE_URL)");
    findings.assert("database url", "problem", "postgres://");
    findings.assert("listen address", "problem", "--listen (HEXDESK_LISTEN) must be");
    // An address reserved for documentation: no machine has it.
    run("sqlite://a.db", "192.0.2.1:8080").assert("listen address", "problem", "no address of this machine");
    run("sqlite://a.db", "0.0.0.0:8080").assert("listen address", "ok", "reverse proxy");
    run("sqlite://a.db", "[::1]:x").assert("listen address", "problem", "127.0.0.1:8080");
    let findings = run("postgres://u:hunter2@127.0.0.1:1/db", "127.0.0.1:8080");
    findings.assert("database", "problem", "cannot connect to PostgreSQL at 127.0.0.1:1");
    for findings in [run("postgres://u:hunter2@127.0.0.1:1/db", "x"), run("mysql://u:hunter2@host/db", "x")] {
        assert!(!format!("{:?}", findings.output).contains("hunter2"));
    }
}

#[test]
fn a_missing_file_is_not_created() {
    let database = Database::sqlite();
    doctor(&database).assert("database", "problem", "there is no file");
    assert_eq!(file(&database).parent().unwrap().read_dir().unwrap().count(), 0);
}

#[test]
fn a_used_sqlite_database_passes_every_check() {
    let database = Database::sqlite();
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    database.hexdesk(&["key", "create", "--shop", "shop.example.com"]);
    let findings = doctor(&database);
    let checks: Vec<&str> = findings.lines.keys().map(String::as_str).collect();
    let expected = [
        "database",
        "database url",
        "disk space",
        "id ranges",
        "integrity",
        "journal mode",
        "keys",
        "listen address",
        "migrations",
        "permissions",
        "secret key file",
        "shops",
        "synchronous",
        "writable",
        "write-ahead log",
    ];
    assert_eq!(checks, expected);
    for check in expected.into_iter().filter(|check| *check != "disk space") {
        findings.assert(check, "ok", "");
    }
}

#[test]
fn permissions_for_other_accounts_are_a_problem() {
    let database = Database::sqlite();
    database.hexdesk(&["migrate"]);
    doctor(&database).assert("permissions", "ok", "");
    let directory = file(&database).parent().unwrap().to_owned();
    for (path, mode) in [(file(&database), 0o644), (directory, 0o777)] {
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let findings = doctor(&database);
        findings.assert("permissions", "problem", "run `chmod o");
        // The suggested command works as it is.
        let advice = findings.lines["permissions"].1.split('`').nth(1).unwrap();
        assert!(Command::new("sh").args(["-c", advice]).status().unwrap().success());
        doctor(&database).assert("permissions", "ok", "");
    }
}

#[test]
fn a_read_only_database_is_a_problem() {
    let database = Database::sqlite();
    database.hexdesk(&["migrate"]);
    doctor(&database).assert("writable", "ok", "");
    let path = file(&database);
    let directory = path.parent().unwrap();
    set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    set_permissions(directory, Permissions::from_mode(0o555)).unwrap();
    // Root may write everything.
    let (_binary, mut process) = as_another_account(&database, &["doctor"]);
    let findings = Findings::of(process.output().unwrap());
    findings.assert("writable", "problem", "this account may not write");
    set_permissions(directory, Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn another_journal_mode_is_reported_and_not_changed() {
    let database = Database::sqlite();
    database.hexdesk(&["migrate"]);
    database.execute("PRAGMA journal_mode = DELETE");
    for _ in 0..2 {
        doctor(&database).assert("journal mode", "warning", "delete; Hexdesk sets it to wal");
    }
    database.hexdesk(&["migrate"]);
    doctor(&database).assert("journal mode", "ok", "wal");
}

#[test]
fn a_damaged_database_is_a_problem() {
    let database = Database::sqlite();
    database.hexdesk(&["migrate"]);
    doctor(&database).assert("integrity", "ok", "");
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = std::fs::read(file(&database)).unwrap();
    bytes[20_000..23_000].fill(0);
    write(file(&database), bytes).unwrap();
    doctor(&database).assert("integrity", "problem", "hexdesk restore --replace");
    write(file(&database), "This is no database. ".repeat(1_000)).unwrap();
    doctor(&database).assert("database", "problem", "file is not a database");
    assert!(read_to_string(file(&database)).unwrap().starts_with("This is no database."));
}

#[test]
fn postgres_without_durable_commits_is_a_problem() {
    // The shared test cluster does not flush commits.
    let database = Database::postgres();
    let findings = doctor(&database);
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        findings.assert(setting, "problem", &format!("set {setting} = on"));
    }
    let cluster = Cluster::builder().durable().start();
    let empty = cluster.empty_database();
    let run = |url: &str| Findings::of(command(url, &["doctor"]).output().unwrap());
    let findings = run(&empty.url);
    for check in ["fsync", "full_page_writes", "synchronous_commit", "server version", "clock", "database"] {
        findings.assert(check, "ok", "");
    }
    findings.assert("migrations", "warning", "`hexdesk migrate`");
    assert_eq!(empty.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    // Settings in the URL are considered.
    let findings = run(&format!("{}?options=-c%20synchronous_commit%3Doff", empty.url));
    findings.assert("synchronous_commit", "problem", "loses what was acknowledged last");
}

#[test]
fn a_wrong_database_clock_is_a_warning() {
    let database = Database::postgres();
    let Database::Postgres(test_database) = &database else { panic!("it is PostgreSQL") };
    doctor(&database).assert("clock", "ok", "");
    for (offset, expected) in
        [("1 minute", "s ahead of this machine's"), ("-1 minute", "s behind this machine's")]
    {
        test_database.psql(&format!(
            "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
             AS 'SELECT pg_catalog.clock_timestamp() + interval ''{offset}'''; \
             DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$"
        ));
        doctor(&database).assert("clock", "warning", expected);
    }
}
