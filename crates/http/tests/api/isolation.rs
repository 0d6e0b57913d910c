//! No key sees another shop's data.

use crate::create_ticket::EXAMPLE;
use crate::harness::on_both_databases;

on_both_databases! {
    fn another_shops_ticket_is_as_one_that_does_not_exist(database: Database) {
        let server = database.serve_demo();
        let id = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
        let get = |id: &str| server.send("GET", &format!("/api/v1/tickets/{id}"), &[("x-api-key", &other)], b"");
        get(&id).assert_problem(404, "ticket_not_found", "Ticket not found");
        let mut theirs = get(&id).json();
        let mut nobodys = get("1").json();
        theirs["request_id"].take();
        nobodys["request_id"].take();
        assert_eq!(theirs, nobodys);
    }

    fn another_shops_idempotency_keys_have_nothing_to_do_with_ones_own(database: Database) {
        let server = database.serve_demo();
        assert_eq!(server.create_ticket_once("order-1", EXAMPLE).status, 201);
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let customer = database.hexdesk(&["customer", "create", "--shop", "other.example.com", "--email", "a@example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
        let body = format!(r#"{{"customerId": {customer}, "Channel": "Mail"}}"#);
        let headers = [("x-api-key", other.as_str()), ("idempotency-key", "order-1")];
        let answer = server.send("POST", "/api/v1/tickets", &headers, body.as_bytes());
        assert_eq!(answer.ticket()["shopDomain"], "other.example.com");
        assert_eq!(answer.header("idempotency-replayed"), None);
    }
}
