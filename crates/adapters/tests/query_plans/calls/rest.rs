//! Comments, the log of events, searches, and removals of old data.

use hexdesk_domain::{CommentId, CommentPosition, EventPosition, SearchPosition, TicketId, TicketPosition};

use super::{Call, Listed, Reads, second};

pub(super) fn calls(seconds: u64) -> Vec<Listed> {
    let comment = CommentPosition { time: second(seconds / 2), id: CommentId::new(1).unwrap() };
    let event = EventPosition { change: 250, part: 1 };
    let ticket = TicketPosition { last_message_time: second(seconds / 2), id: TicketId::new(1).unwrap() };
    let found = Some(SearchPosition { rank: 7, ticket });
    let of_ticket = "shop_id=? AND ticket_id=?";
    // A searched word leads to documents by their numbers.
    let document = "rowid=?";
    vec![
        Listed::new("comments", Call::ListComments(None), Reads::Page, of_ticket),
        Listed::new(
            "comments after a place",
            Call::ListComments(Some(comment)),
            Reads::Page,
            format!("{of_ticket} AND time>?"),
        ),
        Listed::new("how many comments", Call::CountComments, Reads::Part(50), of_ticket),
        Listed::new("events", Call::ListEvents(None), Reads::Page, "shop_id=?"),
        Listed::new(
            "events after a place",
            Call::ListEvents(Some(event)),
            Reads::Page,
            "shop_id=? AND (change,part)>(?,?)",
        ),
        Listed::new("what a word finds", Call::SearchTickets("w7", None), Reads::Part(50), document),
        Listed::new(
            "what a word finds after a place",
            Call::SearchTickets("w7", found),
            Reads::Part(50),
            document,
        ),
        Listed::new("what two words find", Call::SearchTickets("w107* w7", None), Reads::Part(20), document),
        Listed::new("what no text holds", Call::SearchTickets("nothing", None), Reads::Page, document)
            .nothing(),
        Listed::new(
            "old idempotency records",
            Call::RemoveIdempotencyRecords(second(seconds / 100)),
            Reads::Page,
            "created_at<?",
        ),
        Listed::new(
            "idempotency records of which none is old",
            Call::RemoveIdempotencyRecords(second(0)),
            Reads::Page,
            "created_at<?",
        )
        .nothing(),
        Listed::new("old events", Call::RemoveEvents(second(seconds / 100)), Reads::Page, "shop_id=?"),
        Listed::new("events of which none is old", Call::RemoveEvents(second(0)), Reads::Page, "shop_id=?")
            .nothing(),
    ]
}
