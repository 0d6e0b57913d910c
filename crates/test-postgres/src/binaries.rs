//! Where PostgreSQL is installed.

use std::path::{Path, PathBuf};

/// Where Debian and its relatives keep the server, one directory for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory of the server's programs: the one on `PATH`, else the newest installed.
pub(crate) fn directory() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&on_path)
        .chain(debian_newest_first())
        .find(|directory| is_complete(directory))
        .unwrap_or_else(|| {
            panic!(
                "the tests need the PostgreSQL server programs (initdb, postgres, psql, pg_basebackup, pg_dump, pg_isready), which are \
                 neither on PATH nor in {DEBIAN}/*/bin: run `apt-get install postgresql` or, for a ready-made \
                 environment, scripts/test"
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
