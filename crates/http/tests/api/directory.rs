//! Where the files of a SQLite database are: in a directory of the test's own, which may be on
//! a file system that the test can fill up.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// How large a file system is that is mounted to be filled.
const SIZE: &str = "32m";

/// How large a directory's file system may be to be taken for one that is there to be filled.
const LARGEST: u64 = 256 << 20;

const WHAT_TO_DO: &str = "This test fills up a file system of its own, which it mounts in a user namespace \
    (`unshare --user --map-root-user --mount`), and that is forbidden here. Allow it (in a container: \
    --privileged), or name a directory on a file system of at most 256 MiB that may be filled: with \
    docker, `--tmpfs /small:size=32m -e HEXDESK_SMALL_DISK=/small`.";

/// A directory of a test's own.
pub(crate) struct Directory {
    files: TempDir,
    /// Who holds the namespace in which it is mounted, if it is in one.
    holder: Option<Child>,
}

impl Directory {
    pub(crate) fn ordinary() -> Self {
        Self { files: tempfile::tempdir().unwrap(), holder: None }
    }

    /// One on a small file system.
    pub(crate) fn on_small_disk() -> Self {
        if let Some(place) = std::env::var_os("HEXDESK_SMALL_DISK") {
            let size = rustix::fs::statvfs(Path::new(&place)).unwrap();
            assert!(size.f_blocks * size.f_frsize <= LARGEST, "{place:?} is too large. {WHAT_TO_DO}");
            return Self { files: tempfile::tempdir_in(place).unwrap(), holder: None };
        }
        let files = tempfile::tempdir().unwrap();
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=$0,mode=700 small \"$1\" && echo mounted && exec cat")
            .args([SIZE.as_ref(), files.path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("unshare, of Debian's util-linux: {error}. {WHAT_TO_DO}"));
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said != "mounted\n" {
            holder.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("{said}{WHAT_TO_DO}");
        }
        Self { files, holder: Some(holder) }
    }

    /// Where it is, to those who are in its namespace.
    pub(crate) fn path(&self) -> &Path {
        self.files.path()
    }

    pub(crate) fn is_in_namespace(&self) -> bool {
        self.holder.is_some()
    }

    /// The command as it must be run to reach the directory.
    pub(crate) fn reached_by(&self, command: Command) -> Command {
        let Some(holder) = &self.holder else { return command };
        let mut inside = Command::new("nsenter");
        inside.args([
            "--user",
            "--mount",
            "--preserve-credentials",
            "--target",
            &holder.id().to_string(),
            "--",
        ]);
        inside.arg(command.get_program()).args(command.get_args()).env_clear().stdin(Stdio::null());
        inside
    }

    /// Takes all the room that is left on its file system.
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

    /// Gives it back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        let filler = self.path().join("filler");
        match &self.holder {
            Some(holder) => {
                Path::new(&format!("/proc/{}/root", holder.id())).join(filler.strip_prefix("/").unwrap())
            }
            None => filler,
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            let _ = holder.kill();
            let _ = holder.wait();
        }
    }
}
