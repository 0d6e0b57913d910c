//! Idempotency: a caller names an operation with a key of its own, so that trying
//! again cannot do it twice.

use crate::limits::MAX_IDEMPOTENCY_KEY_CHARS;

/// The name a caller gives one operation: 1 to 255 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// The text cannot be an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 characters without control characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] if the text is empty, too long or holds a control character.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        let length = text.chars().count();
        if (1..=MAX_IDEMPOTENCY_KEY_CHARS).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A digest of everything a caller sent: two requests are the same if these are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// What the caller was told of the effect, kept for whoever asks again. Opaque to stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub Vec<u8>);

/// A caller's wish that an operation take effect once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRequest {
    /// What is being done. Keys of different operations have nothing to do with each other.
    pub operation: String,
    /// The caller's key.
    pub key: IdempotencyKey,
    /// What the caller sent.
    pub fingerprint: Fingerprint,
}

/// An [`IdempotencyRequest`] with the receipt to keep if the operation takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The request.
    pub request: IdempotencyRequest,
    /// The receipt.
    pub receipt: Receipt,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_bounds() {
        assert!(IdempotencyKey::parse("a").is_ok());
        assert!(IdempotencyKey::parse(&"é".repeat(255)).is_ok());
        for text in ["", &"a".repeat(256), "a\0", "a\nb"] {
            assert_eq!(IdempotencyKey::parse(text), Err(IdempotencyKeyError));
        }
    }
}
