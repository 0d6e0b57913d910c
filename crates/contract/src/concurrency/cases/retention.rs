//! Concurrent steps of retention.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{AttemptResult, NewAttempt, PageSize, Storage, Timestamp};

use super::race;
use crate::cases::webhooks::{create_webhook, new_webhook};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{ShopWithPeople, at, claim, claimed, create_ticket, expect_outcomes, stamp};

const RACERS: usize = 6;
const OLD: i64 = 90;
const YOUNG: i64 = 10;
/// The maximum of a step. It does not divide the number of old records.
const LIMIT: u32 = 7;

/// RETENTION-4: steps that run at the same time remove each record, event and attempt once, until nothing
/// old is left.
pub async fn retention_4_racing_steps_remove_everything_once(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let shop = fixture.shop.id;
    let webhook = create_webhook(&*storage, shop, new_webhook(1)?).await?.id;
    for time in [0, 1_000].into_iter().cycle().take(2 * 20) {
        let made = NewAttempt { time: at(time), duration_millis: 1, result: AttemptResult::Status(200) };
        storage.note_test(shop, webhook, made).await?;
    }
    let item = |id: i64, time: Timestamp| -> anyhow::Result<TicketCreation> {
        let item = claimed(fixture.ticket(id)?, claim(&format!("key {id}"), 1, b"receipt")?);
        Ok(TicketCreation { stamp: stamp(time), ..item })
    };
    let limit = at(1_000);
    let times = (1..).zip((0..OLD).map(|_| at(0)).chain((0..YOUNG).map(|_| limit)));
    let batch: Vec<_> = times.map(|(id, time)| item(id, time)).collect::<anyhow::Result<_>>()?;
    let created = vec![CreateTicketOutcome::Created; batch.len()];
    expect_outcomes(&*storage, "the tickets", batch, &created).await?;
    // A step removes only events that are in the log.
    settled_log(&*storage, shop, stamp(limit)).await?;

    let removed = race(RACERS, |_| {
        let storage = Arc::clone(&storage);
        async move {
            let (mut records, mut events, mut attempts) = (0, 0, 0);
            loop {
                let step = storage.remove_idempotency_records(limit, LIMIT).await?;
                records += step;
                if step < u64::from(LIMIT) {
                    break;
                }
            }
            loop {
                let step = storage.remove_events(shop, limit, LIMIT).await?;
                events += step;
                if step < u64::from(LIMIT) {
                    break;
                }
            }
            loop {
                let step = storage.remove_attempts(shop, limit, LIMIT).await?;
                attempts += step;
                if step < u64::from(LIMIT) {
                    return Ok((records, events, attempts));
                }
            }
        }
    })
    .await?;
    let old = u64::try_from(OLD)?;
    same("the number of removed records", &removed.iter().map(|(records, ..)| records).sum(), &old)?;
    // Of the customer, the user, the webhook and the tickets.
    same("the number of removed events", &removed.iter().map(|(_, events, _)| events).sum(), &(old + 3))?;
    same("the number of removed attempts", &removed.iter().map(|(.., attempts)| attempts).sum(), &20)?;
    let left = storage.list_attempts(shop, webhook, None, PageSize::MAX).await?.context("the webhook")?;
    same("the number of attempts that are left", &left.entries.len(), &20)?;
    same("the records that are left", &storage.remove_idempotency_records(limit, LIMIT).await?, &0)?;
    same("the events that are left", &storage.remove_events(shop, limit, LIMIT).await?, &0)?;
    for id in OLD + 1..=OLD + YOUNG {
        let replayed = CreateTicketOutcome::Replayed(b"receipt".to_vec());
        same("a young record", &create_ticket(&*storage, item(id, limit)?).await?, &replayed)?;
    }
    let (log, _) = settled_log(&*storage, shop, stamp(limit)).await?;
    // The young tickets, and the marker from before.
    same("the number of young events", &log.len(), &(usize::try_from(YOUNG)? + 1))
}
