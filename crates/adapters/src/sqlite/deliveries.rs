//! Deliveries of webhooks.

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::upsert::excluded;
use hexdesk_domain::ports::{ClaimedDeliveries, Replayed, SettleOutcome};
use hexdesk_domain::{
    Attempt, AuditStamp, ClaimedDelivery, DeliveryRange, DeliveryStore, Event, EventKind, EventPosition,
    NewAttempt, Page, PageSize, Settlement, ShopId, Snapshot, StorageError, Timestamp, Webhook, WebhookId,
};

use super::events::append::EventLog;
use super::webhooks::{find, save};
use super::{SqliteStorage, pages};
use crate::sql::deliveries::{
    AttemptRow, ClaimChanges, DeliveryRow, EnabledWebhook, RetryChanges, due_webhooks, enabled_webhooks,
    make_first_due, wanted,
};
use crate::sql::events::{BareEventRow, EventRow};
use crate::sql::queries::{self, AFTER_ALL, BEFORE_ALL};
use crate::sql::schema::webhook_deliveries::dsl as delivery;
use crate::sql::schema::{events, webhook_attempts, webhook_deliveries};
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl DeliveryStore for SqliteStorage {
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError> {
        self.read("list_due_webhooks", move |connection| {
            let rows: Vec<EnabledWebhook> = diesel::sql_query(enabled_webhooks("?"))
                .bind::<Instant, _>(StoredTimestamp(now))
                .load(connection)?;
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
        self.write("plan_deliveries", move |connection| plan(connection, shop, webhook, now, limit)).await
    }

    async fn claim_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError> {
        let claimed = self
            .write("claim_deliveries", move |connection| claim(connection, shop, webhook, now, until, limit))
            .await?;
        let Some((webhook, claimed)) = claimed else { return Ok(None) };
        if claimed.is_empty() {
            return Ok(Some(ClaimedDeliveries { webhook, deliveries: Vec::new() }));
        }
        // Only the connections that read hide what is being erased.
        let deliveries = self
            .read("claim_deliveries", move |connection| {
                let mut deliveries = Vec::with_capacity(claimed.len());
                for (position, claim, attempts) in claimed {
                    let event: Option<EventRow> = events::table
                        .find((shop.get(), position.change, position.part))
                        .select(EventRow::as_select())
                        .get_result(connection)
                        .optional()?;
                    if let Some(event) = event {
                        deliveries.push(ClaimedDelivery { claim, attempts, event: event.try_into()? });
                    }
                }
                Ok(deliveries)
            })
            .await?;
        Ok(Some(ClaimedDeliveries { webhook, deliveries }))
    }

    async fn settle_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        settlements: Vec<Settlement>,
        stamp: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError> {
        self.write("settle_deliveries", move |connection| {
            settle(connection, shop, webhook, &settlements, stamp)
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
        self.read("list_attempts", move |connection| {
            if find(connection, shop, webhook)?.is_none() {
                return Ok(None);
            }
            let mut list = webhook_attempts::table
                .filter(webhook_attempts::shop_id.eq(shop.get()))
                .filter(webhook_attempts::webhook_id.eq(webhook.get()))
                .order(webhook_attempts::number.desc())
                .select(AttemptRow::as_select())
                .into_boxed::<Sqlite>();
            if let Some(before) = before {
                list = list.filter(webhook_attempts::number.lt(before));
            }
            let rows = pages::page_of(list, size).load_iter::<AttemptRow, DefaultLoadingMode>(connection)?;
            pages::read(rows, size, |row| Attempt::try_from(row).map(|attempt| (attempt.number, attempt)))
                .map(Some)
        })
        .await
    }

    async fn count_events(
        &self,
        shop: ShopId,
        range: DeliveryRange,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        self.read("count_events", move |connection| {
            let (after, until) = (range.after.unwrap_or(BEFORE_ALL), range.until);
            let counted: Vec<i64> =
                queries::events_between(shop.get(), after.change, after.part, until.change, until.part)
                    .select(events::part)
                    .limit(i64::try_from(at_most).unwrap_or(i64::MAX))
                    .load(connection)?;
            Ok(u64::try_from(counted.len())?)
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
        self.write("replay_deliveries", move |connection| {
            replay(connection, shop, webhook, range, now, limit)
        })
        .await
    }

    async fn note_test(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        attempt: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError> {
        self.write("note_test", move |connection| {
            let Some(mut webhook) = find(connection, shop, webhook)? else { return Ok(None) };
            let attempt = webhook.note_test(attempt);
            insert_attempt(connection, &webhook, &attempt)?;
            save(connection, &webhook)?;
            Ok(Some(attempt))
        })
        .await
    }
}

/// Plans the next events.
fn plan(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    now: Timestamp,
    limit: u32,
) -> anyhow::Result<u32> {
    let Some(mut webhook) = find(connection, shop, id)?.filter(Webhook::is_enabled) else { return Ok(0) };
    let events = events_between(connection, shop, webhook.place, AFTER_ALL, limit)?;
    let Some(last) = events.last() else { return Ok(0) };
    webhook.place = last.position;
    let mut rows = wanted(&webhook, &events);
    let subjects: Vec<&str> = rows.iter().map(|row| row.subject.as_str()).collect();
    let waiting = queries::deliveries(shop.get(), id.get())
        .filter(delivery::subject.eq_any(subjects))
        .select(delivery::subject)
        .distinct()
        .load(connection)?;
    make_first_due(&mut rows, waiting, now);
    diesel::insert_into(webhook_deliveries::table).values(rows).execute(connection)?;
    save(connection, &webhook)?;
    Ok(u32::try_from(events.len())?)
}

/// The events of a part of the log, without their snapshots.
fn events_between(
    connection: &mut SqliteConnection,
    shop: ShopId,
    after: EventPosition,
    until: EventPosition,
    limit: u32,
) -> anyhow::Result<Vec<Event>> {
    let rows: Vec<BareEventRow> =
        queries::events_between(shop.get(), after.change, after.part, until.change, until.part)
            .select(BareEventRow::as_select())
            .limit(limit.into())
            .load(connection)?;
    Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
}

/// A claimed delivery: its position, the number of the claim, and the attempts before.
type Claimed = (EventPosition, i64, u32);

/// Claims due deliveries. Removes those whose events are gone.
fn claim(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> anyhow::Result<Option<(Webhook, Vec<Claimed>)>> {
    let Some(mut webhook) = find(connection, shop, id)? else { return Ok(None) };
    let claimed: i64 = queries::claimed_deliveries(shop.get(), id.get(), StoredTimestamp(now))
        .count()
        .get_result(connection)?;
    let free = webhook.free_claims(u32::try_from(claimed)?, now).min(limit);
    let due = due(connection, shop, id, now, free)?;
    let mut claimed = Vec::with_capacity(due.len());
    for row in due {
        let number = webhook.health.next_claim(now);
        diesel::update(webhook_deliveries::table.find((shop.get(), id.get(), row.change, row.part)))
            .set(ClaimChanges::new(number, until))
            .execute(connection)?;
        claimed.push((row.position(), number, row.attempts()?));
    }
    if !claimed.is_empty() {
        save(connection, &webhook)?;
    }
    Ok(Some((webhook, claimed)))
}

/// The next deliveries to claim. Removes those whose events retention has removed. It looks at no others:
/// many may be due.
fn due(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    now: Timestamp,
    limit: u32,
) -> QueryResult<Vec<DeliveryRow>> {
    loop {
        let rows: Vec<DeliveryRow> = queries::due_deliveries(shop.get(), id.get(), StoredTimestamp(now))
            .select(DeliveryRow::as_select())
            .limit(limit.into())
            .load(connection)?;
        let found = rows.len();
        let mut due = Vec::with_capacity(found);
        for row in rows {
            let event = events::table.find((shop.get(), row.change, row.part));
            if diesel::select(exists(event)).get_result(connection)? {
                due.push(row);
            } else {
                remove(connection, shop, id, &row, now)?;
            }
        }
        if due.len() == found {
            return Ok(due);
        }
    }
}

/// Removes a delivery. The next of its subject is due at this time.
fn remove(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    row: &DeliveryRow,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::delete(webhook_deliveries::table.find((shop.get(), id.get(), row.change, row.part)))
        .execute(connection)?;
    align(connection, shop, id, &row.subject, now)
}

/// Makes the first delivery of the subject due, and no other. Claims of the others end.
fn align(
    connection: &mut SqliteConnection,
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
            .optional()?;
    let Some((change, part, due_at)) = first else { return Ok(()) };
    if due_at.is_none() {
        diesel::update(webhook_deliveries::table.find((shop.get(), id.get(), change, part)))
            .set(delivery::due_at.eq(StoredTimestamp(now)))
            .execute(connection)?;
    }
    diesel::update(webhook_deliveries::table)
        .filter(delivery::shop_id.eq(shop.get()).and(delivery::webhook_id.eq(id.get())))
        .filter(delivery::subject.eq(subject).and(delivery::due_at.is_not_null()))
        .filter(delivery::change.ne(change).or(delivery::part.ne(part)))
        .set((
            delivery::due_at.eq(None::<StoredTimestamp>),
            delivery::claimed_until.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)?;
    Ok(())
}

/// Settles claimed deliveries.
fn settle(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    settlements: &[Settlement],
    stamp: AuditStamp,
) -> anyhow::Result<Vec<SettleOutcome>> {
    let Some(mut webhook) = find(connection, shop, id)? else {
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
            .optional()?;
        let Some(row) = row else {
            outcomes.push(SettleOutcome::Stale);
            continue;
        };
        let attempt = webhook.settle(settlement, row.kind()?, row.attempts()?);
        insert_attempt(connection, &webhook, &attempt)?;
        match attempt.next_due {
            Some(due) => {
                diesel::update(webhook_deliveries::table.find((shop.get(), id.get(), change, part)))
                    .set(RetryChanges::new(&attempt, due))
                    .execute(connection)?;
            }
            None => remove(connection, shop, id, &row, attempt.made.end())?,
        }
        outcomes.push(SettleOutcome::Settled);
    }
    save(connection, &webhook)?;
    if was_enabled && !webhook.is_enabled() {
        let kind = EventKind::WebhookDisabled;
        EventLog::default().append(connection, shop, kind, Snapshot::from(&webhook), stamp)?;
    }
    Ok(outcomes)
}

fn insert_attempt(
    connection: &mut SqliteConnection,
    webhook: &Webhook,
    attempt: &Attempt,
) -> QueryResult<()> {
    diesel::insert_into(webhook_attempts::table)
        .values(AttemptRow::new(webhook.shop_id, webhook.id, attempt))
        .execute(connection)?;
    Ok(())
}

/// Makes events of a part of the log due again.
fn replay(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    range: DeliveryRange,
    now: Timestamp,
    limit: u32,
) -> anyhow::Result<Option<Replayed>> {
    let Some(webhook) = find(connection, shop, id)? else { return Ok(None) };
    let after = range.after.unwrap_or(BEFORE_ALL);
    let events = events_between(connection, shop, after, range.until, limit)?;
    let rows = wanted(&webhook, &events);
    let subjects: BTreeSet<String> = rows.iter().map(|row| row.subject.clone()).collect();
    let deliveries = u64::try_from(rows.len())?;
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
            .execute(connection)?;
    }
    for subject in subjects {
        align(connection, shop, id, &subject, now)?;
    }
    let is_full = u32::try_from(events.len())? == limit;
    let next = events.last().filter(|_| is_full).map(|event| event.position);
    Ok(Some(Replayed { deliveries, next }))
}
