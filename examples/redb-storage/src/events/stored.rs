//! The stored form of an event.
//!
//! A snapshot is stored like its subject. It also holds the parts of the subject's key that the
//! event lacks.

use anyhow::Context;
use hexdesk_domain::{
    Actor, AuditStamp, CustomerId, Event, EventPosition, HumanTicket, HumanTicketId, KeyNumber, ShopId,
    Snapshot, Subject, TicketId, TicketSnapshot, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use super::NewEvent;
use crate::api_keys::StoredApiKey;
use crate::comments::{CommentPlace, StoredComment};
use crate::customers::StoredCustomer;
use crate::encoding::{decode, encode, optional_timestamp, timestamp};
use crate::tables::EventKey;
use crate::tickets::StoredTicket;
use crate::users::StoredUser;

/// The stored form of an event without its time and its snapshot.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDone {
    kind: String,
    subject: i64,
    /// The key that made the change. `None` for the operator.
    api_key: Option<i64>,
    user: Option<i64>,
}

/// Encodes an event without its time and its snapshot.
pub(super) fn encode_done(event: &NewEvent, actor: Actor) -> anyhow::Result<Vec<u8>> {
    let (api_key, user) = match actor {
        Actor::Operator => (None, None),
        Actor::ApiKey { number, user_id } => (Some(number.get()), user_id.map(UserId::get)),
    };
    let kind = event.kind.as_str().to_owned();
    encode(&StoredDone { kind, subject: event.subject.number(), api_key, user })
}

/// Returns the event at this position of the log.
pub(super) fn event(
    shop_id: ShopId,
    (_, change, part): EventKey,
    (time, done, _customer, snapshot): (i64, &[u8], Option<i64>, Option<&[u8]>),
) -> anyhow::Result<Event> {
    let StoredDone { kind, subject, api_key, user } = decode(done)?;
    let kind: hexdesk_domain::EventKind = kind.parse().context("a stored kind of event is unknown")?;
    let subject = kind.subject(subject).context("a stored number is out of range")?;
    let actor = match api_key {
        Some(number) => Actor::ApiKey {
            number: KeyNumber::new(number).context("a stored key number is out of range")?,
            user_id: user_id(user)?,
        },
        None => Actor::Operator,
    };
    Ok(Event {
        shop_id,
        position: EventPosition { change, part },
        kind,
        subject,
        stamp: AuditStamp { actor, time: timestamp(time)? },
        snapshot: snapshot.map(|stored| decode_snapshot(shop_id, subject, stored)).transpose()?,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTicketSnapshot {
    ticket: StoredTicket,
    human_ticket: Option<StoredHumanTicketSnapshot>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHumanTicketSnapshot {
    id: i64,
    opened_at: i64,
    closed_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCommentSnapshot {
    ticket_id: i64,
    customer_id: i64,
    time: i64,
    comment: StoredComment,
}

pub(super) fn encode_snapshot(snapshot: Snapshot) -> anyhow::Result<Vec<u8>> {
    match snapshot {
        Snapshot::Ticket(snapshot) => encode(&StoredTicketSnapshot {
            ticket: StoredTicket::of(snapshot.ticket),
            human_ticket: snapshot.human_ticket.map(|human_ticket| StoredHumanTicketSnapshot {
                id: human_ticket.id.get(),
                opened_at: human_ticket.opened_at.unix_millis(),
                closed_at: human_ticket.closed_at.map(Timestamp::unix_millis),
            }),
        }),
        Snapshot::Comment(comment) => encode(&StoredCommentSnapshot {
            ticket_id: comment.ticket_id.get(),
            customer_id: comment.customer_id.get(),
            time: comment.time.unix_millis(),
            comment: StoredComment::of(*comment),
        }),
        Snapshot::Customer(customer) => encode(&StoredCustomer::of(*customer)),
        Snapshot::User(user) => encode(&StoredUser::of(*user)),
        Snapshot::ApiKey(key) => encode(&StoredApiKey::of_snapshot(&key)),
    }
}

fn decode_snapshot(shop: ShopId, subject: Subject, stored: &[u8]) -> anyhow::Result<Snapshot> {
    Ok(match subject {
        Subject::Ticket(id) => {
            let StoredTicketSnapshot { ticket, human_ticket } = decode(stored)?;
            let ticket = ticket.into_ticket(shop, id)?;
            let human_ticket = human_ticket.map(into_human_ticket).transpose()?;
            Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }))
        }
        Subject::Comment(id) => {
            let StoredCommentSnapshot { ticket_id, customer_id, time, comment } = decode(stored)?;
            let place = CommentPlace {
                shop_id: shop,
                ticket_id: TicketId::new(ticket_id).context("a stored ticket id is out of range")?,
                customer_id: CustomerId::new(customer_id)
                    .context("a stored customer number is out of range")?,
                time: timestamp(time)?,
                id,
            };
            Snapshot::Comment(Box::new(comment.into_comment(place)?))
        }
        Subject::Customer(id) => {
            Snapshot::Customer(Box::new(decode::<StoredCustomer>(stored)?.into_customer(shop, id)?))
        }
        Subject::User(id) => Snapshot::User(Box::new(decode::<StoredUser>(stored)?.into_user(shop, id)?)),
        Subject::ApiKey(number) => {
            Snapshot::ApiKey(Box::new(decode::<StoredApiKey>(stored)?.into_snapshot(number)?))
        }
    })
}

fn into_human_ticket(stored: StoredHumanTicketSnapshot) -> anyhow::Result<HumanTicket> {
    Ok(HumanTicket {
        id: HumanTicketId::new(stored.id).context("a stored human ticket number is out of range")?,
        opened_at: timestamp(stored.opened_at)?,
        closed_at: optional_timestamp(stored.closed_at)?,
    })
}

fn user_id(number: Option<i64>) -> anyhow::Result<Option<UserId>> {
    number.map(|number| UserId::new(number).context("a stored user number is out of range")).transpose()
}
