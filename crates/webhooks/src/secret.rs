use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hexdesk_domain::ports::{SecretPlace, SecretSealerError};
use hexdesk_domain::{SecretSealer, Timestamp, Webhook};

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";

/// A secret that signs the messages of a webhook: 24 to 64 bytes. Its text is `whsec_` and the bytes in
/// base64.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WebhookSecret(…)")
    }
}

/// The text is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and 24 to 64 bytes in base64")]
pub struct SecretTextError;

/// The operating system returned no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system returned no random bytes: {0}")]
pub struct NoRandomBytes(getrandom::Error);

impl WebhookSecret {
    /// The minimum number of bytes.
    pub const MIN_BYTES: usize = 24;

    /// The maximum number of bytes.
    pub const MAX_BYTES: usize = 64;

    /// Creates a random secret of 32 bytes.
    ///
    /// # Errors
    /// [`NoRandomBytes`].
    pub fn random() -> Result<Self, NoRandomBytes> {
        let mut bytes = vec![0; 32];
        #[allow(clippy::disallowed_methods, reason = "secrets of webhooks are made here and nowhere else")]
        getrandom::fill(&mut bytes).map_err(NoRandomBytes)?;
        Ok(Self(bytes))
    }

    /// Makes a secret of these bytes.
    ///
    /// # Errors
    /// [`SecretTextError`] for fewer than 24 or more than 64 bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SecretTextError> {
        match bytes.len() {
            Self::MIN_BYTES..=Self::MAX_BYTES => Ok(Self(bytes)),
            _ => Err(SecretTextError),
        }
    }

    /// Parses the text of a secret.
    ///
    /// # Errors
    /// [`SecretTextError`].
    pub fn parse(text: &str) -> Result<Self, SecretTextError> {
        let bytes = text.strip_prefix(PREFIX).and_then(|base64| BASE64_STANDARD.decode(base64).ok());
        Self::from_bytes(bytes.ok_or(SecretTextError)?)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(&self.0))
    }
}

/// Returns the secrets that sign a message of the webhook at `now`: its secret, and the former one until
/// its end.
///
/// # Errors
/// [`SecretSealerError`] if a secret does not open.
pub fn open_secrets(
    sealer: &dyn SecretSealer,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<Vec<WebhookSecret>, SecretSealerError> {
    let former = webhook.former_secret.iter().filter(|former| now < former.ends_at);
    let sealed = std::iter::once(&webhook.secret).chain(former.map(|former| &former.secret));
    let place = SecretPlace::webhook(webhook.shop_id, webhook.id);
    sealed
        .map(|sealed| {
            let opened = sealer.open(place, sealed)?;
            WebhookSecret::from_bytes(opened).map_err(|SecretTextError| SecretSealerError::DoesNotOpen)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_text() {
        let secret = WebhookSecret::random().unwrap();
        assert_eq!(secret.as_bytes().len(), 32);
        assert_eq!(WebhookSecret::parse(&secret.text()), Ok(secret.clone()));
        assert_ne!(WebhookSecret::random().unwrap(), secret);
        assert!(!format!("{secret:?}").contains(&secret.text()));
    }

    #[test]
    fn secrets_have_24_to_64_bytes() {
        for (bytes, is_secret) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
            let text = format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
            assert_eq!(WebhookSecret::parse(&text).is_ok(), is_secret, "{bytes}");
        }
        let base64 = BASE64_STANDARD.encode([7; 32]);
        for text in [base64.clone(), format!("whsk_{base64}"), format!("whsec_{base64}!"), "whsec_".into()] {
            assert_eq!(WebhookSecret::parse(&text), Err(SecretTextError), "{text}");
        }
    }
}
