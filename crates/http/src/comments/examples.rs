//! The examples of the comment routes.

use serde_json::{Value, json};

use crate::openapi::parameters::TICKET_ID;
use crate::tickets;

pub(super) fn comment() -> Value {
    json!({
        "id": "382850268154298369",
        "ticketId": TICKET_ID,
        "text": "Hello, I need a refund.",
        "time": "2026-04-28T00:00:00.000Z",
        "Channel": "Mail",
        "isFromShop": false,
        "isNote": false,
        "subject": null,
        "fromEmail": null,
        "toEmails": [],
        "attachments": null,
        "tags": [],
        "Customer": tickets::examples::customer(),
        "User": null
    })
}
