//! Webhooks: endpoints of a shop that receive its events.
//!
//! A webhook reads the shop's log from its place. Planning writes a delivery for each event that the
//! webhook wants, and moves the place. The sender claims deliveries that are due, makes an attempt and
//! settles it.

mod attempt;
mod changes;
mod delivery;
mod draft;
mod health;
mod manage;
mod queue;
mod schedule;
mod targets;
mod webhook;

pub use attempt::{Attempt, AttemptError, AttemptResult, NewAttempt};
pub use changes::{SecretRotation, WebhookChanges};
pub use delivery::{ClaimedDelivery, Delivery, DeliveryRange, Settlement, WebhookMessageId};
pub use draft::{WebhookChangesDraft, WebhookDraft, WebhookRotationDraft};
pub use health::{AfterAttempt, WebhookHealth};
pub use manage::{ManageWebhooks, ManageWebhooksError, ReplayOutcome, replay_events};
pub use queue::DeliveryQueue;
pub use targets::{AllowedTargetError, AllowedTargets, Network, TargetUrl, TargetUrlError, is_public};
pub use webhook::{
    DisabledReason, FormerSecret, NewWebhook, SealedSecret, Webhook, WebhookPayload, WebhookSnapshot,
    WebhookState,
};
