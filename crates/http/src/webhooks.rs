//! The webhook routes.

pub(crate) mod wire;

pub(crate) use wire::WebhookJson;
