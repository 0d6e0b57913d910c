//! The directory of PostgreSQL's programs.

use std::path::{Path, PathBuf};

use crate::citus;

/// Debian's directory of the server, with a subdirectory for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory of the server's programs: that of the [installation with
/// Citus](crate::citus::is_used), otherwise on `PATH`, otherwise the newest of Debian's.
pub(crate) fn directory() -> PathBuf {
    if let Some(installation) = citus::installation() {
        let directory = installation.join("bin");
        assert!(
            is_complete(&directory),
            "{} must name a PostgreSQL installation with the extension Citus; {} lacks its programs",
            citus::VARIABLE,
            directory.display()
        );
        return directory;
    }
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain(debian_newest_first())
        .find(|directory| is_complete(directory))
        .unwrap_or_else(|| {
            panic!(
                "the tests need PostgreSQL's programs (initdb, postgres, psql, pg_basebackup, pg_dump, pg_isready) \
                 on PATH or in {DEBIAN}/*/bin: run `apt-get install postgresql`, or scripts/test, which installs it"
            )
        })
}

fn is_complete(directory: &Path) -> bool {
    ["initdb", "postgres", "psql", "pg_basebackup", "pg_dump", "pg_isready"]
        .iter()
        .all(|program| directory.join(program).is_file())
}

fn debian_newest_first() -> impl Iterator<Item = PathBuf> {
    let mut majors: Vec<u32> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    majors.sort_unstable();
    majors.into_iter().rev().map(|major| Path::new(DEBIAN).join(major.to_string()).join("bin"))
}
