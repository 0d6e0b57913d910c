//! The obligations of [`WebhookStore`](hexdesk_domain::WebhookStore).

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{
    AttemptResult, DeferredClaim, EventKind, IdempotentOutcome, KeyNumber, NewAttempt, NewWebhook, PageSize,
    SealedSecret, SecretRotation, ShopId, Snapshot, Storage, StorageErrorKind, Timestamp, Webhook,
    WebhookChanges, WebhookId, WebhookPayload,
};

use crate::cases::concurrency::race;
use crate::cases::once::webhook_update_takes_effect_once;
use crate::comparison::same;
use crate::events::settled_log::log_after;
use crate::samples::{
    at, create_shop, create_user, deferred_claim, joined_alike, longest_operations, stamp, text_of,
    user_by_email,
};

pub(crate) fn webhook_id(number: i64) -> anyhow::Result<WebhookId> {
    WebhookId::new(number).context("a webhook's id")
}

/// A webhook for all events.
pub(crate) fn new_webhook(id: i64) -> anyhow::Result<NewWebhook> {
    Ok(NewWebhook {
        id: webhook_id(id)?,
        url: format!("https://example.com/{id}"),
        kinds: None,
        payload: WebhookPayload::Full,
        ignore_key: None,
        secret: SealedSecret(vec![u8::try_from(id % 200)?; 80]),
    })
}

/// Creates a webhook, which must be accepted.
pub(crate) async fn create_webhook(
    storage: &dyn Storage,
    shop: ShopId,
    new: NewWebhook,
) -> anyhow::Result<Webhook> {
    match storage.create_webhook(shop, new, stamp(at(5)), None).await? {
        IdempotentOutcome::Ran(CreateWebhookOutcome::Created(webhook)) => Ok(*webhook),
        other => anyhow::bail!("a new webhook returned {other:?}"),
    }
}

pub(crate) async fn find_webhook(storage: &dyn Storage, webhook: &Webhook) -> anyhow::Result<Webhook> {
    storage.find_webhook(webhook.shop_id, webhook.id).await?.context("the webhook is not found")
}

fn update(changes: WebhookChanges, expected_version: Option<i64>, time: i64) -> WebhookUpdate {
    WebhookUpdate { changes, expected_version, stamp: stamp(at(time)) }
}

pub(crate) async fn update_webhook(
    storage: &dyn Storage,
    shop: ShopId,
    id: WebhookId,
    update: WebhookUpdate,
) -> anyhow::Result<UpdateWebhookOutcome> {
    match storage.update_webhook(shop, id, update, None).await? {
        IdempotentOutcome::Ran(outcome) => Ok(outcome),
        other => anyhow::bail!("an update without a key returned {other:?}"),
    }
}

fn to_url(url: &str) -> WebhookChanges {
    WebhookChanges { url: Some(url.into()), ..WebhookChanges::default() }
}

/// A webhook with every value that a creation can give.
fn full_webhook(id: i64) -> anyhow::Result<NewWebhook> {
    Ok(NewWebhook {
        url: text_of(2_000),
        kinds: Some([EventKind::TicketCreated, EventKind::WebhookDeleted].into()),
        payload: WebhookPayload::Thin,
        ignore_key: KeyNumber::new(i64::MAX),
        secret: SealedSecret((0..=u8::MAX).collect()),
        ..new_webhook(id)?
    })
}

/// WEBHOOK-1: a webhook is found as created, and reads the log from its own event on.
pub async fn webhook_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    create_user(&*storage, shop, user_by_email("before@example.com")).await?;
    let no_kinds = NewWebhook { kinds: Some([].into()), ..new_webhook(3)? };
    for new in [new_webhook(i64::MAX)?, full_webhook(2)?, no_kinds] {
        let webhook = create_webhook(&*storage, shop, new.clone()).await?;
        let expected = new.into_webhook(shop, at(5), webhook.place);
        same("a new webhook", &webhook, &expected)?;
        same("the webhook as found", &find_webhook(&*storage, &webhook).await?, &expected)?;
        let log = log_after(&*storage, shop, None, PageSize::MAX).await?;
        let last = log.last().context("an event")?;
        let Some(Snapshot::Webhook(logged)) = &last.snapshot else {
            anyhow::bail!("the last event is {last:?}");
        };
        same("the webhook of the last event", &logged.id, &webhook.id)?;
        same("the place of a new webhook", &webhook.place, &last.position)?;
        create_user(&*storage, shop, user_by_email(&format!("after-{}@example.com", log.len()))).await?;
    }
    Ok(())
}

/// WEBHOOK-2: a webhook belongs to its shop.
pub async fn webhook_2_shops_are_apart(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = create_shop(&*storage, "one.example.com").await?.id;
    let two = create_shop(&*storage, "two.example.com").await?.id;
    let webhook = create_webhook(&*storage, one, new_webhook(1)?).await?;
    let id = webhook.id;
    same("a webhook of another shop", &storage.find_webhook(two, id).await?, &None)?;
    same("the list of another shop", &storage.list_webhooks(two).await?, &Vec::new())?;
    let updated = update_webhook(&*storage, two, id, update(to_url("https://b.example"), None, 7)).await?;
    same("an update in another shop", &updated, &UpdateWebhookOutcome::NotFound)?;
    let deleted = storage.delete_webhook(two, id, None, stamp(at(7))).await?;
    same("a deletion in another shop", &deleted, &DeleteWebhookOutcome::NotFound)?;
    same("the webhook", &find_webhook(&*storage, &webhook).await?, &webhook)?;
    // The id is free in the other shop.
    let other = create_webhook(&*storage, two, NewWebhook { url: "u".into(), ..new_webhook(1)? }).await?;
    same("the webhook beside one with its id", &find_webhook(&*storage, &webhook).await?, &webhook)?;
    same("the other webhook", &find_webhook(&*storage, &other).await?, &other)
}

/// WEBHOOK-3: the list is in order of id.
pub async fn webhook_3_list_is_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let mut expected = Vec::new();
    for id in [5, 3, i64::MAX, 40] {
        expected.push(create_webhook(&*storage, shop, new_webhook(id)?).await?);
    }
    expected.sort_by_key(|webhook| webhook.id);
    same("the list", &storage.list_webhooks(shop).await?, &expected)?;
    let off = WebhookChanges { is_enabled: Some(false), ..WebhookChanges::default() };
    update_webhook(&*storage, shop, expected[1].id, update(off, None, 7)).await?;
    expected[1] = find_webhook(&*storage, &expected[1]).await?;
    same("the list with a disabled webhook", &storage.list_webhooks(shop).await?, &expected)
}

/// WEBHOOK-4: a shop has a maximum number of webhooks.
pub async fn webhook_4_shop_has_a_maximum(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let other = create_shop(&*storage, "two.example.com").await?.id;
    create_webhook(&*storage, other, new_webhook(900)?).await?;
    for id in 1..=i64::try_from(Webhook::MAX_OF_SHOP)? {
        create_webhook(&*storage, shop, new_webhook(id)?).await?;
    }
    let full = storage.list_webhooks(shop).await?;
    let refused = storage.create_webhook(shop, new_webhook(99)?, stamp(at(6)), None).await?;
    same("one webhook too many", &refused, &IdempotentOutcome::Ran(CreateWebhookOutcome::TooMany))?;
    same("the webhooks of the shop", &storage.list_webhooks(shop).await?, &full)?;
    create_webhook(&*storage, other, new_webhook(901)?).await?;
    storage.delete_webhook(shop, webhook_id(7)?, None, stamp(at(6))).await?;
    create_webhook(&*storage, shop, new_webhook(99)?).await?;
    Ok(())
}

/// WEBHOOK-5: an id that is taken fails the creation.
pub async fn webhook_5_taken_id_fails(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let webhook = create_webhook(&*storage, shop, new_webhook(1)?).await?;
    let again = storage.create_webhook(shop, full_webhook(1)?, stamp(at(6)), None).await;
    let Err(error) = again else { anyhow::bail!("a creation with a taken id returned {again:?}") };
    same("the kind of the failure", &error.kind, &StorageErrorKind::Unexpected)?;
    same("the webhook", &storage.list_webhooks(shop).await?, &vec![webhook])
}

/// WEBHOOK-6: an update makes its changes and nothing else.
pub async fn webhook_6_update_changes_what_it_says(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let mut expected = create_webhook(&*storage, shop, full_webhook(1)?).await?;
    let beside = create_webhook(&*storage, shop, full_webhook(2)?).await?;
    let secret = |byte: u8| SealedSecret(vec![byte; 60]);
    let rotation = |byte, former_ends_at| Some(SecretRotation { secret: secret(byte), former_ends_at });
    let changes = [
        WebhookChanges::default(),
        to_url("https://other.example.com"),
        to_url("https://other.example.com"),
        WebhookChanges {
            kinds: Some(None),
            payload: Some(WebhookPayload::Full),
            ..WebhookChanges::default()
        },
        WebhookChanges { ignore_key: Some(None), ..WebhookChanges::default() },
        WebhookChanges { rotation: rotation(1, Timestamp::MAX), ..WebhookChanges::default() },
        WebhookChanges { rotation: rotation(2, at(9)), ..WebhookChanges::default() },
        WebhookChanges { is_enabled: Some(false), ..WebhookChanges::default() },
        WebhookChanges { is_enabled: Some(false), ..WebhookChanges::default() },
        WebhookChanges { is_enabled: Some(true), kinds: Some(Some([].into())), ..WebhookChanges::default() },
    ];
    for (index, changes) in (10..).zip(changes) {
        let what = format!("the webhook after {changes:?}");
        expected.change(changes.clone(), at(index));
        let updated = update_webhook(&*storage, shop, expected.id, update(changes, None, index)).await?;
        same(&what, &updated, &UpdateWebhookOutcome::Updated(Box::new(expected.clone())))?;
        same(&what, &find_webhook(&*storage, &expected).await?, &expected)?;
    }
    same("the shop's other webhook", &find_webhook(&*storage, &beside).await?, &beside)
}

/// WEBHOOK-7: another version, or a missing webhook, is refused.
pub async fn webhook_7_other_version_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let webhook = create_webhook(&*storage, shop, new_webhook(1)?).await?;
    let id = webhook.id;
    let try_update = async |id, version| {
        update_webhook(&*storage, shop, id, update(to_url("https://b.example"), version, 7)).await
    };
    same("a missing webhook", &try_update(webhook_id(2)?, Some(1)).await?, &UpdateWebhookOutcome::NotFound)?;
    for version in [0, 2] {
        let mismatch = UpdateWebhookOutcome::VersionMismatch;
        same("an update of another version", &try_update(id, Some(version)).await?, &mismatch)?;
        let deleted = storage.delete_webhook(shop, id, Some(version), stamp(at(7))).await?;
        same("a deletion of another version", &deleted, &DeleteWebhookOutcome::VersionMismatch)?;
    }
    same("the webhook", &find_webhook(&*storage, &webhook).await?, &webhook)?;
    let UpdateWebhookOutcome::Updated(_) = try_update(id, Some(1)).await? else {
        anyhow::bail!("an update of the right version was refused");
    };
    let deleted = storage.delete_webhook(shop, id, Some(2), stamp(at(7))).await?;
    same("a deletion of the right version", &deleted, &DeleteWebhookOutcome::Deleted)?;
    let again = storage.delete_webhook(shop, id, Some(2), stamp(at(7))).await?;
    same("a deletion again", &again, &DeleteWebhookOutcome::NotFound)
}

/// WEBHOOK-8: a deletion removes the webhook alone.
pub async fn webhook_8_deletion_removes_it(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let webhook = create_webhook(&*storage, shop, new_webhook(1)?).await?;
    let other = create_webhook(&*storage, shop, new_webhook(2)?).await?;
    storage.plan_deliveries(shop, webhook.id, at(6), 10).await?;
    let made = NewAttempt { time: at(6), duration_millis: 1, result: AttemptResult::Status(200) };
    storage.note_test(shop, webhook.id, made).await?;
    let deleted = storage.delete_webhook(shop, webhook.id, None, stamp(at(7))).await?;
    same("a deletion", &deleted, &DeleteWebhookOutcome::Deleted)?;
    same("the deleted webhook", &storage.find_webhook(shop, webhook.id).await?, &None)?;
    same("the webhooks that are left", &storage.list_webhooks(shop).await?, &vec![other])?;
    let again = create_webhook(&*storage, shop, new_webhook(1)?).await?;
    let claimed = storage.claim_deliveries(shop, again.id, Timestamp::MAX, Timestamp::MAX, 10).await?;
    same("the deliveries of a new webhook", &claimed.map(|it| it.deliveries), &Some(Vec::new()))?;
    let attempts = storage.list_attempts(shop, again.id, None, PageSize::MAX).await?;
    same("the attempts of a new webhook", &attempts.map(|page| page.entries), &Some(Vec::new()))
}

/// WEBHOOK-9: every change is in the log, without a secret.
pub async fn webhook_9_changes_are_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let webhook = create_webhook(&*storage, shop, full_webhook(1)?).await?;
    let (id, mut now) = (webhook.id, webhook.clone());
    let mut expected = vec![(EventKind::WebhookCreated, at(5), Some(Snapshot::from(&webhook)))];
    let enabled = |is_enabled| WebhookChanges { is_enabled: Some(is_enabled), ..WebhookChanges::default() };
    let rotation = Some(SecretRotation { secret: SealedSecret(vec![9]), former_ends_at: at(99) });
    for (time, changes) in (10..).zip([
        to_url("https://other.example.com"),
        WebhookChanges::default(),
        enabled(false),
        enabled(false),
        to_url("https://third.example.com"),
        enabled(true),
        WebhookChanges { rotation, ..WebhookChanges::default() },
    ]) {
        if let Some(kind) = now.change(changes.clone(), at(time)) {
            expected.push((kind, at(time), Some(Snapshot::from(&now))));
        }
        update_webhook(&*storage, shop, id, update(changes, None, time)).await?;
    }
    update_webhook(&*storage, shop, id, update(to_url("u"), Some(1), 30)).await?;
    storage.delete_webhook(shop, id, Some(1), stamp(at(30))).await?;
    storage.delete_webhook(shop, id, None, stamp(at(31))).await?;
    storage.delete_webhook(shop, id, None, stamp(at(32))).await?;
    expected.push((EventKind::WebhookDeleted, at(31), None));
    let log = log_after(&*storage, shop, None, PageSize::MAX).await?;
    let logged: Vec<_> =
        log.into_iter().map(|event| (event.kind, event.stamp.time, event.snapshot)).collect();
    same("the log", &logged, &expected)
}

/// WEBHOOK-10: with a `DeferredClaim` a creation and an update take effect once.
pub async fn webhook_10_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let create = async |id: i64, request| {
        let claim = deferred_claim("create", request, b"created")?;
        anyhow::Ok(storage.create_webhook(shop, new_webhook(id)?, stamp(at(5)), Some(claim)).await?)
    };
    ensure!(
        matches!(create(1, 1).await?, IdempotentOutcome::Ran(_)),
        "a creation with a new key did not run"
    );
    let replayed = |answer: &[u8]| IdempotentOutcome::Replayed(answer.to_vec());
    same("the same creation again", &create(2, 1).await?, &replayed(b"created"))?;
    same("another creation", &create(2, 2).await?, &IdempotentOutcome::KeyReused)?;
    same("the number of webhooks", &storage.list_webhooks(shop).await?.len(), &1)?;
    let change = async |url: &str, request| {
        let claim = deferred_claim("update", request, b"updated")?;
        let update = update(to_url(url), None, 7);
        anyhow::Ok(storage.update_webhook(shop, webhook_id(1)?, update, Some(claim)).await?)
    };
    ensure!(
        matches!(change("a", 1).await?, IdempotentOutcome::Ran(_)),
        "an update with a new key did not run"
    );
    let mut again = change("b", 1).await?;
    same("the same update again", &again, &IdempotentOutcome::Replayed(b"updated".to_vec()))?;
    same("another update", &change("b", 2).await?, &IdempotentOutcome::KeyReused)?;
    same("the URL", &storage.list_webhooks(shop).await?[0].url.as_str(), &"a")?;
    // Operations are compared in full, and operation and key are two texts.
    let [one, two, ..] = longest_operations().map(|operation| (operation, "key".to_owned()));
    let [three, four, ..] = joined_alike("");
    let [five, six, seven, eight] = joined_alike(" ");
    for ((operation, key), id) in [one, two, three, four, five, six, seven, eight].into_iter().zip(2..) {
        let with_operation = |mut claim: DeferredClaim<_>| {
            claim.request.operation.clone_from(&operation);
            claim
        };
        let claim = Some(with_operation(deferred_claim(&key, 1, b"created")?));
        let outcome = storage.create_webhook(shop, new_webhook(id)?, stamp(at(5)), claim).await?;
        ensure!(matches!(outcome, IdempotentOutcome::Ran(_)), "{operation} and {key} returned {outcome:?}");
    }
    // The record is found before the webhook.
    storage.delete_webhook(shop, webhook_id(1)?, None, stamp(at(8))).await?;
    again = change("b", 1).await?;
    same("the update of a deleted webhook again", &again, &IdempotentOutcome::Replayed(b"updated".to_vec()))?;
    webhook_update_takes_effect_once(&storage).await
}

/// WEBHOOK-11: racing creations keep the maximum, and of racing updates of a version one takes
/// effect.
pub async fn webhook_11_racing_commands_keep_the_rules(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const RACERS: usize = 12;
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let room = 3;
    for id in 1..=i64::try_from(Webhook::MAX_OF_SHOP - room)? {
        create_webhook(&*storage, shop, new_webhook(id)?).await?;
    }
    let outcomes = race(RACERS, |racer| {
        let storage = Arc::clone(&storage);
        async move {
            let new = new_webhook(100 + i64::try_from(racer)?)?;
            Ok(storage.create_webhook(shop, new, stamp(at(6)), None).await?)
        }
    })
    .await?;
    let refused = IdempotentOutcome::Ran(CreateWebhookOutcome::TooMany);
    let created = outcomes.iter().filter(|outcome| **outcome != refused).count();
    same("the number of racing creations that took effect", &created, &room)?;
    same("the number of webhooks", &storage.list_webhooks(shop).await?.len(), &Webhook::MAX_OF_SHOP)?;
    let outcomes = race(RACERS, |racer| {
        let storage = Arc::clone(&storage);
        async move {
            let update = update(to_url(&format!("https://{racer}.example.com")), Some(1), 7);
            update_webhook(&*storage, shop, webhook_id(1)?, update).await
        }
    })
    .await?;
    let updated = outcomes.iter().filter(|outcome| matches!(outcome, UpdateWebhookOutcome::Updated(_)));
    same("the number of racing updates that took effect", &updated.count(), &1)?;
    let found = storage.find_webhook(shop, webhook_id(1)?).await?.context("the webhook")?;
    same("the version after racing updates", &found.version, &2)?;
    racing_creations_of_one_id(&storage, shop).await?;
    racing_deletion_leaves_nothing(&storage, shop).await
}

/// Of creations that race for one id, one takes effect, and the others fail.
async fn racing_creations_of_one_id(storage: &Arc<dyn Storage>, shop: ShopId) -> anyhow::Result<()> {
    // Room for every racer.
    for webhook in storage.list_webhooks(shop).await?.into_iter().skip(5) {
        storage.delete_webhook(shop, webhook.id, None, stamp(at(6))).await?;
    }
    for id in 200..203 {
        let created = race(12, |racer| {
            let storage = Arc::clone(storage);
            async move {
                let new = NewWebhook { url: format!("https://{racer}.example.com"), ..new_webhook(id)? };
                match storage.create_webhook(shop, new, stamp(at(6)), None).await {
                    Ok(IdempotentOutcome::Ran(CreateWebhookOutcome::Created(webhook))) => Ok(Some(webhook)),
                    Err(failed) if failed.kind == StorageErrorKind::Unexpected => Ok(None),
                    other => anyhow::bail!("a racing webhook returned {other:?}"),
                }
            }
        })
        .await?;
        let created: Vec<_> = created.into_iter().flatten().collect();
        same("the number of racing creations of one id", &created.len(), &1)?;
        let found = storage.find_webhook(shop, webhook_id(id)?).await?.map(Box::new);
        same("the webhook after the race", &found.as_ref(), &created.first())?;
    }
    Ok(())
}

/// One of racing deletions deletes. Updates, plans, claims and tests bring nothing back.
async fn racing_deletion_leaves_nothing(storage: &Arc<dyn Storage>, shop: ShopId) -> anyhow::Result<()> {
    for round in 0..4 {
        let id = webhook_id(300)?;
        create_webhook(&**storage, shop, new_webhook(300)?).await?;
        for user in 0..3 {
            let email = format!("{round}-{user}@example.com");
            create_user(&**storage, shop, user_by_email(&email)).await?;
        }
        let deleted = race(15, |racer| {
            let storage = Arc::clone(storage);
            async move {
                match racer % 5 {
                    0 => {
                        let url = to_url(&format!("https://{racer}.example.com"));
                        update_webhook(&*storage, shop, id, update(url, None, 7)).await?;
                    }
                    1 => drop(storage.plan_deliveries(shop, id, at(6), 10).await?),
                    2 => drop(storage.claim_deliveries(shop, id, at(6), at(9), 1).await?),
                    3 => {
                        let result = AttemptResult::Status(200);
                        let made = NewAttempt { time: at(6), duration_millis: 1, result };
                        storage.note_test(shop, id, made).await?;
                    }
                    _ => {
                        let deleted = storage.delete_webhook(shop, id, None, stamp(at(7))).await?;
                        return Ok(usize::from(deleted == DeleteWebhookOutcome::Deleted));
                    }
                }
                Ok(0)
            }
        })
        .await?;
        same("the number of racing deletions that deleted", &deleted.iter().sum(), &1)?;
        same("the webhook after the race", &storage.find_webhook(shop, id).await?, &None)?;
        create_webhook(&**storage, shop, new_webhook(300)?).await?;
        let claimed = storage.claim_deliveries(shop, id, Timestamp::MAX, Timestamp::MAX, 10).await?;
        same("the deliveries of a new webhook", &claimed.map(|it| it.deliveries), &Some(Vec::new()))?;
        let attempts = storage.list_attempts(shop, id, None, PageSize::MAX).await?;
        same("the attempts of a new webhook", &attempts.map(|page| page.entries), &Some(Vec::new()))?;
        storage.delete_webhook(shop, id, None, stamp(at(8))).await?;
    }
    Ok(())
}
