//! The examples of the ticket routes. The example request creates this ticket.

use hexdesk_domain::{ShopId, TicketId, Timestamp};
use serde_json::{Value, json};

use super::wire::{self, NEW_TICKET, TicketJson};
use crate::demo;
use crate::json_members::Members;
use crate::openapi::parameters::TICKET_ID;

pub(super) fn new_ticket() -> Value {
    serde_json::from_str(demo::EXAMPLE_BODY).unwrap()
}

pub(super) fn ticket() -> Value {
    let mut members = Members::parse(demo::EXAMPLE_BODY.as_bytes(), NEW_TICKET.spelling(), true).unwrap();
    let id = TicketId::new(TICKET_ID.parse().unwrap()).unwrap();
    let now = Timestamp::parse("2026-04-28").unwrap();
    let ticket = wire::draft(&mut members).into_ticket(id, ShopId::new(1).unwrap(), now).unwrap();
    serde_json::to_value(TicketJson::new(&ticket, "example.myshopify.com")).unwrap()
}

pub(crate) fn ticket_with_people() -> Value {
    let mut ticket = ticket();
    ticket["initialMessage"] = json!({ "text": ticket["lastMessage"], "time": ticket["lastMessageTime"] });
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

pub(super) fn changed_ticket() -> Value {
    let mut ticket = ticket_with_people();
    ticket["tags"] = json!(["refund"]);
    ticket
}

/// Returns the customer of the examples, as tickets and comments show it.
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

pub(super) fn page() -> (&'static str, Value) {
    ("last", json!({"success": true, "tickets": [ticket_with_people()], "next_cursor": null}))
}
