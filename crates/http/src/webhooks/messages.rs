//! The bodies that webhooks send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hexdesk_domain::ports::SecretSealerError;
use hexdesk_domain::{
    Attempt, DeliveryStore, Event, SecretSealer, ShopDomain, ShopId, ShopStore, StorageError,
    StorageErrorKind, Timestamp, Webhook, WebhookId, WebhookMessageId, WebhookPayload,
};
use hexdesk_webhooks::{Message, RenderMessage, SigningSecrets, WebhookClient, WebhookSecret};
use serde::Serialize;

use crate::events;
use crate::json_values::{LongId, Time};

/// Renders events as `GET /api/v1/events` does.
pub(crate) struct EventMessages {
    shops: Arc<dyn ShopStore>,
    /// Domains of shops never change.
    domains: Mutex<HashMap<ShopId, ShopDomain>>,
}

impl EventMessages {
    pub(crate) fn new(shops: Arc<dyn ShopStore>) -> Self {
        Self { shops, domains: Mutex::default() }
    }

    fn known(&self, shop: ShopId) -> Option<ShopDomain> {
        self.domains.lock().unwrap_or_else(PoisonError::into_inner).get(&shop).cloned()
    }

    async fn domain(&self, id: ShopId) -> Result<ShopDomain, StorageError> {
        if let Some(domain) = self.known(id) {
            return Ok(domain);
        }
        let shops = self.shops.list_shops().await?;
        let domains = shops.into_iter().map(|shop| (shop.id, shop.domain));
        self.domains.lock().unwrap_or_else(PoisonError::into_inner).extend(domains);
        self.known(id).ok_or_else(|| {
            let missing = anyhow::anyhow!("there is no shop {id}");
            StorageError::new(StorageErrorKind::Unexpected, "list_shops", missing)
        })
    }
}

#[async_trait]
impl RenderMessage for EventMessages {
    async fn body(&self, webhook: &Webhook, event: &Event) -> Result<Vec<u8>, StorageError> {
        let domain = self.domain(event.shop_id).await?;
        let has_snapshot = webhook.payload == WebhookPayload::Full;
        events::message(event, domain.as_str(), has_snapshot)
            .map_err(|error| StorageError::new(StorageErrorKind::Unexpected, "render an event", error))
    }
}

/// The body of a test.
#[derive(Serialize)]
struct TestMessage {
    kind: &'static str,
    webhook: LongId,
    time: Time,
}

/// The reason why a test was not sent or not noted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TestError {
    /// The secrets of the webhook do not open.
    #[error(transparent)]
    Sealer(#[from] SecretSealerError),
    /// The message cannot be rendered.
    #[error("a test of a webhook cannot be rendered: {0}")]
    Render(#[from] serde_json::Error),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Sends a test message to the webhook, once, and notes the attempt. Returns `None` if the webhook was
/// deleted meanwhile.
///
/// # Errors
/// [`TestError`].
pub(crate) async fn send_test(
    webhook: &Webhook,
    sealer: &dyn SecretSealer,
    client: &WebhookClient,
    deliveries: &dyn DeliveryStore,
    now: Timestamp,
) -> Result<Option<Attempt>, TestError> {
    let message = test(webhook.id, now, SigningSecrets::open(sealer, webhook, now)?.secrets)?;
    let made = client.attempt(&webhook.url, &message).await.attempt;
    Ok(deliveries.note_test(webhook.shop_id, webhook.id, made).await?)
}

/// Returns the message of a test of this webhook.
fn test(
    webhook: WebhookId,
    now: Timestamp,
    secrets: Vec<WebhookSecret>,
) -> Result<Message, serde_json::Error> {
    let message = TestMessage { kind: "webhook.test", webhook: LongId(webhook.get()), time: Time(now) };
    let body = serde_json::to_vec(&message)?;
    Ok(Message { id: WebhookMessageId::Test(webhook, now), body, secrets })
}
