//! Webhooks, their deliveries and attempts. Webhook 1 of each shop has a delivery and an attempt for each
//! event. Webhook 2 has read a half of the log.

use hexdesk_domain::{
    Actor, AttemptResult, AuditStamp, DeliveryRange, EventPosition, NewAttempt, PageSize, Settlement, ShopId,
    Storage, WebhookId,
};

use super::{Call, LIMIT, Listed, Reads, second};

/// What is done with a shop's webhooks.
#[derive(Clone)]
pub(crate) enum WebhookCall {
    List,
    /// Of all shops.
    ListDue,
    /// Of webhook 2.
    Plan,
    /// Claims deliveries of webhook 1, and settles them.
    Deliver,
    /// Of webhook 1, before this number.
    ListAttempts(Option<i64>),
    CountEvents,
    /// By webhook 1.
    Replay,
    RemoveAttempts(u64),
}

impl WebhookCall {
    pub(super) async fn run(self, storage: &dyn Storage, shop: ShopId) -> u64 {
        let [first, other] = [1, 2].map(|id| WebhookId::new(id).unwrap());
        let now = second(1_000);
        let at = |change| EventPosition { change, part: 0 };
        let range = DeliveryRange { after: Some(at(100)), until: at(400) };
        match self {
            Self::List => storage.list_webhooks(shop).await.unwrap().len().try_into().unwrap(),
            Self::ListDue => storage.list_due_webhooks(now).await.unwrap().len().try_into().unwrap(),
            Self::Plan => storage.plan_deliveries(shop, other, now, LIMIT).await.unwrap().into(),
            Self::Deliver => {
                let claimed = storage.claim_deliveries(shop, first, now, second(2_000), LIMIT).await.unwrap();
                let settlements: Vec<Settlement> = claimed
                    .unwrap()
                    .deliveries
                    .iter()
                    .map(|claimed| {
                        let result = AttemptResult::Status(204);
                        Settlement {
                            position: claimed.event.position,
                            claim: claimed.claim,
                            attempt: NewAttempt { time: now, duration_millis: 1, result },
                            jitter: 0,
                            retry_after_millis: None,
                        }
                    })
                    .collect();
                let stamp = AuditStamp { actor: Actor::Server, time: now, request_id: None };
                let settled = storage.settle_deliveries(shop, first, settlements, stamp).await.unwrap();
                settled.len().try_into().unwrap()
            }
            Self::ListAttempts(before) => {
                let page = storage.list_attempts(shop, first, before, PageSize::of(LIMIT)).await.unwrap();
                page.unwrap().entries.len().try_into().unwrap()
            }
            Self::CountEvents => storage.count_events(shop, range, LIMIT.into()).await.unwrap(),
            Self::Replay => {
                storage.replay_deliveries(shop, first, range, now, LIMIT).await.unwrap().unwrap().deliveries
            }
            Self::RemoveAttempts(before) => {
                storage.remove_attempts(shop, second(before), LIMIT).await.unwrap()
            }
        }
    }
}

pub(super) fn calls(seconds: u64) -> Vec<Listed> {
    let of_webhook = "shop_id=? AND webhook_id=?";
    let due = format!("{of_webhook} AND due_at>? AND due_at<?");
    let subject = format!("{of_webhook} AND subject=?");
    let range = "shop_id=? AND change>? AND change<?";
    [
        ("webhooks", WebhookCall::List, "shop_id=?"),
        ("due webhooks", WebhookCall::ListDue, &*format!("{of_webhook} AND due_at<?")),
        ("the next events of a webhook", WebhookCall::Plan, range),
        ("the waiting deliveries of the next events", WebhookCall::Plan, &*subject),
        ("due deliveries", WebhookCall::Deliver, &*due),
        ("claimed deliveries", WebhookCall::Deliver, &*format!("{of_webhook} AND claimed_until>?")),
        ("the next delivery of a subject", WebhookCall::Deliver, &*subject),
        ("attempts", WebhookCall::ListAttempts(None), of_webhook),
        (
            "attempts after a place",
            WebhookCall::ListAttempts(Some(900)),
            &*format!("{of_webhook} AND number<?"),
        ),
        ("how many events of a range", WebhookCall::CountEvents, range),
        ("events of a range", WebhookCall::Replay, range),
        ("old attempts", WebhookCall::RemoveAttempts(seconds / 100), "shop_id=? AND time<?"),
    ]
    .map(|(name, call, enters)| Listed::new(name, Call::Webhook(call), Reads::Page, enters))
    .into_iter()
    .chain([Listed::new(
        "attempts of which none is old",
        Call::Webhook(WebhookCall::RemoveAttempts(0)),
        Reads::Page,
        "shop_id=? AND time<?",
    )
    .nothing()])
    .collect()
}
