//! `PATCH` and `DELETE /api/v1/customers/{customerId}`.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Database, EXAMPLE, Response, Server, both_databases};

const ADA: &str = "/api/v1/customers/123";

fn patch(server: &Server, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send("PATCH", path, &all, body.to_string().as_bytes())
}

fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut all = vec![("x-api-key", server.key.as_str())];
    all.extend_from_slice(headers);
    server.send("POST", path, &all, body.to_string().as_bytes())
}

fn delete(server: &Server, path: &str) -> Response {
    server.send("DELETE", path, &[("x-api-key", &server.key)], b"")
}

fn customer(server: &Server, path: &str) -> Value {
    server.get(path).json()["customer"].clone()
}

fn new_customer(server: &Server, body: &Value) -> String {
    post(server, "/api/v1/customers", &[], body).header("location").unwrap().to_owned()
}

/// The number of rows of a shop's data, without users and keys.
fn rows(database: &Database) -> i64 {
    database.rows_of_tickets()
        + database.count("SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM comments)")
}

both_databases! {
    only_the_members_sent_change,
    invalid_values_change_nothing,
    addresses_of_another_customer_are_refused,
    one_of_concurrent_changes_to_one_address_succeeds,
    an_idempotency_key_changes_a_customer_once,
    an_id_with_leading_zeros_is_the_same_id,
    erasing_a_customer_erases_all_their_data,
    requests_during_an_erasure_are_erased_or_find_nothing,
}

fn only_the_members_sent_change(database: Database) {
    let server = database.serve_demo();
    for (body, changed) in [
        (json!({"email": "ADA@example.com"}), json!({"email": "ADA@example.com"})),
        (json!({"phone_number": null}), json!({"phone_number": null})),
        (json!({"phone_number": "+1", "email": null}), json!({"phone_number": "+1", "email": null})),
        (
            json!({"first_name": "A", "last_name": null}),
            json!({"first_name": "A", "last_name": null, "full_name": "A"}),
        ),
        (json!({"full_name": "É."}), json!({"full_name": "É."})),
        (json!({"last_name": "B"}), json!({"last_name": "B"})),
        (json!({"shopify_id": 12, "wordpress_id": "w"}), json!({"shopify_id": "12", "wordpress_id": "w"})),
        (
            json!({"fb_user_id": "f", "ig_user_id": 1, "whatsapp_id": "w"}),
            json!({"fb_user_id": "f", "ig_user_id": "1", "whatsapp_id": "w"}),
        ),
        (
            json!({
                "prestashop_id": 1, "ig_pseudo": "p", "zendesk_id": "z", "freshdesk_id": "f", "gmelius_id": "m",
                "gorgias_id": 2
            }),
            json!({
                "prestashop_id": "1", "ig_pseudo": "p", "zendesk_id": "z", "freshdesk_id": "f",
                "gmelius_id": "m", "gorgias_id": "2"
            }),
        ),
        (json!({"email": null, "phone_number": ""}), json!({"email": null, "phone_number": null})),
        (json!({"id": 5, "CMS": "x", "numberOfOrders": 9, "unknown": []}), json!({})),
    ] {
        let mut expected = customer(&server, ADA);
        for (name, value) in changed.as_object().unwrap() {
            expected[name] = value.clone();
        }
        let response = patch(&server, ADA, &[], &body);
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json()["customer"], expected, "{body}");
        assert_eq!(customer(&server, ADA), expected, "{body}");
    }
}

fn invalid_values_change_nothing(database: Database) {
    let server = database.serve_demo();
    let before = customer(&server, ADA);
    for (body, errors) in [
        (json!({"email": "nobody"}), vec![("/email", "email")]),
        (
            json!({"email": 1, "phone_number": " ", "full_name": []}),
            vec![("/email", "type"), ("/phone_number", "blank"), ("/full_name", "type")],
        ),
        (json!({"email": null, "phone_number": null}), vec![("/email", "required")]),
        (
            json!({"first_name": "a\0", "shopify_id": 1.5}),
            vec![("/first_name", "nul"), ("/shopify_id", "type")],
        ),
    ] {
        let response = patch(&server, ADA, &[], &body);
        response.assert_member_errors(&errors, &body);
    }
    assert_eq!(customer(&server, ADA), before);
    let reachable_by_phone = new_customer(&server, &json!({"phone_number": "+2"}));
    let response = patch(&server, &reachable_by_phone, &[], &json!({"phone_number": null}));
    let sentence = "email or phone_number is required, or one of fb_user_id, ig_user_id and whatsapp_id";
    response.assert_problem(400, "invalid_body", sentence);
    assert_eq!(customer(&server, &reachable_by_phone)["phone_number"], "+2");
    patch(&server, "/api/v1/customers/99", &[], &json!({"email": null, "phone_number": "+2"}))
        .assert_problem(404, "customer_not_found", "Customer not found");
}

fn addresses_of_another_customer_are_refused(database: Database) {
    let server = database.serve_demo();
    let other = new_customer(&server, &json!({"email": "b@example.com", "phone_number": "+2"}));
    patch(&server, &other, &[], &json!({"email": "DEV@example.com"})).assert_problem(
        409,
        "customer_exists",
        "Another customer has this email",
    );
    // A phone number may be shared.
    let shared = json!({"email": "B@example.com", "phone_number": "+33 123456789"});
    assert_eq!(patch(&server, &other, &[], &shared).status, 200);
    assert_eq!(patch(&server, ADA, &[], &json!({"email": "ada@example.com"})).status, 200);
    assert_eq!(patch(&server, &other, &[], &json!({"email": "dev@example.com"})).status, 200);
}

fn one_of_concurrent_changes_to_one_address_succeeds(database: Database) {
    let server = database.serve_demo();
    let paths: Vec<String> =
        (0..8).map(|number| new_customer(&server, &json!({"phone_number": number.to_string()}))).collect();
    let barrier = Barrier::new(paths.len());
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = paths
            .iter()
            .map(|path| {
                scope.spawn(|| {
                    barrier.wait();
                    patch(&server, path, &[], &json!({"email": "one@example.com"})).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

fn an_idempotency_key_changes_a_customer_once(database: Database) {
    let server = database.serve_demo();
    let first = patch(&server, ADA, &[("idempotency-key", "k")], &json!({"first_name": "Augusta"}));
    assert_eq!(patch(&server, ADA, &[], &json!({"first_name": "Ada"})).status, 200);
    // Leading zeros in the path make no difference.
    let again = patch(
        &server,
        "/api/v1/customers/000123",
        &[("idempotency-key", "k")],
        &json!({"first_name": "Augusta"}),
    );
    assert_eq!((again.status, again.body.as_str()), (200, first.body.as_str()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(customer(&server, ADA)["first_name"], "Ada");
    patch(&server, ADA, &[("idempotency-key", "k")], &json!({})).assert_problem(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used with another request body",
    );
}

fn an_id_with_leading_zeros_is_the_same_id(database: Database) {
    let server = database.serve_demo();
    let long = format!("/api/v1/customers/{}123", "0%30".repeat(3_000));
    let response = patch(&server, &long, &[("idempotency-key", "k")], &json!({"first_name": "A"}));
    assert_eq!(response.status, 200, "{response:?}");
    let again = patch(&server, ADA, &[("idempotency-key", "k")], &json!({"first_name": "A"}));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

fn erasing_a_customer_erases_all_their_data(database: Database) {
    let server = database.serve_demo();
    let before = rows(&database);
    let body = json!({"email": "gone@example.com", "first_name": "Zebedee"});
    let created = post(&server, "/api/v1/customers", &[("idempotency-key", "c")], &body);
    let path = created.header("location").unwrap().to_owned();
    let id = created.json()["customer"]["id"].clone();
    let ticket = json!({"customerId": id, "Channel": "Mail", "isOpenedTicket": true, "name": "xylophone"});
    let tickets: Vec<String> = (0..3)
        .map(|number| {
            let headers = [("idempotency-key", if number == 0 { "t" } else { "u" })];
            let headers = if number == 2 { &[][..] } else { &headers[..] };
            post(&server, "/api/v1/tickets", headers, &ticket).header("location").unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        patch(&server, &tickets[0], &[("idempotency-key", "p")], &json!({"name": "xylophones"})).status,
        200
    );
    let comments = format!("{}/comments", tickets[1]);
    for key in ["m", "n"] {
        let comment = json!({"text": "quagga", "isFromShop": false});
        assert_eq!(post(&server, &comments, &[("idempotency-key", key)], &comment).status, 201);
    }
    assert_eq!(post(&server, &comments, &[], &json!({"text": "quaggas"})).status, 201);
    // Another customer's ticket, which must stay.
    let kept = server.create_ticket_idempotent("kept", EXAMPLE).ticket()["id"].clone();

    let response = delete(&server, &path);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(
        response.json(),
        json!({"success": true, "erased": {
            "customers": 1, "tickets": 3, "humanTickets": 3, "comments": 3, "idempotencyRecords": 6
        }})
    );
    delete(&server, &path).assert_problem(404, "customer_not_found", "Customer not found");
    server.get(&path).assert_problem(404, "customer_not_found", "Customer not found");
    for ticket in &tickets {
        server.get(ticket).assert_problem(404, "ticket_not_found", "Ticket not found");
    }
    server.get(&comments).assert_problem(404, "ticket_not_found", "Ticket not found");
    for word in ["zebedee", "xylophone*", "quagga*", "gone"] {
        assert_eq!(
            server.get(&format!("/api/v1/tickets/search?q={word}")).json()["tickets"],
            json!([]),
            "{word}"
        );
    }
    // The other customer's ticket, human ticket and idempotency record.
    assert_eq!(rows(&database), before + 3);
    assert_eq!(server.get(&format!("/api/v1/tickets/{}", kept.as_str().unwrap())).status, 200);
    assert_eq!(server.create_ticket_idempotent("kept", EXAMPLE).header("idempotency-replayed"), Some("true"));
    // Idempotency keys and addresses are free again; ids are not reused.
    let second = post(&server, "/api/v1/customers", &[("idempotency-key", "c")], &body);
    assert_eq!((second.status, second.header("idempotency-replayed")), (201, None));
    assert_ne!(second.json()["customer"]["id"], id);
}

fn requests_during_an_erasure_are_erased_or_find_nothing(database: Database) {
    let server = database.serve_demo();
    for round in 0..5 {
        let path = new_customer(&server, &json!({"email": format!("{round}@example.com")}));
        let id: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
        let ticket = json!({"customerId": id, "Channel": "Mail", "isOpenedTicket": true});
        let open = post(&server, "/api/v1/tickets", &[], &ticket).header("location").unwrap().to_owned();
        let comments = format!("{open}/comments");
        let barrier = Barrier::new(13);
        let (erased, statuses) = std::thread::scope(|scope| {
            let (server, barrier, ticket, open, comments) = (&server, &barrier, &ticket, &open, &comments);
            let threads: Vec<_> = (0..12)
                .map(|number| {
                    scope.spawn(move || {
                        barrier.wait();
                        let key = format!("{round}-{number}");
                        let headers = [("idempotency-key", key.as_str())];
                        match number % 3 {
                            0 => post(server, "/api/v1/tickets", &headers, ticket).status,
                            1 => post(server, comments, &headers, &json!({"text": "x"})).status,
                            _ => patch(server, open, &headers, &json!({"name": "x"})).status,
                        }
                    })
                })
                .collect();
            barrier.wait();
            let erased = delete(server, &path).status;
            (erased, threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<u16>>())
        });
        assert_eq!(erased, 200);
        assert!(statuses.iter().all(|status| [200, 201, 404].contains(status)), "{statuses:?}");
        assert_eq!(database.count("SELECT count(*) FROM tickets"), 0);
        assert_eq!(database.count("SELECT count(*) FROM comments"), 0);
        assert_eq!(database.count("SELECT count(*) FROM idempotency_records"), 0);
    }
}
