//! Deliveries of webhooks and their attempts: their tables and rows, and queries that are the same on
//! both databases.

use std::collections::BTreeSet;

use diesel::prelude::{AsChangeset, Insertable, Queryable, QueryableByName, Selectable};
use diesel::sql_types::{BigInt, Bool, Nullable};
use hexdesk_domain::{
    ArchivedAttempt, ArchivedDelivery, Attempt, AttemptError, AttemptResult, Delivery, Event, EventKind,
    EventPosition, NewAttempt, ShopId, Timestamp, Webhook, WebhookHealth, WebhookId,
};

use super::types::{Instant, StoredTimestamp};
use super::webhooks::webhook_id;
use super::{CorruptRow, shop_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    webhook_deliveries (shop_id, webhook_id, change, part) {
        shop_id -> BigInt,
        webhook_id -> BigInt,
        change -> BigInt,
        part -> BigInt,
        kind -> Text,
        subject -> Text,
        attempts -> BigInt,
        claim -> BigInt,
        due_at -> Nullable<Instant>,
        claimed_until -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    webhook_attempts (shop_id, webhook_id, number) {
        shop_id -> BigInt,
        webhook_id -> BigInt,
        number -> BigInt,
        change -> Nullable<BigInt>,
        part -> Nullable<BigInt>,
        kind -> Nullable<Text>,
        of_delivery -> BigInt,
        time -> Instant,
        duration_millis -> BigInt,
        status -> Nullable<BigInt>,
        error -> Nullable<Text>,
        next_due -> Nullable<Instant>,
    }
}

/// A whole delivery, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
pub(crate) struct WholeDeliveryRow {
    shop_id: i64,
    webhook_id: i64,
    change: i64,
    part: i64,
    kind: String,
    pub(crate) subject: String,
    attempts: i64,
    claim: i64,
    due_at: Option<StoredTimestamp>,
    claimed_until: Option<StoredTimestamp>,
}

impl WholeDeliveryRow {
    pub(crate) fn new(shop: ShopId, webhook: WebhookId, delivery: &Delivery) -> Self {
        Self {
            shop_id: shop.get(),
            webhook_id: webhook.get(),
            change: delivery.position.change,
            part: delivery.position.part,
            kind: delivery.kind.as_str().to_owned(),
            subject: delivery.subject.to_string(),
            attempts: delivery.attempts.into(),
            claim: delivery.claim,
            due_at: delivery.due_at.map(StoredTimestamp),
            claimed_until: delivery.claimed_until.map(StoredTimestamp),
        }
    }
}

impl TryFrom<WholeDeliveryRow> for ArchivedDelivery {
    type Error = CorruptRow;

    fn try_from(row: WholeDeliveryRow) -> Result<Self, Self::Error> {
        const CORRUPT: CorruptRow = CorruptRow("delivery of a webhook");
        let delivery = Delivery {
            position: EventPosition { change: row.change, part: row.part },
            kind: row.kind.parse().map_err(|_| CORRUPT)?,
            subject: row.subject.parse().map_err(|_| CORRUPT)?,
            attempts: u32::try_from(row.attempts).map_err(|_| CORRUPT)?,
            claim: row.claim,
            due_at: row.due_at.map(|time| time.0),
            claimed_until: row.claimed_until.map(|time| time.0),
        };
        Ok(Self { webhook_id: webhook_id(row.webhook_id)?, delivery })
    }
}

/// The deliveries of those events that the webhook wants. All wait.
pub(crate) fn wanted(webhook: &Webhook, events: &[Event]) -> Vec<WholeDeliveryRow> {
    let wanted = events.iter().filter(|event| webhook.wants(event.kind, event.stamp.actor));
    let waiting = |event| WholeDeliveryRow::new(webhook.shop_id, webhook.id, &Delivery::new(event, None));
    wanted.map(waiting).collect()
}

/// Makes the first delivery of each subject due, unless an older one of its subject is stored: those
/// subjects are `waiting`.
pub(crate) fn make_first_due(rows: &mut [WholeDeliveryRow], waiting: Vec<String>, now: Timestamp) {
    let mut waiting: BTreeSet<String> = waiting.into_iter().collect();
    for row in rows {
        row.due_at = waiting.insert(row.subject.clone()).then_some(StoredTimestamp(now));
    }
}

/// What a claim changes.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = webhook_deliveries)]
pub(crate) struct ClaimChanges {
    claim: i64,
    due_at: StoredTimestamp,
    claimed_until: StoredTimestamp,
}

impl ClaimChanges {
    /// A claim with this number. The delivery is due again when it ends.
    pub(crate) fn new(claim: i64, until: Timestamp) -> Self {
        Self { claim, due_at: StoredTimestamp(until), claimed_until: StoredTimestamp(until) }
    }
}

/// What an attempt changes that did not settle its delivery.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = webhook_deliveries, treat_none_as_null = true)]
pub(crate) struct RetryChanges {
    attempts: i64,
    due_at: StoredTimestamp,
    claimed_until: Option<StoredTimestamp>,
}

impl RetryChanges {
    /// The delivery is due again at this time.
    pub(crate) fn new(attempt: &Attempt, due: Timestamp) -> Self {
        Self { attempts: attempt.of_delivery.into(), due_at: StoredTimestamp(due), claimed_until: None }
    }
}

/// A delivery to claim or to settle.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub(crate) struct DeliveryRow {
    pub(crate) change: i64,
    pub(crate) part: i64,
    kind: String,
    pub(crate) subject: String,
    attempts: i64,
}

impl DeliveryRow {
    pub(crate) fn position(&self) -> EventPosition {
        EventPosition { change: self.change, part: self.part }
    }

    pub(crate) fn kind(&self) -> Result<EventKind, CorruptRow> {
        self.kind.parse().map_err(|_| CorruptRow("kind of a delivery"))
    }

    pub(crate) fn attempts(&self) -> Result<u32, CorruptRow> {
        u32::try_from(self.attempts).map_err(|_| CorruptRow("attempts of a delivery"))
    }
}

/// An attempt, to insert and to read.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_attempts, treat_none_as_default_value = false)]
pub(crate) struct AttemptRow {
    shop_id: i64,
    webhook_id: i64,
    number: i64,
    change: Option<i64>,
    part: Option<i64>,
    kind: Option<String>,
    of_delivery: i64,
    time: StoredTimestamp,
    duration_millis: i64,
    status: Option<i64>,
    error: Option<String>,
    next_due: Option<StoredTimestamp>,
}

impl AttemptRow {
    pub(crate) fn new(shop: ShopId, webhook: WebhookId, attempt: &Attempt) -> Self {
        let (status, error) = match attempt.made.result {
            AttemptResult::Status(status) => (Some(status.into()), None),
            AttemptResult::Error(error) => (None, Some(error.as_str().to_owned())),
        };
        Self {
            shop_id: shop.get(),
            webhook_id: webhook.get(),
            number: attempt.number,
            change: attempt.position.map(|position| position.change),
            part: attempt.position.map(|position| position.part),
            kind: attempt.kind.map(|kind| kind.as_str().to_owned()),
            of_delivery: attempt.of_delivery.into(),
            time: StoredTimestamp(attempt.made.time),
            duration_millis: attempt.made.duration_millis,
            status,
            error,
            next_due: attempt.next_due.map(StoredTimestamp),
        }
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = CorruptRow;

    fn try_from(row: AttemptRow) -> Result<Self, Self::Error> {
        const CORRUPT: CorruptRow = CorruptRow("attempt of a webhook");
        let result = match (row.status, row.error) {
            (Some(status), None) => AttemptResult::Status(u16::try_from(status).map_err(|_| CORRUPT)?),
            (None, Some(error)) => AttemptResult::Error(AttemptError::named(&error).ok_or(CORRUPT)?),
            _ => return Err(CORRUPT),
        };
        let position = row.change.zip(row.part).map(|(change, part)| EventPosition { change, part });
        Ok(Self {
            number: row.number,
            position,
            kind: row.kind.map(|kind| kind.parse()).transpose().map_err(|_| CORRUPT)?,
            of_delivery: u32::try_from(row.of_delivery).map_err(|_| CORRUPT)?,
            made: NewAttempt { time: row.time.0, duration_millis: row.duration_millis, result },
            next_due: row.next_due.map(|time| time.0),
        })
    }
}

impl TryFrom<AttemptRow> for ArchivedAttempt {
    type Error = CorruptRow;

    fn try_from(row: AttemptRow) -> Result<Self, Self::Error> {
        Ok(Self { webhook_id: webhook_id(row.webhook_id)?, attempt: row.try_into()? })
    }
}

/// Finds the enabled webhooks of open shops, and whether they have something to do. Takes the time as
/// its parameter.
pub(crate) fn enabled_webhooks(parameter: &str) -> String {
    format!(
        "SELECT webhook.shop_id, webhook.id, webhook.failures, webhook.next_probe,
            EXISTS (
                SELECT 1 FROM events AS event WHERE event.shop_id = webhook.shop_id
                    AND (event.change, event.part) > (webhook.place_change, webhook.place_part)
            ) AS has_events,
            EXISTS (
                SELECT 1 FROM webhook_deliveries AS delivery WHERE delivery.shop_id = webhook.shop_id
                    AND delivery.webhook_id = webhook.id AND delivery.due_at <= {parameter}
            ) AS has_due_deliveries
        FROM webhooks AS webhook JOIN shops ON shops.id = webhook.shop_id
        WHERE webhook.disabled_reason IS NULL AND shops.closed_at IS NULL"
    )
}

/// A row of [`enabled_webhooks`].
#[derive(Debug, QueryableByName)]
pub(crate) struct EnabledWebhook {
    #[diesel(sql_type = BigInt)]
    shop_id: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    failures: i64,
    #[diesel(sql_type = Nullable<Instant>)]
    next_probe: Option<StoredTimestamp>,
    #[diesel(sql_type = Bool)]
    has_events: bool,
    #[diesel(sql_type = Bool)]
    has_due_deliveries: bool,
}

/// The webhooks with something to do.
pub(crate) fn due_webhooks(
    rows: Vec<EnabledWebhook>,
    now: Timestamp,
) -> Result<Vec<(ShopId, WebhookId)>, CorruptRow> {
    let is_due = |row: &EnabledWebhook| {
        let health = WebhookHealth {
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
            next_probe: row.next_probe.map(|time| time.0),
            ..WebhookHealth::default()
        };
        health.allows_attempt(now) && (row.has_events || row.has_due_deliveries)
    };
    rows.into_iter().filter(is_due).map(|row| Ok((shop_id(row.shop_id)?, webhook_id(row.id)?))).collect()
}
