//! How events are spelled in JSON.

use hexdesk_domain::{Actor, Event, EventKind, Snapshot, Subject, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::api_keys::ApiKeySnapshotJson;
use crate::comments::CommentJson;
use crate::customers::CustomerJson;
use crate::json_text::as_text;
use crate::openapi::schemas::{self, Id};
use crate::tickets::{HumanTicketJson, TicketJson};
use crate::users::UserJson;

/// `{"success":true,"events":[…],"next_cursor":…}`.
#[derive(Serialize, ToSchema)]
pub(super) struct EventsAnswer<'a> {
    /// Always true.
    pub(super) success: bool,
    /// The events of this page.
    pub(super) events: Vec<EventJson<'a>>,
    /// The `cursor` of the next page; null on the last.
    #[schema(required)]
    pub(super) next_cursor: Option<&'a str>,
}

/// That one thing of the shop was changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventJson<'a> {
    /// The `cursor` that reads on after this event, now or later.
    cursor: String,
    #[schema(schema_with = event_kind)]
    kind: &'static str,
    /// The thing that was changed.
    subject: SubjectJson,
    /// Who changed it.
    actor: ActorJson,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    time: Timestamp,
    /// The thing as the change left it. Null if it was deleted or erased, and once the customer was erased
    /// whose data it held.
    #[schema(required)]
    snapshot: Option<SnapshotJson<'a>>,
}

impl<'a> EventJson<'a> {
    pub(super) fn new(event: &'a Event, cursor: String, shop_domain: &'a str) -> Self {
        let snapshot = event.snapshot.as_ref().map(|snapshot| match snapshot {
            Snapshot::Ticket(snapshot) => SnapshotJson::Ticket(TicketSnapshotJson {
                ticket: TicketJson::new(&snapshot.ticket, shop_domain),
                version: snapshot.ticket.version,
                human_ticket: snapshot.human_ticket.as_ref().map(HumanTicketJson::new),
            }),
            Snapshot::Comment(comment) => SnapshotJson::Comment(CommentSnapshotJson {
                comment: CommentJson::new(comment),
                customer_id: comment.customer_id.get(),
                user_id: comment.author_id,
            }),
            Snapshot::Customer(customer) => SnapshotJson::Customer(CustomerJson::new(customer, shop_domain)),
            Snapshot::User(user) => SnapshotJson::User(UserJson::new(user, shop_domain)),
            Snapshot::ApiKey(key) => SnapshotJson::ApiKey(ApiKeySnapshotJson::new(key, event.shop_id)),
        });
        Self {
            cursor,
            kind: event.kind.as_str(),
            subject: SubjectJson::new(event.subject),
            actor: ActorJson::new(event.stamp.actor),
            time: event.stamp.time,
            snapshot,
        }
    }
}

fn event_kind() -> Schema {
    let kinds: Vec<&str> = EventKind::ALL.iter().copied().map(EventKind::as_str).collect();
    schemas::described(schemas::one_of(&kinds), "What was done to what.")
}

#[derive(Serialize, ToSchema)]
#[schema(as = EventSubject)]
struct SubjectJson {
    #[schema(schema_with = subject_type)]
    r#type: &'static str,
    /// Its id, as a string whatever the thing is.
    #[schema(value_type = String, pattern = "^[1-9][0-9]{0,18}$")]
    #[serde(serialize_with = "as_text")]
    id: i64,
}

impl SubjectJson {
    fn new(subject: Subject) -> Self {
        let r#type = match subject {
            Subject::Ticket(_) => "ticket",
            Subject::Comment(_) => "comment",
            Subject::Customer(_) => "customer",
            Subject::User(_) => "user",
            Subject::ApiKey(_) => "api_key",
        };
        Self { r#type, id: subject.number() }
    }
}

fn subject_type() -> Schema {
    let types = schemas::one_of(&["ticket", "comment", "customer", "user", "api_key"]);
    schemas::described(types, "What kind of thing it is.")
}

#[derive(Serialize, ToSchema)]
#[schema(as = EventActor)]
struct ActorJson {
    #[schema(schema_with = actor_type)]
    r#type: &'static str,
    /// The id of the API key; null if it was the operator.
    #[schema(minimum = 1, required)]
    id: Option<i64>,
    /// The user in whose name the key writes, if it has one.
    #[schema(value_type = Option<Id>, required)]
    #[serde(rename = "userId")]
    user_id: Option<UserId>,
}

impl ActorJson {
    fn new(actor: Actor) -> Self {
        match actor {
            Actor::Operator => Self { r#type: "operator", id: None, user_id: None },
            Actor::ApiKey { number, user_id } => Self { r#type: "api_key", id: Some(number.get()), user_id },
        }
    }
}

fn actor_type() -> Schema {
    let text = "`operator` is whoever runs the server, by its command line.";
    schemas::described(schemas::one_of(&["operator", "api_key"]), text)
}

/// A thing as a change left it, of the event's type.
#[derive(Serialize, ToSchema)]
#[schema(as = EventSnapshot)]
#[serde(untagged)]
enum SnapshotJson<'a> {
    Ticket(TicketSnapshotJson<'a>),
    Comment(CommentSnapshotJson<'a>),
    Customer(CustomerJson<'a>),
    User(UserJson<'a>),
    ApiKey(ApiKeySnapshotJson),
}

/// A ticket with its human ticket, without the people it names.
#[derive(Serialize, ToSchema)]
#[schema(as = TicketSnapshot)]
struct TicketSnapshotJson<'a> {
    /// The ticket itself.
    #[serde(flatten)]
    ticket: TicketJson<'a>,
    /// Its version, the number in its `ETag`: 1 when it is created, and raised by whatever changes it.
    #[schema(minimum = 1)]
    version: i64,
    /// Its human ticket, if a person was ever to handle it.
    #[schema(required)]
    #[serde(rename = "HumanTicket")]
    human_ticket: Option<HumanTicketJson>,
}

/// A comment with the ids of the people it names.
#[derive(Serialize, ToSchema)]
#[schema(as = CommentSnapshot)]
struct CommentSnapshotJson<'a> {
    /// The comment itself.
    #[serde(flatten)]
    comment: CommentJson<'a>,
    /// The ticket's customer.
    #[schema(value_type = Id)]
    #[serde(rename = "customerID")]
    customer_id: i64,
    /// The user who wrote it, if the key was one's.
    #[schema(value_type = Option<Id>, required)]
    #[serde(rename = "userId")]
    user_id: Option<UserId>,
}
