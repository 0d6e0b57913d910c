//! Shared by creating, rotating and revoking a key: why the calling key could not do it.

use hexdesk_domain::ManageApiKeysError;

use crate::problem::Problem;
use crate::services::storage_problem;

/// Returns the problem if a key could not `make` or `revoke` another.
pub(super) fn problem(error: ManageApiKeysError, verb: &str) -> Problem {
    match error {
        // It was accepted because the server had cached it as live.
        ManageApiKeysError::HolderNotLive => Problem::invalid_api_key(),
        ManageApiKeysError::Exceeds(excess) => Problem::exceeds_own_key(verb, excess),
        ManageApiKeysError::KeyNotFound => Problem::api_key_not_found(),
        ManageApiKeysError::Storage(error) => storage_problem(error),
        // Only a draft is invalid, and `new_key` knows its members.
        ManageApiKeysError::Invalid(_) => Problem::internal(),
    }
}
