//! The log of events: its table, its rows, and the JSON of snapshots.
//!
//! Every later version must read old snapshots. A new column needs a default here, and a removed
//! column is ignored.

use std::collections::BTreeSet;

use diesel::prelude::{Insertable, Queryable, Selectable};
use hexdesk_domain::{
    Actor, ApiKeySnapshot, ArchivedEvent, AuditStamp, CustomerId, Event, EventKind, EventPosition, KeyNumber,
    Scope, ShopId, Snapshot, Subject, UserId,
};
use serde::{Deserialize, Serialize};

use super::comments::CommentRow;
use super::customers::CustomerRow;
use super::shops::ShopRow;
use super::tickets::TicketRow;
use super::types::{StoredRequestId, StoredTimestamp};
use super::users::UserRow;
use super::webhooks::ConfigurationRow;
use super::{CorruptRow, shop_id, user_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Instant, RequestUuid};

    events (shop_id, change, part) {
        shop_id -> BigInt,
        change -> BigInt,
        part -> BigInt,
        kind -> Text,
        subject_id -> BigInt,
        actor_key -> Nullable<BigInt>,
        actor_user -> Nullable<BigInt>,
        time -> Instant,
        customer_id -> Nullable<BigInt>,
        snapshot -> Nullable<Text>,
        request_id -> Nullable<RequestUuid>,
    }
}

/// The key of a change by the server. Keys are numbered from 1.
const SERVER: i64 = 0;

/// The actor, the time and the request of a change, as columns.
#[derive(Debug, Clone, Copy, Queryable, Selectable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct StampRow {
    pub(crate) actor_key: Option<i64>,
    pub(crate) actor_user: Option<i64>,
    pub(crate) time: StoredTimestamp,
    pub(crate) request_id: Option<StoredRequestId>,
}

impl From<AuditStamp> for StampRow {
    fn from(stamp: AuditStamp) -> Self {
        let (actor_key, actor_user) = match stamp.actor {
            Actor::Operator => (None, None),
            Actor::Server => (Some(SERVER), None),
            Actor::User { id } => (None, Some(id.get())),
            Actor::ApiKey { number, user_id } => (Some(number.get()), user_id.map(UserId::get)),
        };
        let request_id = stamp.request_id.map(StoredRequestId);
        Self { actor_key, actor_user, time: StoredTimestamp(stamp.time), request_id }
    }
}

impl TryFrom<StampRow> for AuditStamp {
    type Error = CorruptRow;

    fn try_from(row: StampRow) -> Result<Self, Self::Error> {
        let actor = match row.actor_key {
            None => user_id(row.actor_user)?.map_or(Actor::Operator, |id| Actor::User { id }),
            Some(SERVER) => Actor::Server,
            Some(number) => Actor::ApiKey {
                number: KeyNumber::new(number).ok_or(CorruptRow("key number"))?,
                user_id: user_id(row.actor_user)?,
            },
        };
        Ok(Self { actor, time: row.time.0, request_id: row.request_id.map(|id| id.0) })
    }
}

/// An event to insert. The database sets its position in the log.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct NewEventRow {
    pub(crate) shop_id: i64,
    pub(crate) kind: &'static str,
    pub(crate) subject_id: i64,
    #[diesel(embed)]
    pub(crate) stamp: StampRow,
    pub(crate) customer_id: Option<i64>,
    pub(crate) snapshot: Option<String>,
}

impl NewEventRow {
    /// Creates the event of a created or changed object.
    pub(crate) fn new(
        shop: ShopId,
        kind: EventKind,
        snapshot: Snapshot,
        stamp: AuditStamp,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            shop_id: shop.get(),
            kind: kind.as_str(),
            subject_id: snapshot.subject().number(),
            stamp: stamp.into(),
            customer_id: snapshot.customer_id().map(CustomerId::get),
            snapshot: Some(to_json(snapshot)?),
        })
    }

    /// The row of an archived event.
    pub(crate) fn archived(archived: ArchivedEvent) -> Result<Self, serde_json::Error> {
        let ArchivedEvent { event, customer_id } = archived;
        Ok(Self {
            shop_id: event.shop_id.get(),
            kind: event.kind.as_str(),
            subject_id: event.subject.number(),
            stamp: event.stamp.into(),
            customer_id: customer_id.map(CustomerId::get),
            snapshot: event.snapshot.map(to_json).transpose()?,
        })
    }

    /// Creates the event of a deleted object, which names no customer.
    pub(crate) fn of_deleted(shop: ShopId, kind: EventKind, number: i64, stamp: StampRow) -> Self {
        let (shop_id, kind) = (shop.get(), kind.as_str());
        Self { shop_id, kind, subject_id: number, stamp, customer_id: None, snapshot: None }
    }
}

/// An event to read.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub(crate) struct EventRow {
    shop_id: i64,
    change: i64,
    part: i64,
    kind: String,
    subject_id: i64,
    #[diesel(embed)]
    stamp: StampRow,
    snapshot: Option<String>,
}

impl TryFrom<EventRow> for Event {
    type Error = CorruptRow;

    fn try_from(row: EventRow) -> Result<Self, Self::Error> {
        let kind: EventKind = row.kind.parse().map_err(|_| CorruptRow("kind of event"))?;
        let subject = kind.subject(row.subject_id).ok_or(CorruptRow("subject of an event"))?;
        Ok(Self {
            shop_id: shop_id(row.shop_id)?,
            position: EventPosition { change: row.change, part: row.part },
            kind,
            subject,
            stamp: row.stamp.try_into()?,
            snapshot: row.snapshot.map(|json| from_json(subject, &json)).transpose()?,
        })
    }
}

/// An event to read, without its snapshot and its request. SQLite reads through a long snapshot to
/// find the column after it.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub(crate) struct BareEventRow {
    shop_id: i64,
    change: i64,
    part: i64,
    kind: String,
    subject_id: i64,
    actor_key: Option<i64>,
    actor_user: Option<i64>,
    time: StoredTimestamp,
}

impl TryFrom<BareEventRow> for Event {
    type Error = CorruptRow;

    fn try_from(row: BareEventRow) -> Result<Self, Self::Error> {
        let BareEventRow { shop_id, change, part, kind, subject_id, actor_key, actor_user, time } = row;
        let stamp = StampRow { actor_key, actor_user, time, request_id: None };
        EventRow { shop_id, change, part, kind, subject_id, stamp, snapshot: None }.try_into()
    }
}

#[derive(Serialize, Deserialize)]
struct StoredComment {
    comment: CommentRow,
    customer_id: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    number: i64,
    scopes: Vec<String>,
    user_id: Option<i64>,
    created_at: StoredTimestamp,
    expires_at: Option<StoredTimestamp>,
    revoked_at: Option<StoredTimestamp>,
}

#[derive(Serialize, Deserialize)]
struct StoredWebhook {
    id: i64,
    #[serde(flatten)]
    configuration: ConfigurationRow,
}

fn to_json(snapshot: Snapshot) -> Result<String, serde_json::Error> {
    match snapshot {
        Snapshot::Ticket(snapshot) => TicketRow::from(*snapshot).to_snapshot(),
        Snapshot::Comment(comment) => serde_json::to_string(&StoredComment {
            customer_id: comment.customer_id.get(),
            comment: CommentRow::of(*comment),
        }),
        Snapshot::Customer(customer) => serde_json::to_string(&CustomerRow::from(*customer)),
        Snapshot::User(user) => serde_json::to_string(&UserRow::from(*user)),
        Snapshot::ApiKey(key) => serde_json::to_string(&StoredKey {
            number: key.number.get(),
            scopes: key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            user_id: key.user_id.map(UserId::get),
            created_at: StoredTimestamp(key.created_at),
            expires_at: key.expires_at.map(StoredTimestamp),
            revoked_at: key.revoked_at.map(StoredTimestamp),
        }),
        Snapshot::Shop(shop) => serde_json::to_string(&ShopRow::from(*shop)),
        Snapshot::Webhook(webhook) => {
            serde_json::to_string(&StoredWebhook { id: webhook.id.get(), configuration: (&*webhook).into() })
        }
    }
}

fn from_json(subject: Subject, json: &str) -> Result<Snapshot, CorruptRow> {
    const CORRUPT: CorruptRow = CorruptRow("snapshot of an event");
    fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, CorruptRow> {
        serde_json::from_str(json).map_err(|_| CORRUPT)
    }
    Ok(match subject {
        Subject::Ticket(_) => {
            let row = TicketRow::of_snapshot(json).map_err(|_| CORRUPT)?;
            Snapshot::Ticket(Box::new(row.try_into()?))
        }
        Subject::Comment(_) => {
            let StoredComment { comment, customer_id } = parse(json)?;
            let customer_id = CustomerId::new(customer_id).ok_or(CORRUPT)?;
            Snapshot::Comment(Box::new(comment.into_comment(customer_id)?))
        }
        Subject::Customer(_) => Snapshot::Customer(Box::new(parse::<CustomerRow>(json)?.try_into()?)),
        Subject::User(_) => Snapshot::User(Box::new(parse::<UserRow>(json)?.try_into()?)),
        Subject::ApiKey(_) => {
            let key: StoredKey = parse(json)?;
            let scopes: Result<BTreeSet<Scope>, _> = key.scopes.iter().map(|scope| scope.parse()).collect();
            Snapshot::ApiKey(Box::new(ApiKeySnapshot {
                number: KeyNumber::new(key.number).ok_or(CORRUPT)?,
                scopes: scopes.map_err(|_| CORRUPT)?,
                user_id: user_id(key.user_id)?,
                created_at: key.created_at.0,
                expires_at: key.expires_at.map(|time| time.0),
                revoked_at: key.revoked_at.map(|time| time.0),
            }))
        }
        Subject::Shop(_) => Snapshot::Shop(Box::new(parse::<ShopRow>(json)?.try_into()?)),
        Subject::Webhook(_) => {
            let StoredWebhook { id, configuration } = parse(json)?;
            Snapshot::Webhook(Box::new(configuration.into_snapshot(id)?))
        }
    })
}
