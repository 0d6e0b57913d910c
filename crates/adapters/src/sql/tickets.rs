//! Tickets: their table, its rows, and the columns that an update changes.

use diesel::backend::Backend;
use diesel::dsl::{self, AsSelect, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::{AsChangeset, ExpressionMethods, Insertable, Queryable, Selectable, SelectableHelper};
use diesel::sql_types::{Nullable, Text};
use hexdesk_domain::{
    CustomerId, HumanTicket, HumanTicketId, InitialMessage, Ticket, TicketChanges, TicketId, TicketSnapshot,
    TicketView, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use super::customers::CustomerRow;
use super::types::{Instant, StoredTexts, StoredTimestamp};
use super::users::UserRow;
use super::{CorruptRow, shop_id, user_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Instant, TextList};

    tickets (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        customer_id -> BigInt,
        channel -> Text,
        name -> Nullable<Text>,
        thread_id -> Nullable<Text>,
        email_used -> Nullable<Text>,
        date -> Instant,
        last_message -> Nullable<Text>,
        last_message_time -> Instant,
        contact_reason -> Nullable<Text>,
        assigned_to -> Nullable<BigInt>,
        is_opened -> Bool,
        unread_count -> Integer,
        tags -> TextList,
        language_code -> Nullable<Text>,
        via -> Nullable<Text>,
        version -> BigInt,
        human_ticket_id -> Nullable<BigInt>,
        human_ticket_opened_at -> Nullable<Instant>,
        human_ticket_closed_at -> Nullable<Instant>,
        initial_message -> Nullable<Text>,
        initial_message_time -> Nullable<Instant>,
    }
}

/// A ticket with its human ticket, to insert and to read.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = tickets, treat_none_as_default_value = false)]
pub(crate) struct TicketRow {
    pub(crate) shop_id: i64,
    pub(crate) id: i64,
    pub(crate) customer_id: i64,
    pub(crate) channel: String,
    pub(crate) name: Option<String>,
    pub(crate) thread_id: Option<String>,
    pub(crate) email_used: Option<String>,
    pub(crate) date: StoredTimestamp,
    pub(crate) last_message: Option<String>,
    pub(crate) last_message_time: StoredTimestamp,
    // Both are absent until the first message is replaced. A ticket created without a message then
    // has only the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) initial_message: Option<String>,
    #[serde(default = "unknown_time", skip_serializing_if = "Option::is_none")]
    pub(crate) initial_message_time: Option<StoredTimestamp>,
    pub(crate) contact_reason: Option<String>,
    pub(crate) assigned_to: Option<i64>,
    pub(crate) is_opened: bool,
    pub(crate) unread_count: i32,
    pub(crate) tags: StoredTexts,
    pub(crate) language_code: Option<String>,
    pub(crate) via: Option<String>,
    pub(crate) version: i64,
    // Snapshots in JSON omit them if they are `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human_ticket_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human_ticket_opened_at: Option<StoredTimestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) human_ticket_closed_at: Option<StoredTimestamp>,
}

/// The time of the first message in a snapshot of an older version, which did not keep that message.
/// See [`TicketRow::of_snapshot`].
fn unknown_time() -> Option<StoredTimestamp> {
    Some(StoredTimestamp(Timestamp::MIN))
}

/// The row of a ticket that has no human ticket yet.
impl From<Ticket> for TicketRow {
    fn from(ticket: Ticket) -> Self {
        let (initial_message, initial_message_time) = match ticket.initial_message {
            Some(InitialMessage { text, time }) => (text, Some(StoredTimestamp(time))),
            None => (None, None),
        };
        Self {
            shop_id: ticket.shop_id.get(),
            id: ticket.id.get(),
            customer_id: ticket.customer_id.get(),
            channel: ticket.channel,
            name: ticket.name,
            thread_id: ticket.thread_id,
            email_used: ticket.email_used,
            date: StoredTimestamp(ticket.date),
            last_message: ticket.last_message,
            last_message_time: StoredTimestamp(ticket.last_message_time),
            initial_message,
            initial_message_time,
            contact_reason: ticket.contact_reason,
            assigned_to: ticket.assigned_to.map(UserId::get),
            is_opened: ticket.is_opened,
            unread_count: ticket.unread_count,
            tags: StoredTexts(ticket.tags),
            language_code: ticket.language_code,
            via: ticket.via,
            version: ticket.version,
            human_ticket_id: None,
            human_ticket_opened_at: None,
            human_ticket_closed_at: None,
        }
    }
}

impl TicketRow {
    /// Writes it as a snapshot in JSON. From version 2 on, the snapshot says whether the first
    /// message was replaced: snapshots of older versions do not.
    pub(crate) fn to_snapshot(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_string(self)?;
        if self.version > 1 && self.initial_message_time.is_none() {
            json.pop();
            json.push_str(r#","initial_message_time":null}"#);
        }
        Ok(json)
    }

    /// Reads a snapshot. The first message is unknown in a snapshot that does not mention it, unless
    /// the ticket is new.
    pub(crate) fn of_snapshot(json: &str) -> Result<Self, serde_json::Error> {
        let mut row: Self = serde_json::from_str(json)?;
        if row.version == 1 {
            row.initial_message_time = None;
        }
        Ok(row)
    }
}

impl From<TicketSnapshot> for TicketRow {
    fn from(TicketSnapshot { ticket, human_ticket }: TicketSnapshot) -> Self {
        Self {
            human_ticket_id: human_ticket.as_ref().map(|human_ticket| human_ticket.id.get()),
            human_ticket_opened_at: human_ticket
                .as_ref()
                .map(|human_ticket| StoredTimestamp(human_ticket.opened_at)),
            human_ticket_closed_at: human_ticket
                .and_then(|human_ticket| human_ticket.closed_at)
                .map(StoredTimestamp),
            ..ticket.into()
        }
    }
}

impl TryFrom<TicketRow> for TicketSnapshot {
    type Error = CorruptRow;

    fn try_from(row: TicketRow) -> Result<Self, Self::Error> {
        let human_ticket = match (row.human_ticket_id, row.human_ticket_opened_at, row.human_ticket_closed_at)
        {
            (None, None, None) => None,
            (Some(id), Some(opened_at), closed_at) => Some(HumanTicket {
                id: HumanTicketId::new(id).ok_or(CorruptRow("human ticket number"))?,
                opened_at: opened_at.0,
                closed_at: closed_at.map(|time| time.0),
            }),
            _ => return Err(CorruptRow("human ticket")),
        };
        let ticket = Ticket {
            id: TicketId::new(row.id).ok_or(CorruptRow("ticket id"))?,
            shop_id: shop_id(row.shop_id)?,
            customer_id: CustomerId::new(row.customer_id).ok_or(CorruptRow("customer number"))?,
            channel: row.channel,
            name: row.name,
            thread_id: row.thread_id,
            email_used: row.email_used,
            date: row.date.0,
            last_message: row.last_message,
            last_message_time: row.last_message_time.0,
            initial_message: row
                .initial_message_time
                .map(|time| InitialMessage { text: row.initial_message, time: time.0 }),
            contact_reason: row.contact_reason,
            assigned_to: user_id(row.assigned_to)?,
            is_opened: row.is_opened,
            unread_count: row.unread_count,
            tags: row.tags.0,
            language_code: row.language_code,
            via: row.via,
            version: row.version,
        };
        Ok(Self { ticket, human_ticket })
    }
}

/// A ticket with its customer and assignee, as one row.
pub(crate) type TicketViewRow = (TicketRow, CustomerRow, Option<UserRow>);

/// The columns of a [`TicketViewRow`].
type TicketViewColumns<Database> =
    (AsSelect<TicketRow, Database>, AsSelect<CustomerRow, Database>, AsSelect<Option<UserRow>, Database>);

/// The columns to select for a [`TicketViewRow`].
pub(crate) fn ticket_view_columns<Database: Backend>() -> TicketViewColumns<Database> {
    (TicketRow::as_select(), CustomerRow::as_select(), Option::<UserRow>::as_select())
}

/// The domain's view of a [`TicketViewRow`].
pub(crate) fn ticket_view((ticket, customer, assignee): TicketViewRow) -> Result<TicketView, CorruptRow> {
    let TicketSnapshot { ticket, human_ticket } = ticket.try_into()?;
    Ok(TicketView {
        ticket,
        customer: customer.try_into()?,
        assignee: assignee.map(TryInto::try_into).transpose()?,
        human_ticket,
    })
}

/// The columns that an update of a ticket sets: `None` leaves a column as it is, `Some(None)` sets
/// it to NULL.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets)]
pub(crate) struct TicketChangeset {
    customer_id: Option<i64>,
    channel: Option<String>,
    thread_id: Option<Option<String>>,
    email_used: Option<Option<String>>,
    date: Option<StoredTimestamp>,
    via: Option<Option<String>>,
    assigned_to: Option<Option<i64>>,
    name: Option<Option<String>>,
    tags: Option<StoredTexts>,
    contact_reason: Option<Option<String>>,
    language_code: Option<Option<String>>,
    is_opened: Option<bool>,
    unread_count: Option<i32>,
    last_message_time: Option<StoredTimestamp>,
}

impl From<TicketChanges> for TicketChangeset {
    fn from(changes: TicketChanges) -> Self {
        let TicketChanges {
            customer_id,
            channel,
            thread_id,
            email_used,
            date,
            via,
            assigned_to,
            name,
            tags,
            contact_reason,
            language_code,
            is_opened,
            unread_count,
            last_message_time,
        } = changes;
        Self {
            customer_id: customer_id.map(CustomerId::get),
            channel,
            thread_id,
            email_used,
            date: date.map(StoredTimestamp),
            via,
            assigned_to: assigned_to.map(|user| user.map(UserId::get)),
            name,
            tags: tags.map(StoredTexts),
            contact_reason,
            language_code,
            is_opened,
            unread_count,
            last_message_time: last_message_time.map(StoredTimestamp),
        }
    }
}

/// Keeps the first message in the statement that replaces it as the last one (TICKET-26).
pub(crate) fn keep_first_message() -> KeepFirstMessage {
    (
        tickets::initial_message
            .eq(sql("CASE WHEN initial_message_time IS NULL THEN last_message ELSE initial_message END")),
        tickets::initial_message_time.eq(sql("coalesce(initial_message_time, last_message_time)")),
    )
}

pub(crate) type KeepFirstMessage = (
    dsl::Eq<tickets::initial_message, SqlLiteral<Nullable<Text>>>,
    dsl::Eq<tickets::initial_message_time, SqlLiteral<Nullable<Instant>>>,
);

/// The columns that a comment changes: `None` leaves a column as it is, `Some(None)` sets it to NULL.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets)]
pub(crate) struct MessageChangeset {
    last_message: Option<Option<String>>,
    last_message_time: Option<StoredTimestamp>,
    initial_message: Option<Option<String>>,
    initial_message_time: Option<Option<StoredTimestamp>>,
    unread_count: Option<i32>,
    version: i64,
}

impl MessageChangeset {
    /// The changes from one state of a ticket to a later one. A text that stays is not written again.
    pub(crate) fn between(before: &Ticket, after: &Ticket) -> Self {
        let initial =
            (before.initial_message != after.initial_message).then(|| after.initial_message.clone());
        Self {
            last_message: (before.last_message != after.last_message).then(|| after.last_message.clone()),
            last_message_time: (before.last_message_time != after.last_message_time)
                .then_some(StoredTimestamp(after.last_message_time)),
            initial_message_time: initial
                .as_ref()
                .map(|initial| initial.as_ref().map(|message| StoredTimestamp(message.time))),
            initial_message: initial.map(|initial| initial.and_then(|message| message.text)),
            unread_count: (before.unread_count != after.unread_count).then_some(after.unread_count),
            version: after.version,
        }
    }
}

/// The columns of a closed ticket that a comment opens.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets, treat_none_as_null = true)]
pub(crate) struct OpenedTicket {
    is_opened: bool,
    human_ticket_id: Option<i64>,
    human_ticket_opened_at: Option<StoredTimestamp>,
    human_ticket_closed_at: Option<StoredTimestamp>,
}

impl OpenedTicket {
    pub(crate) fn new(human_ticket: Option<&HumanTicket>) -> Self {
        Self {
            is_opened: true,
            human_ticket_id: human_ticket.map(|human_ticket| human_ticket.id.get()),
            human_ticket_opened_at: human_ticket.map(|human_ticket| StoredTimestamp(human_ticket.opened_at)),
            human_ticket_closed_at: None,
        }
    }
}

/// The columns of the human ticket, which change when a ticket is opened or closed. The database
/// sets the number of a new one.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = tickets)]
pub(crate) struct HumanTicketChangeset {
    human_ticket_opened_at: Option<StoredTimestamp>,
    human_ticket_closed_at: Option<Option<StoredTimestamp>>,
}

impl HumanTicketChangeset {
    /// `is_opened` is the value of the update. If it equals `was_opened`, nothing changes.
    pub(crate) fn new(was_opened: bool, is_opened: Option<bool>, time: Timestamp) -> Self {
        let time = StoredTimestamp(time);
        match (was_opened, is_opened) {
            (false, Some(true)) => {
                Self { human_ticket_opened_at: Some(time), human_ticket_closed_at: Some(None) }
            }
            (true, Some(false)) => Self { human_ticket_closed_at: Some(Some(time)), ..Self::default() },
            _ => Self::default(),
        }
    }
}
