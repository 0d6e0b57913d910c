//! The JSON of events.

use hexdesk_domain::{Actor, Event, Shop, Snapshot, Subject};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;
#[cfg(test)]
use utoipa::openapi::schema::Schema;

use crate::api_keys::ApiKeySnapshotJson;
use crate::comments::CommentJson;
use crate::customers::CustomerJson;
use crate::json_values::{Id, LongId, RequestIdText, Time};
#[cfg(test)]
use crate::openapi::schemas;
use crate::tickets::{HumanTicketJson, InitialMessageJson, TicketJson};
use crate::users::UserJson;
use crate::webhooks::WebhookJson;

/// `{"success":true,"events":[…],"next_cursor":…}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(super) struct EventsAnswer<'a> {
    /// Always `true`.
    pub(super) success: bool,
    /// The events of this page.
    pub(super) events: Vec<EventJson<'a>>,
    /// The `cursor` of the next page; `null` on the last.
    pub(super) next_cursor: Option<&'a str>,
}

/// A change of one resource of the shop.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Event))]
pub(super) struct EventJson<'a> {
    /// The `cursor` of the page that begins after this event, now or later.
    cursor: String,
    #[cfg_attr(test, schema(schema_with = event_kind))]
    kind: &'static str,
    /// The changed resource.
    subject: SubjectJson,
    /// The key, the operator or the server that changed it.
    actor: ActorJson,
    /// When it was changed.
    time: Time,
    /// The `x-request-id` of the response to the request that changed it, as in the log of the server. It is `null` for
    /// the operator and the server, and for changes by an older version of Hexdesk.
    #[serde(rename = "requestId")]
    request_id: Option<RequestIdText>,
    /// The resource after the change. It is `null` if the resource was deleted or erased, and after the customer whose
    /// data it held was erased.
    snapshot: Option<SnapshotJson<'a>>,
}

impl<'a> EventJson<'a> {
    pub(super) fn new(event: &'a Event, cursor: String, shop_domain: &'a str) -> Self {
        let snapshot = event.snapshot.as_ref().map(|snapshot| match snapshot {
            Snapshot::Ticket(snapshot) => SnapshotJson::Ticket(TicketSnapshotJson {
                ticket: TicketJson::new(&snapshot.ticket, shop_domain),
                initial_message: InitialMessageJson::of(&snapshot.ticket),
                version: snapshot.ticket.version,
                human_ticket: snapshot.human_ticket.as_ref().map(HumanTicketJson::new),
            }),
            Snapshot::Comment(comment) => SnapshotJson::Comment(CommentSnapshotJson {
                comment: CommentJson::new(comment),
                customer_id: Id(comment.customer_id.get()),
                user_id: comment.author_id.map(|user| Id(user.get())),
            }),
            Snapshot::Customer(customer) => SnapshotJson::Customer(CustomerJson::new(customer, shop_domain)),
            Snapshot::User(user) => SnapshotJson::User(UserJson::new(user, shop_domain)),
            Snapshot::ApiKey(key) => SnapshotJson::ApiKey(ApiKeySnapshotJson::new(key, event.shop_id)),
            Snapshot::Webhook(webhook) => SnapshotJson::Webhook(WebhookJson::new(webhook)),
            Snapshot::Shop(shop) => SnapshotJson::Shop(ShopJson::new(shop)),
        });
        Self {
            cursor,
            kind: event.kind.as_str(),
            subject: SubjectJson::new(event.subject),
            actor: ActorJson::new(event.stamp.actor),
            time: Time(event.stamp.time),
            request_id: event.stamp.request_id.map(RequestIdText),
            snapshot,
        }
    }

    /// The same without the state of the resource.
    pub(super) fn without_snapshot(self) -> Self {
        Self { snapshot: None, ..self }
    }
}

#[cfg(test)]
fn event_kind() -> Schema {
    let kinds: Vec<&str> =
        hexdesk_domain::EventKind::ALL.iter().copied().map(hexdesk_domain::EventKind::as_str).collect();
    schemas::described(schemas::one_of(&kinds), "The type of the resource, and its change.")
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = EventSubject))]
struct SubjectJson {
    #[cfg_attr(test, schema(schema_with = subject_type))]
    r#type: &'static str,
    /// Its id, always as a string.
    id: LongId,
}

impl SubjectJson {
    fn new(subject: Subject) -> Self {
        Self { r#type: subject.type_name(), id: LongId(subject.number()) }
    }
}

#[cfg(test)]
fn subject_type() -> Schema {
    let names: Vec<&str> = Subject::TYPES.iter().filter_map(|of| of.names.first().copied()).collect();
    schemas::described(schemas::one_of(&names), "The type of the resource.")
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = EventActor))]
struct ActorJson {
    #[cfg_attr(test, schema(schema_with = actor_type))]
    r#type: &'static str,
    /// The id of the API key; `null` for other actors.
    #[cfg_attr(test, schema(minimum = 1))]
    id: Option<i64>,
    /// The user: of the console, or of the key; `null` if there is none.
    #[serde(rename = "userId")]
    user_id: Option<Id>,
}

impl ActorJson {
    fn new(actor: Actor) -> Self {
        match actor {
            Actor::Operator => Self { r#type: "operator", id: None, user_id: None },
            Actor::Server => Self { r#type: "server", id: None, user_id: None },
            Actor::ApiKey { number, user_id } => Self {
                r#type: "api_key",
                id: Some(number.get()),
                user_id: user_id.map(|user| Id(user.get())),
            },
            Actor::User { id } => Self { r#type: "user", id: None, user_id: Some(Id(id.get())) },
        }
    }
}

#[cfg(test)]
fn actor_type() -> Schema {
    let text = "`operator` is the command line of the server. `server` is the server itself, such as when it \
        disables a webhook. `user` is a user of the console.";
    schemas::described(schemas::one_of(&["operator", "server", "api_key", "user"]), text)
}

/// A resource after a change.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = EventSnapshot))]
#[serde(untagged)]
enum SnapshotJson<'a> {
    Ticket(TicketSnapshotJson<'a>),
    Comment(CommentSnapshotJson<'a>),
    Customer(CustomerJson<'a>),
    User(UserJson<'a>),
    ApiKey(ApiKeySnapshotJson),
    Webhook(WebhookJson<'a>),
    Shop(ShopJson<'a>),
}

/// A shop. Only the command line of the server changes it.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = ShopSnapshot))]
pub(crate) struct ShopJson<'a> {
    /// Its number.
    id: Id,
    /// Its domain name.
    domain: &'a str,
    /// When it was added.
    #[serde(rename = "createdAt")]
    created_at: Time,
    /// When it was closed; `null` if it is open.
    #[serde(rename = "closedAt")]
    closed_at: Option<Time>,
    /// Whether a customer's comment opens a closed ticket again.
    #[serde(rename = "reopenOnReply")]
    reopen_on_reply: bool,
}

impl<'a> ShopJson<'a> {
    pub(crate) fn new(shop: &'a Shop) -> Self {
        Self {
            id: Id(shop.id.get()),
            domain: shop.domain.as_str(),
            created_at: Time(shop.created_at),
            closed_at: shop.closed_at.map(Time),
            reopen_on_reply: shop.reopen_on_reply,
        }
    }
}

/// A ticket with its human ticket, without the people it names.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = TicketSnapshot))]
struct TicketSnapshotJson<'a> {
    /// The ticket itself.
    #[serde(flatten)]
    ticket: TicketJson<'a>,
    /// The message that it was created with. It is `null` without one, and in some events that an older version of
    /// Hexdesk wrote.
    #[serde(rename = "initialMessage")]
    initial_message: Option<InitialMessageJson<'a>>,
    /// Its version, the number in its `ETag`: 1 when it is created, and higher after every change.
    #[cfg_attr(test, schema(minimum = 1))]
    version: i64,
    /// Its human ticket; `null` if it never had one.
    #[serde(rename = "HumanTicket")]
    human_ticket: Option<HumanTicketJson>,
}

/// A comment with the ids of the people it names.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = CommentSnapshot))]
struct CommentSnapshotJson<'a> {
    /// The comment itself.
    #[serde(flatten)]
    comment: CommentJson<'a>,
    /// The ticket's customer.
    #[serde(rename = "customerID")]
    customer_id: Id,
    /// The user of the key that created it; `null` if the key has none.
    #[serde(rename = "userId")]
    user_id: Option<Id>,
}
