//! Checks permissions of the files, and disk space.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use crate::finding::Finding;
use crate::sqlite::connection::usage_lock::{beside, real_path};

/// Below this the disk will soon be full.
const LITTLE_BYTES: u64 = 1_000_000_000;
/// Below this the next write may fail.
const TOO_LITTLE_BYTES: u64 = 100_000_000;
/// The write-ahead log of a working server stays below this.
const LARGE_LOG_BYTES: u64 = 128 << 20;

pub(super) fn findings(path: &Path) -> Vec<Finding> {
    let path = real_path(path).unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().unwrap_or(Path::new("/"));
    let space = match statvfs(directory) {
        Ok(space) => disk_space(directory, space.f_bavail.saturating_mul(space.f_frsize)),
        Err(error) => Finding::warning("disk space", format!("cannot be determined: {error}")),
    };
    vec![permissions(&path, directory), writable(&path, directory), space, log(&path)]
}

fn permissions(path: &Path, directory: &Path) -> Finding {
    let check = "permissions";
    let mode = |path: &Path| path.metadata().map_or(0, |metadata| metadata.permissions().mode());
    if mode(directory) & 0o002 != 0 {
        let directory = directory.display();
        let text = format!("every account may replace the files in {directory}; run `chmod o-w {directory}`");
        return Finding::problem(check, text);
    }
    let is_open = |suffix: &&str| mode(&beside(path, suffix)) & 0o007 != 0;
    if !["", "-wal", "-shm", "-journal"].iter().any(is_open) {
        return Finding::ok(check, "other accounts cannot read or write the files");
    }
    let files = beside(path, "*");
    let files = files.display();
    Finding::problem(check, format!("every account has access to customer data; run `chmod o= {files}`"))
}

/// Checks write access to the file and its directory. SQLite creates and removes other files there.
fn writable(path: &Path, directory: &Path) -> Finding {
    let check = "writable";
    let refused = [(path, Access::WRITE_OK), (directory, Access::WRITE_OK | Access::EXEC_OK)]
        .into_iter()
        .find_map(|(path, mode)| access(path, mode).err().map(|error| (path, error)));
    match refused {
        None => Finding::ok(check, "this account may write the file and its directory"),
        Some((path, error)) => {
            let text = format!(
                "this account may not write {}: {error}; run this as the account of the server, or give it \
                 the file and its directory with chown",
                path.display()
            );
            Finding::problem(check, text)
        }
    }
}

fn disk_space(directory: &Path, free: u64) -> Finding {
    let check = "disk space";
    let text = format!("{} MB free in {}", free / 1_000_000, directory.display());
    if free < TOO_LITTLE_BYTES {
        Finding::problem(check, format!("{text}: writes will fail soon; free disk space"))
    } else if free < LITTLE_BYTES {
        Finding::warning(check, format!("{text}; free disk space before it runs out"))
    } else {
        Finding::ok(check, text)
    }
}

fn log(database: &Path) -> Finding {
    let log = beside(database, "-wal");
    let bytes = log.metadata().map_or(0, |metadata| metadata.len());
    let text = format!("{} MB in {}", bytes / 1_000_000, log.display());
    if bytes > LARGE_LOG_BYTES {
        let text = format!(
            "{text}: a backup or another program reads the database for long, or a crash left the log; the \
             server cuts it when that read has ended"
        );
        Finding::warning("write-ahead log", text)
    } else {
        Finding::ok("write-ahead log", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn a_large_log_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hexdesk.db");
        assert_eq!(log(&path).severity, Severity::Ok);
        let file = std::fs::File::create(beside(&path, "-wal")).unwrap();
        for (bytes, severity) in [(LARGE_LOG_BYTES, Severity::Ok), (LARGE_LOG_BYTES + 1, Severity::Warning)] {
            file.set_len(bytes).unwrap();
            assert_eq!(log(&path).severity, severity, "{bytes}");
        }
    }

    #[test]
    fn low_disk_space_is_reported_early() {
        for (free, severity) in [
            (0, Severity::Problem),
            (99_999_999, Severity::Problem),
            (100_000_000, Severity::Warning),
            (999_999_999, Severity::Warning),
            (1_000_000_000, Severity::Ok),
            (u64::MAX, Severity::Ok),
        ] {
            assert_eq!(disk_space(Path::new("/"), free).severity, severity, "{free}");
        }
    }
}
