//! How tickets are spelled in JSON.

use hexdesk_domain::limits::{MAX_TAGS, MAX_UNREAD_COUNT};
use hexdesk_domain::{
    Customer, CustomerId, Field, HumanTicket, Ticket, TicketDraft, TicketView, Timestamp, User, UserId,
};
use serde::{Serialize, Serializer};

use crate::json_members::{Members, Spelling};

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

/// `{"success":true,"ticket":{…}}`
#[derive(Serialize)]
pub(super) struct TicketAnswer<T> {
    success: bool,
    ticket: T,
}

impl<T: Serialize> TicketAnswer<T> {
    pub(super) fn new(ticket: T) -> Self {
        Self { success: true, ticket }
    }

    /// The JSON text.
    pub(super) fn to_json(&self) -> Vec<u8> {
        // Nothing in these types can fail to serialize: no maps, no fallible `Serialize`.
        serde_json::to_vec(self).unwrap_or_default()
    }
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
    customer: CustomerJson<'a>,
    #[serde(rename = "User")]
    assignee: Option<UserJson<'a>>,
    #[serde(rename = "HumanTicket")]
    human_ticket: Option<HumanTicketJson>,
}

impl<'a> TicketViewJson<'a> {
    pub(super) fn new(view: &'a TicketView, shop_domain: &'a str) -> Self {
        Self {
            ticket: TicketJson::new(&view.ticket, shop_domain),
            customer: CustomerJson::new(&view.customer),
            assignee: view.assignee.as_ref().map(UserJson::new),
            human_ticket: view.human_ticket.as_ref().map(HumanTicketJson::new),
        }
    }
}

#[derive(Serialize)]
struct CustomerJson<'a> {
    id: i64,
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
    phone_number: Option<&'a str>,
    shopify_id: Option<&'a str>,
}

impl<'a> CustomerJson<'a> {
    fn new(customer: &'a Customer) -> Self {
        Self {
            id: customer.id.get(),
            email: customer.email.as_deref(),
            first_name: customer.first_name.as_deref(),
            last_name: customer.last_name.as_deref(),
            full_name: customer.full_name.as_deref(),
            phone_number: customer.phone_number.as_deref(),
            shopify_id: customer.shopify_id.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct UserJson<'a> {
    id: i64,
    email: &'a str,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    full_name: Option<&'a str>,
}

impl<'a> UserJson<'a> {
    fn new(user: &'a User) -> Self {
        Self {
            id: user.id.get(),
            email: &user.email,
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            full_name: user.full_name.as_deref(),
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

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn as_text_or_null<T: std::fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
