//! The `Idempotency-Key` header, and the stored response to a repeated request.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hexdesk_domain::{
    CustomerId, Fingerprint, IdempotencyKey, IdempotencyRequest, IdempotentOutcome, Receipt, ShopId,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Returns the idempotency request of the header, for a request with this body and these ids in its
/// path.
///
/// # Errors
/// 400 for an invalid or repeated header.
pub(crate) fn requested(
    request: &HttpRequest,
    ids: &[i64],
    body: &[u8],
) -> Result<Option<IdempotencyRequest>, Problem> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::invalid_parameter("Idempotency-Key must be there once"));
    }
    // Clients encode other characters in different ways, so a retry could miss its record.
    let is_ascii = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let text = value.to_str().ok().filter(|text| text.as_bytes().iter().all(is_ascii)).ok_or_else(|| {
        Problem::invalid_parameter("Idempotency-Key must hold visible ASCII characters only, such as a UUID")
    })?;
    let key = IdempotencyKey::parse(text)
        .map_err(|_| Problem::invalid_parameter("Idempotency-Key must be 1 to 255 characters"))?;
    Ok(Some(IdempotencyRequest {
        operation: operation(request, ids),
        key,
        fingerprint: Fingerprint(Sha256::digest(body).into()),
    }))
}

/// Returns the operation of a request: see [`operation_of`].
fn operation(request: &HttpRequest, ids: &[i64]) -> String {
    operation_of(request.method(), &request.match_pattern().unwrap_or_default(), ids)
}

/// Returns the method and the path. An id has one form here, because clients may write it in
/// several forms (`7`, `007`).
fn operation_of(method: &Method, pattern: &str, ids: &[i64]) -> String {
    let mut operation = format!("{method} ");
    let mut rest = pattern;
    for id in ids {
        let Some((start, (_, end))) =
            rest.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?)))
        else {
            break;
        };
        operation += start;
        operation += &id.to_string();
        rest = end;
    }
    operation + rest
}

/// The idempotency keys of the requests that run in this process. A second request with the same
/// key fails at once. It does not wait in the database for the first request.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeysInUse(Arc<Mutex<HashSet<Entry>>>);

type Entry = (ShopId, String, IdempotencyKey);

/// The exclusive use of a key, until it is dropped.
#[derive(Debug)]
pub(crate) struct KeyInUse {
    keys: KeysInUse,
    entry: Entry,
}

impl KeysInUse {
    /// Takes the request's key, if it has one.
    ///
    /// # Errors
    /// 409 if another request is using it.
    pub(crate) fn begin(
        &self,
        shop: ShopId,
        request: Option<&IdempotencyRequest>,
    ) -> Result<Option<KeyInUse>, Problem> {
        let Some(request) = request else { return Ok(None) };
        let entry = (shop, request.operation.clone(), request.key.clone());
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.clone()) {
            Ok(Some(KeyInUse { keys: self.clone(), entry }))
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

/// A successful response, as stored and sent: status, `Location`, `ETag` and JSON body.
///
/// A receipt is one line of status, location and entity tag, then the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredResponse {
    status: StatusCode,
    location: Option<String>,
    entity_tag: Option<String>,
    body: Vec<u8>,
}

impl StoredResponse {
    /// Returns a 200 response.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, location: None, entity_tag: None, body: json(body) }
    }

    /// Returns a 201 response, with the path of the created resource if it has one.
    pub(crate) fn created(location: Option<String>, body: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, location, entity_tag: None, body: json(body) }
    }

    /// Adds an `ETag`. It must not contain a space.
    pub(crate) fn with_entity_tag(self, entity_tag: String) -> Self {
        Self { entity_tag: Some(entity_tag), ..self }
    }

    /// Returns the receipt to store. `customer_id` is the customer whose data it holds, if any.
    pub(crate) fn into_receipt(self, customer_id: Option<CustomerId>) -> Receipt {
        let location = self.location.unwrap_or_default();
        let entity_tag = self.entity_tag.unwrap_or_default();
        let mut response = format!("{} {location} {entity_tag}\n", self.status.as_u16()).into_bytes();
        response.extend_from_slice(&self.body);
        Receipt { response, customer_id }
    }

    /// Reads the response from a receipt.
    ///
    /// # Errors
    /// 500 if Hexdesk did not write the receipt.
    pub(crate) fn from_receipt(answer: &[u8]) -> Result<Self, Problem> {
        Self::read(answer).ok_or_else(|| {
            tracing::error!("an idempotency record holds a response that Hexdesk did not write");
            Problem::internal()
        })
    }

    fn read(answer: &[u8]) -> Option<Self> {
        let end_of_head = answer.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = answer.split_at_checked(end_of_head)?;
        let mut head = std::str::from_utf8(head).ok()?.split(' ');
        let (status, location, entity_tag) = (head.next()?, head.next()?, head.next()?);
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Self {
            status: StatusCode::from_bytes(status.as_bytes()).ok()?,
            location: given(location),
            entity_tag: given(entity_tag),
            body: body.get(1..)?.to_vec(),
        })
    }

    /// Returns the HTTP response.
    pub(crate) fn into_response(self, replayed: bool) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        response.content_type("application/json");
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(entity_tag) = self.entity_tag {
            response.insert_header((header::ETAG, entity_tag));
        }
        if replayed {
            response.insert_header((IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")));
        }
        response.body(self.body)
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    // Serializing cannot fail: the types of responses have only string keys.
    serde_json::to_vec(body).unwrap_or_default()
}

/// Returns the response to an operation, or the stored response to an earlier request with the same
/// key. `answer` renders the response to an outcome.
///
/// # Errors
/// - 422 for a key that was used for another request
/// - 409 for a key that another request is using
/// - 410 if the response was removed with the text of a comment
/// - the errors of `answer`
pub(crate) fn respond<T>(
    outcome: IdempotentOutcome<T>,
    answer: impl FnOnce(T) -> Result<StoredResponse, Problem>,
) -> Result<HttpResponse, Problem> {
    match outcome {
        IdempotentOutcome::Ran(outcome) => Ok(answer(outcome)?.into_response(false)),
        IdempotentOutcome::Replayed(receipt) if receipt.is_empty() => Err(Problem::response_removed()),
        IdempotentOutcome::Replayed(receipt) => {
            Ok(StoredResponse::from_receipt(&receipt)?.into_response(true))
        }
        IdempotentOutcome::KeyReused => Err(Problem::idempotency_key_reused()),
        IdempotentOutcome::InProgress => Err(Problem::idempotency_key_in_use()),
    }
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::limits::MAX_IDEMPOTENCY_OPERATION_BYTES;

    use super::*;

    #[test]
    fn an_answer_survives_being_kept() {
        let customer = CustomerId::new(1);
        for answer in [
            StoredResponse::created(Some("/api/v1/tickets/7".into()), &["a\nb"]),
            StoredResponse::created(None, &1),
            StoredResponse::ok(&()),
            StoredResponse::ok(&()).with_entity_tag("\"1\"".into()),
        ] {
            let receipt = answer.clone().into_receipt(customer);
            assert_eq!(receipt.customer_id, customer);
            assert_eq!(StoredResponse::from_receipt(&receipt.response), Ok(answer));
        }
        for garbage in ["", "\n", "201", "201\n", "201 /\n", "abc / \n", "201 / "] {
            assert!(StoredResponse::from_receipt(garbage.as_bytes()).is_err(), "{garbage:?}");
        }
    }

    /// Stores rely on this bound. It is part of the storage contract.
    #[test]
    fn the_operation_of_every_route_is_short_enough() {
        let longest = crate::routes::ENDPOINTS
            .iter()
            .map(|endpoint| operation_of(&endpoint.method, endpoint.path, &[i64::MIN; 2]).len())
            .max();
        assert!(longest.is_some_and(|bytes| bytes <= MAX_IDEMPOTENCY_OPERATION_BYTES), "{longest:?}");
    }

    #[test]
    fn the_operation_has_every_id() {
        for (pattern, ids, operation) in [
            ("/a", &[][..], "PATCH /a"),
            ("/a/{b}/c", &[7], "PATCH /a/7/c"),
            ("/a/{b}/c/{d}", &[7, 8], "PATCH /a/7/c/8"),
            ("/a/{b}", &[], "PATCH /a/{b}"),
        ] {
            assert_eq!(operation_of(&Method::PATCH, pattern, ids), operation);
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
        let first = keys.begin(shop, Some(&request)).unwrap();
        assert_eq!(keys.begin(shop, Some(&request)).err(), Some(Problem::idempotency_key_in_use()));
        assert!(keys.begin(ShopId::new(2).unwrap(), Some(&request)).is_ok());
        drop(first);
        assert!(keys.begin(shop, Some(&request)).is_ok());
    }
}
