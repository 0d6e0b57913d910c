use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{SettleOutcome, WebhookUpdate};
use hexdesk_domain::{
    Actor, Attempt, AttemptError, AttemptResult, DisabledReason, EventKind, NewAttempt, PageSize, Settlement,
    Snapshot, Storage, Timestamp, WebhookChanges, WebhookState,
};

use super::{OK, ShopWithWebhook, TIMEOUT, settlement};
use crate::cases::concurrency::race;
use crate::cases::webhooks::{update_webhook, webhook_id};
use crate::comparison::same;
use crate::samples::{at, create_shop, stamp};

async fn attempts(fixture: &ShopWithWebhook<'_>) -> anyhow::Result<Vec<Attempt>> {
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let page = fixture.storage.list_attempts(shop, id, None, PageSize::MAX).await?;
    Ok(page.context("the webhook is not found")?.entries)
}

/// DELIVERY-9: settling notes the attempt, and ends or delays the delivery.
pub async fn delivery_9_settling_notes_the_attempt(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    fixture.add_users(1).await?;
    fixture.plan(10, 10).await?;
    let event = fixture.log().await?.pop().context("an event")?;
    let (mut expected, mut now) = (Vec::new(), 10);
    let errors = AttemptError::ALL.iter().map(|error| AttemptResult::Error(*error));
    for (number, result) in (1..).zip(errors.chain([AttemptResult::Status(500), OK])) {
        let claimed = fixture.claim(now, 10).await?;
        let [delivery] = &*claimed else { anyhow::bail!("attempt {number}: {claimed:?}") };
        same("the attempts before", &i64::from(delivery.attempts), &(number - 1))?;
        let settlement = Settlement {
            attempt: NewAttempt { time: at(now), duration_millis: number * 3, result },
            jitter: 100,
            retry_after_millis: Some(7_000_000),
            ..settlement(delivery, now, result)
        };
        let mut webhook = fixture.found().await?;
        let attempt = webhook.settle(&settlement, event.kind, delivery.attempts);
        same("the number of the attempt", &attempt.number, &number)?;
        expected.insert(0, attempt);
        fixture.settle(settlement).await?;
        same("the webhook after an attempt", &fixture.found().await?, &webhook)?;
        same("the attempts", &attempts(&fixture).await?, &expected)?;
        if let Some(due) = attempt.next_due {
            let before = due.saturating_add_millis(-1);
            let early = storage.claim_deliveries(shop, id, before, Timestamp::MAX, 1).await?;
            same("the claims before a retry", &early.map(|it| it.deliveries), &Some(Vec::new()))?;
            now = due.unix_millis() - at(0).unix_millis();
        }
    }
    let later = storage.claim_deliveries(shop, id, Timestamp::MAX, Timestamp::MAX, 1).await?;
    same("the claims after a success", &later.map(|it| it.deliveries), &Some(Vec::new()))
}

/// DELIVERY-10: a stale settlement changes nothing.
pub async fn delivery_10_stale_settlement_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    use SettleOutcome::{Settled, Stale};
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(2).await?;
    fixture.plan(10, 10).await?;
    let first = fixture.claim(10, 10).await?;
    let second = fixture.claim(1_010, 10).await?;
    same("the number of claims", &(first.len(), second.len()), &(2, 2))?;
    let before = fixture.found().await?;
    let stale: Vec<_> = first.iter().map(|delivery| settlement(delivery, 20, OK)).collect();
    same("settlements of expired claims", &fixture.settle_all(stale.clone()).await?, &vec![Stale; 2])?;
    same("the webhook", &fixture.found().await?, &before)?;
    same("the attempts", &attempts(&fixture).await?, &Vec::new())?;
    let mixed = vec![
        stale[0],
        settlement(&second[0], 1_020, TIMEOUT),
        settlement(&second[0], 1_021, OK),
        settlement(&second[1], 1_022, OK),
        settlement(&second[1], 1_023, OK),
    ];
    let outcomes = fixture.settle_all(mixed).await?;
    same("mixed settlements", &outcomes, &vec![Stale, Settled, Stale, Settled, Stale])?;
    let noted = attempts(&fixture).await?;
    let results: Vec<_> = noted.iter().map(|attempt| (attempt.number, attempt.made.result)).collect();
    same("the attempts", &results, &vec![(2, OK), (1, TIMEOUT)])?;
    let retried = fixture.claim(100_000, 10).await?;
    same("the retried deliveries", &retried.len(), &1)?;
    // A lease that has ended without another claim is settled.
    fixture.settle(settlement(&retried[0], 900_000, OK)).await?;
    let missing = vec![stale[0]];
    let missing = storage.settle_deliveries(fixture.shop, webhook_id(9)?, missing, stamp(at(9))).await?;
    same("a settlement of a missing webhook", &missing, &vec![Stale])?;
    racing_settlements_are_all_noted(&storage, &fixture).await
}

/// Settlements, tests and updates of a webhook that race take effect one after another.
async fn racing_settlements_are_all_noted(
    storage: &Arc<dyn Storage>,
    fixture: &ShopWithWebhook<'_>,
) -> anyhow::Result<()> {
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    for round in 0..3 {
        fixture.plan(2_000_000, 100).await?;
        fixture.deliver_all(2_000_000).await?;
        let noted = attempts(fixture).await?.len() + 4 + 2;
        fixture.add_users(4).await?;
        fixture.plan(2_000_000, 100).await?;
        let claimed = fixture.claim(2_000_000, 4).await?;
        same("the number of claims", &claimed.len(), &4)?;
        let name = format!("https://{round}.example.com");
        // Two settle each delivery.
        let settled = race(12, |racer| {
            let storage = Arc::clone(storage);
            let (delivery, name) = (claimed.get(racer / 2).cloned(), name.clone());
            async move {
                if let Some(delivery) = delivery {
                    let settlements = vec![settlement(&delivery, 2_000_000, OK)];
                    let outcomes = storage.settle_deliveries(shop, id, settlements, stamp(at(9))).await?;
                    return Ok(usize::from(outcomes == [SettleOutcome::Settled]));
                }
                if racer % 2 == 1 {
                    let changes = WebhookChanges { url: Some(name), ..WebhookChanges::default() };
                    let update = WebhookUpdate { changes, expected_version: None, stamp: stamp(at(9)) };
                    update_webhook(&*storage, shop, id, update).await?;
                    return Ok(0);
                }
                let made = NewAttempt { time: at(9), duration_millis: 1, result: OK };
                storage.note_test(shop, id, made).await?;
                Ok(0)
            }
        })
        .await?;
        same("the number of racing settlements that settled", &settled.iter().sum(), &4)?;
        let numbers: Vec<_> = attempts(fixture).await?.iter().map(|attempt| attempt.number).collect();
        same("the numbers of the attempts", &numbers, &(1..=i64::try_from(noted)?).rev().collect())?;
        let found = fixture.found().await?;
        same("the URL and version after racing updates", &(found.url, found.version), &(name, round + 2))?;
        same("the deliveries after racing settlements", &fixture.deliver_all(3_000_000).await?, &Vec::new())?;
    }
    Ok(())
}

/// DELIVERY-11: an attempt that disables the webhook is logged.
pub async fn delivery_11_disabling_is_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(2).await?;
    fixture.plan(10, 10).await?;
    let claimed = fixture.claim(10, 10).await?;
    let gone = AttemptResult::Status(410);
    let settlements = claimed.iter().map(|delivery| settlement(delivery, 20, gone)).collect();
    same("settlements", &fixture.settle_all(settlements).await?, &vec![SettleOutcome::Settled; 2])?;
    let webhook = fixture.found().await?;
    let disabled = WebhookState::Disabled { reason: DisabledReason::Gone, at: at(21) };
    same("the state after a 410", &webhook.state, &disabled)?;
    let log = fixture.log().await?;
    let logged: Vec<_> = log.iter().filter(|event| event.kind == EventKind::WebhookDisabled).collect();
    let [event] = &*logged else { anyhow::bail!("the log holds {logged:?}") };
    same("the actor", &(event.stamp.actor, event.stamp.time), &(Actor::Server, at(77)))?;
    same("the snapshot", &event.snapshot, &Some(Snapshot::from(&webhook)))?;
    same("the claims", &fixture.claim(1_000_000, 10).await?, &Vec::new())
}

/// DELIVERY-13: attempts are listed latest first.
pub async fn delivery_13_attempts_are_listed_latest_first(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    for number in 0..7 {
        let made = NewAttempt { time: at(100 - number), duration_millis: number, result: OK };
        storage.note_test(shop, id, made).await?;
    }
    let all = attempts(&fixture).await?;
    let numbers: Vec<_> = all.iter().map(|attempt| attempt.number).collect();
    same("the numbers", &numbers, &(1..=7).rev().collect())?;
    for entries in [1, 2, 7, 8] {
        let (mut listed, mut before) = (Vec::new(), None);
        for _ in 0..8 {
            let size = PageSize::of(entries);
            let page = storage.list_attempts(shop, id, before, size).await?.context("a page")?;
            let is_full = u32::try_from(page.entries.len())? == entries;
            anyhow::ensure!(is_full || page.next.is_none(), "a page is not full: {page:?}");
            anyhow::ensure!(!page.entries.is_empty(), "the page after {before:?} is empty");
            listed.extend(page.entries);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        same(&format!("the pages of {entries} attempts"), &listed, &all)?;
        same("the position after the last page", &before, &None)?;
    }
    let missing = storage.list_attempts(shop, webhook_id(9)?, None, PageSize::MAX).await?;
    same("the attempts of a missing webhook", &missing, &None)
}

/// DELIVERY-16: a test is an attempt of no delivery.
pub async fn delivery_16_test_is_an_attempt(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let made = NewAttempt { time: at(5), duration_millis: 3, result: TIMEOUT };
    let mut expected = fixture.found().await?;
    let attempt = expected.note_test(made);
    same("a test", &storage.note_test(shop, id, made).await?, &Some(attempt))?;
    same("the webhook after a test", &fixture.found().await?, &expected)?;
    same("the attempts", &attempts(&fixture).await?, &vec![attempt])?;
    same("a test of a missing webhook", &storage.note_test(shop, webhook_id(9)?, made).await?, &None)
}

/// RETENTION-5: a step removes old attempts of the shop.
pub async fn retention_5_removes_old_attempts(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    for time in [1, 9, 2, 10, 3, 4] {
        let made = NewAttempt { time: at(time), duration_millis: 100, result: OK };
        storage.note_test(shop, id, made).await?;
    }
    let other = create_shop(&*storage, "two.example.com").await?.id;
    same("a step in another shop", &storage.remove_attempts(other, at(10), 100).await?, &0)?;
    for removed in [3, 2, 0] {
        same("the removed attempts", &storage.remove_attempts(shop, at(10), 3).await?, &removed)?;
    }
    let left: Vec<_> = attempts(&fixture).await?.iter().map(|attempt| attempt.number).collect();
    same("the attempts that are left", &left, &vec![4])?;
    same("the last step", &storage.remove_attempts(shop, Timestamp::MAX, 3).await?, &1)?;
    let made = NewAttempt { time: at(20), duration_millis: 1, result: OK };
    let next = storage.note_test(shop, id, made).await?;
    same("the number of the next attempt", &next.map(|attempt| attempt.number), &Some(7))
}
