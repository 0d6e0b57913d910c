//! Webhooks of a shop that is older than webhooks.

use hexdesk_domain::ports::{CreateCustomerOutcome, CreateWebhookOutcome};
use hexdesk_domain::{
    Actor, AuditStamp, CustomerDraft, DeliveryRange, EventKind, IdempotentOutcome, NewWebhook, SealedSecret,
    ShopId, Storage, Timestamp, WebhookId, WebhookPayload,
};

/// Checks that a webhook of an upgraded shop, which has this many events, sends what follows. The events
/// from before are sent by a replay only.
pub(crate) async fn check(storage: &dyn Storage, shop: ShopId, events: u64) {
    let stamp = AuditStamp {
        actor: Actor::Operator,
        time: Timestamp::parse("2026-12-01T10:00:00Z").unwrap(),
        request_id: None,
    };
    let now = stamp.time;
    assert_eq!(storage.list_webhooks(shop).await.unwrap(), []);
    assert_eq!(storage.list_due_webhooks(now).await.unwrap(), []);
    let id = WebhookId::new(7).unwrap();
    let new = NewWebhook {
        id,
        url: "https://example.com/".to_owned(),
        kinds: None,
        payload: WebhookPayload::Full,
        ignore_key: None,
        secret: SealedSecret(vec![7; 40]),
    };
    let created = storage.create_webhook(shop, new, stamp, None).await.unwrap();
    let IdempotentOutcome::Ran(CreateWebhookOutcome::Created(webhook)) = created else {
        panic!("{created:?}")
    };
    assert_eq!(storage.list_webhooks(shop).await.unwrap(), [(*webhook).clone()]);
    assert_eq!(storage.plan_deliveries(shop, id, now, 100).await.unwrap(), 0);

    let draft = CustomerDraft { email: Some("new@example.com".to_owned()), ..CustomerDraft::default() };
    let created = storage.create_customer(shop, draft.into_new(stamp).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_)) = created else { panic!("{created:?}") };
    assert_eq!(storage.list_due_webhooks(now).await.unwrap(), [(shop, id)]);
    assert_eq!(storage.plan_deliveries(shop, id, now, 100).await.unwrap(), 1);
    let until = now.saturating_add_millis(60_000);
    let claimed = storage.claim_deliveries(shop, id, now, until, 8).await.unwrap().unwrap();
    let kinds: Vec<_> = claimed.deliveries.iter().map(|claimed| claimed.event.kind).collect();
    assert_eq!(kinds, [EventKind::CustomerCreated]);

    let whole = DeliveryRange { after: None, until: webhook.place };
    assert_eq!(storage.count_events(shop, whole, 100).await.unwrap(), events + 1);
    let replayed = storage.replay_deliveries(shop, id, whole, now, 100).await.unwrap().unwrap();
    assert_eq!((replayed.deliveries, replayed.next), (events + 1, None));
}
