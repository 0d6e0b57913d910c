//! `POST /api/v1/customers/{customerId}/merge`.

use serde_json::{Value, json};

use crate::harness::{Database, Response, Server, both_databases};

const ADA: &str = "/api/v1/customers/123";

fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send(method, path, &all, body.to_string().as_bytes())
}

/// Creates something, and returns its path and its id.
fn create(server: &Server, path: &str, headers: &[(&str, &str)], body: &Value) -> (String, String) {
    let response = send(server, "POST", path, headers, body);
    assert_eq!(response.status, 201, "{response:?}");
    let path = response.header("location").unwrap().to_owned();
    let id = path.rsplit('/').next().unwrap().to_owned();
    (path, id)
}

#[track_caller]
fn assert_merged(response: &Response, into: i64) {
    let problem = response.json();
    assert_eq!((response.status, &problem["code"]), (404, &json!("customer_merged")), "{response:?}");
    assert_eq!((&problem["error"], &problem["customerId"]), (&json!("Customer not found"), &json!(into)));
}

both_databases! {
    everything_moves_to_the_other_customer,
    the_old_id_leads_to_the_new_one,
    an_erasure_takes_what_was_merged,
    invalid_merges_change_nothing,
}

fn everything_moves_to_the_other_customer(database: Database) {
    let server = database.serve_demo();
    let body =
        json!({"email": "b@example.com", "first_name": "Bee", "zendesk_id": 7, "phone_number": "+1 2"});
    let (old, id) = create(&server, "/api/v1/customers", &[], &body);
    let ticket = json!({"customerId": id, "Channel": "Mail", "isOpenedTicket": true, "name": "xylophone"});
    let (ticket, ticket_id) = create(&server, "/api/v1/tickets", &[], &ticket);
    let comments = format!("{ticket}/comments");
    assert_eq!(
        send(&server, "POST", &comments, &[], &json!({"text": "quagga", "isFromShop": false})).status,
        201
    );
    let before = server.get(&ticket);

    let merge = json!({"from": id});
    let merged = send(&server, "POST", &format!("{ADA}/merge"), &[("idempotency-key", "m")], &merge);
    assert_eq!(merged.status, 200, "{merged:?}");
    let customer = merged.json()["customer"].clone();
    for (name, value) in [
        ("id", json!(123)),
        ("email", json!("dev@example.com")),
        ("first_name", json!("Ada")),
        ("phone_number", json!("+33123456789")),
        ("zendesk_id", json!("7")),
    ] {
        assert_eq!(customer[name], value, "{name}");
    }
    assert_eq!(server.get(ADA).json()["customer"], customer);
    let again = send(&server, "POST", &format!("{ADA}/merge"), &[("idempotency-key", "m")], &merge);
    assert_eq!((again.status, &again.body), (200, &merged.body));

    let after = server.get(&ticket);
    assert_eq!(after.json()["ticket"]["customerID"], 123);
    assert_eq!(after.json()["ticket"]["Customer"]["email"], "dev@example.com");
    assert_eq!(after.header("etag"), before.header("etag"));
    let listed = server.get("/api/v1/tickets?customerId=123").json();
    assert_eq!(listed["tickets"][0]["id"], json!(ticket_id));
    assert_eq!(server.get(&comments).json()["comments"][0]["Customer"]["id"], 123);
    // Its texts are found, and those of the merged customer are not.
    for (word, count) in [("xylophone", 1), ("quagga", 1), ("lovelace", 1), ("bee", 0)] {
        let found = server.get(&format!("/api/v1/tickets/search?q={word}")).json();
        assert_eq!(found["tickets"].as_array().unwrap().len(), count, "{word}");
    }
    assert_eq!(server.get("/api/v1/customers?q=bee").json()["customers"], json!([]));
    // Its address is free.
    assert_ne!(create(&server, "/api/v1/customers", &[], &json!({"email": "b@example.com"})).0, old);
}

fn the_old_id_leads_to_the_new_one(database: Database) {
    let server = database.serve_demo();
    let (first, first_id) = create(&server, "/api/v1/customers", &[], &json!({"email": "a@example.com"}));
    let (second, second_id) = create(&server, "/api/v1/customers", &[], &json!({"ig_user_id": "1"}));
    assert_eq!(
        send(&server, "POST", &format!("{second}/merge"), &[], &json!({"from": first_id})).status,
        200
    );
    assert_eq!(server.get(&second).json()["customer"]["email"], "a@example.com");
    assert_eq!(send(&server, "POST", &format!("{ADA}/merge"), &[], &json!({"from": second_id})).status, 200);
    let (ticket, _) = create(&server, "/api/v1/tickets", &[], &json!({"customerId": 123, "Channel": "Mail"}));
    for old in [&first, &second] {
        assert_merged(&server.get(old), 123);
        assert_merged(&send(&server, "PATCH", old, &[], &json!({"first_name": "A"})), 123);
        assert_merged(&send(&server, "DELETE", old, &[], &json!({})), 123);
        assert_merged(&send(&server, "POST", &format!("{old}/merge"), &[], &json!({"from": 123})), 123);
        let id = old.rsplit('/').next().unwrap();
        assert_merged(&send(&server, "POST", &format!("{ADA}/merge"), &[], &json!({"from": id})), 123);
        let theirs = json!({"customerId": id, "Channel": "Mail"});
        assert_merged(&send(&server, "POST", "/api/v1/tickets", &[], &theirs), 123);
        assert_merged(&send(&server, "PATCH", &ticket, &[], &json!({"customerId": id})), 123);
    }
}

fn an_erasure_takes_what_was_merged(database: Database) {
    let server = database.serve_demo();
    let new = json!({"email": "b@example.com", "first_name": "Zebedee"});
    let (old, id) = create(&server, "/api/v1/customers", &[("idempotency-key", "c")], &new);
    let ticket = json!({"customerId": id, "Channel": "Mail", "name": "xylophone"});
    create(&server, "/api/v1/tickets", &[("idempotency-key", "t")], &ticket);
    let into = create(&server, "/api/v1/customers", &[], &json!({"phone_number": "+4"})).0;
    assert_eq!(send(&server, "POST", &format!("{into}/merge"), &[], &json!({"from": id})).status, 200);
    let erased = send(&server, "DELETE", &into, &[], &json!({}));
    assert_eq!(
        erased.json()["erased"],
        json!({
            "customers": 1, "tickets": 1, "humanTickets": 0, "comments": 0, "idempotencyRecords": 2
        })
    );
    server.get(&old).assert_problem(404, "customer_not_found", "Customer not found");
    for table in ["events", "idempotency_records"] {
        let left = format!("SELECT count(*) FROM {table} WHERE customer_id = {id}");
        assert_eq!(database.count(&left), 0, "{table}");
    }
    assert_eq!(database.count("SELECT count(*) FROM events WHERE snapshot LIKE '%Zebedee%'"), 0);
    let again = send(&server, "POST", "/api/v1/customers", &[("idempotency-key", "c")], &new);
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, None));
}

fn invalid_merges_change_nothing(database: Database) {
    let server = database.serve_demo();
    let merge = format!("{ADA}/merge");
    for (body, code) in [
        (json!({}), "required"),
        (json!({"from": null}), "required"),
        (json!({"from": "x"}), "id"),
        (json!({"from": 123}), "itself"),
        (json!({"from": "0123"}), "itself"),
    ] {
        send(&server, "POST", &merge, &[], &body).assert_member_errors(&[("/from", code)], &body);
    }
    send(&server, "POST", &merge, &[], &json!({"from": 99})).assert_problem(
        404,
        "customer_not_found",
        "Customer not found",
    );
    assert_eq!(database.count("SELECT count(*) FROM customers"), 1);
    assert_eq!(database.count("SELECT count(*) FROM merged_customers"), 0);
}
