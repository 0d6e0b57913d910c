//! The state of a webhook, and what to do about it.

use hexdesk_domain::{DisabledReason, Timestamp, Webhook, WebhookState};

use crate::mark::Mark;
use crate::when::When;

/// Returns the state, and what to do.
pub(super) fn of(webhook: &Webhook, now: Timestamp) -> (Mark, String) {
    match webhook.state {
        WebhookState::Disabled { reason, at } => (Mark::ended("Disabled"), disabled(reason, at, now)),
        WebhookState::Enabled if webhook.health.failures == 0 => (Mark::works("Enabled"), String::new()),
        WebhookState::Enabled => (Mark::warns("Failing"), failing(webhook, now)),
    }
}

fn disabled(reason: DisabledReason, at: Timestamp, now: Timestamp) -> String {
    let since = When::new(at, now).exact;
    match reason {
        DisabledReason::Requested => {
            format!("Somebody disabled it on {since}. Enable it, and it goes on where it stopped.")
        }
        DisabledReason::Gone => format!(
            "The endpoint responded with 410 on {since}: it wants no more events. Correct the URL, send a test, \
             then enable it."
        ),
        DisabledReason::Failing => format!(
            "Every attempt failed for five days, until {since}. Mend the endpoint, send a test, then enable it: it \
             goes on where it stopped."
        ),
    }
}

fn failing(webhook: &Webhook, now: Timestamp) -> String {
    let failures = match webhook.health.failures {
        1 => "The last attempt failed.".to_owned(),
        failures => format!("The last {failures} attempts failed."),
    };
    let rest = if webhook.health.is_probing() {
        "One attempt a minute is made, and everything else waits."
    } else {
        "It is tried again by itself."
    };
    let until = webhook.health.disabled_from();
    let until =
        until.map(|from| format!(" Without a success it is disabled on {}.", When::new(from, now).exact));
    format!("{failures} {rest}{} The attempts say why.", until.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::{
        AttemptError, AttemptResult, EventPosition, NewAttempt, NewWebhook, SealedSecret, Settlement, ShopId,
        WebhookId, WebhookPayload,
    };

    use super::*;

    #[test]
    fn a_state_says_what_to_do() {
        let now = Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
        let mut webhook = NewWebhook {
            id: WebhookId::new(1).unwrap(),
            url: "https://example.com".to_owned(),
            kinds: None,
            payload: WebhookPayload::Full,
            ignore_key: None,
            secret: SealedSecret(Vec::new()),
        }
        .into_webhook(ShopId::new(1).unwrap(), now, EventPosition::START);
        assert_eq!(of(&webhook, now), (Mark::works("Enabled"), String::new()));
        let attempt =
            NewAttempt { time: now, duration_millis: 5, result: AttemptResult::Error(AttemptError::Timeout) };
        let position = EventPosition { change: 1, part: 0 };
        let settlement = Settlement { position, claim: 1, attempt, jitter: 0, retry_after_millis: None };
        for _ in 0..5 {
            webhook.after_attempt(&settlement, 0);
        }
        let (mark, advice) = of(&webhook, now);
        assert_eq!(mark, Mark::warns("Failing"));
        assert!(advice.contains("The last 5 attempts failed. One attempt a minute"), "{advice}");
        assert!(advice.contains("disabled on 5 Dec 2026, 12:00 UTC"), "{advice}");
        for (reason, part) in [
            (DisabledReason::Requested, "Somebody disabled it"),
            (DisabledReason::Gone, "410"),
            (DisabledReason::Failing, "five days"),
        ] {
            webhook.state = WebhookState::Disabled { reason, at: now };
            let (mark, advice) = of(&webhook, now);
            assert!(mark == Mark::ended("Disabled") && advice.contains(part), "{advice}");
        }
    }
}
