//! The directory of a cluster, which holds all its files.

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::account::{self, Account};

/// The maximum length in bytes of a Unix socket's path, without the socket's name.
const MAX_SOCKET_DIRECTORY_BYTES: usize = 80;

/// Creates a temporary directory that only its owner can enter. Also returns the account of the server if it
/// differs from the tests' account.
pub(crate) fn create() -> (PathBuf, Option<Account>) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    loop {
        let name = format!("hexdesk-pg-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        assert!(
            path.as_os_str().len() <= MAX_SOCKET_DIRECTORY_BYTES,
            "the path {} is too long for a Unix socket: set TMPDIR to a shorter path",
            path.display()
        );
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {
                let account = hand_over(&path);
                return (path, account);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => panic!("cannot create {}: {error}", path.display()),
        }
    }
}

/// Gives a directory of root to the account of the server.
fn hand_over(path: &Path) -> Option<Account> {
    let made_by = std::fs::metadata(path).map(|metadata| metadata.uid());
    if !matches!(made_by, Ok(0)) {
        return None;
    }
    let account = account::unprivileged();
    give(path, account);
    Some(account)
}

fn give(path: &Path, account: Account) {
    if let Err(error) = std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid)) {
        panic!("cannot give {} to the account {}: {error}", path.display(), account.uid);
    }
}

/// Writes a file that only the server's account can read. PostgreSQL requires this for keys.
pub(crate) fn write(path: &Path, content: &[u8], account: Option<Account>) {
    let written = std::fs::write(path, content)
        .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)));
    if let Err(error) = written {
        panic!("cannot write {}: {error}", path.display());
    }
    if let Some(account) = account {
        give(path, account);
    }
}
