//! Shared by the routes of webhooks: why a webhook was not created, changed or tested.

use hexdesk_domain::ManageWebhooksError;
use hexdesk_domain::ports::SecretSealerError;
use hexdesk_webhooks::WebhookSecret;

use crate::json_members::Members;
use crate::problem::Problem;
use crate::services::{ids_problem, storage_problem};

pub(super) fn problem(error: ManageWebhooksError, members: Members) -> Problem {
    match error {
        ManageWebhooksError::Invalid(violations) => members.problem(&violations),
        ManageWebhooksError::RetentionTooShort => Problem::event_retention_too_short(),
        ManageWebhooksError::Sealer(error) => sealer_problem(&error),
        ManageWebhooksError::Ids(error) => ids_problem(error),
        ManageWebhooksError::Storage(error) => storage_problem(error),
    }
}

/// Returns the problem of secrets that cannot be sealed or opened. Logs the remedy.
pub(super) fn sealer_problem(error: &SecretSealerError) -> Problem {
    const FAILED: &str = "the secret of a webhook cannot be sealed or opened";
    match error {
        SecretSealerError::KeyMissing | SecretSealerError::KeyUnknown(_) => {
            tracing::warn!(%error, "{FAILED}");
            Problem::secret_key_missing()
        }
        SecretSealerError::DoesNotOpen | SecretSealerError::Unusable(_) => {
            tracing::error!(%error, "{FAILED}");
            Problem::internal()
        }
    }
}

/// Creates a secret.
///
/// # Errors
/// 500 if the operating system gives no random bytes.
pub(super) fn new_secret() -> Result<WebhookSecret, Problem> {
    WebhookSecret::random().map_err(|error| {
        tracing::error!(%error, "no random bytes for the secret of a webhook");
        Problem::internal()
    })
}
