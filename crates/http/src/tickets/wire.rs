//! How tickets are spelled in JSON.

use hexdesk_domain::limits::{MAX_TAGS, MAX_UNREAD_COUNT};
use hexdesk_domain::{
    CustomerId, Field, HumanTicket, Ticket, TicketChanges, TicketDraft, TicketView, Timestamp, UserId,
};
use serde::Serialize;

use crate::json_members::{Members, Spelling};
use crate::json_text::{as_text, as_text_or_null};
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

/// `{"success":true,"ticket":{…}}`
#[derive(Serialize)]
pub(super) struct TicketAnswer<T> {
    success: bool,
    ticket: T,
}

impl<T> TicketAnswer<T> {
    pub(super) fn new(ticket: T) -> Self {
        Self { success: true, ticket }
    }
}

/// `{"success":true,"tickets":[…],"next_cursor":…}`, with `"total":n` if it was asked for.
#[derive(Serialize)]
pub(super) struct TicketsAnswer<'a> {
    pub(super) success: bool,
    pub(super) tickets: Vec<TicketViewJson<'a>>,
    pub(super) next_cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

/// A ticket with every column of its own.
#[derive(Serialize)]
pub(super) struct TicketJson<'a> {
    #[serde(serialize_with = "as_text")]
    id: i64,
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    #[serde(rename = "customerID")]
    customer_id: CustomerId,
    #[serde(rename = "Channel")]
    channel: &'a str,
    name: Option<&'a str>,
    #[serde(rename = "threadId")]
    thread_id: Option<&'a str>,
    #[serde(rename = "emailUsed")]
    email_used: Option<&'a str>,
    #[serde(serialize_with = "as_text")]
    date: Timestamp,
    #[serde(rename = "lastMessage")]
    last_message: Option<&'a str>,
    #[serde(rename = "lastMessageTime", serialize_with = "as_text")]
    last_message_time: Timestamp,
    contact_reason: Option<&'a str>,
    assigned_to: Option<UserId>,
    #[serde(rename = "isOpenedTicket")]
    is_opened: bool,
    #[serde(rename = "unReadChatCount")]
    unread_count: i32,
    tags: &'a [String],
    language_code: Option<&'a str>,
    via: Option<&'a str>,
}

impl<'a> TicketJson<'a> {
    pub(super) fn new(ticket: &'a Ticket, shop_domain: &'a str) -> Self {
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
#[derive(Serialize)]
pub(super) struct TicketViewJson<'a> {
    #[serde(flatten)]
    ticket: TicketJson<'a>,
    #[serde(rename = "Customer")]
    customer: CustomerSummary<'a>,
    #[serde(rename = "User")]
    assignee: Option<UserSummary<'a>>,
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

#[derive(Serialize)]
struct HumanTicketJson {
    id: i64,
    #[serde(rename = "HumanTicketStatus")]
    status: &'static str,
    #[serde(rename = "openedAt", serialize_with = "as_text")]
    opened_at: Timestamp,
    #[serde(rename = "closedAt", serialize_with = "as_text_or_null")]
    closed_at: Option<Timestamp>,
}

impl HumanTicketJson {
    fn new(human_ticket: &HumanTicket) -> Self {
        Self {
            id: human_ticket.id.get(),
            status: if human_ticket.closed_at.is_none() { "OPEN" } else { "CLOSED" },
            opened_at: human_ticket.opened_at,
            closed_at: human_ticket.closed_at,
        }
    }
}
