//! Tests the binary: a ticket that survives a kill of the server, and the missing text search.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

/// Returns a command that runs the binary on the database in this directory.
fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hexdesk-redb-server"));
    command.env_clear().current_dir(directory).args(arguments);
    command.env("HEXDESK_DATABASE_URL", "redb://hexdesk.redb");
    command
}

/// Returns the output of the command. The command must succeed.
fn printed(directory: &Path, arguments: &[&str]) -> String {
    let output = command(directory, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A running server.
struct Server {
    process: Child,
    /// Kept open, so that the server can continue to log.
    _log: BufReader<ChildStderr>,
    address: String,
}

impl Server {
    fn start(directory: &Path) -> Self {
        let mut command = command(directory, &["serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended before it listened");
        }
        let (_, address) = line.trim_end().split_once("address=").unwrap();
        Self { process, _log: log, address: address.to_owned() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    /// Kills the server with SIGKILL, so that it cannot finish or clean up anything.
    fn drop(&mut self) {
        // A test that has already failed must not panic again.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the body of a response.
fn json(mut answer: ureq::http::Response<ureq::Body>) -> Value {
    serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
}

#[test]
fn a_ticket_outlives_a_killed_server() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    printed(directory, &["shop", "create", "shop.example.com"]);
    let key = printed(directory, &["key", "create", "--shop", "shop.example.com"]);
    let customer = printed(
        directory,
        &["customer", "create", "--shop", "shop.example.com", "--email", "ada@example.com"],
    );

    let server = Server::start(directory);
    let body = format!(r#"{{"customerId":{customer},"Channel":"Mail","lastMessage":"Hello"}}"#);
    let request = ureq::post(server.url("/api/v1/tickets")).header("x-api-key", &key);
    let answer = request.content_type("application/json").send(&body).unwrap();
    assert_eq!(answer.status(), 201);
    let created = &json(answer)["ticket"];
    drop(server);

    let server = Server::start(directory);
    let path = format!("/api/v1/tickets/{}", created["id"].as_str().unwrap());
    let found = &json(ureq::get(server.url(&path)).header("x-api-key", &key).call().unwrap())["ticket"];
    for member in ["id", "Channel", "lastMessage", "date"] {
        assert!(!created[member].is_null(), "{member}: {created}");
        assert_eq!(found[member], created[member], "{member}");
    }
}

#[test]
fn searching_is_not_supported() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    printed(directory, &["shop", "create", "shop.example.com"]);
    let key = printed(directory, &["key", "create", "--shop", "shop.example.com"]);

    let server = Server::start(directory);
    let request = ureq::get(server.url("/api/v1/tickets/search?q=parcel")).header("x-api-key", &key);
    let answer = request.config().http_status_as_error(false).build().call().unwrap();
    assert_eq!(answer.status(), 501);
    assert_eq!(json(answer)["code"], "search_not_supported");
}
