//! A server with its own data, sockets and port.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::account::Account;
use crate::{TestDatabase, binaries, directory};

/// The account in the database: its superuser.
pub(crate) const SUPERUSER: &str = "postgres";

/// What psql is always told.
const PSQL: &[&str] = &["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];

/// What every cluster is told; a builder's own settings come later and win.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "400"),
    ("shared_buffers", "64MB"),
    // In the cluster's directory, so that a killed server leaves nothing elsewhere.
    ("dynamic_shared_memory_type", "mmap"),
    // A worker in a template database would be in the way of copying it.
    ("autovacuum", "off"),
];

/// The data is worth nothing after a crash of the machine, so nothing waits for the disk.
const WITHOUT_DURABILITY: &[(&str, &str)] =
    &[("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")];

/// How often to look for a free port before giving up.
const PORT_ATTEMPTS: usize = 10;

/// What a cluster is to be. See [`Cluster::builder`].
#[derive(Debug, Default)]
pub struct ClusterBuilder {
    durable: bool,
    settings: Vec<(String, String)>,
    access_rules: Option<String>,
    files: Vec<(String, Vec<u8>)>,
}

impl ClusterBuilder {
    /// Writes to disk as a production server does, for tests of what a crash leaves.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// A line of `postgresql.conf`. The value is quoted here.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The whole `pg_hba.conf`, in place of one that trusts everybody. It must let
    /// `postgres` in through the Unix socket (`local all postgres trust`), which is the
    /// way this crate itself takes.
    #[must_use]
    pub fn access_rules(mut self, rules: &str) -> Self {
        self.access_rules = Some(rules.to_owned());
        self
    }

    /// A file in the data directory, such as `server.key`.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Makes the cluster and starts its server.
    ///
    /// # Panics
    /// If that fails; with the server's own words.
    pub fn start(self) -> Cluster {
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

/// A PostgreSQL server of one's own. It ends, and its directory is removed, when the
/// value is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) server: Server,
    supervisor: Mutex<Supervisor>,
    /// The template databases made so far.
    templates: Mutex<HashMap<String, Arc<OnceLock<()>>>>,
}

impl Cluster {
    /// A cluster that trusts everybody, on the loopback address and a Unix socket, with
    /// text in UTF-8, and that does not wait for the disk unless told to.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    /// Starts the server, whose data is there.
    pub(crate) fn start_on_a_free_port(server: Server, supervisor: Supervisor) -> Self {
        let (supervisor, templates) = (Mutex::new(supervisor), Mutex::default());
        let mut cluster = Self { server, supervisor, templates };
        for _ in 0..PORT_ATTEMPTS {
            // Another process may take the port before the server does; then the next.
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
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).ask(command)
    }

    /// A database of one's own: a copy of the template, which `prepare` fills the first
    /// time this process asks for it. `prepare` is given the template's URL and runs on
    /// a thread of its own, where it may block on a runtime of its own; it must have
    /// closed its connections when it returns.
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
            // Left over by a `prepare` that panicked.
            self.psql("postgres", &format!("DROP DATABASE IF EXISTS {template} WITH (FORCE)"));
            self.psql("postgres", &format!("CREATE DATABASE {template}"));
            let url = self.url(&template);
            let ended = std::thread::scope(|scope| scope.spawn(|| prepare(&url)).join());
            if let Err(panic) = ended {
                std::panic::resume_unwind(panic);
            }
        });
        TestDatabase::create(self.server.clone(), &template)
    }

    /// An empty database of one's own.
    ///
    /// # Panics
    /// If it cannot be created.
    pub fn empty_database(&self) -> TestDatabase {
        TestDatabase::create(self.server.clone(), "template0")
    }

    /// A database that is there already, such as one that a standby has from its primary.
    /// It is dropped with the value if the server can be written to.
    pub fn existing_database(&self, name: &str) -> TestDatabase {
        TestDatabase::existing(self.server.clone(), name)
    }

    /// The URL of a database, by TCP and as superuser.
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

    /// Runs SQL as superuser and answers what it printed: one line for each row, columns
    /// separated by `|`.
    ///
    /// # Panics
    /// If the SQL fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.server.psql(database, sql)
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.server.directory.join("log")).unwrap_or_default()
    }

    /// Stops the server in order: clients are cut off, data is written.
    pub fn stop(&self) {
        self.supervisor("end INT");
    }

    /// Stops the server without order: clients are cut off, and the data is left to be
    /// recovered at the next start.
    pub fn stop_immediately(&self) {
        self.supervisor("end QUIT");
    }

    /// Stops the server as a crash does: all its processes at once, with nothing written
    /// that was not yet. None of them is left when this returns.
    pub fn kill(&self) {
        self.supervisor("crash");
    }

    /// Starts a stopped or killed server, on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) {
        assert!(self.try_start(), "PostgreSQL does not start again:\n{}", self.log());
    }
}

/// Where a server is and how to talk to it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    programs: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) account: Option<Account>,
    pub(crate) port: u16,
}

impl Server {
    /// A server without data and port yet, and the supervisor that removes its directory
    /// from now on, whatever happens.
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

    /// The SQL that makes a database anew.
    pub(crate) fn dump(&self, database: &str) -> String {
        self.client("pg_dump", database, &[])
    }

    /// Runs SQL such as [`Self::dump`] answers.
    pub(crate) fn restore(&self, database: &str, dump: &str) {
        let file = format!("{database}.sql");
        directory::write(&self.directory.join(&file), dump.as_bytes(), self.account);
        self.client("psql", database, &[PSQL, &["--file", &file]].concat());
    }

    /// Runs one of PostgreSQL's clients on a database and answers what it printed.
    fn client(&self, program: &str, database: &str, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let common = ["--port", &port, "--username", SUPERUSER, "--dbname", database];
        let host = [OsStr::new("--host"), self.directory.as_os_str()];
        self.run(program, host.into_iter().chain(common.iter().chain(arguments).map(OsStr::new)))
    }

    /// Runs one of PostgreSQL's programs and answers what it printed.
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

/// A command in a cluster's directory and as its account, with nothing of the
/// environment (`PGPORT`, `LC_MESSAGES`, …) that would change what it does.
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

/// The process that runs the server and removes everything when this one ends.
#[derive(Debug)]
pub(crate) struct Supervisor {
    process: Child,
    /// `None` once the supervisor was told to finish.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    fn spawn(programs: &Path, directory: &Path, account: Option<Account>) -> Self {
        let mut process = command(Path::new("/bin/sh"), directory, account)
            .arg("-c")
            .arg(include_str!("supervisor.sh"))
            .arg("supervisor")
            .arg(programs)
            .arg(directory)
            // Ctrl-C is for the tests: the supervisor still has to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run /bin/sh: {error}"));
        let commands = process.stdin.take();
        let Some(answers) = process.stdout.take() else { panic!("the supervisor has no output") };
        Self { process, commands, answers: BufReader::new(answers) }
    }

    fn ask(&mut self, command: &str) -> String {
        let mut answer = String::new();
        let told = self.commands.as_mut().map(|commands| writeln!(commands, "{command}"));
        let heard = self.answers.read_line(&mut answer);
        match (told, heard) {
            (Some(Ok(())), Ok(length)) if length > 0 => answer.trim_end().to_owned(),
            _ => panic!("the supervisor of the PostgreSQL server is gone"),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.commands.take());
        // If waiting fails there is nothing left to wait for.
        let _ = self.process.wait();
    }
}
