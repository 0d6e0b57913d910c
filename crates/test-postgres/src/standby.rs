//! Servers made from a base backup of another: a standby, which replicates it and can replace it, and
//! a restored backup.

use std::ffi::OsStr;

use crate::Cluster;
use crate::cluster::{SUPERUSER, Server, setting_line};
use crate::directory;

impl Cluster {
    /// Starts a standby of this cluster: a server with the same data and settings, which replicates
    /// this cluster and is read-only until it is promoted. It connects to `port` on 127.0.0.1: the
    /// cluster's own port, or a proxy's.
    ///
    /// Its name is `standby`. The cluster waits for it at each commit if `standby` is among the
    /// `synchronous_standby_names` and `synchronous_commit` is on.
    ///
    /// # Panics
    /// If it cannot be created or does not start.
    pub fn standby(&self, port: u16) -> Self {
        let conninfo = format!("host=127.0.0.1 port={port} user={SUPERUSER} application_name=standby");
        self.base_backup("standby.signal", &[("primary_conninfo", &conninfo)])
    }

    /// Takes a base backup of this cluster, and starts a new server with it: the backup is restored to
    /// the point in time at which it ended. Both servers run independently then.
    ///
    /// # Panics
    /// If it cannot be created or does not start.
    pub fn restored_backup(&self) -> Self {
        let restored = self.base_backup(
            "recovery.signal",
            &[
                // The backup includes the log that it needs.
                ("restore_command", "false"),
                ("recovery_target", "immediate"),
                ("recovery_target_action", "promote"),
            ],
        );
        let is_recovered =
            "DO $$ BEGIN WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.01); END LOOP; END $$";
        restored.psql("postgres", is_recovered);
        restored
    }

    /// Starts a server with a base backup of this cluster, this empty file, and these settings.
    fn base_backup(&self, signal: &str, settings: &[(&str, &str)]) -> Self {
        let (server, supervisor) = Server::supervised();
        let (data, own_port) = (server.directory.join("data"), self.port().to_string());
        server.run(
            "pg_basebackup",
            [
                OsStr::new("--host"),
                self.socket_directory().as_os_str(),
                OsStr::new("--port"),
                OsStr::new(&own_port),
                OsStr::new("--username"),
                OsStr::new(SUPERUSER),
                OsStr::new("--pgdata"),
                data.as_os_str(),
                OsStr::new("--wal-method=stream"),
                OsStr::new("--checkpoint=fast"),
                OsStr::new("--no-sync"),
            ],
        );
        let configuration = data.join("postgresql.conf");
        let mut lines = std::fs::read_to_string(&configuration)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", configuration.display()));
        // Later lines take precedence.
        let socket_directory = server.directory.to_string_lossy().into_owned();
        for (name, value) in settings.iter().chain(&[("unix_socket_directories", socket_directory.as_str())])
        {
            lines.push_str(&setting_line(name, value));
        }
        directory::write(&configuration, lines.as_bytes(), server.account);
        directory::write(&data.join(signal), b"", server.account);
        Self::start_on_a_free_port(server, supervisor)
    }

    /// Promotes a standby to a primary. It is writable when this returns.
    ///
    /// # Panics
    /// If it is not a standby, or is not promoted within a minute.
    pub fn promote(&self) {
        let promoted = self.psql("postgres", "SELECT pg_promote()");
        assert_eq!(promoted, "t", "the standby is not promoted:\n{}", self.log());
    }
}
