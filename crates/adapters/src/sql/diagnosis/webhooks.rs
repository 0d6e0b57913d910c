//! Checks of webhooks: their secrets and their failures.

use diesel::dsl::auto_type;
use diesel::prelude::*;
use hexdesk_domain::{
    Attempt, AttemptResult, DisabledReason, SecretSealer, Timestamp, Webhook, WebhookState,
};

use crate::finding::Finding;
use crate::sql::CorruptRow;
use crate::sql::deliveries::AttemptRow;
use crate::sql::schema::{shops, webhook_attempts, webhooks};
use crate::sql::webhooks::{WebhookRow, stored_webhook};

/// The webhooks of open shops, each with its last attempt.
#[auto_type]
pub(crate) fn webhooks_of_open_shops() -> _ {
    let last_attempt = webhook_attempts::shop_id
        .eq(webhooks::shop_id)
        .and(webhook_attempts::webhook_id.eq(webhooks::id))
        .and(webhook_attempts::number.eq(webhooks::last_attempt));
    webhooks::table
        .inner_join(shops::table.on(shops::id.eq(webhooks::shop_id)))
        .left_join(webhook_attempts::table.on(last_attempt))
        .filter(shops::closed_at.is_null())
        .order((shops::domain, webhooks::id))
}

/// A webhook of an open shop.
pub(super) struct Endpoint {
    shop: String,
    webhook: Webhook,
    last_attempt: Option<Attempt>,
}

impl TryFrom<(String, WebhookRow, Option<AttemptRow>)> for Endpoint {
    type Error = CorruptRow;

    fn try_from(
        (shop, webhook, attempt): (String, WebhookRow, Option<AttemptRow>),
    ) -> Result<Self, Self::Error> {
        let last_attempt = attempt.map(Attempt::try_from).transpose()?;
        Ok(Self { shop, webhook: stored_webhook(webhook)?, last_attempt })
    }
}

impl Endpoint {
    /// Describes a webhook that fails, or that failures have disabled.
    fn failure(&self) -> Option<Finding> {
        let Self { shop, webhook, last_attempt } = self;
        let (id, health) = (webhook.id, webhook.health);
        // The query of a URL may hold a token.
        let url = webhook.url.split(['?', '#']).next().unwrap_or_default();
        let last = last_attempt.as_ref().map(|last| {
            let of = if last.position.is_some() { "the last attempt" } else { "a test after them" };
            match last.made.result {
                AttemptResult::Status(status) => format!("{of} returned the status {status}"),
                AttemptResult::Error(error) => format!("{of} failed with {}", error.as_str()),
            }
        });
        let last = last.unwrap_or_else(|| "the last attempt is not known".to_owned());
        let test = format!("check it with `hexdesk webhook test --shop {shop} {id}`");
        let text = match webhook.state {
            WebhookState::Enabled => {
                let (since, until) = (health.failing_since?, health.disabled_from()?);
                format!(
                    "webhook {id} of {shop} to {url} has failed since {since}, failed attempts: {}; {last}; it is \
                     disabled if it still fails after {until}; {test}",
                    health.failures
                )
            }
            WebhookState::Disabled { reason: DisabledReason::Requested, .. } => return None,
            WebhookState::Disabled { reason, at } => {
                let why = match reason {
                    DisabledReason::Failing => "because every attempt failed for days",
                    _ => "because the endpoint returned the status 410",
                };
                format!(
                    "webhook {id} of {shop} to {url} was disabled at {at} {why}; {last}; {test}, then continue \
                     with `hexdesk webhook enable --shop {shop} {id}`"
                )
            }
        };
        Some(Finding::warning("webhook", text))
    }
}

/// The findings of all webhooks: none without webhooks. Without a sealer, secrets are not checked.
pub(super) fn findings(
    endpoints: &[Endpoint],
    sealer: Option<&dyn SecretSealer>,
    now: Timestamp,
) -> Vec<Finding> {
    if endpoints.is_empty() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = endpoints.iter().filter_map(Endpoint::failure).collect();
    if findings.is_empty() {
        let enabled = endpoints.iter().filter(|endpoint| endpoint.webhook.is_enabled()).count();
        let text = format!("{enabled} enabled, {} disabled, none fails", endpoints.len() - enabled);
        findings.push(Finding::ok("webhook", text));
    }
    findings.extend(sealer.map(|sealer| secrets(endpoints, sealer, now)));
    findings
}

fn secrets(endpoints: &[Endpoint], sealer: &dyn SecretSealer, now: Timestamp) -> Finding {
    let check = "webhook secrets";
    let all = endpoints.len();
    let opened = endpoints.iter().map(|endpoint| endpoint.webhook.open_secrets(sealer, now));
    let (unsigned, signed): (Vec<_>, Vec<_>) = opened.partition(|(opened, _)| opened.is_empty());
    if let Some((_, Some(first))) = unsigned.first() {
        return Finding::problem(
            check,
            format!(
                "{} of {all} do not open, so their webhooks send nothing: {first}; bring back the secret key \
                 file of the servers, and name it in this command, too; if it is lost, rotate the secrets of the \
                 webhooks over the API, or create the webhooks again",
                unsigned.len()
            ),
        );
    }
    let mut one_of_two = signed.iter().filter_map(|(_, closed)| closed.as_ref()).peekable();
    match one_of_two.peek().copied() {
        None => Finding::ok(check, format!("all can be opened: {all}")),
        Some(first) => Finding::warning(
            check,
            format!(
                "{} of {all} webhooks sign with one of two secrets, because the other does not open: {first}; \
                 give their receivers the new secret",
                one_of_two.count()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::ports::{SecretPlace, SecretSealerError};
    use hexdesk_domain::{
        EventPosition, FormerSecret, NewWebhook, SealedSecret, ShopId, WebhookId, WebhookPayload,
    };

    use super::*;
    use crate::finding::Severity;

    /// Opens secrets that are not empty.
    struct NotEmpty;

    impl SecretSealer for NotEmpty {
        fn seal(&self, _: SecretPlace, secret: &[u8]) -> Result<SealedSecret, SecretSealerError> {
            Ok(SealedSecret(secret.to_vec()))
        }

        fn open(&self, _: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, SecretSealerError> {
            if sealed.0.is_empty() { Err(SecretSealerError::DoesNotOpen) } else { Ok(sealed.0.clone()) }
        }
    }

    #[test]
    fn a_former_secret_that_does_not_open_is_a_warning_until_its_end() {
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        let endpoint = |secret: &[u8], former: &[u8]| {
            let new = NewWebhook {
                id: WebhookId::new(1).unwrap(),
                url: "https://example.com/".to_owned(),
                kinds: None,
                payload: WebhookPayload::Full,
                ignore_key: None,
                secret: SealedSecret(secret.to_vec()),
            };
            let mut webhook = new.into_webhook(ShopId::new(1).unwrap(), at(0), EventPosition::START);
            webhook.former_secret =
                Some(FormerSecret { secret: SealedSecret(former.to_vec()), ends_at: at(10) });
            Endpoint { shop: "shop.example.com".to_owned(), webhook, last_attempt: None }
        };
        let (good, rotated, lost) = (endpoint(b"1", b"2"), endpoint(b"1", b""), endpoint(b"", b""));
        for (endpoints, now, severity, text) in [
            (vec![&good, &good], 9, Severity::Ok, "all can be opened: 2"),
            (vec![&good, &rotated], 9, Severity::Warning, "1 of 2 webhooks sign with one of two secrets"),
            (vec![&good, &rotated], 10, Severity::Ok, "all can be opened: 2"),
            (vec![&good, &rotated, &lost], 9, Severity::Problem, "1 of 3 do not open"),
        ] {
            let copies: Vec<_> = endpoints
                .iter()
                .map(|it| Endpoint { shop: it.shop.clone(), webhook: it.webhook.clone(), last_attempt: None })
                .collect();
            let finding = secrets(&copies, &NotEmpty, at(now));
            assert_eq!(finding.severity, severity, "{finding:?}");
            assert!(finding.to_string().contains(text), "{finding:?}");
        }
    }
}
