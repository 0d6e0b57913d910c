//! What the ticket routes say of themselves.

use actix_web::http::StatusCode;
use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_CONTACT_REASON_CHARS, MAX_MESSAGE_CHARS, MAX_RECENT_DAYS, MAX_SEARCH_QUERY_CHARS,
    MAX_TAG_CHARS, MAX_TAGS, MAX_THREAD_ID_CHARS, MAX_TICKET_NAME_CHARS, MAX_UNREAD_COUNT, MAX_VIA_CHARS,
};
use hexdesk_domain::{CustomerId, Field, TicketId, UserId};
use serde_json::{Value, json};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder};
use utoipa::openapi::schema::Object;

use super::list::DEFAULT_RECENT_DAYS;
use super::wire::{TICKET_CHANGE_MEMBERS, TICKET_MEMBERS, TicketAnswer, TicketViewAnswer, TicketsAnswer};
use crate::demo;
use crate::openapi::{BodySchema, Description, TICKETS, headers, parameters, schemas};
use crate::problem::Problem;

/// The ticket of the examples.
pub(crate) const EXAMPLE_ID: &str = "382850268154298368";

pub(crate) fn create() -> Description {
    Description::new(
        "createTicket",
        TICKETS,
        "Create a ticket",
        "Creates a ticket for a customer of the shop. Everything that is wrong with the body is answered at \
         once, with a JSON pointer each.",
    )
    .body(
        "NewTicket",
        body().into(),
        [("full", full_body()), ("least", json!({"customerId": 123, "Channel": "Mail"}))],
    )
    .answers::<TicketAnswer<'static>>(
        StatusCode::CREATED,
        "The ticket was created, now or by an earlier request with the same `Idempotency-Key`.",
        &[headers::LOCATION, headers::IDEMPOTENCY_REPLAYED],
        [("full", json!({"success": true, "ticket": ticket()}))],
    )
    .leads_to("getTicket", "ticketId", "$response.body#/ticket/id")
    .leads_to("createComment", "ticketId", "$response.body#/ticket/id")
    .leads_to("listComments", "ticketId", "$response.body#/ticket/id")
    .fails_with([Problem::customer_not_found(), Problem::user_not_found()])
}

pub(crate) fn find() -> Description {
    Description::new(
        "getTicket",
        TICKETS,
        "Get a ticket",
        "The ticket with the people it names, and its human ticket if it has one.",
    )
    .parameters([in_path()])
    .answers::<TicketViewAnswer<'static>>(
        StatusCode::OK,
        "The ticket.",
        &[headers::ETAG],
        [("ticket", json!({"success": true, "ticket": ticket_with_people()}))],
    )
    .fails_with([Problem::ticket_not_found()])
}

pub(crate) fn update() -> Description {
    Description::new(
        "updateTicket",
        TICKETS,
        "Change a ticket",
        "Changes the members that are there; `null` clears. With `If-Match` only if the ticket still has that \
         version.",
    )
    .parameters([in_path(), parameters::if_match()])
    .body(
        "TicketChanges",
        changes().into(),
        [
            ("close", json!({"isOpenedTicket": false, "unReadChatCount": 0})),
            ("assign", json!({"assigned_to": 45, "tags": ["refund"]})),
        ],
    )
    .answers::<TicketViewAnswer<'static>>(
        StatusCode::OK,
        "The ticket as it is now, or as an earlier request with the same `Idempotency-Key` left it.",
        &[headers::ETAG, headers::IDEMPOTENCY_REPLAYED],
        [("assign", json!({"success": true, "ticket": changed_ticket()}))],
    )
    .fails_with([Problem::ticket_not_found(), Problem::user_not_found(), Problem::version_mismatch()])
}

pub(crate) fn delete() -> Description {
    Description::new(
        "deleteTicket",
        TICKETS,
        "Delete a ticket",
        "Deletes a ticket with its human ticket and its comments. With `If-Match` only if the ticket still has \
         that version.",
    )
    .parameters([in_path(), parameters::if_match()])
    .answers_nothing("The ticket is gone.")
    .fails_with([Problem::ticket_not_found(), Problem::version_mismatch(), Problem::outcome_unknown()])
}

pub(crate) fn list() -> Description {
    let id = |max| schemas::digits(max);
    Description::new(
        "listTickets",
        TICKETS,
        "List tickets",
        "The tickets that meet every given condition, newest activity (`lastMessageTime`) first, a page at a \
         time. Parameters that are not named here are refused, and so is one that is there twice.",
    )
    .parameters([
        parameters::in_query("isOpenedTicket", "Whether a person is to handle it.", schemas::boolean()),
        parameters::in_query("Channel", "Its channel, exactly.", schemas::any_text()),
        parameters::in_query(
            "assigned_to",
            "The id of the user who takes care of it, or `none`.",
            schemas::either(id(UserId::MAX), schemas::one_of(&["none"])),
        ),
        parameters::in_query("customerId", "The id of its customer.", id(CustomerId::MAX)),
        parameters::in_query(
            "threadId",
            "Its thread, exactly. Needs `customerId` beside it, since a thread is one customer's.",
            schemas::any_text(),
        ),
        parameters::in_query("tag", "A tag that it has, exactly.", schemas::any_text()),
        parameters::in_query("contact_reason", "Its contact reason, exactly.", schemas::any_text()),
        parameters::in_query("unread", "Whether there are unread messages.", schemas::boolean()),
        parameters::in_query("dateFrom", "Its `date` is this or later.", schemas::timestamp()),
        parameters::in_query("dateBefore", "Its `date` is earlier.", schemas::timestamp()),
        parameters::in_query(
            "lastMessageFrom",
            "Its `lastMessageTime` is this or later.",
            schemas::timestamp(),
        ),
        parameters::in_query("lastMessageBefore", "Its `lastMessageTime` is earlier.", schemas::timestamp()),
        parameters::limit(),
        parameters::cursor(),
        parameters::include(),
    ])
    .answers::<TicketsAnswer<'static>>(StatusCode::OK, "A page of tickets.", &[headers::LINK], [page()])
}

pub(crate) fn recent() -> Description {
    let days = format!("How many days back the last message may be; {DEFAULT_RECENT_DAYS} if absent.");
    Description::new(
        "listRecentConversations",
        TICKETS,
        "List recent conversations",
        "The tickets whose last message is of the last days, newest first, a page at a time. Parameters that \
         are not named here are refused, and so is one that is there twice.",
    )
    .parameters([
        parameters::in_query("days", &days, schemas::integer(1, MAX_RECENT_DAYS)),
        parameters::limit(),
        parameters::cursor(),
        parameters::include(),
    ])
    .answers::<TicketsAnswer<'static>>(StatusCode::OK, "A page of tickets.", &[headers::LINK], [page()])
}

/// `ticketId` in the path.
pub(crate) fn search() -> Description {
    let q = ParameterBuilder::from(parameters::in_query(
        "q",
        "What is looked for: 1 to 8 different words of letters and digits; case and accents make no \
         difference, and a word right before a `*` stands for all that begin with it.",
        schemas::text(MAX_SEARCH_QUERY_CHARS as u64),
    ))
    .required(Required::True)
    .example(Some(Value::from("ada refun*")));
    Description::new(
        "searchTickets",
        TICKETS,
        "Search tickets",
        "The tickets that hold every word, each in the ticket's name, in its customer's e-mail address, phone \
         number or names, in the `lastMessage` that it was created with or in one of its comments. Words in \
         the name weigh more than those of the customer, and these more than those of messages; of the same \
         weight the newest activity (`lastMessageTime`) comes first.",
    )
    .parameters([q.build(), parameters::limit(), parameters::cursor()])
    .answers::<TicketsAnswer<'static>>(
        StatusCode::OK,
        "A page of the tickets that were found.",
        &[headers::LINK],
        [page()],
    )
    .fails_with([Problem::search_not_supported()])
}

pub(crate) fn in_path() -> Parameter {
    parameters::in_path("ticketId", "The ticket's id", TicketId::MAX, EXAMPLE_ID)
}

fn body() -> Object {
    BodySchema::new(TICKET_MEMBERS, "A ticket to create. Members that are not named here are ignored; `null` stands for a member that is not there.")
        .required(Field::CustomerId, schemas::id(CustomerId::MAX), "The customer it is from; one of the shop's.")
        .required(
            Field::Channel,
            schemas::text_not_blank(MAX_CHANNEL_CHARS),
            "Where it came in: `Mail`, `Website`, `Facebook`, `Instagram`, `Helpwave` or any other. Not blank.",
        )
        .optional(Field::Name, schemas::text(MAX_TICKET_NAME_CHARS), "Its subject.")
        .optional(Field::ThreadId, schemas::text(MAX_THREAD_ID_CHARS), "Its thread in the channel.")
        .optional(Field::ContactReason, schemas::text(MAX_CONTACT_REASON_CHARS), "What it is about.")
        .optional(Field::Via, schemas::text(MAX_VIA_CHARS), "What creates it.")
        .optional(Field::EmailUsed, schemas::email(), "The address it was written to.")
        .optional(Field::Date, schemas::timestamp(), "When it began; now if absent.")
        .optional(
            Field::LastMessageTime,
            schemas::timestamp(),
            "When the last message was written; now if absent, the same now as `date`.",
        )
        .optional(Field::LastMessage, schemas::text(MAX_MESSAGE_CHARS), "The last message.")
        .optional(
            Field::AssignedTo,
            schemas::id(UserId::MAX),
            "The user who takes care of it; one of the shop's.",
        )
        .optional(
            Field::IsOpened,
            schemas::anything(),
            "Whether a person is to handle it: `true` and `\"true\"` open a human ticket with the ticket; \
             anything else does not, and is no error.",
        )
        .optional(
            Field::UnreadCount,
            schemas::integer(0, MAX_UNREAD_COUNT),
            "How many messages nobody of the shop has read; 0 if absent.",
        )
        .optional(Field::Tags, schemas::texts(MAX_TAGS, MAX_TAG_CHARS), "Its tags; their order is kept.")
        .optional(
            Field::LanguageCode,
            schemas::language_tag(),
            "Its language, a BCP 47 tag with `-` or `_`; kept as given.",
        )
        .build()
}

fn changes() -> Object {
    BodySchema::new(
        TICKET_CHANGE_MEMBERS,
        "What is to be otherwise about a ticket. Members that are not there stay as they are; those that are \
         not named here are ignored.",
    )
    .optional(Field::Name, schemas::text(MAX_TICKET_NAME_CHARS), "Its subject.")
    .optional(Field::ContactReason, schemas::text(MAX_CONTACT_REASON_CHARS), "What it is about.")
    .optional(
        Field::AssignedTo,
        schemas::id(UserId::MAX),
        "The user who takes care of it; one of the shop's.",
    )
    .optional(
        Field::IsOpened,
        schemas::boolean_or_text(),
        "Whether a person is to handle it: opens or closes its human ticket. `null` is `false`.",
    )
    .optional(
        Field::UnreadCount,
        schemas::integer(0, MAX_UNREAD_COUNT),
        "How many messages nobody of the shop has read. `null` is 0.",
    )
    .optional(
        Field::Tags,
        schemas::texts(MAX_TAGS, MAX_TAG_CHARS),
        "All its tags; their order is kept. `null` takes them away.",
    )
    .optional(
        Field::LanguageCode,
        schemas::language_tag(),
        "Its language, a BCP 47 tag with `-` or `_`; kept as given.",
    )
    .build()
}

fn full_body() -> Value {
    serde_json::from_str(demo::EXAMPLE_BODY).unwrap_or_default()
}

fn ticket() -> Value {
    json!({
        "id": EXAMPLE_ID,
        "shopDomain": "example.myshopify.com",
        "customerID": 123,
        "Channel": "Mail",
        "name": "Refund request",
        "threadId": "thread-001",
        "emailUsed": "support@example.com",
        "date": "2026-04-28T00:00:00.000Z",
        "lastMessage": "Hello, I need a refund.",
        "lastMessageTime": "2026-04-28T00:00:00.000Z",
        "contact_reason": "refund",
        "assigned_to": 45,
        "isOpenedTicket": true,
        "unReadChatCount": 1,
        "tags": ["refund", "vip"],
        "language_code": "en",
        "via": "api"
    })
}

pub(crate) fn ticket_with_people() -> Value {
    let mut ticket = ticket();
    ticket["Customer"] = customer();
    ticket["User"] = json!({
        "id": 45,
        "email": "agent@example.com",
        "first_name": "Grace",
        "last_name": "Hopper",
        "full_name": "Grace Hopper"
    });
    ticket["HumanTicket"] = json!({
        "id": 88,
        "HumanTicketStatus": "OPEN",
        "openedAt": "2026-04-28T00:00:00.000Z",
        "closedAt": null
    });
    ticket
}

fn changed_ticket() -> Value {
    let mut ticket = ticket_with_people();
    ticket["tags"] = json!(["refund"]);
    ticket
}

/// The customer of the examples, as tickets and comments name it.
pub(crate) fn customer() -> Value {
    json!({
        "id": 123,
        "email": "dev@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "full_name": "Ada Lovelace",
        "phone_number": "+33123456789",
        "shopify_id": "987654321"
    })
}

fn page() -> (&'static str, Value) {
    ("last", json!({"success": true, "tickets": [ticket_with_people()], "next_cursor": null}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_described() {
        crate::openapi::assert_describes(&body(), TICKET_MEMBERS);
        crate::openapi::assert_describes(&changes(), TICKET_CHANGE_MEMBERS);
    }
}
