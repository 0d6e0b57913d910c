//! The text of an API key: `hd_<shop>-<number>_<secret>`.
//!
//! Shop and number, in decimal, identify the key. The secret proves it: 32 random bytes in
//! base64url without padding. Each key has exactly one text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hexdesk_domain::{ApiKey, SecretHash};
use sha2::{Digest, Sha256};

use super::key_id::KeyId;

const PREFIX: &str = "hd_";
const SECRET_BYTES: usize = 32;
/// 32 bytes in base64 without padding.
const SECRET_CHARS: usize = 43;
/// `hd_`, a shop number of up to 16 digits, `-`, a key number of up to 19, `_`, the secret.
const MAX_CHARS: usize = PREFIX.len() + 16 + 1 + 19 + 1 + SECRET_CHARS;

/// The secret of a new key.
pub struct KeySecret([u8; SECRET_BYTES]);

impl KeySecret {
    /// Creates a secret from random bytes of the operating system.
    ///
    /// # Errors
    /// If the operating system returns no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; SECRET_BYTES];
        #[allow(clippy::disallowed_methods, reason = "secrets are made here and nowhere else")]
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Returns the hash, which the store keeps.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }

    /// Returns the text of `key`, which was created with this secret.
    pub fn text(&self, key: &ApiKey) -> KeyText {
        KeyText::new(KeyId { shop: key.shop_id, number: key.number }, self)
    }
}

/// The text of an API key, shown once to its future user. It cannot be read again, and `Debug` does
/// not show it.
#[derive(Clone)]
pub struct KeyText(String);

impl KeyText {
    fn new(id: KeyId, secret: &KeySecret) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(secret.0);
        Self(format!("{}{secret}", Self::beginning(id)))
    }

    /// Returns the text of the key with this id up to the secret.
    pub fn beginning(id: KeyId) -> String {
        format!("{PREFIX}{id}_")
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyText(…)")
    }
}

/// An API key from a request: the claimed id, and the hash of the secret. The secret itself is not
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedKey {
    id: KeyId,
    secret_hash: SecretHash,
}

/// The text is not an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct PresentedKeyError;

impl PresentedKey {
    /// Parses the text of a key.
    ///
    /// # Errors
    /// [`PresentedKeyError`] for any text that no key has. Signs, leading zeros, numbers out of
    /// range, and secrets of another length or spelling are such texts.
    pub fn parse(text: &str) -> Result<Self, PresentedKeyError> {
        Self::read(text).ok_or(PresentedKeyError)
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let id = id.parse().ok()?;
        let bytes: [u8; SECRET_BYTES] = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self { id, secret_hash: KeySecret(bytes).hash() })
    }

    #[cfg(test)]
    pub(super) fn of(id: KeyId, secret_hash: SecretHash) -> Self {
        Self { id, secret_hash }
    }

    /// Returns the claimed id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the hash of the secret.
    pub fn secret_hash(&self) -> SecretHash {
        self.secret_hash
    }
}

impl std::hash::Hash for PresentedKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.id, self.secret_hash.0).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::{KeyNumber, ShopId};

    use super::*;

    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn key(shop: i64, number: i64) -> KeyText {
        let bytes = std::array::from_fn(|place| u8::try_from(place).unwrap());
        KeyText::new(
            KeyId { shop: ShopId::new(shop).unwrap(), number: KeyNumber::new(number).unwrap() },
            &KeySecret(bytes),
        )
    }

    #[test]
    fn a_key_has_one_text_that_is_read_back() {
        assert_eq!(key(7, 42).as_str(), format!("hd_7-42_{SECRET}"));
        for (shop, number) in [(1, 1), (7, 42), (ShopId::MAX, i64::MAX)] {
            let text = key(shop, number);
            assert!(text.as_str().len() <= MAX_CHARS);
            let read = PresentedKey::parse(text.as_str()).unwrap();
            assert_eq!((read.id().shop.get(), read.id().number.get()), (shop, number));
        }
    }

    #[test]
    fn the_hash_is_sha_256_of_the_bytes() {
        let hash = PresentedKey::parse(key(1, 1).as_str()).unwrap().secret_hash().0;
        // printf '\0\1…\x1f' | sha256sum
        assert_eq!(hash[..4], [0x63, 0x0d, 0xcd, 0x29]);
    }

    #[test]
    fn other_texts_are_refused() {
        let short = &SECRET[..42];
        for text in [
            String::new(),
            "hd_".to_owned(),
            "hd_1-1".to_owned(),
            "hd_1-1_".to_owned(),
            format!("hd_1-1{SECRET}"),
            format!("hd_11_{SECRET}"),
            format!("hd__{SECRET}"),
            format!("hd_-_{SECRET}"),
            format!("hd_1-_{SECRET}"),
            format!("hd_-1_{SECRET}"),
            format!("hd_0-1_{SECRET}"),
            format!("hd_1-0_{SECRET}"),
            format!("hd_01-1_{SECRET}"),
            format!("hd_1-01_{SECRET}"),
            format!("hd_+1-1_{SECRET}"),
            format!("hd_1-+1_{SECRET}"),
            format!("hd_1--1_{SECRET}"),
            format!("hd_1-1-1_{SECRET}"),
            format!("hd_１-1_{SECRET}"),
            format!("hd_9007199254740992-1_{SECRET}"),
            format!("hd_1-9223372036854775808_{SECRET}"),
            format!("HD_1-1_{SECRET}"),
            format!("hd-1-1_{SECRET}"),
            format!(" hd_1-1_{SECRET}"),
            format!("hd_1-1_{SECRET} "),
            format!("hd_1-1_{SECRET}="),
            format!("hd_1-1_{SECRET}A"),
            format!("hd_1-1_{SECRET}\0"),
            format!("hd_1-1_{short}"),
            // The last character carries two bits that belong to no byte.
            format!("hd_1-1_{short}9"),
            format!("hd_1-1_{short}+"),
            format!("hd_1-1_{short}é"),
            "hd_1-1_\0".to_owned(),
            "é".repeat(40),
            "hd_".repeat(100_000),
            "\0".to_owned(),
        ] {
            assert_eq!(PresentedKey::parse(&text), Err(PresentedKeyError), "{text:.100}");
        }
    }

    #[test]
    fn secrets_are_not_in_the_debug_output() {
        let key = key(1, 1);
        assert_eq!(format!("{key:?}"), "KeyText(…)");
        let shown = format!("{:?}", PresentedKey::parse(key.as_str()).unwrap());
        assert!(shown.contains("SecretHash(…)"), "{shown}");
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(KeySecret::random().unwrap().0, KeySecret::random().unwrap().0);
    }
}
