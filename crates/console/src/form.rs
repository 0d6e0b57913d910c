//! The fields of a form.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use hexdesk_domain::{Fingerprint, IdempotencyKey, IdempotencyRequest, Receipt};
use sha2::{Digest, Sha256};

use crate::Failure;

/// The body of a form, as the caller has read it.
#[derive(Debug, Clone)]
pub struct FormBody(pub Bytes);

/// The fields of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the fields of a body or a query. Line breaks are one character, as in texts from elsewhere.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        let fields = form_urlencoded::parse(encoded).map(|(name, value)| {
            let value = if value.contains('\r') { value.replace("\r\n", "\n") } else { value.into_owned() };
            (name.into_owned(), value)
        });
        Self(fields.collect())
    }

    /// The fields of the query of a request.
    pub(crate) fn of_query(request: &HttpRequest) -> Self {
        Self::parse(request.query_string().as_bytes())
    }

    /// The text of a field: of the first, if it is repeated. A missing field is an empty one.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// The texts of a field that may be repeated.
    pub(crate) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The number in a field.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }
}

/// The name of the field with the idempotency key.
const KEY: &str = "key";

/// Says that a form was used before with other values.
pub(crate) const SENT_BEFORE: &str =
    "This form was already sent with other values, and those took effect. Send it again if you mean both.";

/// Says that the same form is being served right now.
pub(crate) fn in_progress() -> Failure {
    let sentence = "This form was sent twice. Wait a moment, go back, and look at what the first one did.";
    Failure::new(StatusCode::CONFLICT, "Sent twice", sentence)
}

impl Form {
    /// The request to take effect only once: with the form's key, and the digest of its other fields.
    pub(crate) fn once(&self, operation: &str) -> Option<IdempotencyRequest> {
        let key = IdempotencyKey::parse(self.text(KEY)).ok()?;
        let mut digest = Sha256::new();
        for (name, value) in self.0.iter().filter(|(name, _)| name != KEY) {
            digest.update(form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
            digest.update("&");
        }
        let fingerprint = Fingerprint(digest.finalize().into());
        Some(IdempotencyRequest { operation: operation.to_owned(), key, fingerprint })
    }
}

/// The receipt of a form that made or changed the thing with this number. It never holds a secret.
pub(crate) fn receipt(number: i64) -> Receipt {
    Receipt { response: number.to_string().into_bytes(), customer_id: None }
}

/// The number of a [`receipt`].
pub(crate) fn number_of(receipt: &[u8]) -> Option<i64> {
    std::str::from_utf8(receipt).ok()?.parse().ok()
}

/// Returns a new idempotency key for a form.
///
/// # Errors
/// If the system has no randomness.
pub(crate) fn new_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    #[expect(clippy::disallowed_methods, reason = "the keys of forms are made here only")]
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system has no randomness");
        Failure::internal()
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

impl FromRequest for Form {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let body = request.extensions().get::<FormBody>().map(|FormBody(body)| Self::parse(body));
        // The path of a form says where the user came from.
        let form = body.map(|Self(mut fields)| {
            fields.extend(Self::of_query(request).0);
            Self(fields)
        });
        ready(form.ok_or_else(Failure::internal))
    }
}
