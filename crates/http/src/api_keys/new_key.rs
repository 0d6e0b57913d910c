//! Shared by creating and rotating a key: the secret, which is shown once.

use hexdesk_adapters::{KeySecret, KeyText};
use hexdesk_domain::{ApiKey, ManageApiKeysError, Timestamp};

use super::refusal;
use super::wire::NewApiKeyAnswer;
use crate::idempotency::StoredResponse;
use crate::json_members::Members;
use crate::problem::Problem;

/// Creates the secret of a new key.
///
/// # Errors
/// 500 if the operating system gives no random bytes.
pub(super) fn secret() -> Result<KeySecret, Problem> {
    KeySecret::random().map_err(|error| {
        tracing::error!(%error, "no random bytes for the secret of a key");
        Problem::internal()
    })
}

/// Returns the response about a key created at `now`. The first response holds the key's text, and
/// a repeated response does not.
pub(crate) fn answer(key: &ApiKey, text: Option<&KeyText>, now: Timestamp) -> StoredResponse {
    let location = format!("/api/v1/api-keys/{}", key.number.get());
    StoredResponse::created(Some(location), &NewApiKeyAnswer::new(key, text, now))
}

/// Returns the problem if no key was created.
pub(super) fn problem(error: ManageApiKeysError, members: Members) -> Problem {
    match error {
        ManageApiKeysError::Invalid(violations) => members.problem(&violations),
        error => refusal::problem(error, "make"),
    }
}
