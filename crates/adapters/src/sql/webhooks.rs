//! Webhooks: their table and its rows.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::dsl::AsSelect;
use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable, SelectableHelper};
use hexdesk_domain::{
    DisabledReason, EventKind, EventPosition, FormerSecret, KeyNumber, SealedSecret, Webhook, WebhookHealth,
    WebhookId, WebhookPayload, WebhookSnapshot, WebhookState,
};
use serde::{Deserialize, Serialize};

use super::types::StoredTimestamp;
use super::{CorruptRow, shop_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    webhooks (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        url -> Text,
        kinds -> Nullable<Text>,
        payload -> Text,
        ignore_key -> Nullable<BigInt>,
        disabled_reason -> Nullable<Text>,
        disabled_at -> Nullable<Instant>,
        former_secret_ends_at -> Nullable<Instant>,
        created_at -> Instant,
        version -> BigInt,
        secret -> Binary,
        former_secret -> Nullable<Binary>,
        place_change -> BigInt,
        place_part -> BigInt,
        failures -> BigInt,
        failing_since -> Nullable<Instant>,
        next_probe -> Nullable<Instant>,
        last_attempt -> BigInt,
        last_claim -> BigInt,
    }
}

/// The parts of a webhook that the event log shows. Kinds are their names, joined by spaces.
#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = webhooks, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct ConfigurationRow {
    url: String,
    kinds: Option<String>,
    payload: String,
    ignore_key: Option<i64>,
    disabled_reason: Option<String>,
    disabled_at: Option<StoredTimestamp>,
    former_secret_ends_at: Option<StoredTimestamp>,
    created_at: StoredTimestamp,
    version: i64,
}

impl From<&WebhookSnapshot> for ConfigurationRow {
    fn from(webhook: &WebhookSnapshot) -> Self {
        let (reason, disabled_at) = match webhook.state {
            WebhookState::Enabled => (None, None),
            WebhookState::Disabled { reason, at } => (Some(reason), Some(at)),
        };
        let joined = |kinds: &BTreeSet<EventKind>| {
            kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
        };
        Self {
            url: webhook.url.clone(),
            kinds: webhook.kinds.as_ref().map(joined),
            payload: webhook.payload.as_str().to_owned(),
            ignore_key: webhook.ignore_key.map(KeyNumber::get),
            disabled_reason: reason.map(|reason| reason.as_str().to_owned()),
            disabled_at: disabled_at.map(StoredTimestamp),
            former_secret_ends_at: webhook.former_secret_ends_at.map(StoredTimestamp),
            created_at: StoredTimestamp(webhook.created_at),
            version: webhook.version,
        }
    }
}

impl ConfigurationRow {
    /// Returns the parts of the webhook with this id.
    pub(crate) fn into_snapshot(self, id: i64) -> Result<WebhookSnapshot, CorruptRow> {
        let kinds = |names: String| {
            let kinds = names.split_whitespace().map(|name| name.parse());
            kinds.collect::<Result<BTreeSet<EventKind>, _>>().map_err(|_| CorruptRow("kind of a webhook"))
        };
        let state = match (self.disabled_reason.as_deref(), self.disabled_at) {
            (None, None) => WebhookState::Enabled,
            (Some(reason), Some(at)) => {
                let reason = DisabledReason::named(reason).ok_or(CorruptRow("reason of a webhook"))?;
                WebhookState::Disabled { reason, at: at.0 }
            }
            _ => return Err(CorruptRow("state of a webhook")),
        };
        Ok(WebhookSnapshot {
            id: webhook_id(id)?,
            url: self.url,
            kinds: self.kinds.map(kinds).transpose()?,
            payload: WebhookPayload::named(&self.payload).ok_or(CorruptRow("payload of a webhook"))?,
            ignore_key: self
                .ignore_key
                .map(|number| KeyNumber::new(number).ok_or(CorruptRow("key number")))
                .transpose()?,
            state,
            former_secret_ends_at: self.former_secret_ends_at.map(|time| time.0),
            created_at: self.created_at.0,
            version: self.version,
        })
    }
}

/// The failures of a webhook.
#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct HealthRow {
    failures: i64,
    failing_since: Option<StoredTimestamp>,
    next_probe: Option<StoredTimestamp>,
    last_attempt: i64,
    last_claim: i64,
}

impl From<WebhookHealth> for HealthRow {
    fn from(health: WebhookHealth) -> Self {
        Self {
            failures: health.failures.into(),
            failing_since: health.failing_since.map(StoredTimestamp),
            next_probe: health.next_probe.map(StoredTimestamp),
            last_attempt: health.last_attempt,
            last_claim: health.last_claim,
        }
    }
}

/// The number, secrets and place of a webhook.
#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = webhooks,
    primary_key(shop_id, id),
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub(crate) struct ReaderRow {
    shop_id: i64,
    id: i64,
    secret: Vec<u8>,
    former_secret: Option<Vec<u8>>,
    place_change: i64,
    place_part: i64,
}

/// A webhook, to insert, to update and to read with [`webhook_columns`]. (The compiler needs seconds for
/// each query of a single row that embeds these three.)
pub(crate) type WebhookRow = (ReaderRow, ConfigurationRow, HealthRow);

/// The columns of a [`WebhookRow`].
type WebhookColumns<Database> =
    (AsSelect<ReaderRow, Database>, AsSelect<ConfigurationRow, Database>, AsSelect<HealthRow, Database>);

/// The columns to select for a [`WebhookRow`].
pub(crate) fn webhook_columns<Database: Backend>() -> WebhookColumns<Database> {
    (ReaderRow::as_select(), ConfigurationRow::as_select(), HealthRow::as_select())
}

/// The row of a webhook.
pub(crate) fn webhook_row(webhook: &Webhook) -> WebhookRow {
    let reader = ReaderRow {
        shop_id: webhook.shop_id.get(),
        id: webhook.id.get(),
        secret: webhook.secret.0.clone(),
        former_secret: webhook.former_secret.as_ref().map(|former| former.secret.0.clone()),
        place_change: webhook.place.change,
        place_part: webhook.place.part,
    };
    (reader, (&WebhookSnapshot::from(webhook)).into(), webhook.health.into())
}

/// The webhook of a row.
pub(crate) fn stored_webhook((reader, configuration, health): WebhookRow) -> Result<Webhook, CorruptRow> {
    let WebhookSnapshot {
        id,
        url,
        kinds,
        payload,
        ignore_key,
        state,
        former_secret_ends_at,
        created_at,
        version,
    } = configuration.into_snapshot(reader.id)?;
    let former_secret = match (reader.former_secret, former_secret_ends_at) {
        (None, None) => None,
        (Some(secret), Some(ends_at)) => Some(FormerSecret { secret: SealedSecret(secret), ends_at }),
        _ => return Err(CorruptRow("former secret of a webhook")),
    };
    let HealthRow { failures, failing_since, next_probe, last_attempt, last_claim } = health;
    Ok(Webhook {
        shop_id: shop_id(reader.shop_id)?,
        id,
        url,
        kinds,
        payload,
        ignore_key,
        state,
        secret: SealedSecret(reader.secret),
        former_secret,
        created_at,
        version,
        place: EventPosition { change: reader.place_change, part: reader.place_part },
        health: WebhookHealth {
            failures: u32::try_from(failures).map_err(|_| CorruptRow("failures of a webhook"))?,
            failing_since: failing_since.map(|time| time.0),
            next_probe: next_probe.map(|time| time.0),
            last_attempt,
            last_claim,
        },
    })
}

pub(crate) fn webhook_id(number: i64) -> Result<WebhookId, CorruptRow> {
    WebhookId::new(number).ok_or(CorruptRow("webhook number"))
}
