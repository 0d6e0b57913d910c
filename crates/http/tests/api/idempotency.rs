//! The `Idempotency-Key` header.

use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::harness::events::eventually;
use crate::harness::{Database, EXAMPLE, both_databases};

both_databases! {
    a_repeated_request_gets_the_first_response,
    the_stored_response_survives_a_restart,
    another_body_with_the_same_key_is_refused,
    a_refused_request_leaves_its_key_free,
    invalid_idempotency_keys_are_refused,
    a_lost_response_is_returned_to_a_retry,
    concurrent_duplicates_have_one_effect,
}

fn a_repeated_request_gets_the_first_response(database: Database) {
    let server = database.serve_demo();
    let first = server.create_ticket_idempotent("order-1", EXAMPLE);
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    let rows = database.rows_of_tickets();
    for _ in 0..3 {
        let again = server.create_ticket_idempotent("order-1", EXAMPLE);
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    assert_eq!(database.rows_of_tickets(), rows);
    assert_eq!(rows, 3, "a ticket, a human ticket, a record");
}

fn the_stored_response_survives_a_restart(database: Database) {
    let first = database.serve_demo().create_ticket_idempotent("order-1", EXAMPLE);
    let again = database.serve_demo().create_ticket_idempotent("order-1", EXAMPLE);
    assert_eq!((again.status, &again.body), (201, &first.body));
}

fn another_body_with_the_same_key_is_refused(database: Database) {
    let server = database.serve_demo();
    assert_eq!(server.create_ticket_idempotent("order-1", EXAMPLE).status, 201);
    let rows = database.rows_of_tickets();
    let other = EXAMPLE.replace("Refund request", "Another request");
    server.create_ticket_idempotent("order-1", &other).assert_problem(
        422,
        "idempotency_key_reused",
        "This Idempotency-Key was used with another request body",
    );
    assert_eq!(database.rows_of_tickets(), rows);
}

fn a_refused_request_leaves_its_key_free(database: Database) {
    let server = database.serve_demo();
    assert_eq!(server.create_ticket_idempotent("order-1", "{}").status, 400);
    let unknown = EXAMPLE.replace("123", "999999");
    assert_eq!(server.create_ticket_idempotent("order-1", &unknown).status, 404);
    let unknown = EXAMPLE.replace("45", "999999");
    assert_eq!(server.create_ticket_idempotent("order-1", &unknown).status, 404);
    assert_eq!(database.rows_of_tickets(), 0);
    assert_eq!(server.create_ticket_idempotent("order-1", EXAMPLE).status, 201);
}

fn invalid_idempotency_keys_are_refused(database: Database) {
    let server = database.serve_demo();
    let sentence = "Idempotency-Key must be 1 to 255 characters";
    for bad in ["", &"x".repeat(256)] {
        server.create_ticket_idempotent(bad, EXAMPLE).assert_problem(400, "invalid_parameter", sentence);
    }
    assert_eq!(server.create_ticket_idempotent(&"x".repeat(255), EXAMPLE).status, 201);
    let sentence = "Idempotency-Key must hold visible ASCII characters only, such as a UUID";
    for other in ["clé-1", "注文-1", "order\u{1f600}", "a\tb"] {
        let head =
            format!("host: x\r\nconnection: close\r\nx-api-key: {}\r\nidempotency-key: {other}", server.key);
        let length = EXAMPLE.len();
        let request =
            format!("POST /api/v1/tickets HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{EXAMPLE}");
        server.send_bytes(request.as_bytes()).assert_problem(400, "invalid_parameter", sentence);
    }
    let twice = [("x-api-key", server.key.as_str()), ("idempotency-key", "a"), ("idempotency-key", "b")];
    let response = server.send("POST", "/api/v1/tickets", &twice, EXAMPLE.as_bytes());
    response.assert_problem(400, "invalid_parameter", "Idempotency-Key must be there once");
}

fn a_lost_response_is_returned_to_a_retry(database: Database) {
    let server = database.serve_demo();
    let mut stream = server.connect();
    let request = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nidempotency-key: order-1\r\n\
         content-length: {}\r\n\r\n{EXAMPLE}",
        server.key,
        EXAMPLE.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    // The request has taken effect. The client closes the connection without reading the response.
    let started = Instant::now();
    while database.rows_of_tickets() < 3 {
        assert!(started.elapsed() < Duration::from_secs(60), "no ticket");
        std::thread::yield_now();
    }
    drop(stream);
    // The row may be visible before the server knows: the first request is in progress until then.
    let again = eventually("the first request ends", || {
        Some(server.create_ticket_idempotent("order-1", EXAMPLE)).filter(|again| again.status != 409)
    });
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    let path = again.header("location").unwrap();
    assert_eq!(server.get(path).ticket()["id"], again.ticket()["id"]);
    assert_eq!(database.rows_of_tickets(), 3);
}

fn concurrent_duplicates_have_one_effect(database: Database) {
    const RACERS: usize = 50;
    let servers = [database.serve_demo(), database.serve_demo()];
    let start = Barrier::new(RACERS);
    let responses: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (server, start) = (&servers[racer % 2], &start);
                scope.spawn(move || {
                    start.wait();
                    server.create_ticket_idempotent("order-1", EXAMPLE)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 1);
    let first = responses.iter().find(|response| response.status == 201).unwrap();
    let firsts = responses
        .iter()
        .filter(|response| response.status == 201 && response.header("idempotency-replayed").is_none());
    assert_eq!(firsts.count(), 1);
    for response in &responses {
        match response.status {
            201 => assert_eq!(response.body, first.body),
            409 => {
                assert_eq!(response.header("retry-after"), Some("1"));
                response.assert_problem(
                    409,
                    "idempotency_key_in_use",
                    "A request with this Idempotency-Key is still running",
                );
            }
            _ => panic!("{response:?}"),
        }
    }
    assert_eq!(servers[0].create_ticket_idempotent("order-1", EXAMPLE).body, first.body);
}
