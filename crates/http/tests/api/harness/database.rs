//! A database for each test.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use hexdesk_test_postgres::{Cluster, TestDatabase};

use super::directory::Directory;
use super::server::Server;

/// A database without shops.
pub(crate) enum Database {
    Sqlite(Directory),
    Postgres(TestDatabase),
}

impl Database {
    /// A SQLite database that does not exist yet.
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Directory::new())
    }

    /// This database, with its tables.
    pub(crate) fn migrated(self) -> Self {
        self.hexdesk(&["migrate"]);
        self
    }

    pub(crate) fn postgres() -> Self {
        Self::postgres_in(hexdesk_test_postgres::cluster())
    }

    /// A migrated database in this cluster, which is distributed if the cluster has the extension Citus.
    pub(crate) fn postgres_in(cluster: &Cluster) -> Self {
        let database = cluster.database("hexdesk_http", |url| {
            let distribute = hexdesk_test_postgres::uses_citus().then_some("--distribute");
            let arguments: Vec<&str> = ["migrate"].into_iter().chain(distribute).collect();
            let migrated = command(url, &arguments).output().unwrap();
            assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        });
        Self::Postgres(database)
    }

    /// Another empty database of the same kind.
    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Sqlite(_) => Self::sqlite(),
            Self::Postgres(_) => Self::postgres(),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => format!("sqlite://{}", directory.path().join("hexdesk.db").display()),
            Self::Postgres(database) => database.url.clone(),
        }
    }

    /// Runs `hexdesk` with these arguments until it ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A command of `hexdesk` with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let command = command(&self.url(), arguments);
        match self {
            Self::Sqlite(directory) => directory.enter(command),
            Self::Postgres(_) => command,
        }
    }

    /// Runs `hexdesk` with these arguments, which must succeed, and returns its output.
    pub(crate) fn hexdesk(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Starts a server with the demo shop.
    pub(crate) fn serve_demo(&self) -> Server {
        self.serve_demo_with(&[])
    }

    /// Starts a server with the demo shop and these arguments.
    pub(crate) fn serve_demo_with(&self, arguments: &[&str]) -> Server {
        let mut server = self.serve(&[&["--demo"][..], arguments].concat());
        let key = server.stdout.lines().find(|line| line.starts_with("hd_")).expect("the demo prints a key");
        server.key = key.to_owned();
        server
    }

    /// Starts a server with these arguments. It may still be waiting for its database.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_logging("debug", arguments)
    }

    /// Starts a server with this log filter.
    pub(crate) fn serve_logging(&self, filter: &str, arguments: &[&str]) -> Server {
        Server::start(&mut self.serve_command(filter, arguments))
    }

    /// The command that starts a server.
    pub(crate) fn serve_command(&self, filter: &str, arguments: &[&str]) -> Command {
        let arguments: Vec<&str> =
            ["serve", "--listen", "127.0.0.1:0", "--log", filter].iter().chain(arguments).copied().collect();
        self.command(&arguments)
    }

    /// The number that a query returns. For data that no route returns.
    pub(crate) fn count(&self, query: &str) -> i64 {
        match self {
            // Visible in the namespace only, where the backup command runs.
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

    /// Runs SQL statements.
    pub(crate) fn execute(&self, sql: &str) {
        match self {
            Self::Postgres(database) => drop(database.psql(sql)),
            Self::Sqlite(directory) => {
                let path = directory.path().join("hexdesk.db");
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection.batch_execute(sql).unwrap();
            }
        }
    }

    /// Makes a time in the rows of a table this many hours older.
    pub(crate) fn age(&self, table: &str, column: &str, hours: u32, condition: &str) {
        let aged = match self {
            Self::Sqlite(_) => format!("{column} - {hours} * 3600000"),
            // In a fixed time zone, because Citus wants the result to depend on the arguments only.
            Self::Postgres(_) => {
                format!("({column} AT TIME ZONE 'UTC' - interval '{hours} hours') AT TIME ZONE 'UTC'")
            }
        };
        self.execute(&format!("UPDATE {table} SET {column} = {aged} WHERE {condition}"));
    }

    /// The number of rows that creating tickets wrote.
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

/// A command of `hexdesk` on this database, with these arguments.
pub(crate) fn command(database_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hexdesk"));
    command.env_clear().args(arguments).args(["--database-url", database_url]).stdin(Stdio::null());
    command
}
