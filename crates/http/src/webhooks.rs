//! Webhooks: their settings, the messages that they send, and their JSON.

#[cfg(feature = "webhooks")]
pub(crate) mod messages;
#[cfg(feature = "webhooks")]
pub(crate) mod settings;
pub(crate) mod wire;

pub(crate) use wire::WebhookJson;
