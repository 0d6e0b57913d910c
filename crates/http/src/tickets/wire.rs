//! How tickets are spelled in JSON.

use hexdesk_domain::limits::{MAX_TAGS, MAX_UNREAD_COUNT};
use hexdesk_domain::{
    CustomerId, Field, HumanTicket, Ticket, TicketChanges, TicketDraft, TicketView, Timestamp, UserId,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::json_members::{Members, Spelling};
use crate::json_text::{as_text, as_text_or_null};
use crate::openapi::schemas::{self, Id};
use crate::person_json::{CustomerSummary, UserSummary};

/// The members of the body that creates a ticket.
pub(super) const TICKET_MEMBERS: Spelling = &[
    (Field::CustomerId, "customerId"),
    (Field::Channel, "Channel"),
    (Field::Name, "name"),
    (Field::ThreadId, "threadId"),
    (Field::ContactReason, "contact_reason"),
    (Field::Via, "via"),
    (Field::EmailUsed, "emailUsed"),
    (Field::Date, "date"),
    (Field::LastMessageTime, "lastMessageTime"),
    (Field::LastMessage, "lastMessage"),
    (Field::AssignedTo, "assigned_to"),
    (Field::IsOpened, "isOpenedTicket"),
    (Field::UnreadCount, "unReadChatCount"),
    (Field::Tags, "tags"),
    (Field::LanguageCode, "language_code"),
];

/// The draft that the members make; what cannot be read stays absent, and is noted in them.
pub(super) fn draft(members: &mut Members) -> TicketDraft {
    TicketDraft {
        customer_id: members.id(Field::CustomerId, CustomerId::MAX, CustomerId::new),
        channel: members.text(Field::Channel),
        name: members.text(Field::Name),
        thread_id: members.text(Field::ThreadId),
        contact_reason: members.text(Field::ContactReason),
        via: members.text(Field::Via),
        email_used: members.text(Field::EmailUsed),
        date: members.timestamp(Field::Date),
        last_message_time: members.timestamp(Field::LastMessageTime),
        last_message: members.text(Field::LastMessage),
        assigned_to: members.id(Field::AssignedTo, UserId::MAX, UserId::new),
        is_opened: members.flag(Field::IsOpened),
        unread_count: members.count(Field::UnreadCount, MAX_UNREAD_COUNT),
        tags: members.texts(Field::Tags, MAX_TAGS),
        language_code: members.text(Field::LanguageCode),
    }
}

/// The members of the body that changes a ticket.
pub(super) const TICKET_CHANGE_MEMBERS: Spelling = &[
    (Field::Name, "name"),
    (Field::ContactReason, "contact_reason"),
    (Field::AssignedTo, "assigned_to"),
    (Field::IsOpened, "isOpenedTicket"),
    (Field::UnreadCount, "unReadChatCount"),
    (Field::Tags, "tags"),
    (Field::LanguageCode, "language_code"),
];

/// The changes that the members make; `null` clears. What cannot be read is noted in them.
pub(super) fn changes(members: &mut Members) -> TicketChanges {
    TicketChanges {
        name: members.change(Field::Name, Members::text),
        contact_reason: members.change(Field::ContactReason, Members::text),
        assigned_to: members
            .change(Field::AssignedTo, |members, field| members.id(field, UserId::MAX, UserId::new)),
        is_opened: members.change(Field::IsOpened, Members::boolean).map(Option::unwrap_or_default),
        unread_count: members
            .change(Field::UnreadCount, |members, field| members.count(field, MAX_UNREAD_COUNT))
            // Lossless: `count` holds it in the range of an i32, or notes that it does not.
            .map(|count| count.and_then(|count| i32::try_from(count).ok()).unwrap_or_default()),
        tags: members
            .change(Field::Tags, |members, field| members.texts(field, MAX_TAGS))
            .map(Option::unwrap_or_default),
        language_code: members.change(Field::LanguageCode, Members::text),
    }
}

/// `{"success":true,"ticket":{…}}`, with every column of the ticket.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketAnswer<'a> {
    /// Always true.
    success: bool,
    /// The ticket.
    ticket: TicketJson<'a>,
}

impl<'a> TicketAnswer<'a> {
    pub(super) fn new(ticket: &'a Ticket, shop_domain: &'a str) -> Self {
        Self { success: true, ticket: TicketJson::new(ticket, shop_domain) }
    }
}

/// `{"success":true,"ticket":{…}}`, with the people that the ticket names.
#[derive(Serialize, ToSchema)]
#[schema(as = TicketWithPeopleAnswer)]
pub(super) struct TicketViewAnswer<'a> {
    /// Always true.
    success: bool,
    /// The ticket.
    ticket: TicketViewJson<'a>,
}

impl<'a> TicketViewAnswer<'a> {
    pub(super) fn new(view: &'a TicketView, shop_domain: &'a str) -> Self {
        Self { success: true, ticket: TicketViewJson::new(view, shop_domain) }
    }
}

/// `{"success":true,"tickets":[…],"next_cursor":…}`, with `"total":n` if it was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketsAnswer<'a> {
    /// Always true.
    pub(super) success: bool,
    /// The tickets of this page.
    pub(super) tickets: Vec<TicketViewJson<'a>>,
    /// The `cursor` of the next page; null on the last.
    #[schema(required)]
    pub(super) next_cursor: Option<&'a str>,
    /// How many tickets all pages hold; there with `include=total`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// A ticket with every column of its own.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketJson<'a> {
    /// Its id, a whole number of up to 64 bits.
    #[schema(value_type = String, pattern = "^[1-9][0-9]{0,18}$")]
    #[serde(serialize_with = "as_text")]
    id: i64,
    /// The shop's domain.
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    /// The customer it is from.
    #[schema(value_type = Id)]
    #[serde(rename = "customerID")]
    customer_id: CustomerId,
    /// Where it came in.
    #[serde(rename = "Channel")]
    channel: &'a str,
    /// Its subject.
    #[schema(required)]
    name: Option<&'a str>,
    /// Its thread in the channel.
    #[schema(required)]
    #[serde(rename = "threadId")]
    thread_id: Option<&'a str>,
    /// The address it was written to.
    #[schema(required)]
    #[serde(rename = "emailUsed")]
    email_used: Option<&'a str>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    date: Timestamp,
    /// The last message.
    #[schema(required)]
    #[serde(rename = "lastMessage")]
    last_message: Option<&'a str>,
    /// When the last message was written.
    #[schema(value_type = String, format = DateTime)]
    #[serde(rename = "lastMessageTime", serialize_with = "as_text")]
    last_message_time: Timestamp,
    /// What it is about.
    #[schema(required)]
    contact_reason: Option<&'a str>,
    /// The user who takes care of it.
    #[schema(value_type = Option<Id>, required)]
    assigned_to: Option<UserId>,
    /// Whether a person is to handle it.
    #[serde(rename = "isOpenedTicket")]
    is_opened: bool,
    /// How many messages nobody of the shop has read.
    #[schema(minimum = 0)]
    #[serde(rename = "unReadChatCount")]
    unread_count: i32,
    /// Its tags, in their order.
    tags: &'a [String],
    /// Its language, as it was given.
    #[schema(required)]
    language_code: Option<&'a str>,
    /// What created it.
    #[schema(required)]
    via: Option<&'a str>,
}

impl<'a> TicketJson<'a> {
    pub(crate) fn new(ticket: &'a Ticket, shop_domain: &'a str) -> Self {
        Self {
            id: ticket.id.get(),
            shop_domain,
            customer_id: ticket.customer_id,
            channel: &ticket.channel,
            name: ticket.name.as_deref(),
            thread_id: ticket.thread_id.as_deref(),
            email_used: ticket.email_used.as_deref(),
            date: ticket.date,
            last_message: ticket.last_message.as_deref(),
            last_message_time: ticket.last_message_time,
            contact_reason: ticket.contact_reason.as_deref(),
            assigned_to: ticket.assigned_to,
            is_opened: ticket.is_opened,
            unread_count: ticket.unread_count,
            tags: &ticket.tags,
            language_code: ticket.language_code.as_deref(),
            via: ticket.via.as_deref(),
        }
    }
}

/// A ticket with the people it names.
#[derive(Serialize, ToSchema)]
#[schema(as = TicketWithPeople)]
pub(super) struct TicketViewJson<'a> {
    /// The ticket itself.
    #[serde(flatten)]
    ticket: TicketJson<'a>,
    /// The customer it is from.
    #[serde(rename = "Customer")]
    customer: CustomerSummary<'a>,
    /// The user who takes care of it.
    #[schema(required)]
    #[serde(rename = "User")]
    assignee: Option<UserSummary<'a>>,
    /// Its human ticket, if a person was ever to handle it.
    #[schema(required)]
    #[serde(rename = "HumanTicket")]
    human_ticket: Option<HumanTicketJson>,
}

impl<'a> TicketViewJson<'a> {
    pub(super) fn new(view: &'a TicketView, shop_domain: &'a str) -> Self {
        Self {
            ticket: TicketJson::new(&view.ticket, shop_domain),
            customer: CustomerSummary::new(&view.customer),
            assignee: view.assignee.as_ref().map(UserSummary::new),
            human_ticket: view.human_ticket.as_ref().map(HumanTicketJson::new),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = HumanTicket)]
pub(crate) struct HumanTicketJson {
    /// Its id.
    #[schema(value_type = Id)]
    id: i64,
    #[schema(schema_with = human_ticket_status)]
    #[serde(rename = "HumanTicketStatus")]
    status: &'static str,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    #[serde(rename = "openedAt", serialize_with = "as_text")]
    opened_at: Timestamp,
    /// When it was closed.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    #[serde(rename = "closedAt", serialize_with = "as_text_or_null")]
    closed_at: Option<Timestamp>,
}

impl HumanTicketJson {
    pub(crate) fn new(human_ticket: &HumanTicket) -> Self {
        Self {
            id: human_ticket.id.get(),
            status: if human_ticket.closed_at.is_none() { "OPEN" } else { "CLOSED" },
            opened_at: human_ticket.opened_at,
            closed_at: human_ticket.closed_at,
        }
    }
}

fn human_ticket_status() -> Schema {
    schemas::described(schemas::one_of(&["OPEN", "CLOSED"]), "`OPEN` until it is closed.")
}
