//! The secrets that pages show once, and the tests of webhooks.

#[cfg(feature = "webhooks")]
use std::sync::Arc;

use hexdesk_adapters::{KeyId, KeySecret, KeyText};
#[cfg(feature = "webhooks")]
use hexdesk_console::{ConsoleWebhooks, NewWebhookSecret};
use hexdesk_console::{Failure, KeyTexts, NewKeySecret};
#[cfg(feature = "webhooks")]
use hexdesk_domain::Clock;

#[cfg(feature = "webhooks")]
use crate::services::WebhookServices;

/// The texts of API keys.
pub(crate) const KEY_TEXTS: KeyTexts = KeyTexts {
    new_secret: || {
        let secret = KeySecret::random().map_err(|error| no_random_bytes(&error))?;
        let hash = secret.hash();
        let text = Box::new(move |key: &_| secret.text(key).as_str().to_owned());
        Ok(NewKeySecret { hash, text })
    },
    beginning: |key| KeyText::beginning(KeyId { shop: key.shop_id, number: key.number }),
};

fn no_random_bytes(error: &dyn std::error::Error) -> Failure {
    tracing::error!(%error, "no random bytes for a secret");
    Failure::internal()
}

/// What the pages of webhooks use: the services of the routes.
#[cfg(feature = "webhooks")]
pub(crate) fn webhooks(services: &WebhookServices, clock: &Arc<dyn Clock>) -> ConsoleWebhooks {
    let (sealer, client) = (services.sealer.clone(), services.client.clone());
    let (deliveries, clock) = (services.deliveries.clone(), clock.clone());
    ConsoleWebhooks {
        manage: services.manage.clone(),
        store: services.store.clone(),
        deliveries: services.deliveries.clone(),
        new_secret: || {
            let secret =
                hexdesk_webhooks::WebhookSecret::random().map_err(|error| no_random_bytes(&error))?;
            Ok(NewWebhookSecret { bytes: secret.as_bytes().to_vec(), text: secret.text() })
        },
        test: Arc::new(move |webhook| {
            let (sealer, client) = (sealer.clone(), client.clone());
            let (deliveries, clock) = (deliveries.clone(), clock.clone());
            Box::pin(async move {
                crate::webhooks::test::send(&webhook, &*sealer, &client, &*deliveries, &*clock)
                    .await
                    .map_err(|problem| super::page_of(&problem))
            })
        }),
    }
}
