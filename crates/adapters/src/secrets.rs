//! Sealing secrets with the keys of a file.

mod key_file;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hexdesk_domain::ports::{SecretPlace, SecretSealerError};
use hexdesk_domain::{SealedSecret, SecretSealer};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use key_file::KeyFile;
pub use key_file::{SecretKeyFileError, secret_key_file_beside};

use crate::finding::Finding;

/// Seals secrets with ChaCha20-Poly1305 and the keys of a file.
///
/// A line of the file is a key: its number from 0 to 255, a blank, and 32 bytes in base64. Blank
/// lines and lines that begin with `#` are ignored. The first key seals, all keys open. Only the
/// owner may read the file.
///
/// A sealed secret is the number of the key (1 byte), the nonce (12 bytes), the encrypted secret, and
/// the tag (16 bytes). The shop, the table and the row are authenticated with it. Nonces are random:
/// a key can seal 4 billion secrets before two of the same nonce become likely enough to matter.
///
/// The file is read when it is first needed. A changed file takes effect at the next start.
pub struct FileSealer {
    file: Option<KeyFile>,
    keys: Mutex<Option<Arc<[Key]>>>,
}

struct Key {
    number: u8,
    cipher: LessSafeKey,
}

impl FileSealer {
    /// A sealer with the keys of this file. The file must exist.
    pub fn existing(path: impl Into<PathBuf>) -> Self {
        Self::new(Some(KeyFile { path: path.into(), is_made: false }))
    }

    /// A sealer with the keys of this file. The first secret makes the file if it is missing.
    pub fn made_when_needed(path: impl Into<PathBuf>) -> Self {
        Self::new(Some(KeyFile { path: path.into(), is_made: true }))
    }

    /// A sealer without keys.
    pub fn without_keys() -> Self {
        Self::new(None)
    }

    fn new(file: Option<KeyFile>) -> Self {
        Self { file, keys: Mutex::default() }
    }

    /// The path of the file.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path.as_path())
    }

    /// Reads the file now, unless it is missing and made when needed.
    ///
    /// # Errors
    /// [`SecretKeyFileError`]. Its message contains the remedy.
    pub fn check(&self) -> Result<(), SecretKeyFileError> {
        match &self.file {
            Some(file) => file.read().map(|_| ()),
            None => Ok(()),
        }
    }

    /// Checks the file for `hexdesk doctor`. Changes nothing.
    pub fn diagnose(&self) -> Finding {
        let check = "secret key file";
        let Some(file) = &self.file else {
            return Finding::ok(
                check,
                format!(
                    "not given, so webhooks cannot be created: for them, run `{}`, and start every server \
                     with --secret-key-file (HEXDESK_SECRET_KEY_FILE)",
                    key_file::how_to_make(Path::new("hexdesk.secret-key")),
                ),
            );
        };
        let path = file.path.display();
        match file.read() {
            Ok(Some(keys)) => Finding::ok(
                check,
                format!("{path}, keys: {}; backups do not contain it: keep a copy elsewhere", keys.len()),
            ),
            Ok(None) => Finding::ok(check, format!("{path} is made when the first secret is sealed")),
            Err(error) => Finding::problem(check, error.to_string()),
        }
    }

    /// Returns the keys. Makes the file if it is missing, may be made, and a secret is to be sealed.
    fn keys(&self, is_sealing: bool) -> Result<Arc<[Key]>, SecretSealerError> {
        let mut kept = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = &*kept {
            return Ok(keys.clone());
        }
        let file = self.file.as_ref().ok_or(SecretSealerError::KeyMissing)?;
        let unusable = |error: SecretKeyFileError| SecretSealerError::Unusable(error.into());
        let read = match file.read().map_err(unusable)? {
            Some(read) => read,
            None if is_sealing => file.make().map_err(unusable)?,
            None => return Err(SecretSealerError::KeyMissing),
        };
        let key = |(number, bytes): &(u8, [u8; 32])| {
            let key = UnboundKey::new(&CHACHA20_POLY1305, bytes).ok()?;
            Some(Key { number: *number, cipher: LessSafeKey::new(key) })
        };
        // The algorithm accepts every 32 bytes.
        let keys: Arc<[Key]> = read.iter().filter_map(key).collect();
        *kept = Some(keys.clone());
        Ok(keys)
    }
}

impl SecretSealer for FileSealer {
    fn seal(&self, place: SecretPlace, secret: &[u8]) -> Result<SealedSecret, SecretSealerError> {
        let keys = self.keys(true)?;
        let key = keys.first().ok_or(SecretSealerError::KeyMissing)?;
        let mut nonce = [0; NONCE_LEN];
        #[allow(clippy::disallowed_methods, reason = "nonces are made here and nowhere else")]
        getrandom::fill(&mut nonce).map_err(|error| SecretSealerError::Unusable(error.into()))?;
        let mut encrypted = secret.to_vec();
        key.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(authenticated(place)),
                &mut encrypted,
            )
            // Only a secret of 256 GB is too long.
            .map_err(|_| SecretSealerError::Unusable(anyhow::anyhow!("the secret is too long")))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + encrypted.len());
        sealed.push(key.number);
        sealed.extend(nonce);
        sealed.extend(encrypted);
        Ok(SealedSecret(sealed))
    }

    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, SecretSealerError> {
        let keys = self.keys(false)?;
        let (&number, rest) = sealed.0.split_first().ok_or(SecretSealerError::DoesNotOpen)?;
        let key = keys.iter().find(|key| key.number == number);
        let key = key.ok_or(SecretSealerError::KeyUnknown(number))?;
        let (nonce, encrypted) =
            rest.split_first_chunk::<NONCE_LEN>().ok_or(SecretSealerError::DoesNotOpen)?;
        let mut bytes = encrypted.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key
            .cipher
            .open_in_place(nonce, Aad::from(authenticated(place)), &mut bytes)
            .map_err(|_| SecretSealerError::DoesNotOpen)?;
        Ok(opened.to_vec())
    }
}

/// The place as bytes: two numbers of a fixed size, then the table.
fn authenticated(place: SecretPlace) -> Vec<u8> {
    let shop = place.shop.get().to_be_bytes();
    [&shop, &place.row.to_be_bytes(), place.table.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use hexdesk_contract::{SealerFixture, anyhow};
    use hexdesk_domain::ShopId;

    use super::*;

    struct Files {
        directory: tempfile::TempDir,
        made: AtomicU32,
    }

    impl SealerFixture for Files {
        fn with_keys(&self, keys: &[(u8, [u8; 32])]) -> anyhow::Result<Arc<dyn SecretSealer>> {
            if keys.is_empty() {
                return Ok(Arc::new(FileSealer::without_keys()));
            }
            let path = self.directory.path().join(self.made.fetch_add(1, Ordering::Relaxed).to_string());
            let line = |(number, key): &(u8, [u8; 32])| format!("{number} {}\n", BASE64_STANDARD.encode(key));
            key_file::write_new(&path, &keys.iter().map(line).collect::<String>())?;
            Ok(Arc::new(FileSealer::existing(path)))
        }
    }

    hexdesk_contract::secret_sealer_contract!(Files {
        directory: tempfile::tempdir().unwrap(),
        made: AtomicU32::new(0)
    });

    fn place() -> SecretPlace {
        SecretPlace { shop: ShopId::new(1).unwrap(), table: "webhooks", row: 1 }
    }

    #[test]
    fn the_file_is_made_by_the_first_seal_and_used_by_every_sealer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hexdesk.db.secret-key");
        let sealer = FileSealer::made_when_needed(&path);
        assert!(sealer.diagnose().text.contains("is made when the first secret"));
        let nothing = sealer.open(place(), &SealedSecret(vec![1; 40]));
        assert!(matches!(nothing, Err(SecretSealerError::KeyMissing)), "{nothing:?}");
        assert!(!path.exists());
        let sealed = sealer.seal(place(), b"secret").unwrap();
        for other in [FileSealer::made_when_needed(&path), FileSealer::existing(&path)] {
            assert_eq!(other.open(place(), &sealed).unwrap(), b"secret");
            assert!(other.diagnose().text.contains("keys: 1; backups do not contain it"));
        }
        let names: Vec<_> =
            std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[test]
    fn a_missing_file_that_was_given_is_an_error() {
        let sealer = FileSealer::existing("/nowhere/keys");
        let error = sealer.seal(place(), b"secret").unwrap_err().to_string();
        assert!(error.contains("/nowhere/keys does not exist: "), "{error}");
        assert_eq!(sealer.check().unwrap_err().to_string(), error);
    }
}
