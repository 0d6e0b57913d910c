//! Deliveries of webhooks. Every command locks the row of the webhook first, so the commands on one
//! webhook take effect one after another, and those on different webhooks side by side.

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{ClaimedDeliveries, Replayed, SettleOutcome};
use hexdesk_domain::{
    Attempt, AuditStamp, ClaimedDelivery, DeliveryRange, DeliveryStore, Event, EventKind, EventPosition,
    NewAttempt, Page, PageSize, Settlement, ShopId, Snapshot, StorageError, Timestamp, Webhook, WebhookId,
};

use super::errors::{Effect, Failure, count_from};
use super::events::append::append_one;
use super::webhooks::{lock, save};
use super::{PostgresStorage, pages};
use crate::sql::deliveries::{
    AttemptRow, ClaimChanges, DeliveryRow, EnabledWebhook, RetryChanges, due_webhooks, enabled_webhooks,
    make_first_due, wanted,
};
use crate::sql::events::{BareEventRow, EventRow};
use crate::sql::page;
use crate::sql::queries::{self, AFTER_ALL, BEFORE_ALL};
use crate::sql::schema::webhook_deliveries::dsl as delivery;
use crate::sql::schema::{events, webhook_attempts, webhook_deliveries, webhooks};
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl DeliveryStore for PostgresStorage {
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError> {
        self.connections
            .run("list_due_webhooks", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let rows: Vec<EnabledWebhook> = diesel::sql_query(enabled_webhooks("$1"))
                    .bind::<Instant, _>(StoredTimestamp(now))
                    .load(connection)
                    .await?;
                Ok(due_webhooks(rows, now)?)
            })
            .await
    }

    async fn plan_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u32, StorageError> {
        self.connections
            .run("plan_deliveries", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| plan(connection, shop, webhook, now, limit).await)
                    .await
            })
            .await
    }

    async fn claim_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError> {
        self.connections
            .run("claim_deliveries", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| claim(connection, shop, webhook, now, until, limit).await)
                    .await
            })
            .await
    }

    async fn settle_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        settlements: Vec<Settlement>,
        stamp: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError> {
        self.connections
            .run("settle_deliveries", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        settle(connection, shop, webhook, &settlements, stamp).await
                    })
                    .await
            })
            .await
    }

    async fn list_attempts(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Option<Page<Attempt, i64>>, StorageError> {
        self.connections
            .run("list_attempts", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let known: Option<i64> = webhooks::table
                    .find((shop.get(), webhook.get()))
                    .select(webhooks::id)
                    .get_result(connection)
                    .await
                    .optional()?;
                if known.is_none() {
                    return Ok(None);
                }
                let mut list = webhook_attempts::table
                    .filter(webhook_attempts::shop_id.eq(shop.get()))
                    .filter(webhook_attempts::webhook_id.eq(webhook.get()))
                    .order(webhook_attempts::number.desc())
                    .select(AttemptRow::as_select())
                    .limit(page::rows_to_ask_for(size))
                    .into_boxed::<Pg>();
                if let Some(before) = before {
                    list = list.filter(webhook_attempts::number.lt(before));
                }
                let rows = list.load_stream::<AttemptRow>(connection).await?;
                let read = pages::read(rows, size, |row| {
                    Attempt::try_from(row).map(|attempt| (attempt.number, attempt))
                });
                read.await.map(Some)
            })
            .await
    }

    async fn count_events(
        &self,
        shop: ShopId,
        range: DeliveryRange,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        self.connections
            .run("count_events", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let (after, until) = (range.after.unwrap_or(BEFORE_ALL), range.until);
                let counted: Vec<i64> =
                    queries::events_between(shop.get(), after.change, after.part, until.change, until.part)
                        .select(events::part)
                        .limit(i64::try_from(at_most).unwrap_or(i64::MAX))
                        .load(connection)
                        .await?;
                count_from(counted.len())
            })
            .await
    }

    async fn replay_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        range: DeliveryRange,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Replayed>, StorageError> {
        self.connections
            .run("replay_deliveries", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        replay(connection, shop, webhook, range, now, limit).await
                    })
                    .await
            })
            .await
    }

    async fn note_test(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        attempt: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError> {
        self.connections
            .run("note_test", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        let Some(mut webhook) = lock(connection, shop, webhook).await? else {
                            return Ok(None);
                        };
                        let attempt = webhook.note_test(attempt);
                        insert_attempt(connection, &webhook, &attempt).await?;
                        save(connection, &webhook).await?;
                        Ok::<_, Failure>(Some(attempt))
                    })
                    .await
            })
            .await
    }
}

/// A number of rows that a limit of this type bounds.
fn count_of(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Plans the next events.
async fn plan(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    now: Timestamp,
    limit: u32,
) -> Result<u32, Failure> {
    let Some(mut webhook) = lock(connection, shop, id).await?.filter(Webhook::is_enabled) else {
        return Ok(0);
    };
    let events = events_between(connection, shop, webhook.place, AFTER_ALL, limit).await?;
    let Some(last) = events.last() else { return Ok(0) };
    webhook.place = last.position;
    let mut rows = wanted(&webhook, &events);
    let subjects: Vec<&str> = rows.iter().map(|row| row.subject.as_str()).collect();
    let waiting = queries::deliveries(shop.get(), id.get())
        .filter(delivery::subject.eq_any(subjects))
        .select(delivery::subject)
        .distinct()
        .load(connection)
        .await?;
    make_first_due(&mut rows, waiting, now);
    diesel::insert_into(webhook_deliveries::table).values(rows).execute(connection).await?;
    save(connection, &webhook).await?;
    Ok(count_of(events.len()))
}

/// The events of a part of the log, without their snapshots.
async fn events_between(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    after: EventPosition,
    until: EventPosition,
    limit: u32,
) -> Result<Vec<Event>, Failure> {
    let rows: Vec<BareEventRow> =
        queries::events_between(shop.get(), after.change, after.part, until.change, until.part)
            .select(BareEventRow::as_select())
            .limit(limit.into())
            .load(connection)
            .await?;
    Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
}

/// Claims due deliveries. Removes those whose events are gone.
async fn claim(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Option<ClaimedDeliveries>, Failure> {
    let Some(mut webhook) = lock(connection, shop, id).await? else { return Ok(None) };
    let claimed: i64 = queries::claimed_deliveries(shop.get(), id.get(), StoredTimestamp(now))
        .count()
        .get_result(connection)
        .await?;
    let free = webhook.free_claims(u32::try_from(claimed).unwrap_or(u32::MAX), now).min(limit);
    let due = due(connection, shop, id, now, free).await?;
    let mut deliveries = Vec::with_capacity(due.len());
    for (row, event) in due {
        let number = webhook.health.next_claim(now);
        diesel::update(webhook_deliveries::table.find((shop.get(), id.get(), row.change, row.part)))
            .set(ClaimChanges::new(number, until))
            .execute(connection)
            .await?;
        deliveries.push(ClaimedDelivery { claim: number, attempts: row.attempts()?, event });
    }
    if !deliveries.is_empty() {
        save(connection, &webhook).await?;
    }
    Ok(Some(ClaimedDeliveries { webhook, deliveries }))
}

/// The next deliveries to claim, with their events. Removes those whose events retention has removed. It
/// looks at no others: many may be due.
async fn due(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(DeliveryRow, Event)>, Failure> {
    loop {
        let rows: Vec<DeliveryRow> = queries::due_deliveries(shop.get(), id.get(), StoredTimestamp(now))
            .select(DeliveryRow::as_select())
            .limit(limit.into())
            .load(connection)
            .await?;
        let found = rows.len();
        let mut due = Vec::with_capacity(found);
        for row in rows {
            let event: Option<EventRow> = events::table
                .find((shop.get(), row.change, row.part))
                .select(EventRow::as_select())
                .get_result(connection)
                .await
                .optional()?;
            match event {
                Some(event) => due.push((row, event.try_into()?)),
                None => remove(connection, shop, id, &row, now).await?,
            }
        }
        if due.len() == found {
            return Ok(due);
        }
    }
}

/// Removes a delivery. The next of its subject is due at this time.
async fn remove(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    row: &DeliveryRow,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::delete(webhook_deliveries::table.find((shop.get(), id.get(), row.change, row.part)))
        .execute(connection)
        .await?;
    align(connection, shop, id, &row.subject, now).await
}

/// Makes the first delivery of the subject due, and no other. Claims of the others end.
async fn align(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    subject: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let first: Option<(i64, i64, Option<StoredTimestamp>)> =
        queries::deliveries_of_subject(shop.get(), id.get(), subject)
            .select((delivery::change, delivery::part, delivery::due_at))
            .limit(1)
            .get_result(connection)
            .await
            .optional()?;
    let Some((change, part, due_at)) = first else { return Ok(()) };
    if due_at.is_none() {
        diesel::update(webhook_deliveries::table.find((shop.get(), id.get(), change, part)))
            .set(delivery::due_at.eq(StoredTimestamp(now)))
            .execute(connection)
            .await?;
    }
    diesel::update(webhook_deliveries::table)
        .filter(delivery::shop_id.eq(shop.get()).and(delivery::webhook_id.eq(id.get())))
        .filter(delivery::subject.eq(subject).and(delivery::due_at.is_not_null()))
        .filter(delivery::change.ne(change).or(delivery::part.ne(part)))
        .set((
            delivery::due_at.eq(None::<StoredTimestamp>),
            delivery::claimed_until.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Settles claimed deliveries.
async fn settle(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    settlements: &[Settlement],
    stamp: AuditStamp,
) -> Result<Vec<SettleOutcome>, Failure> {
    let Some(mut webhook) = lock(connection, shop, id).await? else {
        return Ok(vec![SettleOutcome::Stale; settlements.len()]);
    };
    let was_enabled = webhook.is_enabled();
    let mut outcomes = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        let EventPosition { change, part } = settlement.position;
        let row: Option<DeliveryRow> = webhook_deliveries::table
            .find((shop.get(), id.get(), change, part))
            .filter(delivery::claim.eq(settlement.claim).and(delivery::claimed_until.is_not_null()))
            .select(DeliveryRow::as_select())
            .get_result(connection)
            .await
            .optional()?;
        let Some(row) = row else {
            outcomes.push(SettleOutcome::Stale);
            continue;
        };
        let attempt = webhook.settle(settlement, row.kind()?, row.attempts()?);
        insert_attempt(connection, &webhook, &attempt).await?;
        match attempt.next_due {
            Some(due) => {
                diesel::update(webhook_deliveries::table.find((shop.get(), id.get(), change, part)))
                    .set(RetryChanges::new(&attempt, due))
                    .execute(connection)
                    .await?;
            }
            None => remove(connection, shop, id, &row, attempt.made.end()).await?,
        }
        outcomes.push(SettleOutcome::Settled);
    }
    save(connection, &webhook).await?;
    if was_enabled && !webhook.is_enabled() {
        append_one(connection, shop, EventKind::WebhookDisabled, Snapshot::from(&webhook), stamp).await?;
    }
    Ok(outcomes)
}

async fn insert_attempt(
    connection: &mut AsyncPgConnection,
    webhook: &Webhook,
    attempt: &Attempt,
) -> QueryResult<()> {
    diesel::insert_into(webhook_attempts::table)
        .values(AttemptRow::new(webhook.shop_id, webhook.id, attempt))
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes events of a part of the log due again.
async fn replay(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    range: DeliveryRange,
    now: Timestamp,
    limit: u32,
) -> Result<Option<Replayed>, Failure> {
    let Some(webhook) = lock(connection, shop, id).await? else { return Ok(None) };
    let after = range.after.unwrap_or(BEFORE_ALL);
    let events = events_between(connection, shop, after, range.until, limit).await?;
    let rows = wanted(&webhook, &events);
    let subjects: BTreeSet<String> = rows.iter().map(|row| row.subject.clone()).collect();
    let deliveries = count_from(rows.len())?;
    for row in rows {
        diesel::insert_into(webhook_deliveries::table)
            .values(row)
            .on_conflict((delivery::shop_id, delivery::webhook_id, delivery::change, delivery::part))
            .do_update()
            .set((
                delivery::attempts.eq(excluded(delivery::attempts)),
                delivery::due_at.eq(excluded(delivery::due_at)),
                delivery::claimed_until.eq(excluded(delivery::claimed_until)),
            ))
            .execute(connection)
            .await?;
    }
    for subject in subjects {
        align(connection, shop, id, &subject, now).await?;
    }
    let is_full = count_of(events.len()) == limit;
    let next = events.last().filter(|_| is_full).map(|event| event.position);
    Ok(Some(Replayed { deliveries, next }))
}
