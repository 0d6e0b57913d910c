//! Idempotency: a caller gives an operation a key, so that a retry cannot run it twice.

use std::sync::Arc;

use crate::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use crate::ports::CreateTicketOutcome;
use crate::{CustomerId, Timestamp};

/// The caller's name for one operation: 1 to 255 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// The text is not a valid idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 characters without control characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] if the text is empty, too long or has a control character.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        let length = text.chars().count();
        if (1..=MAX_IDEMPOTENCY_KEY_CHARS).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// Returns the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A digest of the whole request. Two requests are the same if their digests are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The stored response to an operation. A repeated request returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The response. Stores do not interpret it.
    pub response: Vec<u8>,
    /// The customer whose data the response holds. The receipt is erased with that customer.
    pub customer_id: Option<CustomerId>,
}

impl Receipt {
    /// Whether the response holds this text as a JSON string.
    pub fn holds(&self, text: &str) -> bool {
        let json = json_string(text);
        self.response.windows(json.len()).any(|bytes| bytes == json.as_bytes())
    }
}

/// Returns the text as a JSON string with its quotes, in the form in which responses are written.
pub fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..'\u{20}' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

/// A request that an operation take effect only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRequest {
    /// The operation, of at most
    /// [`MAX_IDEMPOTENCY_OPERATION_BYTES`](crate::limits::MAX_IDEMPOTENCY_OPERATION_BYTES). Each
    /// operation has keys of its own.
    pub operation: String,
    /// The caller's key.
    pub key: IdempotencyKey,
    /// The digest of the request.
    pub fingerprint: Fingerprint,
}

/// An [`IdempotencyRequest`] with the receipt to store if the operation takes effect. For
/// operations whose response is known before the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The request.
    pub request: IdempotencyRequest,
    /// The receipt.
    pub receipt: Receipt,
}

impl IdempotencyClaim {
    /// Returns the same claim for a helper that runs every operation with a [`DeferredClaim`]. Only a
    /// created ticket leaves the receipt (IDEMPOTENCY-4). `requested_at` is the time of the creation's
    /// [`AuditStamp`](crate::AuditStamp). The helper's outcome becomes the ticket's with
    /// `CreateTicketOutcome::from`.
    pub fn into_deferred(self, requested_at: Timestamp) -> DeferredClaim<CreateTicketOutcome> {
        let Self { request, receipt } = self;
        let receipt = move |outcome: &CreateTicketOutcome| {
            matches!(outcome, CreateTicketOutcome::Created).then(|| receipt.clone())
        };
        DeferredClaim { request, requested_at, receipt: Arc::new(receipt) }
    }
}

/// Renders the receipt of an outcome. Returns `None` for an outcome that leaves no record.
pub type RenderReceipt<T> = Arc<dyn Fn(&T) -> Option<Receipt> + Send + Sync>;

/// An [`IdempotencyRequest`] with a function that renders the receipt. For operations whose
/// response depends on the outcome. The store calls it in the operation's transaction.
#[derive(Clone)]
pub struct DeferredClaim<T: ?Sized> {
    /// The request.
    pub request: IdempotencyRequest,
    /// When the request was made: the time of the record.
    pub requested_at: Timestamp,
    /// Renders the receipt.
    pub receipt: RenderReceipt<T>,
}

impl<T: ?Sized> std::fmt::Debug for DeferredClaim<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DeferredClaim").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Outcome of an operation that may have been requested before.
///
/// A [`DeferredClaim`] holds the operation, its idempotency key and the fingerprint of the request.
/// It also holds a function that renders the receipt of an outcome: the response to store.
///
/// Every method that takes a [`DeferredClaim`] and returns an `IdempotentOutcome` has these
/// obligations. COMMENT-10, COMMENT-16, CUSTOMER-8, CUSTOMER-13, CUSTOMER-29, USER-6, TICKET-22, KEY-8 and
/// WEBHOOK-10 test them:
///
/// - The first use of a key runs the operation. If the outcome has a receipt, the record is written
///   in the operation's transaction. If it has none, no record is written. The receipt is rendered
///   from the returned outcome, within the transaction.
/// - A call with the same key and the same fingerprint returns `Replayed` with the response of the
///   first receipt, byte for byte, and does nothing else. This check comes before every other
///   check.
/// - A call with the same key and another fingerprint returns `KeyReused` and does nothing.
/// - Keys of different shops, or of different operations, are independent.
/// - Operations and keys are compared character for character, each by itself and in full.
///   Fingerprints are compared in all 32 bytes.
/// - If one batch holds the same key twice, the first item that leaves a record uses it. A later
///   item has the outcome that it would have in a later batch.
/// - Without a `DeferredClaim`, the operation runs and nothing is recorded.
/// - If operations with one key race, exactly one runs. The others return `Replayed` or
///   `InProgress`.
///
/// One obligation is about all of them together:
///
/// - **ONCE-1** The records of all methods share one space, including those of ticket creations. If
///   one method has recorded a shop, an operation and a key, every other method returns `Replayed`
///   or `KeyReused` for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotentOutcome<T> {
    /// The operation ran, with this outcome.
    Ran(T),
    /// The operation took effect before. This was its response.
    Replayed(Vec<u8>),
    /// The key was used for another request.
    KeyReused,
    /// The first request with the key is still running.
    InProgress,
}

impl From<IdempotentOutcome<Self>> for CreateTicketOutcome {
    fn from(outcome: IdempotentOutcome<Self>) -> Self {
        match outcome {
            IdempotentOutcome::Ran(outcome) => outcome,
            IdempotentOutcome::Replayed(response) => Self::Replayed(response),
            IdempotentOutcome::KeyReused => Self::KeyReused,
            IdempotentOutcome::InProgress => Self::InProgress,
        }
    }
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
    #[cfg(feature = "serde")]
    #[test]
    fn a_text_is_found_in_json() {
        let every: String = ('\0'..='\u{200}').chain("/🦀\u{2028}".chars()).collect();
        assert_eq!(json_string(&every), serde_json::to_string(&every).unwrap());
        let response = serde_json::json!({ "comment": { "text": every } }).to_string();
        let receipt = Receipt { response: response.into_bytes(), customer_id: None };
        assert!(receipt.holds(&every));
        assert!(!receipt.holds(&every[1..]));
    }

    #[test]
    fn only_a_created_ticket_leaves_its_receipt() {
        let request = IdempotencyRequest {
            operation: "create_ticket".into(),
            key: IdempotencyKey::parse("a").unwrap(),
            fingerprint: Fingerprint([1; 32]),
        };
        let receipt = Receipt { response: b"created".to_vec(), customer_id: None };
        let claim = IdempotencyClaim { request: request.clone(), receipt: receipt.clone() };
        let deferred = claim.into_deferred(Timestamp::MIN);
        assert_eq!((deferred.request, deferred.requested_at), (request, Timestamp::MIN));
        assert_eq!((deferred.receipt)(&CreateTicketOutcome::Created), Some(receipt));
        assert_eq!((deferred.receipt)(&CreateTicketOutcome::CustomerNotFound), None);
        assert_eq!((deferred.receipt)(&CreateTicketOutcome::AssigneeNotFound), None);
    }

    #[test]
    fn the_outcome_of_an_attempt_is_the_outcome_of_the_ticket() {
        for (attempt, outcome) in [
            (IdempotentOutcome::Ran(CreateTicketOutcome::Created), CreateTicketOutcome::Created),
            (IdempotentOutcome::Replayed(vec![7]), CreateTicketOutcome::Replayed(vec![7])),
            (IdempotentOutcome::KeyReused, CreateTicketOutcome::KeyReused),
            (IdempotentOutcome::InProgress, CreateTicketOutcome::InProgress),
        ] {
            assert_eq!(CreateTicketOutcome::from(attempt), outcome);
        }
    }
}
