use std::collections::BTreeSet;

use super::webhook::{DisabledReason, FormerSecret, SealedSecret, Webhook, WebhookPayload, WebhookState};
use crate::{EventKind, KeyNumber, Timestamp};

/// A new secret, and the end of the present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRotation {
    /// The new secret.
    pub secret: SealedSecret,
    /// The time from which the present secret signs nothing.
    pub former_ends_at: Timestamp,
}

/// Requested changes of a webhook. `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookChanges {
    /// The URL.
    pub url: Option<String>,
    /// The kinds to send; `Some(None)` sends all.
    pub kinds: Option<Option<BTreeSet<EventKind>>>,
    /// The parts of an event to send.
    pub payload: Option<WebhookPayload>,
    /// The key whose changes are not sent.
    pub ignore_key: Option<Option<KeyNumber>>,
    /// Whether it sends events. Enabling forgets its failures and keeps its place.
    pub is_enabled: Option<bool>,
    /// A new secret.
    pub rotation: Option<SecretRotation>,
}

impl Webhook {
    /// Makes these changes at `now`, and raises the version. Returns the kind of the event, or `None` if
    /// nothing changed.
    pub fn change(&mut self, changes: WebhookChanges, now: Timestamp) -> Option<EventKind> {
        let before = self.clone();
        let WebhookChanges { url, kinds, payload, ignore_key, is_enabled, rotation } = changes;
        if let Some(url) = url {
            self.url = url;
        }
        if let Some(kinds) = kinds {
            self.kinds = kinds;
        }
        if let Some(payload) = payload {
            self.payload = payload;
        }
        if let Some(ignore_key) = ignore_key {
            self.ignore_key = ignore_key;
        }
        match is_enabled {
            Some(true) if !self.is_enabled() => {
                self.state = WebhookState::Enabled;
                self.health = self.health.recovered();
            }
            Some(false) if self.is_enabled() => {
                self.state = WebhookState::Disabled { reason: DisabledReason::Requested, at: now };
            }
            _ => {}
        }
        if let Some(SecretRotation { secret, former_ends_at }) = rotation {
            let former = std::mem::replace(&mut self.secret, secret);
            self.former_secret = Some(FormerSecret { secret: former, ends_at: former_ends_at });
        }
        if *self == before {
            return None;
        }
        self.version = self.version.saturating_add(1);
        let is_disabled = before.is_enabled() && !self.is_enabled();
        Some(if is_disabled { EventKind::WebhookDisabled } else { EventKind::WebhookUpdated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WebhookHealth;
    use crate::samples;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    #[test]
    fn changes_raise_the_version_once() {
        let mut webhook = samples::webhook();
        let before = webhook.clone();
        assert_eq!(webhook.change(WebhookChanges::default(), at(5)), None);
        let same = WebhookChanges {
            url: Some(before.url.clone()),
            kinds: Some(before.kinds.clone()),
            payload: Some(before.payload),
            ignore_key: Some(before.ignore_key),
            is_enabled: Some(before.is_enabled()),
            rotation: None,
        };
        assert_eq!(webhook.change(same, at(5)), None);
        assert_eq!(webhook, before);
        let other = WebhookChanges {
            url: Some("https://other.example.com".into()),
            kinds: Some(None),
            ignore_key: Some(None),
            ..WebhookChanges::default()
        };
        assert_eq!(webhook.change(other, at(5)), Some(EventKind::WebhookUpdated));
        assert_eq!((webhook.version, webhook.kinds), (before.version + 1, None));
    }

    #[test]
    fn enabling_forgets_failures_and_keeps_the_place() {
        let mut webhook = samples::webhook();
        webhook.state = WebhookState::Enabled;
        webhook.health = WebhookHealth {
            failures: 7,
            failing_since: Some(at(1)),
            next_probe: Some(at(2)),
            last_attempt: 9,
            last_claim: 10,
        };
        let switch =
            |is_enabled| WebhookChanges { is_enabled: Some(is_enabled), ..WebhookChanges::default() };
        let place = webhook.place;
        assert_eq!(webhook.change(switch(false), at(5)), Some(EventKind::WebhookDisabled));
        assert_eq!(webhook.state, WebhookState::Disabled { reason: DisabledReason::Requested, at: at(5) });
        assert_eq!(webhook.change(switch(false), at(6)), None);
        assert_eq!(webhook.health.failures, 7);
        assert_eq!(webhook.change(switch(true), at(7)), Some(EventKind::WebhookUpdated));
        assert_eq!((webhook.state, webhook.place), (WebhookState::Enabled, place));
        assert_eq!(
            webhook.health,
            WebhookHealth { last_attempt: 9, last_claim: 10, ..WebhookHealth::default() }
        );
    }

    #[test]
    fn a_rotation_keeps_the_last_secret_only() {
        let mut webhook = samples::webhook();
        let first = webhook.secret.clone();
        let rotation = |byte, end| WebhookChanges {
            rotation: Some(SecretRotation { secret: SealedSecret(vec![byte]), former_ends_at: at(end) }),
            ..WebhookChanges::default()
        };
        assert_eq!(webhook.change(rotation(1, 10), at(1)), Some(EventKind::WebhookUpdated));
        assert_eq!(webhook.former_secret, Some(FormerSecret { secret: first, ends_at: at(10) }));
        assert_eq!(webhook.change(rotation(2, 20), at(2)), Some(EventKind::WebhookUpdated));
        let second = SealedSecret(vec![1]);
        assert_eq!(webhook.former_secret, Some(FormerSecret { secret: second, ends_at: at(20) }));
        assert_eq!(webhook.secret, SealedSecret(vec![2]));
    }
}
