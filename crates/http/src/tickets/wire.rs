//! The JSON of tickets.

use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_CONTACT_REASON_CHARS, MAX_MESSAGE_CHARS, MAX_TAG_CHARS, MAX_TAGS,
    MAX_THREAD_ID_CHARS, MAX_TICKET_NAME_CHARS, MAX_UNREAD_COUNT, MAX_VIA_CHARS,
};
use hexdesk_domain::{
    CustomerId, Field, HumanTicket, Ticket, TicketChanges, TicketDraft, TicketView, UserId,
};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_members::kinds::{self, Count, Flag, LenientFlag, Text, Texts};
use crate::json_members::{Body, Member, Members};
use crate::json_values::{Id, LongId, Time};
#[cfg(test)]
use crate::openapi::schemas;
use crate::person_json::{CustomerSummary, UserSummary};

const CUSTOMER_ID: Member<kinds::Id<CustomerId>> =
    Member::new(Field::CustomerId, "customerId", kinds::Id::CUSTOMER, "The customer who wrote.");
const CHANNEL: Member<Text> = Member::new(
    Field::Channel,
    "Channel",
    Text::NotBlank(MAX_CHANNEL_CHARS),
    "Where it came in: `Mail`, `Website`, `Facebook`, `Instagram`, `Helpwave` or any other.",
);
const NAME: Member<Text> =
    Member::new(Field::Name, "name", Text::UpTo(MAX_TICKET_NAME_CHARS), "Its subject.");
const THREAD_ID: Member<Text> =
    Member::new(Field::ThreadId, "threadId", Text::UpTo(MAX_THREAD_ID_CHARS), "Its thread in the channel.");
const CONTACT_REASON: Member<Text> = Member::new(
    Field::ContactReason,
    "contact_reason",
    Text::UpTo(MAX_CONTACT_REASON_CHARS),
    "The reason why the customer wrote.",
);
const VIA: Member<Text> =
    Member::new(Field::Via, "via", Text::UpTo(MAX_VIA_CHARS), "The program that created it.");
const EMAIL_USED: Member<Text> =
    Member::new(Field::EmailUsed, "emailUsed", Text::Email, "The e-mail address that the customer wrote to.");
const DATE: Member<kinds::Time> = Member::new(Field::Date, "date", kinds::Time, "When it began.");
const LAST_MESSAGE_TIME: Member<kinds::Time> =
    Member::new(Field::LastMessageTime, "lastMessageTime", kinds::Time, "When the last message was written.");
const LAST_MESSAGE: Member<Text> =
    Member::new(Field::LastMessage, "lastMessage", Text::UpTo(MAX_MESSAGE_CHARS), "The last message.");
const ASSIGNED_TO: Member<kinds::Id<UserId>> =
    Member::new(Field::AssignedTo, "assigned_to", kinds::Id::USER, "The user it is assigned to.")
        .remark("An active user of the shop.");
const IS_OPENED: Member<Flag> =
    Member::new(Field::IsOpened, "isOpenedTicket", Flag, "Whether a person must handle it.");
const UNREAD_COUNT: Member<Count> = Member::new(
    Field::UnreadCount,
    "unReadChatCount",
    Count(MAX_UNREAD_COUNT),
    "The number of messages that no user has read.",
);
const TAGS: Member<Texts> = Member::new(
    Field::Tags,
    "tags",
    Texts { max: MAX_TAGS, max_chars: MAX_TAG_CHARS },
    "Its tags, in the order given.",
);
const LANGUAGE_CODE: Member<Text> =
    Member::new(Field::LanguageCode, "language_code", Text::LanguageTag, "Its language, as given.");

/// The body that creates a ticket.
pub(crate) static NEW_TICKET: Body<TicketDraft> = Body::create("NewTicket", "Ticket", draft);

/// Reads the draft from the members.
pub(crate) fn draft(members: &mut Members) -> TicketDraft {
    TicketDraft {
        customer_id: members.required(CUSTOMER_ID.remark("A customer of the shop.")),
        channel: members.required(CHANNEL),
        name: members.optional(NAME),
        thread_id: members.optional(THREAD_ID),
        contact_reason: members.optional(CONTACT_REASON),
        via: members.optional(VIA),
        email_used: members.optional(EMAIL_USED),
        date: members.optional(DATE.remark("The default is now.")),
        last_message_time: members.optional(LAST_MESSAGE_TIME.remark("The default is now, as for `date`.")),
        last_message: members.optional(LAST_MESSAGE),
        assigned_to: members.optional(ASSIGNED_TO),
        is_opened: members
            .optional(
                IS_OPENED
                    .read_as(LenientFlag { otherwise: false })
                    .remark("`true` opens a human ticket with the ticket."),
            )
            .unwrap_or_default(),
        unread_count: members.optional(UNREAD_COUNT.remark("The default is 0.")),
        tags: members.optional(TAGS),
        language_code: members.optional(LANGUAGE_CODE),
    }
}

/// The body that changes a ticket.
pub(crate) static TICKET_CHANGES: Body<TicketChanges> = Body::change("TicketChanges", "Ticket", changes);

/// Reads the changes from the members.
pub(crate) fn changes(members: &mut Members) -> TicketChanges {
    TicketChanges {
        customer_id: members
            .replacement(CUSTOMER_ID.remark("Moves the ticket to another customer of the shop.")),
        channel: members.replacement(CHANNEL),
        thread_id: members.change(THREAD_ID),
        email_used: members.change(EMAIL_USED),
        date: members.replacement(DATE),
        via: members.change(VIA),
        name: members.change(NAME),
        contact_reason: members.change(CONTACT_REASON),
        assigned_to: members.change(ASSIGNED_TO),
        is_opened: members
            .change(IS_OPENED.remark("Opens or closes its human ticket. `null` is `false`."))
            .map(Option::unwrap_or_default),
        unread_count: members
            .change(UNREAD_COUNT.remark("`null` is 0."))
            // Lossless: the kind limits the number to the range of an i32, or reports an error.
            .map(|count| count.and_then(|count| i32::try_from(count).ok()).unwrap_or_default()),
        tags: members
            .change(TAGS.remark("They replace all its tags. `null` removes all."))
            .map(Option::unwrap_or_default),
        language_code: members.change(LANGUAGE_CODE),
        last_message_time: members.replacement(
            LAST_MESSAGE_TIME
                .remark("Corrects the place of the ticket in lists. `initialMessage` keeps its own."),
        ),
    }
}

/// `{"success":true,"ticket":{…}}`, with every column of the ticket.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct TicketAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The ticket.
    ticket: TicketJson<'a>,
}

impl<'a> TicketAnswer<'a> {
    pub(crate) fn new(ticket: &'a Ticket, shop_domain: &'a str) -> Self {
        Self { success: true, ticket: TicketJson::new(ticket, shop_domain) }
    }
}

/// `{"success":true,"ticket":{…}}`, with the people that the ticket names.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = TicketWithPeopleAnswer))]
pub(crate) struct TicketViewAnswer<'a> {
    /// Always `true`.
    success: bool,
    /// The ticket.
    ticket: TicketViewJson<'a>,
}

impl<'a> TicketViewAnswer<'a> {
    pub(crate) fn new(view: &'a TicketView, shop_domain: &'a str) -> Self {
        Self { success: true, ticket: TicketViewJson::new(view, shop_domain) }
    }
}

/// `{"success":true,"tickets":[…],"next_cursor":…}`, with `"total":n` if it was asked for.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct TicketsAnswer<'a> {
    /// Always `true`.
    pub(crate) success: bool,
    /// The tickets of this page.
    pub(crate) tickets: Vec<TicketViewJson<'a>>,
    /// The `cursor` of the next page; `null` on the last.
    pub(crate) next_cursor: Option<&'a str>,
    /// The number of tickets of all pages; only with `include=total`.
    #[cfg_attr(test, schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

/// A ticket with every column of its own.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Ticket))]
pub(crate) struct TicketJson<'a> {
    /// Its id.
    id: LongId,
    /// The shop's domain.
    #[serde(rename = "shopDomain")]
    shop_domain: &'a str,
    #[serde(rename = "customerID")]
    customer_id: Id,
    #[serde(rename = "Channel")]
    channel: &'a str,
    name: Option<&'a str>,
    #[serde(rename = "threadId")]
    thread_id: Option<&'a str>,
    #[serde(rename = "emailUsed")]
    email_used: Option<&'a str>,
    date: Time,
    #[serde(rename = "lastMessage")]
    last_message: Option<&'a str>,
    #[serde(rename = "lastMessageTime")]
    last_message_time: Time,
    contact_reason: Option<&'a str>,
    assigned_to: Option<Id>,
    #[serde(rename = "isOpenedTicket")]
    is_opened: bool,
    #[cfg_attr(test, schema(minimum = 0))]
    #[serde(rename = "unReadChatCount")]
    unread_count: i32,
    tags: &'a [String],
    language_code: Option<&'a str>,
    via: Option<&'a str>,
}

impl<'a> TicketJson<'a> {
    pub(crate) fn new(ticket: &'a Ticket, shop_domain: &'a str) -> Self {
        let Ticket {
            id,
            shop_id: _,
            customer_id,
            channel,
            name,
            thread_id,
            email_used,
            date,
            last_message,
            last_message_time,
            initial_message: _,
            contact_reason,
            assigned_to,
            is_opened,
            unread_count,
            tags,
            language_code,
            via,
            version: _,
        } = ticket;
        Self {
            id: LongId(id.get()),
            shop_domain,
            customer_id: Id(customer_id.get()),
            channel,
            name: name.as_deref(),
            thread_id: thread_id.as_deref(),
            email_used: email_used.as_deref(),
            date: Time(*date),
            last_message: last_message.as_deref(),
            last_message_time: Time(*last_message_time),
            contact_reason: contact_reason.as_deref(),
            assigned_to: assigned_to.map(|user| Id(user.get())),
            is_opened: *is_opened,
            unread_count: *unread_count,
            tags,
            language_code: language_code.as_deref(),
            via: via.as_deref(),
        }
    }
}

/// A ticket with the people it names.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = TicketWithPeople))]
pub(crate) struct TicketViewJson<'a> {
    /// The ticket itself.
    #[serde(flatten)]
    ticket: TicketJson<'a>,
    /// The message that it was created with. It is `null` without one, and for some tickets that an older version
    /// of Hexdesk created.
    #[serde(rename = "initialMessage")]
    initial_message: Option<InitialMessageJson<'a>>,
    /// The customer who wrote.
    #[serde(rename = "Customer")]
    customer: CustomerSummary<'a>,
    /// The user it is assigned to.
    #[serde(rename = "User")]
    assignee: Option<UserSummary<'a>>,
    /// Its human ticket; `null` if it never had one.
    #[serde(rename = "HumanTicket")]
    human_ticket: Option<HumanTicketJson>,
}

impl<'a> TicketViewJson<'a> {
    pub(crate) fn new(view: &'a TicketView, shop_domain: &'a str) -> Self {
        Self {
            ticket: TicketJson::new(&view.ticket, shop_domain),
            initial_message: InitialMessageJson::of(&view.ticket),
            customer: CustomerSummary::new(&view.customer),
            assignee: view.assignee.as_ref().map(UserSummary::new),
            human_ticket: view.human_ticket.as_ref().map(HumanTicketJson::new),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = InitialMessage))]
pub(crate) struct InitialMessageJson<'a> {
    /// The `lastMessage` of the new ticket.
    text: &'a str,
    /// The `lastMessageTime` of the new ticket.
    time: Time,
}

impl<'a> InitialMessageJson<'a> {
    pub(crate) fn of(ticket: &'a Ticket) -> Option<Self> {
        ticket.first_message().map(|(text, time)| Self { text, time: Time(time) })
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = HumanTicket))]
pub(crate) struct HumanTicketJson {
    /// Its id.
    id: Id,
    #[cfg_attr(test, schema(schema_with = human_ticket_status))]
    #[serde(rename = "HumanTicketStatus")]
    status: &'static str,
    /// When it was opened.
    #[serde(rename = "openedAt")]
    opened_at: Time,
    /// When it was closed; `null` while it is open.
    #[serde(rename = "closedAt")]
    closed_at: Option<Time>,
}

impl HumanTicketJson {
    pub(crate) fn new(human_ticket: &HumanTicket) -> Self {
        Self {
            id: Id(human_ticket.id.get()),
            status: if human_ticket.closed_at.is_none() { "OPEN" } else { "CLOSED" },
            opened_at: Time(human_ticket.opened_at),
            closed_at: human_ticket.closed_at.map(Time),
        }
    }
}

#[cfg(test)]
fn human_ticket_status() -> utoipa::openapi::Schema {
    schemas::described(schemas::one_of(&["OPEN", "CLOSED"]), "`OPEN` until it is closed.")
}
