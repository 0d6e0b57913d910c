//! What the route of the log of events says of itself.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::wire::EventsAnswer;
use crate::openapi::{Description, EVENTS, headers, parameters};
use crate::tickets::openapi as tickets;

pub(crate) fn list() -> Description {
    Description::new(
        "listEvents",
        EVENTS,
        "List events",
        "What was changed in the shop, oldest first, a page at a time: one event for each thing that a change \
         touched, written together with the change. To follow the log, ask again later with the `cursor` of \
         the last event you have seen: none is ever added before it. An event shows up once every change that \
         began before it has ended, mostly at once. Erasing a customer takes their data out of every event; \
         events are kept for as long as the server is set to keep them. Parameters that are not named here \
         are refused, and so is one that is there twice.",
    )
    .parameters([parameters::limit(), parameters::cursor()])
    .answers::<EventsAnswer<'static>>(
        StatusCode::OK,
        "A page of events.",
        &[headers::LINK],
        [("last", json!({"success": true, "events": [created(), deleted()], "next_cursor": null}))],
    )
}

fn created() -> Value {
    let mut snapshot = tickets::ticket_with_people();
    if let Some(members) = snapshot.as_object_mut() {
        members.retain(|name, _| name != "Customer" && name != "User");
        members.insert("version".to_owned(), json!(1));
    }
    json!({
        "cursor": "AQAAAAAAAAArAAAAAAAAAAcAAAAAAAAAAJvLb5h0b1nDwDo4Aw",
        "kind": "ticket.created",
        "subject": {"type": "ticket", "id": tickets::EXAMPLE_ID},
        "actor": {"type": "api_key", "id": 1, "userId": null},
        "time": "2026-04-28T00:00:00.000Z",
        "snapshot": snapshot
    })
}

fn deleted() -> Value {
    json!({
        "cursor": "AQAAAAAAAAAsAAAAAAAAAAgAAAAAAAAAABt5xJ3X6Wzk0OVmLA",
        "kind": "ticket.deleted",
        "subject": {"type": "ticket", "id": tickets::EXAMPLE_ID},
        "actor": {"type": "api_key", "id": 2, "userId": 45},
        "time": "2026-04-29T08:30:00.000Z",
        "snapshot": null
    })
}
