//! Webhooks end to end: the command line creates them, the server sends, and the receivers of
//! docs/webhooks.md verify.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use crate::harness::events::eventually;
use crate::harness::{Database, EXAMPLE, PATIENCE, SHOP, both_databases};

/// The option that allows receivers on this machine.
pub(crate) const ALLOW: [&str; 2] = ["--webhook-allow", "127.0.0.1"];

/// The code of a block of the page.
fn documented(language: &str) -> String {
    let page = include_str!("../../../../docs/webhooks.md");
    let (_, block) = page.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// A documented receiver; killed when dropped.
pub(crate) struct Documented {
    process: Child,
    lines: Receiver<String>,
}

impl Drop for Documented {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Documented {
    pub(crate) fn start(program: &str, language: &str, port: u16, secret: &str) -> Self {
        let mut process = Command::new(program)
            .args([if program == "node" { "-e" } else { "-c" }, &documented(language)])
            .env("PORT", port.to_string())
            .env("WEBHOOK_SECRET", secret)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { process, lines }
    }

    /// Waits for this line. Others may come before.
    pub(crate) fn prints(&self, expected: &str) {
        while self.lines.recv_timeout(PATIENCE).unwrap() != expected {}
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The options that name a secret key file: PostgreSQL has no default.
pub(crate) fn key_file(database: &Database, directory: &tempfile::TempDir) -> Vec<String> {
    match database {
        Database::Sqlite(_) => Vec::new(),
        Database::Postgres(_) => {
            let path = directory.path().join("keys").display().to_string();
            let make = format!("(umask 077; echo \"1 $(openssl rand -base64 32)\" > {path})");
            assert!(Command::new("sh").args(["-c", &make]).status().unwrap().success());
            vec!["--secret-key-file".to_owned(), path]
        }
    }
}

both_databases! {
    documented_receivers_verify_events,
}

fn documented_receivers_verify_events(database: Database) {
    let directory = tempfile::tempdir().unwrap();
    let key_file = key_file(&database, &directory);
    let key_file: Vec<&str> = key_file.iter().map(String::as_str).collect();
    let mut server = database.serve(&[&["--demo"][..], &ALLOW, &key_file].concat());
    server.key = server.stdout.lines().find(|line| line.starts_with("hd_")).unwrap().to_owned();
    let webhook =
        |arguments: &[&str]| database.run(&[&["webhook"][..], arguments, &["--shop", SHOP]].concat());
    let create = |url: &str| {
        let created = webhook(&[&["create", url][..], &ALLOW, &key_file].concat());
        let output = String::from_utf8(created.stdout).unwrap();
        let (id, secret) = output.trim().split_once('\t').unwrap_or_else(|| panic!("{output}"));
        (id.to_owned(), secret.to_owned())
    };
    let test = |id: &str| {
        let tested = webhook(&[&["test", id][..], &ALLOW, &key_file].concat());
        let result = String::from_utf8(tested.stdout).unwrap();
        (tested.status.success(), result.split('\t').next().unwrap().to_owned())
    };
    let mut ids = Vec::new();
    let mut receivers = Vec::new();
    for (program, language) in [("python3", "python"), ("node", "javascript")] {
        let port = free_port();
        let (id, secret) = create(&format!("http://127.0.0.1:{port}/"));
        // Before the receiver listens, an attempt fails.
        assert_eq!(test(&id), (false, "connect".to_owned()));
        let wrong = Documented::start(program, language, port, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let refused =
            eventually("the receiver listens", || Some(test(&id)).filter(|(_, result)| result != "connect"));
        assert_eq!(refused, (false, "401".to_owned()));
        wrong.prints("invalid");
        drop(wrong);
        let right = Documented::start(program, language, port, &secret);
        let accepted =
            eventually("the receiver listens", || Some(test(&id)).filter(|(_, result)| result != "connect"));
        assert_eq!(accepted, (true, "204".to_owned()));
        right.prints("webhook.test");
        ids.push(id);
        receivers.push(right);
    }
    assert_eq!(server.create_ticket(EXAMPLE).status, 201);
    receivers.iter().for_each(|receiver| receiver.prints("ticket.created"));

    let listed = database.hexdesk(&["webhook", "list", "--shop", SHOP]);
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), ids);
    assert!(lines.iter().all(|line| line[2..] == ["all", "full", "enabled", "0"]), "{listed}");
    let replayed = String::from_utf8(webhook(&["replay", &ids[0]]).stdout).unwrap();
    assert!(replayed.trim().parse::<u64>().unwrap() > 1, "{replayed}");
    receivers[0].prints("ticket.created");
    // The webhooks of a closed shop wait, and continue when it is open again.
    database.hexdesk(&["shop", "close", SHOP]);
    database.hexdesk(&["shop", "reopen", SHOP]);
    for kind in ["shop.closed", "shop.reopened"] {
        receivers[1].prints(kind);
    }
    let disabled = String::from_utf8(webhook(&["disable", &ids[0]]).stdout).unwrap();
    assert!(disabled.contains("\tdisabled requested "), "{disabled}");
    let findings = database.run(&[&["doctor"][..], &key_file].concat()).stdout;
    let findings = String::from_utf8(findings).unwrap();
    assert!(findings.contains("keys: 1; backups do not contain it"), "{findings}");
}

#[test]
fn unusable_settings_are_refused_with_a_remedy() {
    let database = Database::postgres();
    database.hexdesk(&["shop", "create", "shop.example.com"]);
    let refused = |arguments: &[&str]| {
        let output = database.run(arguments);
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let create = |url: &str, options: &[&str]| {
        refused(&[&["webhook", "create", "--shop", "shop.example.com", url], options].concat())
    };
    let missing = create("https://example.com/", &[]);
    assert!(missing.contains("--secret-key-file (HEXDESK_SECRET_KEY_FILE)"), "{missing}");
    let nowhere = create("https://example.com/", &["--secret-key-file", "/nowhere/keys"]);
    assert!(nowhere.contains("/nowhere/keys does not exist: create it with `(umask 077"), "{nowhere}");
    for (url, expected) in [
        ("http://example.com/", "the URL must begin with https://"),
        ("https://u@example.com/", "the URL must have no user name"),
        ("https://2852039166/", "the URL must not lead to a private or reserved address"),
        ("https://[::ffff:10.0.0.1]/", "the URL must not lead to a private or reserved address"),
    ] {
        let error = create(url, &[]);
        assert!(error.contains(expected), "{error}");
    }
    let kind = create("https://example.com/", &["--kind", "ticket.exploded"]);
    assert!(kind.contains("unknown event kind"), "{kind}");
    let network = create("https://example.com/", &["--webhook-allow", "10.0.0.1/8"]);
    assert!(network.contains("without bits beyond its prefix"), "{network}");
    let serve = refused(&["serve", "--secret-key-file", "/nowhere/keys"]);
    assert!(serve.contains("/nowhere/keys does not exist"), "{serve}");
}
