//! The directory of a SQLite database. It may be on a small file system that a test can fill.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The size of the file system that is mounted.
const SIZE: &str = "32m";

/// The size above which `HEXDESK_SMALL_DISK` is refused. It protects a real disk.
const MAX_SIZE: u64 = 256 << 20;

const WHAT_TO_DO: &str = "This test fills a file system that it mounts in a namespace (`unshare --mount`; \
    as another user than root, `unshare --user --map-root-user --mount`), which is forbidden here. \
    Allow it (in a container: --privileged), or set HEXDESK_SMALL_DISK to a directory on a file system of \
    at most 256 MiB that may be filled: with docker, \
    `--tmpfs /small:size=32m -e HEXDESK_SMALL_DISK=/small`.";

/// A directory of one test.
pub(crate) struct Directory {
    // Dropped first: its mount keeps the directory from being removed.
    namespace: Option<Namespace>,
    files: TempDir,
}

/// A mount namespace, which exists as long as its process.
struct Namespace {
    process: Child,
    /// The options of `unshare` and `nsenter` for a user namespace. Root needs none, and cannot
    /// create a user namespace in a chroot.
    user: &'static [(&'static str, &'static str)],
}

impl Namespace {
    /// Mounts a small file system on this directory in a new namespace.
    fn with_small_disk_on(directory: &Path) -> Self {
        let user: &[_] = if rustix::process::geteuid().is_root() {
            &[]
        } else {
            &[("--user", "--user"), ("--map-root-user", "--preserve-credentials")]
        };
        let mut process = Command::new("unshare")
            .args(user.iter().map(|(unshare, _)| unshare))
            .args(["--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=$0,mode=700 small \"$1\" && echo mounted && exec cat")
            .args([SIZE.as_ref(), directory])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("unshare, of Debian's util-linux: {error}. {WHAT_TO_DO}"));
        let mut output = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut output).unwrap();
        if output != "mounted\n" {
            process.stderr.take().unwrap().read_to_string(&mut output).unwrap();
            panic!("{output}{WHAT_TO_DO}");
        }
        Self { process, user }
    }

    /// The same command, run in the namespace. `--root` keeps a chroot, which entering a mount
    /// namespace would leave.
    fn enter(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .args(self.user.iter().map(|(_, nsenter)| nsenter))
            .args(["--mount", "--root", "--target", &self.process.id().to_string(), "--"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .stdin(Stdio::null());
        inside
    }

    /// A path in the namespace, as seen from outside.
    fn outside(&self, path: &Path) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.process.id())).join(path.strip_prefix("/").unwrap())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Directory {
    /// A directory among the temporary files.
    pub(crate) fn new() -> Self {
        Self { files: tempfile::tempdir().unwrap(), namespace: None }
    }

    /// A directory on a small file system.
    pub(crate) fn on_small_disk() -> Self {
        if let Some(small_disk) = std::env::var_os("HEXDESK_SMALL_DISK") {
            let size = rustix::fs::statvfs(Path::new(&small_disk)).unwrap();
            assert!(size.f_blocks * size.f_frsize <= MAX_SIZE, "{small_disk:?} is too large. {WHAT_TO_DO}");
            return Self { files: tempfile::tempdir_in(small_disk).unwrap(), namespace: None };
        }
        let files = tempfile::tempdir().unwrap();
        let namespace = Some(Namespace::with_small_disk_on(files.path()));
        Self { files, namespace }
    }

    /// The path, as processes in its namespace see it.
    pub(crate) fn path(&self) -> &Path {
        self.files.path()
    }

    pub(crate) fn is_in_namespace(&self) -> bool {
        self.namespace.is_some()
    }

    /// The same command, run where it sees the directory.
    pub(crate) fn enter(&self, command: Command) -> Command {
        match &self.namespace {
            Some(namespace) => namespace.enter(&command),
            None => command,
        }
    }

    /// Fills the file system.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for size in [1 << 16, 1] {
            let bytes = vec![b'x'; size];
            let error = loop {
                if let Err(error) = filler.write_all(&bytes) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        }
    }

    /// Undoes [`Self::fill`].
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        let filler = self.path().join("filler");
        match &self.namespace {
            Some(namespace) => namespace.outside(&filler),
            None => filler,
        }
    }
}
