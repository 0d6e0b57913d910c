use std::collections::BTreeSet;

use super::health::WebhookHealth;
use crate::ports::{SecretPlace, SecretSealerError};
use crate::{Actor, EventKind, EventPosition, KeyNumber, SecretSealer, ShopId, Timestamp, WebhookId};

/// The parts of an event that a webhook sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookPayload {
    /// The whole event with its snapshot.
    Full,
    /// The event without its snapshot.
    Thin,
}

impl WebhookPayload {
    /// Every payload.
    pub const ALL: &[Self] = &[Self::Full, Self::Thin];

    /// Its name: `full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Thin => "thin",
        }
    }

    /// Returns the payload with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == name)
    }
}

/// The reason why a webhook is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisabledReason {
    /// A caller disabled it.
    Requested,
    /// The endpoint returned 410.
    Gone,
    /// Every attempt failed for five days.
    Failing,
}

impl DisabledReason {
    /// Every reason.
    pub const ALL: &[Self] = &[Self::Requested, Self::Gone, Self::Failing];

    /// Its name: `requested`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    /// Returns the reason with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == name)
    }
}

/// Whether a webhook sends events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// It sends events.
    Enabled,
    /// It sends nothing, and keeps its place.
    Disabled {
        /// Why.
        reason: DisabledReason,
        /// Since when.
        at: Timestamp,
    },
}

/// A sealed secret: bytes that only the `SecretSealer` can open. They name the key that sealed them.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SealedSecret(…)")
    }
}

/// The secret before the last rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerSecret {
    /// The secret.
    pub secret: SealedSecret,
    /// The time from which it signs nothing.
    pub ends_at: Timestamp,
}

/// An endpoint that receives events of its shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The shop.
    pub shop_id: ShopId,
    /// Its id, unique within the shop.
    pub id: WebhookId,
    /// The URL that receives the events.
    pub url: String,
    /// The kinds of events to send. `None` sends all.
    pub kinds: Option<BTreeSet<EventKind>>,
    /// The parts of an event to send.
    pub payload: WebhookPayload,
    /// The key whose changes are not sent.
    pub ignore_key: Option<KeyNumber>,
    /// Whether it sends events.
    pub state: WebhookState,
    /// The secret that signs.
    pub secret: SealedSecret,
    /// The secret before the last rotation. It signs too until its end.
    pub former_secret: Option<FormerSecret>,
    /// When it was created.
    pub created_at: Timestamp,
    /// The number of the configuration. It begins with 1, and each change of the configuration or the
    /// state raises it.
    pub version: i64,
    /// The position in the shop's log up to which deliveries are planned.
    pub place: EventPosition,
    /// Its recent failures.
    pub health: WebhookHealth,
}

impl Webhook {
    /// The maximum number of webhooks of a shop.
    pub const MAX_OF_SHOP: usize = 20;

    /// The maximum number of its deliveries that are claimed at the same time.
    pub const MAX_CLAIMED: u32 = 8;

    /// Whether it sends events of this kind by this actor.
    pub fn wants(&self, kind: EventKind, actor: Actor) -> bool {
        let is_ignored = match actor {
            Actor::ApiKey { number, .. } => Some(number) == self.ignore_key,
            Actor::Operator | Actor::Server | Actor::User { .. } => false,
        };
        !is_ignored && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Whether it is enabled.
    pub const fn is_enabled(&self) -> bool {
        matches!(self.state, WebhookState::Enabled)
    }

    /// Opens the secrets that sign at `now`: its secret, and the former one until its end. Returns those
    /// that open, and the reason of the first that does not.
    pub fn open_secrets(
        &self,
        sealer: &dyn SecretSealer,
        now: Timestamp,
    ) -> (Vec<Vec<u8>>, Option<SecretSealerError>) {
        let former = self.former_secret.iter().filter(|former| now < former.ends_at);
        let place = SecretPlace::webhook(self.shop_id, self.id);
        let (mut opened, mut closed) = (Vec::new(), None);
        for sealed in std::iter::once(&self.secret).chain(former.map(|former| &former.secret)) {
            match sealer.open(place, sealed) {
                Ok(secret) => opened.push(secret),
                Err(error) => closed = closed.or(Some(error)),
            }
        }
        (opened, closed)
    }

    /// Disables it, unless it is disabled. Returns whether that changed it: a disabled webhook keeps its
    /// first reason.
    pub const fn disable(&mut self, reason: DisabledReason, at: Timestamp) -> bool {
        let is_change = self.is_enabled();
        if is_change {
            self.state = WebhookState::Disabled { reason, at };
            self.version = self.version.saturating_add(1);
        }
        is_change
    }

    /// The number of deliveries that may be claimed at `now`, if this many are claimed: none of a
    /// disabled webhook, and one if a probe is due.
    pub fn free_claims(&self, claimed: u32, now: Timestamp) -> u32 {
        if !self.is_enabled() || !self.health.allows_attempt(now) {
            return 0;
        }
        let most = if self.health.is_probing() { 1 } else { Self::MAX_CLAIMED };
        most.saturating_sub(claimed)
    }
}

/// A webhook to add. The caller gives it an id, because its secret is sealed for that id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// As in [`Webhook`].
    pub id: WebhookId,
    /// As in [`Webhook`].
    pub url: String,
    /// As in [`Webhook`].
    pub kinds: Option<BTreeSet<EventKind>>,
    /// As in [`Webhook`].
    pub payload: WebhookPayload,
    /// As in [`Webhook`].
    pub ignore_key: Option<KeyNumber>,
    /// As in [`Webhook`].
    pub secret: SealedSecret,
}

impl NewWebhook {
    /// Returns the enabled webhook of the shop that reads the log from this place.
    pub fn into_webhook(self, shop_id: ShopId, created_at: Timestamp, place: EventPosition) -> Webhook {
        let Self { id, url, kinds, payload, ignore_key, secret } = self;
        Webhook {
            shop_id,
            id,
            url,
            kinds,
            payload,
            ignore_key,
            state: WebhookState::Enabled,
            secret,
            former_secret: None,
            created_at,
            version: 1,
            place,
            health: WebhookHealth::default(),
        }
    }
}

/// A webhook in the event log: its configuration and state, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each as in `Webhook`")]
pub struct WebhookSnapshot {
    pub id: WebhookId,
    pub url: String,
    pub kinds: Option<BTreeSet<EventKind>>,
    pub payload: WebhookPayload,
    pub ignore_key: Option<KeyNumber>,
    pub state: WebhookState,
    /// The end of the former secret.
    pub former_secret_ends_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub version: i64,
}

impl From<&Webhook> for WebhookSnapshot {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url.clone(),
            kinds: webhook.kinds.clone(),
            payload: webhook.payload,
            ignore_key: webhook.ignore_key,
            state: webhook.state,
            former_secret_ends_at: webhook.former_secret.as_ref().map(|former| former.ends_at),
            created_at: webhook.created_at,
            version: webhook.version,
        }
    }
}
