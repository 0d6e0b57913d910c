//! The `Idempotency-Key` header, and the answer that is kept for who asks again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hexdesk_domain::{Fingerprint, IdempotencyKey, IdempotencyRequest, Receipt, ShopId};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The idempotency request that the header makes of a request with this body.
///
/// # Errors
/// 400 for a header that is no key, or is there twice.
pub(crate) fn requested(request: &HttpRequest, body: &[u8]) -> Result<Option<IdempotencyRequest>, Problem> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::invalid_parameter("Idempotency-Key must be there once"));
    }
    let key = std::str::from_utf8(value.as_bytes())
        .ok()
        .and_then(|text| IdempotencyKey::parse(text).ok())
        .ok_or_else(|| Problem::invalid_parameter("Idempotency-Key must be 1 to 255 characters"))?;
    Ok(Some(IdempotencyRequest {
        operation: operation(request.method(), request.path()),
        key,
        fingerprint: Fingerprint(Sha256::digest(body).into()),
    }))
}

fn operation(method: &Method, path: &str) -> String {
    format!("{method} {path}")
}

/// The idempotency keys of requests that are running in this process. A second request
/// with the same key is told at once, without waiting for the first at the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeysInUse(Arc<Mutex<HashSet<(ShopId, String, IdempotencyKey)>>>);

/// The sole use of a key, until it is dropped.
#[derive(Debug)]
pub(crate) struct KeyInUse {
    keys: KeysInUse,
    entry: (ShopId, String, IdempotencyKey),
}

impl KeysInUse {
    /// Begins to use the key.
    ///
    /// # Errors
    /// 409 if another request is using it.
    pub(crate) fn begin(&self, shop: ShopId, request: &IdempotencyRequest) -> Result<KeyInUse, Problem> {
        let entry = (shop, request.operation.clone(), request.key.clone());
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.clone()) {
            Ok(KeyInUse { keys: self.clone(), entry })
        } else {
            Err(Problem::idempotency_key_in_use())
        }
    }
}

impl Drop for KeyInUse {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}

/// A successful answer, as it is kept and sent: status, `Location`, and a JSON body.
///
/// As a receipt it is one line of status and location, then the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAnswer {
    status: StatusCode,
    location: String,
    body: Vec<u8>,
}

impl StoredAnswer {
    /// 201 with the place of what was created.
    pub(crate) fn created(location: String, body: Vec<u8>) -> Self {
        Self { status: StatusCode::CREATED, location, body }
    }

    /// The receipt to keep.
    pub(crate) fn into_receipt(self) -> Receipt {
        let mut receipt = format!("{} {}\n", self.status.as_u16(), self.location).into_bytes();
        receipt.extend_from_slice(&self.body);
        Receipt(receipt)
    }

    /// The answer that a receipt holds; `None` if it is none of ours.
    pub(crate) fn from_receipt(receipt: &Receipt) -> Option<Self> {
        let end_of_head = receipt.0.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = receipt.0.split_at_checked(end_of_head)?;
        let (status, location) = std::str::from_utf8(head).ok()?.split_once(' ')?;
        Some(Self {
            status: StatusCode::from_bytes(status.as_bytes()).ok()?,
            location: location.to_owned(),
            body: body.get(1..)?.to_vec(),
        })
    }

    /// The response.
    pub(crate) fn into_response(self, replayed: bool) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        response.insert_header((header::LOCATION, self.location)).content_type("application/json");
        if replayed {
            response.insert_header((IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")));
        }
        response.body(self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_survives_being_kept() {
        let answer = StoredAnswer::created("/api/v1/tickets/7".into(), b"{\"a\":\n1}".to_vec());
        assert_eq!(StoredAnswer::from_receipt(&answer.clone().into_receipt()), Some(answer));
        for garbage in ["", "\n", "201", "201\n", "abc /\n", "201 /"] {
            assert_eq!(StoredAnswer::from_receipt(&Receipt(garbage.into())), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_key_is_in_use_until_its_request_ends() {
        let keys = KeysInUse::default();
        let shop = ShopId::new(1).unwrap();
        let request = IdempotencyRequest {
            operation: "POST /".into(),
            key: IdempotencyKey::parse("k").unwrap(),
            fingerprint: Fingerprint([0; 32]),
        };
        let first = keys.begin(shop, &request).unwrap();
        assert_eq!(keys.begin(shop, &request).err(), Some(Problem::idempotency_key_in_use()));
        assert!(keys.begin(ShopId::new(2).unwrap(), &request).is_ok());
        drop(first);
        assert!(keys.begin(shop, &request).is_ok());
    }
}
