use crate::{SealedSecret, ShopId, WebhookId};

/// The place of a sealed secret: the row of a table that keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretPlace {
    /// The shop of the row.
    pub shop: ShopId,
    /// The table, such as `webhooks`.
    pub table: &'static str,
    /// The id of the row.
    pub row: i64,
}

impl SecretPlace {
    /// The place of the secrets of a webhook.
    pub const fn webhook(shop: ShopId, id: WebhookId) -> Self {
        Self { shop, table: "webhooks", row: id.get() }
    }
}

/// The reason why a secret was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretSealerError {
    /// The sealer has no key at all.
    #[error("there is no secret key: start the server with --secret-key-file (HEXDESK_SECRET_KEY_FILE)")]
    KeyMissing,
    /// The secret was sealed with a key that the sealer does not have.
    #[error("the secret was sealed with key {0}: add the line of key {0} to the secret key file again")]
    KeyUnknown(u8),
    /// The sealed secret was changed or moved to another place, or it was sealed with another key of
    /// the same number.
    #[error("the secret does not open: it was changed or moved, or another secret key sealed it")]
    DoesNotOpen,
    /// The keys cannot be read or created.
    #[error("{0:#}")]
    Unusable(anyhow::Error),
}

/// Seals secrets that must be read again, so that a copy of the database does not reveal them. A
/// sealer is not part of a store. The kit tests it with `secret_sealer_contract!`.
///
/// A sealer has a list of keys. Each key has a number from 0 to 255.
///
/// - **SEAL-1** A sealed secret opens in its place, byte for byte. A secret has 0 to 4,096 bytes.
/// - **SEAL-2** A sealed secret does not contain the secret. Sealing a secret again returns other
///   bytes.
/// - **SEAL-3** A sealed secret does not open in another shop, table or row: `DoesNotOpen`.
/// - **SEAL-4** Bytes that were changed, cut or extended do not open: `DoesNotOpen`, or `KeyUnknown`
///   if they name a key that the sealer does not have.
/// - **SEAL-5** The first key seals. Every key opens what it has sealed. Without that key, opening
///   fails with `KeyUnknown` and its number.
/// - **SEAL-6** Another key of the same number does not open the secret: `DoesNotOpen`.
/// - **SEAL-7** Without any key, sealing and opening fail with `KeyMissing`.
pub trait SecretSealer: Send + Sync {
    /// Seals a secret for this place.
    ///
    /// # Errors
    /// `KeyMissing`, or `Unusable`.
    fn seal(&self, place: SecretPlace, secret: &[u8]) -> Result<SealedSecret, SecretSealerError>;

    /// Returns the secret that was sealed for this place.
    ///
    /// # Errors
    /// [`SecretSealerError`].
    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, SecretSealerError>;
}
