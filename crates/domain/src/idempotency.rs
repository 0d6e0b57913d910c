//! Idempotency: a caller names an operation with a key of its own, so that trying
//! again cannot do it twice.

use std::sync::Arc;

use crate::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use crate::{CustomerId, Timestamp};

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

/// What the caller was told of the effect, kept for whoever asks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What it was told. Opaque to stores.
    pub answer: Vec<u8>,
    /// The customer whose data the answer holds, if it holds one's: the receipt is erased
    /// with that customer.
    pub customer_id: Option<CustomerId>,
}

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

/// An [`IdempotencyRequest`] with the receipt to keep if the operation takes effect: for
/// operations whose whole answer is known before the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The request.
    pub request: IdempotencyRequest,
    /// The receipt.
    pub receipt: Receipt,
}

/// Renders the receipt of an outcome; `None` for one that is a refusal, which leaves no
/// record.
pub type RenderReceipt<T> = Arc<dyn Fn(&T) -> Option<Receipt> + Send + Sync>;

/// An [`IdempotencyRequest`] with a way to tell the caller of an outcome: for operations
/// whose answer holds what the store hands out or finds. The store calls it within the
/// transaction of the operation.
#[derive(Clone)]
pub struct DeferredClaim<T: ?Sized> {
    /// The request.
    pub request: IdempotencyRequest,
    /// When the request was made, the time of the record.
    pub requested_at: Timestamp,
    /// What to keep of an outcome.
    pub receipt: RenderReceipt<T>,
}

impl<T: ?Sized> std::fmt::Debug for DeferredClaim<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DeferredClaim").field("request", &self.request).finish_non_exhaustive()
    }
}

/// What became of an operation that may have been asked for before.
///
/// Obligations of every method that takes a [`DeferredClaim`] and returns an `IdempotentOutcome`.
/// COMMENT-10, CUSTOMER-8, CUSTOMER-13, USER-6, TICKET-22 and KEY-8 test them for each:
///
/// - The first use of a key runs the operation; if its outcome has a receipt, the record
///   is written in the operation's transaction. An outcome without one leaves no record. The
///   receipt is rendered from the returned outcome, within the transaction.
/// - The same key with the same fingerprint answers `Replayed` with the first receipt's
///   answer, byte for byte, and does nothing else. This comes before every other check.
/// - The same key with another fingerprint answers `KeyReused` and does nothing.
/// - Keys of different shops or operations have nothing to do with each other; records of
///   all operations, the creation of tickets included, live in one space.
/// - Without a `DeferredClaim` the operation runs, and nothing is recorded.
/// - Of operations that race with one key exactly one runs; the others return `Replayed` or
///   `InProgress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotentOutcome<T> {
    /// The operation ran, with this outcome.
    Ran(T),
    /// It took effect before: what the caller was told then.
    Replayed(Vec<u8>),
    /// The key was used before for another request.
    KeyReused,
    /// The first use of the key has not ended yet.
    InProgress,
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
