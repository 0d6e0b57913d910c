//! What making a key and rotating one have in common: a secret, shown once.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use hexdesk_adapters::{KeySecret, KeyText};
use hexdesk_domain::{ApiKey, Attempt, ManageApiKeysError, Timestamp};

use super::wire::NewApiKeyAnswer;
use crate::idempotency::{self, StoredAnswer};
use crate::json_members::Members;
use crate::problem::Problem;
use crate::services::storage_problem;

/// The secret of a key that may be made.
///
/// # Errors
/// 500 if the operating system gives no random bytes.
pub(super) fn secret() -> Result<KeySecret, Problem> {
    KeySecret::random().map_err(|error| {
        tracing::error!(%error, "no random bytes for the secret of a key");
        Problem::internal()
    })
}

/// What the caller is told of a key made at `now`: with its text at first, without it when
/// asked again.
pub(super) fn answer(key: &ApiKey, text: Option<&KeyText>, now: Timestamp) -> StoredAnswer {
    let location = format!("/api/v1/api-keys/{}", key.number.get());
    StoredAnswer::created(Some(location), &NewApiKeyAnswer::new(key, text, now))
}

/// As [`idempotency::respond`], with an answer that nobody on its way may keep.
///
/// # Errors
/// As [`idempotency::respond`].
pub(super) fn respond<T>(
    attempt: Attempt<T>,
    answer: impl FnOnce(T) -> Result<StoredAnswer, Problem>,
) -> Result<HttpResponse, Problem> {
    let mut response = idempotency::respond(attempt, answer)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What a client is told when no key was made.
pub(super) fn problem(error: ManageApiKeysError, members: Members) -> Problem {
    match error {
        ManageApiKeysError::Invalid(violations) => members.problem(&violations),
        // It was let in by what the server remembered of it.
        ManageApiKeysError::HolderNotLive => Problem::invalid_api_key(),
        ManageApiKeysError::Exceeds(excess) => Problem::exceeds_own_key(excess),
        ManageApiKeysError::KeyNotFound => Problem::api_key_not_found(),
        ManageApiKeysError::Storage(error) => storage_problem(error),
    }
}
