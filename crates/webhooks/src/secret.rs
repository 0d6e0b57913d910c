use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hexdesk_domain::ports::SecretSealerError;
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

/// The secrets that sign a message.
#[derive(Debug)]
pub struct SigningSecrets {
    /// At least one.
    pub secrets: Vec<WebhookSecret>,
    /// The reason why another secret, which should sign too, does not open.
    pub closed: Option<SecretSealerError>,
}

impl SigningSecrets {
    /// Opens the secrets of the webhook that sign at `now`: its secret, and the former one until its end.
    /// If only one of them opens, that one signs.
    ///
    /// # Errors
    /// [`SecretSealerError`] if none opens.
    pub fn open(
        sealer: &dyn SecretSealer,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<Self, SecretSealerError> {
        let (opened, closed) = webhook.open_secrets(sealer, now);
        let secrets: Vec<_> =
            opened.into_iter().filter_map(|bytes| WebhookSecret::from_bytes(bytes).ok()).collect();
        if secrets.is_empty() {
            return Err(closed.unwrap_or(SecretSealerError::DoesNotOpen));
        }
        Ok(Self { secrets, closed })
    }
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::ports::SecretPlace;
    use hexdesk_domain::{
        EventPosition, FormerSecret, NewWebhook, SealedSecret, ShopId, WebhookId, WebhookPayload,
    };

    use super::*;

    /// Opens secrets of 32 bytes.
    struct Lengths;

    impl SecretSealer for Lengths {
        fn seal(&self, _: SecretPlace, secret: &[u8]) -> Result<SealedSecret, SecretSealerError> {
            Ok(SealedSecret(secret.to_vec()))
        }

        fn open(&self, _: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, SecretSealerError> {
            if sealed.0.len() == 32 { Ok(sealed.0.clone()) } else { Err(SecretSealerError::DoesNotOpen) }
        }
    }

    #[test]
    fn the_secrets_that_open_sign() {
        let secret = |number, opens| SealedSecret(vec![number; if opens { 32 } else { 31 }]);
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        for (opens, former_opens, now, signing, is_closed) in [
            (true, true, 9, &[1, 2][..], false),
            (true, false, 9, &[1], true),
            (false, true, 9, &[2], true),
            (false, false, 9, &[], true),
            // The former one has ended.
            (true, false, 10, &[1], false),
            (false, true, 10, &[], true),
        ] {
            let new = NewWebhook {
                id: WebhookId::new(1).unwrap(),
                url: "https://example.com/".to_owned(),
                kinds: None,
                payload: WebhookPayload::Full,
                ignore_key: None,
                secret: secret(1, opens),
            };
            let mut webhook = new.into_webhook(ShopId::new(1).unwrap(), at(0), EventPosition::START);
            webhook.former_secret = Some(FormerSecret { secret: secret(2, former_opens), ends_at: at(10) });
            let opened = SigningSecrets::open(&Lengths, &webhook, at(now));
            let found = opened.as_ref().map_or_else(
                |_| Vec::new(),
                |opened| opened.secrets.iter().map(|secret| secret.as_bytes()[0]).collect(),
            );
            assert_eq!(found, signing);
            assert_eq!(opened.map_or(true, |opened| opened.closed.is_some()), is_closed);
        }
    }

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
