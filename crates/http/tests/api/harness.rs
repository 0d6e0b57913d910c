//! A server of its own for each test, on a database of its own, and a client for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use diesel::prelude::*;
use hexdesk_test_postgres::TestDatabase;
use rustix::process::{Pid, Signal};
use serde_json::Value;

use crate::directory::Directory;

/// How long a server may take to do what a test waits for. Only a broken one takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Stamps a test out for each database.
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* fn $name:ident($database:ident: Database) $body:block)*) => {
        $(
            fn $name($database: $crate::harness::Database) $body
        )*

        mod sqlite {
            $($(#[$attribute])* #[test] fn $name() { super::$name($crate::harness::Database::sqlite()) })*
        }

        mod postgres {
            $($(#[$attribute])* #[test] fn $name() { super::$name($crate::harness::Database::postgres()) })*
        }
    };
}
pub(crate) use on_both_databases;

/// An empty database.
pub(crate) enum Database {
    Sqlite(Directory),
    Postgres(TestDatabase),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Directory::ordinary())
    }

    pub(crate) fn postgres() -> Self {
        let database = hexdesk_test_postgres::cluster().database("hexdesk_http", |url| {
            let migrated = command(url, &["migrate"]).output().unwrap();
            assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        });
        Self::Postgres(database)
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => format!("sqlite://{}", directory.path().join("hexdesk.db").display()),
            Self::Postgres(database) => database.url.clone(),
        }
    }

    /// Runs `hexdesk` with these arguments to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `hexdesk` with these arguments.
    fn command(&self, arguments: &[&str]) -> Command {
        let command = command(&self.url(), arguments);
        match self {
            Self::Sqlite(directory) => directory.reached_by(command),
            Self::Postgres(_) => command,
        }
    }

    /// What `hexdesk` with these arguments, which must succeed, prints.
    pub(crate) fn hexdesk(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A server with the demo shop.
    pub(crate) fn serve_demo(&self) -> Server {
        let mut server = self.serve(&["--demo"]);
        let key = server.stdout.lines().find(|line| line.starts_with("hd_")).expect("the demo prints a key");
        server.key = key.to_owned();
        server
    }

    /// A server, started with these arguments. If it waits for its database, so be it.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_logging("debug", arguments)
    }

    /// A server that logs what this filter lets through.
    pub(crate) fn serve_logging(&self, filter: &str, arguments: &[&str]) -> Server {
        Server::start(&mut self.serve_command(filter, arguments))
    }

    /// The command that starts a server.
    pub(crate) fn serve_command(&self, filter: &str, arguments: &[&str]) -> Command {
        let arguments: Vec<&str> =
            ["serve", "--listen", "127.0.0.1:0", "--log", filter].iter().chain(arguments).copied().collect();
        self.command(&arguments)
    }

    /// The number a query answers. For looking at what no route shows.
    pub(crate) fn count(&self, query: &str) -> i64 {
        match self {
            // Not visible from here, but to the command that copies it.
            Self::Sqlite(directory) if directory.is_in_namespace() => {
                let elsewhere = tempfile::tempdir().unwrap();
                let copy = elsewhere.path().join("copy.db");
                self.hexdesk(&["backup", copy.to_str().unwrap()]);
                count_in(&copy, query)
            }
            Self::Sqlite(directory) => count_in(&directory.path().join("hexdesk.db"), query),
            Self::Postgres(database) => database.psql(query).trim().parse().unwrap(),
        }
    }

    /// Makes a time in a table's rows so many hours older.
    pub(crate) fn age(&self, table: &str, column: &str, hours: u32, condition: &str) {
        match self {
            Self::Sqlite(directory) => {
                let path = directory.path().join("hexdesk.db");
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                let update =
                    format!("UPDATE {table} SET {column} = {column} - {hours} * 3600000 WHERE {condition}");
                diesel::sql_query(update).execute(&mut connection).unwrap();
            }
            Self::Postgres(database) => {
                database.psql(&format!(
                    "UPDATE {table} SET {column} = {column} - interval '{hours} hours' WHERE {condition}"
                ));
            }
        }
    }

    /// How many rows there are that creating tickets writes.
    pub(crate) fn rows_of_tickets(&self) -> i64 {
        self.count(
            "SELECT (SELECT count(*) + count(human_ticket_id) FROM tickets) \
             + (SELECT count(*) FROM idempotency_records)",
        )
    }
}

fn count_in(database: &Path, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut connection = SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    let query = format!("SELECT ({query}) AS count");
    diesel::sql_query(query).get_result::<Count>(&mut connection).unwrap().count
}

pub(crate) fn command(database_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hexdesk"));
    command.env_clear().args(arguments).args(["--database-url", database_url]).stdin(Stdio::null());
    command
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    process: Option<Child>,
    pub(crate) address: SocketAddr,
    /// The key that the demo printed, if it is one.
    pub(crate) key: String,
    /// What it printed before it began to listen.
    pub(crate) stdout: String,
    log: Arc<Mutex<String>>,
    agent: Mutex<ureq::Agent>,
}

impl Server {
    /// Starts a server by its command.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (listening, address) = mpsc::channel();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in stderr.lines().map_while(Result::ok) {
                    log.lock().unwrap().push_str(&format!("{line}\n"));
                    let is_told = line.contains("listening") || line.contains("waiting for the database");
                    if is_told && let Some((_, address)) = line.split_once("address=") {
                        let _ = listening.send(address.trim().parse::<SocketAddr>().unwrap());
                    }
                }
            }
        });
        let Ok(address) = address.recv_timeout(PATIENCE) else {
            let _ = process.kill();
            panic!("the server did not start: {}", log.lock().unwrap());
        };
        // What the demo prints, it prints before it listens; no more follows until it stops.
        let mut stdout = String::new();
        if let Some(pipe) = process.stdout.take() {
            let mut pipe = BufReader::new(pipe);
            if command.get_args().any(|argument| argument == "--demo") {
                while !stdout.ends_with("}'\n") && pipe.read_line(&mut stdout).unwrap() > 0 {}
            }
        }
        let mut server = Self::running(process, address);
        server.stdout = stdout;
        server.log = log;
        server
    }

    /// A server that is listening there.
    pub(crate) fn running(process: Child, address: SocketAddr) -> Self {
        let agent = Mutex::new(agent());
        let (key, stdout, log) = Default::default();
        Self { process: Some(process), address, key, stdout, log, agent }
    }

    /// Closes the connections that were kept to send more by.
    pub(crate) fn hang_up(&self) {
        *self.agent.lock().unwrap() = agent();
    }

    /// The number of its process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Sends a request with these headers.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// Sends a request to a server that may go away.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let agent = self.agent.lock().unwrap().clone();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = agent.run(request.body(body).unwrap())?;
        let (parts, mut body) = response.into_parts();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Ok(Answer { status: parts.status.as_u16(), headers, body: body.read_to_string()? })
    }

    /// Creates a ticket from this body with the server's key.
    pub(crate) fn create_ticket(&self, body: impl AsRef<[u8]>) -> Answer {
        self.send(
            "POST",
            "/api/v1/tickets",
            &[("x-api-key", &self.key), ("content-type", "application/json")],
            body.as_ref(),
        )
    }

    /// Creates a ticket with an idempotency key.
    pub(crate) fn create_ticket_once(&self, idempotency_key: &str, body: &str) -> Answer {
        self.send(
            "POST",
            "/api/v1/tickets",
            &[("x-api-key", &self.key), ("idempotency-key", idempotency_key)],
            body.as_bytes(),
        )
    }

    /// Reads this path with the server's key.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("x-api-key", &self.key)], b"")
    }

    /// A connection to send bytes by.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes, which must ask for the connection to be closed, and reads the answer.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read_answer(stream)
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        send_signal(&self.process_id().to_string(), signal);
    }

    /// Waits for it to end.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.process.take().unwrap().wait().unwrap();
        (status, self.log())
    }
}

/// Sends a signal to the process with this number.
pub(crate) fn send_signal(process_id: &str, signal: Signal) {
    let process = Pid::from_raw(process_id.parse().unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Reads one answer from a connection that the server closes after it.
pub(crate) fn read_answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Answer { status, headers, body: body.to_owned() }
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The answer's ticket, which must have been created or found.
    pub(crate) fn ticket(&self) -> Value {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        let answer = self.json();
        assert_eq!(answer["success"], true);
        answer["ticket"].clone()
    }

    /// Checks that this is an error in the one shape, with this status, code and sentence.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str, sentence: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let mut members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "detail", "error", "errors", "request_id", "status", "title", "type"]);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["error"], sentence);
        assert_eq!(problem["detail"], sentence);
        assert_eq!(problem["type"], format!("urn:hexdesk:problem:{code}"));
        assert_eq!(Some(problem["request_id"].as_str().unwrap()), self.header("x-request-id"));
    }

    /// The pointer and code of each member error.
    pub(crate) fn member_errors(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{self:?}"));
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }
}

/// Sends the list's next page the client's way: by the `Link` header.
pub(crate) fn follow(server: &Server, answer: &Answer) -> Option<Answer> {
    let link = answer.header("link")?;
    let path = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0;
    Some(server.get(path))
}
