use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::{ClaimedDelivery, Event, EventPosition, PageSize, Storage, Timestamp, Webhook};

use super::{OK, ShopWithWebhook, TIMEOUT, positions, settlement};
use crate::cases::concurrency::race;
use crate::cases::webhooks::webhook_id;
use crate::comparison::same;
use crate::events::settled_log::log_after;
use crate::samples::at;

fn claimed_positions(claimed: &[ClaimedDelivery]) -> Vec<EventPosition> {
    claimed.iter().map(|delivery| delivery.event.position).collect()
}

/// DELIVERY-3: due deliveries are claimed with their events, those that are due longest first.
pub async fn delivery_3_due_deliveries_are_claimed(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(3).await?;
    fixture.plan(100, 2).await?;
    fixture.plan(50, 1).await?;
    let log = fixture.log().await?;
    same("a claim before anything is due", &fixture.claim(49, 10).await?, &Vec::new())?;
    let claimed = fixture.claim(100, 2).await?;
    ensure!(claimed.iter().all(|delivery| delivery.attempts == 0), "a new delivery has attempts");
    let mut found: Vec<Event> = claimed.into_iter().map(|delivery| delivery.event).collect();
    found.sort_by_key(|event| event.position);
    same("the events that are due longest", &found, &vec![log[0].clone(), log[2].clone()])?;
    let rest = fixture.claim(100, 2).await?;
    same("the rest", &claimed_positions(&rest), &vec![log[1].position])?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let missing = storage.claim_deliveries(shop, webhook_id(9)?, at(100), at(200), 1).await?;
    same("a claim of a missing webhook", &missing, &None)?;
    let claimed = storage.claim_deliveries(shop, id, at(100), at(200), 1).await?.context("a claim")?;
    same("the webhook of a claim", &claimed.webhook, &fixture.found().await?)
}

/// DELIVERY-4: deliveries about one subject are claimed one after another, in the order of the log.
pub async fn delivery_4_one_subject_is_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let users = fixture.add_users(2).await?;
    for name in ["one", "two"] {
        fixture.rename(&users[0], name).await?;
    }
    // The deliveries of the first user are planned in two steps.
    fixture.plan(10, 3).await?;
    fixture.plan(10, 10).await?;
    let log = positions(&fixture.log().await?);
    let claimed = fixture.claim(10, 10).await?;
    let mut found = claimed_positions(&claimed);
    found.sort_unstable();
    same("the first of each subject", &found, &log[..2].to_vec())?;
    let mut now = 20;
    for delivery in &claimed {
        let result = if delivery.event.position == log[0] { TIMEOUT } else { OK };
        fixture.settle(settlement(delivery, now, result)).await?;
    }
    same("the rest while the first waits", &fixture.claim(30, 10).await?, &Vec::new())?;
    for attempts in 1..10_u32 {
        let (shop, id) = (fixture.shop, fixture.webhook.id);
        let noted = storage.list_attempts(shop, id, None, PageSize::MAX).await?.context("attempts")?;
        let due = noted.entries.iter().find_map(|attempt| attempt.next_due).context("a retry")?;
        now = due.unix_millis() - at(0).unix_millis();
        let claimed = fixture.claim(now, 10).await?;
        same("the retried event", &claimed_positions(&claimed), &vec![log[0]])?;
        same("the attempts before", &claimed[0].attempts, &attempts)?;
        fixture.settle(settlement(&claimed[0], now, TIMEOUT)).await?;
    }
    // It is given up now, and the webhook is probed.
    now += 60_001;
    let claimed = fixture.claim(now, 10).await?;
    same("the next of the subject", &claimed_positions(&claimed), &vec![log[2]])?;
    fixture.settle(settlement(&claimed[0], now, OK)).await?;
    same("the last before the end of the attempt", &fixture.claim(now, 10).await?, &Vec::new())?;
    same("the last", &claimed_positions(&fixture.claim(now + 1, 10).await?), &vec![log[3]])
}

/// DELIVERY-5: a claim is a lease.
pub async fn delivery_5_claim_is_a_lease(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(1).await?;
    fixture.plan(10, 10).await?;
    let mut numbers = BTreeSet::new();
    for round in 0..3 {
        let now = 10 + round * 1_000;
        let claimed = fixture.claim(now, 10).await?;
        let [delivery] = &*claimed else { anyhow::bail!("round {round}: {claimed:?}") };
        ensure!(numbers.insert(delivery.claim), "the claim number {} is used twice", delivery.claim);
        same("the attempts of an expired claim", &delivery.attempts, &0)?;
        for during in [now, now + 999] {
            same("a claim during the lease", &fixture.claim(during, 10).await?, &Vec::new())?;
        }
    }
    Ok(())
}

/// DELIVERY-6: claims have a maximum, and a failing webhook is probed.
pub async fn delivery_6_claims_have_a_maximum(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(20).await?;
    fixture.plan(10, 100).await?;
    let most = usize::try_from(Webhook::MAX_CLAIMED)?;
    let claimed = fixture.claim(10, 100).await?;
    same("the number of claims", &claimed.len(), &most)?;
    same("the number of further claims", &fixture.claim(11, 100).await?.len(), &0)?;
    for delivery in &claimed[..3] {
        fixture.settle(settlement(delivery, 10, OK)).await?;
    }
    same("the number of claims that are free again", &fixture.claim(12, 100).await?.len(), &3)?;
    for delivery in &claimed[3..] {
        fixture.settle(settlement(delivery, 12, TIMEOUT)).await?;
    }
    same("the claims before the first probe", &fixture.claim(60_012, 100).await?.len(), &0)?;
    same("the claims of a probe", &fixture.claim(60_013, 100).await?.len(), &1)?;
    same("the claims after a probe", &fixture.claim(120_012, 100).await?.len(), &0)?;
    let probe = fixture.claim(120_013, 100).await?;
    same("the claims of the second probe", &probe.len(), &1)?;
    fixture.settle(settlement(&probe[0], 120_013, OK)).await?;
    same("the claims after a success", &fixture.claim(120_014, 100).await?.len(), &most)
}

/// DELIVERY-7: racing claims share no delivery, and keep the maximum.
pub async fn delivery_7_racing_claims_share_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(20).await?;
    fixture.plan(10, 100).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let claimed = race(12, |_| {
        let storage = Arc::clone(&storage);
        async move { Ok(storage.claim_deliveries(shop, id, at(10), Timestamp::MAX, 2).await?) }
    })
    .await?;
    let claimed: Vec<_> = claimed.into_iter().flatten().flat_map(|claimed| claimed.deliveries).collect();
    let most = usize::try_from(Webhook::MAX_CLAIMED)?;
    same("the number of racing claims", &claimed.len(), &most)?;
    let events: BTreeSet<_> = claimed_positions(&claimed).into_iter().collect();
    same("the number of claimed events", &events.len(), &most)?;
    let numbers: BTreeSet<_> = claimed.iter().map(|delivery| delivery.claim).collect();
    same("the number of claim numbers", &numbers.len(), &most)
}

/// DELIVERY-8: an event that retention removed is not delivered, and blocks nothing.
pub async fn delivery_8_removed_event_is_not_delivered(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let users = fixture.add_users(12).await?;
    fixture.plan(10, 100).await?;
    let removed = storage.remove_events(fixture.shop, Timestamp::MAX, 1_000).await?;
    ensure!(removed >= 12, "only {removed} events are removed");
    fixture.rename(&users[0], "renamed").await?;
    fixture.plan(10, 100).await?;
    let last = log_after(&*storage, fixture.shop, None, PageSize::MAX).await?.pop().context("an event")?;
    let claimed = fixture.claim(10, 100).await?;
    same("the events that are left", &claimed_positions(&claimed), &vec![last.position])?;
    same("the due webhooks", &storage.list_due_webhooks(at(10)).await?, &Vec::new())
}
