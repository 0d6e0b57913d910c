use std::sync::Arc;

use hexdesk_domain::ports::{Replayed, SettleOutcome};
use hexdesk_domain::{DeliveryRange, EventPosition, Storage};

use super::{OK, ShopWithWebhook, TIMEOUT, positions, settlement};
use crate::cases::concurrency::race;
use crate::cases::webhooks::webhook_id;
use crate::comparison::same;
use crate::samples::at;

/// After all events.
const END: EventPosition = EventPosition { change: i64::MAX, part: i64::MAX };

/// DELIVERY-14: a replay delivers events of the log again.
pub async fn delivery_14_replay_delivers_again(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    let users = fixture.add_users(3).await?;
    fixture.rename(&users[0], "renamed").await?;
    fixture.plan(10, 100).await?;
    let log = positions(&fixture.log().await?);
    fixture.deliver_all(100).await?;
    let place = fixture.found().await?.place;
    let replay = async |after: Option<EventPosition>, until, now, limit| {
        let range = DeliveryRange { after, until };
        anyhow::Ok(storage.replay_deliveries(shop, id, range, at(now), limit).await?)
    };
    let done = |deliveries, next| Some(Replayed { deliveries, next });
    same("a replay of one event", &replay(Some(log[1]), log[2], 200, 10).await?, &done(1, None))?;
    same("the claims before a replay", &fixture.claim(199, 10).await?, &Vec::new())?;
    same("the replayed event", &fixture.deliver_all(200).await?, &vec![log[2]])?;
    let first = replay(Some(fixture.webhook.place), END, 300, 2).await?;
    same("the first step", &first, &done(2, Some(log[1])))?;
    same("the last step", &replay(Some(log[1]), END, 300, 10).await?, &done(2, None))?;
    same("the place after replays", &fixture.found().await?.place, &place)?;
    let mut delivered = fixture.deliver_all(300).await?;
    delivered.sort_unstable();
    same("the replayed events", &delivered, &log)?;

    // A claim of a later event of the subject ends. A delivery that waits for a retry begins again.
    fixture.rename(&users[1], "renamed").await?;
    fixture.plan(400, 100).await?;
    let later = fixture.claim(400, 10).await?;
    same("the number of later events", &later.len(), &1)?;
    replay(Some(log[0]), log[1], 410, 10).await?;
    let stale = fixture.settle_all(vec![settlement(&later[0], 420, OK)]).await?;
    same("a settlement after a replay", &stale, &vec![SettleOutcome::Stale])?;
    for now in [410, 430] {
        let claimed = fixture.claim(now, 10).await?;
        let found: Vec<_> =
            claimed.iter().map(|delivery| (delivery.event.position, delivery.attempts)).collect();
        same("the events of a subject after a replay", &found, &vec![(log[1], 0)])?;
        let result = if now == 410 { TIMEOUT } else { OK };
        fixture.settle(settlement(&claimed[0], now, result)).await?;
        if now == 410 {
            replay(Some(log[0]), log[1], 430, 10).await?;
        }
    }
    same("the event after it", &fixture.deliver_all(500).await?, &vec![later[0].event.position])?;
    let range = DeliveryRange { after: None, until: END };
    let missing = storage.replay_deliveries(shop, webhook_id(9)?, range, at(500), 10).await?;
    same("a replay of a missing webhook", &missing, &None)?;
    racing_replays_and_plans_deliver_all(&storage).await
}

/// A replay and plans that run at the same time all add their deliveries.
async fn racing_replays_and_plans_deliver_all(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::of(&**storage, "racing.example.com").await?;
    let (shop, id) = (fixture.shop, fixture.webhook.id);
    for now in [10, 20, 30, 40] {
        let before = fixture.log().await?.len();
        fixture.add_users(4).await?;
        fixture.plan(now, 100).await?;
        fixture.deliver_all(now).await?;
        fixture.add_users(4).await?;
        let log = positions(&fixture.log().await?);
        let range = DeliveryRange { after: Some(fixture.webhook.place), until: log[before + 3] };
        race(12, |racer| {
            let storage = Arc::clone(storage);
            async move {
                if racer % 2 == 0 {
                    storage.plan_deliveries(shop, id, at(now), 2).await?;
                } else {
                    storage.replay_deliveries(shop, id, range, at(now), 100).await?;
                }
                Ok(())
            }
        })
        .await?;
        fixture.plan(now, 100).await?;
        let mut delivered = fixture.deliver_all(now).await?;
        delivered.sort_unstable();
        same("the events delivered after racing replays and plans", &delivered, &log)?;
    }
    Ok(())
}

/// DELIVERY-15: the events of a range are counted.
pub async fn delivery_15_range_is_counted(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithWebhook::create(&*storage).await?;
    fixture.add_users(5).await?;
    let log = positions(&fixture.log().await?);
    for (after, until, at_most, expected) in [
        (None, END, 100, 6),
        (Some(fixture.webhook.place), END, 100, 5),
        (Some(log[0]), log[3], 100, 3),
        (Some(log[0]), log[3], 2, 2),
        (Some(log[3]), log[0], 100, 0),
        (Some(log[4]), END, 100, 0),
    ] {
        let range = DeliveryRange { after, until };
        let counted = storage.count_events(fixture.shop, range, at_most).await?;
        same(&format!("the number of events in {range:?}"), &counted, &expected)?;
    }
    Ok(())
}
