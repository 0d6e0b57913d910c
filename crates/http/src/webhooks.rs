//! Webhooks: their routes and settings, the messages that they send, and their JSON.

#[cfg(feature = "webhooks")]
pub(crate) mod answers;
#[cfg(feature = "webhooks")]
pub(crate) mod bodies;
#[cfg(feature = "webhooks")]
pub(crate) mod create;
#[cfg(feature = "webhooks")]
pub(crate) mod delete;
#[cfg(feature = "webhooks")]
pub(crate) mod deliveries;
#[cfg(all(test, feature = "webhooks"))]
mod examples;
#[cfg(feature = "webhooks")]
pub(crate) mod find;
#[cfg(feature = "webhooks")]
pub(crate) mod list;
#[cfg(feature = "webhooks")]
pub(crate) mod messages;
#[cfg(feature = "webhooks")]
mod refusal;
#[cfg(feature = "webhooks")]
pub(crate) mod replay;
#[cfg(feature = "webhooks")]
pub(crate) mod rotate;
#[cfg(feature = "webhooks")]
pub(crate) mod settings;
#[cfg(feature = "webhooks")]
pub(crate) mod test;
#[cfg(feature = "webhooks")]
pub(crate) mod update;
pub(crate) mod wire;

pub(crate) use wire::WebhookJson;
