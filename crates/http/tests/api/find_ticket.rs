//! `GET /api/v1/tickets/{ticketId}`.

use crate::harness::{Database, both_databases};

both_databases! {
    a_missing_ticket_is_not_found,
    invalid_ids_are_refused,
}

fn a_missing_ticket_is_not_found(database: Database) {
    let server = database.serve_demo();
    for id in ["1", "987654321012345678", "9223372036854775807"] {
        server.get(&format!("/api/v1/tickets/{id}")).assert_problem(
            404,
            "ticket_not_found",
            "Ticket not found",
        );
    }
}

fn invalid_ids_are_refused(database: Database) {
    let server = database.serve_demo();
    for id in
        ["0", "-1", "+1", "abc", "1.5", "12abc", "9223372036854775808", "%20", "%F0%9F%98%80", "%FF", "1%00"]
    {
        server.get(&format!("/api/v1/tickets/{id}")).assert_problem(
            400,
            "invalid_parameter",
            "ticketId must be a whole number from 1 to 9223372036854775807",
        );
    }
}
