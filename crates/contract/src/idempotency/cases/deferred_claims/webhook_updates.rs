//! Updates of webhooks.

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{UpdateWebhookOutcome, WebhookUpdate};
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, PageSize, Receipt, Snapshot, Storage, Timestamp,
    WebhookChanges,
};

use super::{Operation, Thing, answer_of, shown};
use crate::cases::webhooks::{create_webhook, new_webhook, webhook_id};
use crate::events::settled_log::log_after;
use crate::samples::{ShopWithPeople, at, stamp};

/// Updates of one webhook: a shop has few. Each number is a URL.
pub(super) struct WebhookUpdates;

const WEBHOOK: i64 = 1;

fn url_of(number: i64) -> String {
    format!("https://example.com/update-{number}")
}

fn update_receipt(outcome: &UpdateWebhookOutcome) -> Option<Receipt> {
    let response = || Receipt { response: answer_of(outcome), customer_id: None };
    matches!(outcome, UpdateWebhookOutcome::Updated(_)).then(response)
}

#[async_trait]
impl Operation for WebhookUpdates {
    async fn prepare_shop(&self, storage: &dyn Storage, fixture: &ShopWithPeople) -> anyhow::Result<()> {
        create_webhook(storage, fixture.shop.id, new_webhook(WEBHOOK)?).await.map(drop)
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (Thing::New(number) | Thing::Refused(number)) = thing;
        let (id, expected_version) = match thing {
            Thing::New(_) => (WEBHOOK, None),
            Thing::Refused(_) if number % 2 == 0 => (404, None),
            Thing::Refused(_) => (WEBHOOK, Some(0)),
        };
        let changes = WebhookChanges { url: Some(url_of(number)), ..WebhookChanges::default() };
        let update = WebhookUpdate { changes, expected_version, stamp: stamp(at(11)) };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(update_receipt),
        });
        Ok(shown(storage.update_webhook(fixture.shop.id, webhook_id(id)?, update, claim).await?))
    }

    /// Looks into the log: the next update replaces the URL.
    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let url = url_of(number);
        let log = log_after(storage, fixture.shop.id, None, PageSize::MAX).await?;
        Ok(log.iter().any(|event| match &event.snapshot {
            Some(Snapshot::Webhook(webhook)) => webhook.url == url,
            _ => false,
        }))
    }
}
