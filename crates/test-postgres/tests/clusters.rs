//! Clusters behave as documented, and leave nothing behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hexdesk_test_postgres::{Cluster, cluster};

#[test]
fn databases_copy_a_template_that_is_prepared_once() {
    let prepared = std::sync::atomic::AtomicU32::new(0);
    let prepare = |url: &str| {
        prepared.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let database = url.rsplit('/').next().unwrap();
        cluster().psql(database, "CREATE TABLE copied (n int)");
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| cluster().database("copies", prepare));
        let two = scope.spawn(|| cluster().database("copies", prepare));
        (one.join().unwrap(), two.join().unwrap())
    });
    one.psql("INSERT INTO copied VALUES (1), (2)");
    assert_eq!(one.psql("SELECT count(*), sum(n) FROM copied"), "2|3");
    assert_eq!(two.psql("SELECT count(*) FROM copied"), "0");
    assert_eq!(prepared.into_inner(), 1);
}

#[test]
fn a_database_is_dropped_with_its_value() {
    let exists = |name: &str| {
        cluster().psql("postgres", &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"))
    };
    let database = cluster().empty_database();
    let name = database.name.clone();
    assert_eq!(exists(&name), "1");
    drop(database);
    assert_eq!(exists(&name), "0");
}

#[test]
fn the_builder_changes_settings() {
    let own = Cluster::builder().durable().setting("cluster_name", "it's mine").start();
    assert_eq!(own.psql("postgres", "SHOW cluster_name"), "it's mine");
    assert_eq!(own.psql("postgres", "SHOW fsync"), "on");
    assert_eq!(cluster().psql("postgres", "SHOW fsync"), "off");
    assert_eq!(cluster().psql("postgres", "SHOW server_encoding"), "UTF8");
}

#[test]
fn a_server_can_be_stopped_killed_and_started() {
    let own = Cluster::builder().durable().start();
    own.psql("postgres", "CREATE TABLE kept (n int)");
    own.stop();
    assert!(std::net::TcpStream::connect(("127.0.0.1", own.port())).is_err());
    own.start();
    own.psql("postgres", "INSERT INTO kept VALUES (1)");
    own.kill();
    own.start();
    own.psql("postgres", "INSERT INTO kept VALUES (2)");
    own.stop_immediately();
    own.start();
    assert_eq!(own.psql("postgres", "SELECT n FROM kept"), "1\n2");
    assert_eq!(own.log().matches("was not properly shut down").count(), 2, "{}", own.log());
}

#[test]
fn no_process_outlives_a_killed_server() {
    let own = Cluster::builder().durable().start();
    let sleeping =
        "SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'";
    let mut process = String::new();
    std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| own.psql("postgres", "SELECT pg_sleep(600)"));
        until("the statement runs", || {
            process = own.psql("postgres", sleeping);
            !process.is_empty()
        });
        own.kill();
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
        assert!(sleeper.join().is_err());
    });
    own.start();
}

#[test]
fn dropping_a_cluster_removes_it() {
    let own = Cluster::builder().start();
    let (directory, port) = (own.socket_directory().to_owned(), own.port());
    drop(own);
    assert!(!directory.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_promoted_standby_replaces_its_primary() {
    let primary = Cluster::builder().setting("synchronous_commit", "on").start();
    let standby = primary.standby(primary.port());
    primary.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    primary.psql("postgres", "SELECT pg_reload_conf()");
    until("commits wait for the standby", || {
        primary.psql("postgres", "SELECT sync_state FROM pg_stat_replication") == "sync"
    });
    primary.psql("postgres", "CREATE TABLE kept (n int)");
    primary.psql("postgres", "INSERT INTO kept VALUES (1)");
    assert_eq!(standby.psql("postgres", "SHOW transaction_read_only"), "on");
    primary.kill();
    standby.promote();
    standby.psql("postgres", "INSERT INTO kept VALUES (2)");
    assert_eq!(standby.psql("postgres", "SELECT n FROM kept"), "1\n2");
}

/// Not a test: [`a_killed_test_leaves_nothing_behind`] runs and kills it.
#[test]
#[ignore = "waits to be killed"]
fn wait_to_be_killed() {
    use std::io::Write;
    let Some(report) = std::env::var_os("REPORT_TO") else { return };
    let own = Cluster::builder().start();
    let mut file = std::fs::File::create(report).unwrap();
    writeln!(file, "{} {}", own.socket_directory().display(), own.port()).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_test_leaves_nothing_behind() {
    let report = std::env::temp_dir().join(format!("hexdesk-killed-{}", std::process::id()));
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "wait_to_be_killed"])
        .env("REPORT_TO", &report)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut reported = String::new();
    until("the cluster has started", || {
        reported = std::fs::read_to_string(&report).unwrap_or_default();
        reported.ends_with('\n')
    });
    let (directory, port) = reported.trim_end().rsplit_once(' ').unwrap();
    let (directory, port): (PathBuf, u16) = (directory.into(), port.parse().unwrap());
    assert!(Path::new(&directory).exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());

    test.kill().unwrap();
    test.wait().unwrap();
    std::fs::remove_file(&report).unwrap();
    until("the directory is gone", || !directory.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "timed out before {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
