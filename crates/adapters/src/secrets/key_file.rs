use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// A larger file is not a key file. It holds more than 256 keys.
const MAX_BYTES: u64 = 65_536;

/// The keys of a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyFileError {
    /// The file does not exist.
    #[error("the secret key file {path} does not exist: create it with `{}`", how_to_make(Path::new(path)))]
    Missing {
        /// The path.
        path: String,
    },
    /// Other users may read or change the file.
    #[error("the secret key file {path} has mode {mode:04o}: run `chmod 600 {path}`")]
    Mode {
        /// The path.
        path: String,
        /// The permissions.
        mode: u32,
    },
    /// A line is not a key.
    #[error(
        "line {line} of the secret key file {path} is not a key: it must be a number from 0 to 255, a blank \
         and 32 bytes in base64, such as the output of `echo \"1 $(openssl rand -base64 32)\"`"
    )]
    Line {
        /// The path.
        path: String,
        /// The number of the line, from 1.
        line: usize,
    },
    /// Two keys have the same number.
    #[error("line {line} of the secret key file {path} repeats the number {number}: number it otherwise")]
    Repeated {
        /// The path.
        path: String,
        /// The number of the line, from 1.
        line: usize,
        /// The number of the key.
        number: u8,
    },
    /// The file has no key.
    #[error("the secret key file {path} has no key: add a line with `{}`", how_to_make(Path::new(path)))]
    Empty {
        /// The path.
        path: String,
    },
    /// The account of this process may not read the file.
    #[error(
        "this account may not read the secret key file {path}: run this as the account of the server, or give \
         that account the file with chown"
    )]
    Forbidden {
        /// The path.
        path: String,
    },
    /// The file cannot be read or made.
    #[error("cannot {verb} the secret key file {path}: {error}")]
    Io {
        /// `read` or `make`.
        verb: &'static str,
        /// The path.
        path: String,
        /// The cause.
        error: io::Error,
    },
}

/// The path of the file that belongs to a SQLite database.
pub fn secret_key_file_beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".secret-key");
    path.into()
}

/// The command that makes a file, or adds a key to it.
pub(super) fn how_to_make(path: &Path) -> String {
    format!("(umask 077; echo \"1 $(openssl rand -base64 32)\" >> {})", path.display())
}

pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// Whether the server makes it when it is needed.
    pub(super) is_made: bool,
}

type Keys = Vec<(u8, [u8; 32])>;

impl KeyFile {
    /// Reads the keys. Returns `None` for a missing file that is made when needed.
    pub(super) fn read(&self) -> Result<Option<Keys>, SecretKeyFileError> {
        let path = self.path.display().to_string();
        let io = |error| SecretKeyFileError::Io { verb: "read", path: path.clone(), error };
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_made => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SecretKeyFileError::Missing { path });
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(SecretKeyFileError::Forbidden { path });
            }
            opened => opened.map_err(io)?,
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(io)?.permissions().mode() & 0o7777;
            if mode & 0o077 != 0 {
                return Err(SecretKeyFileError::Mode { path, mode });
            }
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io)?;
        // A line that is not text is not a key.
        parse(&String::from_utf8_lossy(&bytes), &path).map(Some)
    }

    /// Makes the file with one key, unless another process has made it meanwhile. Returns its keys.
    pub(super) fn make(&self) -> Result<Keys, SecretKeyFileError> {
        let path = self.path.display().to_string();
        let io = |error| SecretKeyFileError::Io { verb: "make", path: path.clone(), error };
        let mut key = [0; 32];
        #[allow(clippy::disallowed_methods, reason = "keys that seal are made here and nowhere else")]
        getrandom::fill(&mut key).map_err(|error| io(error.into()))?;
        // A file under another name, so that the path never has a file without its key.
        let mut draft = self.path.as_os_str().to_owned();
        draft.push(format!(
            ".{}.{:08x}",
            std::process::id(),
            u32::from_le_bytes([key[0], key[1], key[2], key[3]])
        ));
        let draft = PathBuf::from(draft);
        let text = format!(
            "# Hexdesk seals secrets with this key. Backups do not contain it: keep a copy elsewhere.\n1 {}\n",
            BASE64_STANDARD.encode(key)
        );
        write_new(&draft, &text).map_err(io)?;
        let linked = fs::hard_link(&draft, &self.path);
        fs::remove_file(&draft).map_err(io)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(io(error)),
            _ => {}
        }
        if let Some(directory) = self.path.parent() {
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)?;
        }
        Self { path: self.path.clone(), is_made: false }.read().map(Option::unwrap_or_default)
    }
}

/// Writes a new file that only its owner can read.
pub(super) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn parse(text: &str, path: &str) -> Result<Keys, SecretKeyFileError> {
    let mut keys: Keys = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let (content, line) = (content.trim(), index + 1);
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (number, key) =
            parse_key(content).ok_or_else(|| SecretKeyFileError::Line { path: path.to_owned(), line })?;
        if keys.iter().any(|(other, _)| *other == number) {
            return Err(SecretKeyFileError::Repeated { path: path.to_owned(), line, number });
        }
        keys.push((number, key));
    }
    if keys.is_empty() {
        return Err(SecretKeyFileError::Empty { path: path.to_owned() });
    }
    Ok(keys)
}

fn parse_key(line: &str) -> Option<(u8, [u8; 32])> {
    let (number, key) = line.split_once([' ', '\t'])?;
    let key = BASE64_STANDARD.decode(key.trim_start()).ok()?;
    Some((number.parse().ok()?, key.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn read(text: &str, mode: u32) -> Result<Option<Keys>, String> {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        write_new(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let shown = path.display().to_string();
        KeyFile { path, is_made: true }.read().map_err(|error| error.to_string().replace(&shown, "keys"))
    }

    #[test]
    fn several_lines_are_several_keys_in_their_order() {
        let other = BASE64_STANDARD.encode([7; 32]);
        let keys = read(&format!("# new\n2 {other}\n\n  1\t{KEY}  \n"), 0o600).unwrap().unwrap();
        assert_eq!(keys.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(keys[0].1, [7; 32]);
        assert_eq!(keys[1].1[31], 31);
        assert!(read(&format!("255 {KEY}"), 0o400).is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_an_error_with_a_remedy() {
        let short = BASE64_STANDARD.encode([7; 31]);
        for (text, mode, expected) in [
            (format!("1 {KEY}\n"), 0o644, "has mode 0644: run `chmod 600 keys`"),
            (format!("1 {KEY}\n"), 0o620, "has mode 0620"),
            (String::new(), 0o600, "has no key: add a line with `(umask 077; echo \"1 $(openssl"),
            ("# nothing\n".to_owned(), 0o600, "has no key"),
            (format!("1 {KEY}\n256 {KEY}\n"), 0o600, "line 2 of the secret key file keys is not a key"),
            (KEY.to_owned(), 0o600, "line 1 of the secret key file keys is not a key"),
            (format!("1 {short}"), 0o600, "line 1 of the secret key file keys is not a key"),
            ("1 not-base64".to_owned(), 0o600, "line 1 of the secret key file keys is not a key"),
            (
                format!("1 {KEY}\n\n1 {KEY}\n"),
                0o600,
                "line 3 of the secret key file keys repeats the number 1",
            ),
        ] {
            let error = read(&text, mode).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains(KEY), "the error contains a key: {error}");
        }
    }

    #[test]
    fn of_racing_makers_one_wins_and_all_use_its_key() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let made: Vec<Keys> = std::thread::scope(|scope| {
            let make = || scope.spawn(|| KeyFile { path: path.clone(), is_made: true }.make().unwrap());
            let makers: Vec<_> = std::iter::repeat_with(make).take(8).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(made.iter().all(|keys| *keys == made[0] && keys.len() == 1));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
