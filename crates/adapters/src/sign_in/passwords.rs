use std::sync::Arc;

use anyhow::{Context, anyhow};
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use hexdesk_domain::{Password, PasswordHash, PasswordHasher};
use tokio::sync::Semaphore;

/// The memory of one hash: 19 MiB.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The hashes that are made at the same time. Others wait, so that sign-ins cannot take all memory and
/// every processor.
const MOST: usize = 2;

/// Hashes passwords with Argon2id: 19 MiB, two passes, one lane. Each hash takes some 10 ms to 50 ms, on a
/// thread that may block. At most two are made at the same time.
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    places: Arc<Semaphore>,
}

impl Argon2Hasher {
    /// Creates a hasher.
    ///
    /// # Errors
    /// If the library refuses the parameters of the hash.
    pub fn new() -> anyhow::Result<Self> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| anyhow!(error))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self { argon2, places: Arc::new(Semaphore::new(MOST)) })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let place = Arc::clone(&self.places).acquire_owned().await.context("the hasher has stopped")?;
        let argon2 = self.argon2.clone();
        // The thread keeps the place, even if the caller is gone.
        let work = move || {
            let result = work(&argon2);
            drop(place);
            result
        };
        tokio::task::spawn_blocking(work).await.context("hashing a password failed")?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: Password) -> anyhow::Result<PasswordHash> {
        self.blocking(move |argon2| hash(argon2, password.as_bytes()).map(PasswordHash::new)).await
    }

    async fn verify(&self, password: Option<Password>, kept: Option<PasswordHash>) -> anyhow::Result<bool> {
        self.blocking(move |argon2| {
            let bytes = password.as_ref().map_or(&b""[..], Password::as_bytes);
            let Some(kept) = kept else {
                // Making a hash takes as long as checking one.
                return hash(argon2, bytes).map(|_| false);
            };
            let phc =
                Phc::new(kept.as_str()).map_err(|error| anyhow!("a stored hash of a password: {error}"))?;
            match argon2.verify_password(bytes, &phc) {
                Ok(()) => Ok(password.is_some()),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(anyhow!("cannot check a password: {error}")),
            }
        })
        .await
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> anyhow::Result<String> {
    let phc: Phc =
        argon2.hash_password(password).map_err(|error| anyhow!("cannot hash a password: {error}"))?;
    Ok(phc.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_of_one_password() {
        let hasher = Argon2Hasher::new().unwrap();
        let password = |text: &str| Password::new(text).unwrap();
        let one = hasher.hash(password("correct horse battery")).await.unwrap();
        let again = hasher.hash(password("correct horse battery")).await.unwrap();
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_ne!(one, again);
        let verify = async |text: Option<&str>, hash: Option<&PasswordHash>| {
            hasher.verify(text.map(password), hash.cloned()).await.unwrap()
        };
        assert!(verify(Some("correct horse battery"), Some(&one)).await);
        assert!(verify(Some("correct horse battery"), Some(&again)).await);
        assert!(!verify(Some("correct horse batterx"), Some(&one)).await);
        assert!(!verify(Some("correct horse battery"), None).await);
        assert!(!verify(Some("nobody has this password"), None).await);
        assert!(!verify(None, Some(&one)).await);
        let foreign = PasswordHash::new("$2b$12$abc".to_owned());
        assert!(hasher.verify(Some(password("correct horse battery")), Some(foreign)).await.is_err());
    }
}
