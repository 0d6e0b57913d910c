//! A PostgreSQL server with its own data, socket and port.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::account::Account;
use crate::{TestDatabase, binaries, citus, directory};

/// The superuser of the database.
pub(crate) const SUPERUSER: &str = "postgres";

/// Options of every call of psql.
const PSQL: &[&str] = &["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];

/// Settings of every cluster. A builder's own settings follow and take precedence.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "400"),
    ("shared_buffers", "64MB"),
    // A killed server then leaves no shared memory outside its directory.
    ("dynamic_shared_memory_type", "mmap"),
    // A worker in a template database would prevent copying it.
    ("autovacuum", "off"),
];

/// Disables waits for the disk. The data need not survive a crash of the machine.
const WITHOUT_DURABILITY: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    // Temporary files may be in memory.
    ("min_wal_size", "32MB"),
    ("max_wal_size", "256MB"),
];

/// The maximum number of free ports to try.
const PORT_ATTEMPTS: usize = 10;

/// The options of a cluster. See [`Cluster::builder`].
#[derive(Debug, Clone, Default)]
pub struct ClusterBuilder {
    durable: bool,
    settings: Vec<(String, String)>,
    access_rules: Option<String>,
    files: Vec<(String, Vec<u8>)>,
}

impl ClusterBuilder {
    /// Flushes commits to disk as a production server does, for tests of crashes.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Adds a line to `postgresql.conf`. This method quotes the value.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces `pg_hba.conf`, which trusts all clients by default. The rules must allow `postgres`
    /// through the Unix socket (`local all postgres trust`), because this crate uses it.
    #[must_use]
    pub fn access_rules(mut self, rules: &str) -> Self {
        self.access_rules = Some(rules.to_owned());
        self
    }

    /// Adds a file to the data directory, such as `server.key`.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Creates the cluster and starts its server.
    ///
    /// # Panics
    /// If that fails, with the server's error.
    pub fn start(self) -> Cluster {
        if !citus::is_used() {
            return self.start_alone();
        }
        let node = self.with_citus();
        let workers = citus::start_workers(&node);
        Cluster { workers, ..node.start_alone() }
    }

    /// Creates one server.
    pub(crate) fn start_alone(self) -> Cluster {
        let (server, supervisor) = Server::supervised();
        server.initialize();
        let data = server.directory.join("data");
        let durability = if self.durable { &[] } else { WITHOUT_DURABILITY };
        let given = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let socket_directory = server.directory.to_string_lossy().into_owned();
        let mut lines = String::new();
        for (name, value) in SETTINGS
            .iter()
            .chain(durability)
            .copied()
            .chain([("unix_socket_directories", socket_directory.as_str())])
            .chain(given)
        {
            lines.push_str(&setting_line(name, value));
        }
        directory::write(&data.join("postgresql.conf"), lines.as_bytes(), server.account);
        if let Some(rules) = self.access_rules {
            directory::write(&data.join("pg_hba.conf"), rules.as_bytes(), server.account);
        }
        for (name, content) in self.files {
            directory::write(&data.join(name), &content, server.account);
        }
        Cluster::start_on_a_free_port(server, supervisor)
    }
}

/// A line of `postgresql.conf`.
pub(crate) fn setting_line(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\'', "''"))
}

/// A PostgreSQL server. It stops, and its directory is removed, when the value is dropped or the
/// process ends, even by SIGKILL.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) server: Server,
    supervisor: Mutex<Supervisor>,
    /// The nodes that hold the shards, if the cluster has the extension Citus.
    workers: Vec<Cluster>,
    /// The template databases created so far.
    templates: Mutex<HashMap<String, Arc<OnceLock<()>>>>,
}

impl Cluster {
    /// The options of a cluster. By default it trusts all clients, and listens on the loopback
    /// address and a Unix socket. It uses UTF-8, and does not wait for the disk.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    /// Starts the server on its existing data.
    pub(crate) fn start_on_a_free_port(server: Server, supervisor: Supervisor) -> Self {
        let (supervisor, templates) = (Mutex::new(supervisor), Mutex::default());
        let mut cluster = Self { server, supervisor, workers: Vec::new(), templates };
        for _ in 0..PORT_ATTEMPTS {
            // If another process takes the port first, another port is tried.
            cluster.server.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|listener| listener.local_addr())
                .map(|address| address.port())
                .unwrap_or_else(|error| panic!("no free port on 127.0.0.1: {error}"));
            if cluster.try_start() {
                return cluster;
            }
            if TcpListener::bind((Ipv4Addr::LOCALHOST, cluster.server.port)).is_ok() {
                break;
            }
        }
        panic!("PostgreSQL does not start:\n{}", cluster.log());
    }

    fn try_start(&self) -> bool {
        self.supervisor(&format!("start {}", self.server.port)) == "ready"
    }

    fn supervisor(&self, command: &str) -> String {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).send(command)
    }

    /// A new database: a copy of this template. The first call in a process creates the template,
    /// and `prepare` fills it. `prepare` gets the template's URL and runs on its own thread, where it
    /// may block. It must close its connections before it returns.
    ///
    /// # Panics
    /// If the database cannot be created, or `prepare` panics.
    pub fn database(&self, template: &str, prepare: impl FnOnce(&str) + Send) -> TestDatabase {
        let prepared = {
            let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(templates.entry(template.to_owned()).or_default())
        };
        let template = format!("template_{template}");
        prepared.get_or_init(|| {
            let nodes = self.nodes();
            for node in &nodes {
                // A `prepare` that panicked may have left the template.
                node.psql("postgres", &format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)"));
                node.psql("postgres", &format!("CREATE DATABASE {template}"));
            }
            if citus::is_used() {
                citus::connect_nodes(&nodes, &template);
            }
            let url = self.url(&template);
            let ended = std::thread::scope(|scope| scope.spawn(|| prepare(&url)).join());
            if let Err(panic) = ended {
                std::panic::resume_unwind(panic);
            }
            if citus::is_used() {
                citus::close(&nodes, &template);
            }
        });
        TestDatabase::create(self.nodes(), &template)
    }

    /// A new empty database.
    ///
    /// # Panics
    /// If it cannot be created.
    pub fn empty_database(&self) -> TestDatabase {
        let database = TestDatabase::create(self.nodes(), "template0");
        if citus::is_used() {
            citus::connect_nodes(&self.nodes(), &database.name);
        }
        database
    }

    /// An existing database, such as a standby's copy of a database of its primary. Dropping the
    /// value drops the database if the server is writable.
    pub fn existing_database(&self, name: &str) -> TestDatabase {
        TestDatabase::existing(self.nodes(), name)
    }

    /// The nodes that hold the shards. None without the extension Citus.
    pub fn workers(&self) -> &[Self] {
        &self.workers
    }

    /// The servers with a copy of each database, the one to connect to first.
    fn nodes(&self) -> Vec<Server> {
        std::iter::once(self).chain(&self.workers).map(|node| node.server.clone()).collect()
    }

    /// The URL of a database, over TCP and as superuser.
    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// The TCP port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// The directory of the Unix socket.
    pub fn socket_directory(&self) -> &Path {
        &self.server.directory
    }

    /// Runs SQL as superuser and returns its output: one line for each row, with columns separated
    /// by `|`.
    ///
    /// # Panics
    /// If the SQL fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.server.psql(database, sql)
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.server.directory.join("log")).unwrap_or_default()
    }

    /// A fast shutdown: connections are closed, and all data is written.
    pub fn stop(&self) {
        self.supervisor("end INT");
    }

    /// An immediate shutdown: connections are closed, and the data is recovered at the next start.
    pub fn stop_immediately(&self) {
        self.supervisor("end QUIT");
    }

    /// Kills all processes of the server at once, like a crash: nothing more is written. All of them
    /// have ended when this returns.
    pub fn kill(&self) {
        self.supervisor("crash");
    }

    /// Starts a stopped or killed server on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) {
        assert!(self.try_start(), "PostgreSQL does not start again:\n{}", self.log());
    }
}

/// The location of a server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    programs: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) account: Option<Account>,
    pub(crate) port: u16,
}

impl Server {
    /// A server without data and port, and its supervisor, which removes the directory even if this
    /// process is killed.
    pub(crate) fn supervised() -> (Self, Supervisor) {
        let programs = binaries::directory();
        let (directory, account) = directory::create();
        let supervisor = Supervisor::spawn(&programs, &directory, account);
        (Self { programs, directory, account, port: 0 }, supervisor)
    }

    fn initialize(&self) {
        let data = self.directory.join("data");
        self.run(
            "initdb",
            [
                OsStr::new("--pgdata"),
                data.as_os_str(),
                OsStr::new("--username"),
                OsStr::new(SUPERUSER),
                OsStr::new("--auth=trust"),
                OsStr::new("--encoding=UTF8"),
                OsStr::new("--locale=C.UTF-8"),
                OsStr::new("--no-sync"),
            ],
        );
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        let printed = self.client(
            "psql",
            database,
            &[PSQL, &["--no-align", "--tuples-only", "--command", sql]].concat(),
        );
        printed.trim_end_matches('\n').to_owned()
    }

    /// The SQL that creates a copy of a database.
    pub(crate) fn dump(&self, database: &str) -> String {
        self.client("pg_dump", database, &[])
    }

    /// Runs the SQL of [`Self::dump`].
    pub(crate) fn restore(&self, database: &str, dump: &str) {
        let file = format!("{database}.sql");
        directory::write(&self.directory.join(&file), dump.as_bytes(), self.account);
        self.client("psql", database, &[PSQL, &["--file", &file]].concat());
    }

    /// Runs one of PostgreSQL's clients on a database, and returns its output.
    fn client(&self, program: &str, database: &str, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let common = ["--port", &port, "--username", SUPERUSER, "--dbname", database];
        let host = [OsStr::new("--host"), self.directory.as_os_str()];
        self.run(program, host.into_iter().chain(common.iter().chain(arguments).map(OsStr::new)))
    }

    /// Runs one of PostgreSQL's programs, and returns its output.
    pub(crate) fn run<'a>(&self, program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> String {
        let program = self.programs.join(program);
        let output = command(&program, &self.directory, self.account)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
        assert!(
            output.status.success(),
            "{} failed: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A command in a cluster's directory, as its account. It gets no environment, because variables
/// such as `PGPORT` and `LC_MESSAGES` would change its behaviour.
fn command(program: &Path, directory: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    if let Some(account) = account {
        command.gid(account.gid).uid(account.uid);
    }
    command
}

/// The process that runs the server, and removes its directory when this process ends.
#[derive(Debug)]
pub(crate) struct Supervisor {
    process: Child,
    /// `None` after the command to finish.
    commands: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Supervisor {
    fn spawn(programs: &Path, directory: &Path, account: Option<Account>) -> Self {
        let mut process = command(Path::new("/bin/sh"), directory, account)
            .arg("-c")
            .arg(include_str!("supervisor.sh"))
            .arg("supervisor")
            .arg(programs)
            .arg(directory)
            // Ctrl-C must not end the supervisor, which still has to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run /bin/sh: {error}"));
        let commands = process.stdin.take();
        let Some(replies) = process.stdout.take() else { panic!("the supervisor has no output") };
        Self { process, commands, replies: BufReader::new(replies) }
    }

    fn send(&mut self, command: &str) -> String {
        let mut reply = String::new();
        let sent = self.commands.as_mut().map(|commands| writeln!(commands, "{command}"));
        let received = self.replies.read_line(&mut reply);
        match (sent, received) {
            (Some(Ok(())), Ok(length)) if length > 0 => reply.trim_end().to_owned(),
            _ => panic!("the supervisor of the PostgreSQL server has ended"),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.commands.take());
        // If waiting fails, there is nothing to wait for.
        let _ = self.process.wait();
    }
}
