//! The `Idempotency-Key` header.

use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::create_ticket::EXAMPLE;
use crate::harness::on_both_databases;

on_both_databases! {
    fn the_same_request_again_gets_the_first_answer(database: Database) {
        let server = database.serve_demo();
        let first = server.create_ticket_once("order-1", EXAMPLE);
        assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
        let rows = database.rows_of_tickets();
        for _ in 0..3 {
            let again = server.create_ticket_once("order-1", EXAMPLE);
            assert_eq!((again.status, &again.body), (201, &first.body));
            assert_eq!(again.header("location"), first.header("location"));
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
        }
        assert_eq!(database.rows_of_tickets(), rows);
        assert_eq!(rows, 3, "a ticket, a human ticket, a record");
    }

    fn the_answer_outlives_the_server(database: Database) {
        let first = database.serve_demo().create_ticket_once("order-1", EXAMPLE);
        let again = database.serve_demo().create_ticket_once("order-1", EXAMPLE);
        assert_eq!((again.status, &again.body), (201, &first.body));
    }

    fn another_body_under_the_same_key_is_refused(database: Database) {
        let server = database.serve_demo();
        assert_eq!(server.create_ticket_once("order-1", EXAMPLE).status, 201);
        let rows = database.rows_of_tickets();
        let other = EXAMPLE.replace("Refund request", "Another request");
        server.create_ticket_once("order-1", &other).assert_problem(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used with another request body",
        );
        assert_eq!(database.rows_of_tickets(), rows);
    }

    fn a_refused_request_leaves_its_key_free(database: Database) {
        let server = database.serve_demo();
        assert_eq!(server.create_ticket_once("order-1", "{}").status, 400);
        let unknown = EXAMPLE.replace("123", "999999");
        assert_eq!(server.create_ticket_once("order-1", &unknown).status, 404);
        let unknown = EXAMPLE.replace("45", "999999");
        assert_eq!(server.create_ticket_once("order-1", &unknown).status, 404);
        assert_eq!(database.rows_of_tickets(), 0);
        assert_eq!(server.create_ticket_once("order-1", EXAMPLE).status, 201);
    }

    fn a_key_has_bounds(database: Database) {
        let server = database.serve_demo();
        let sentence = "Idempotency-Key must be 1 to 255 characters";
        for bad in ["", &"x".repeat(256)] {
            server.create_ticket_once(bad, EXAMPLE).assert_problem(400, "invalid_parameter", sentence);
        }
        assert_eq!(server.create_ticket_once(&"x".repeat(255), EXAMPLE).status, 201);
        let twice = [("x-api-key", server.key.as_str()), ("idempotency-key", "a"), ("idempotency-key", "b")];
        let answer = server.send("POST", "/api/v1/tickets", &twice, EXAMPLE.as_bytes());
        answer.assert_problem(400, "invalid_parameter", "Idempotency-Key must be there once");
    }

    fn an_answer_that_got_lost_is_had_again(database: Database) {
        let server = database.serve_demo();
        let mut stream = server.connect();
        let request = format!(
            "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nidempotency-key: order-1\r\n\
             content-length: {}\r\n\r\n{EXAMPLE}",
            server.key,
            EXAMPLE.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        // It has taken effect; the answer is not read, and its connection is gone.
        let started = Instant::now();
        while database.rows_of_tickets() < 3 {
            assert!(started.elapsed() < Duration::from_secs(60), "no ticket");
            std::thread::yield_now();
        }
        drop(stream);
        let again = server.create_ticket_once("order-1", EXAMPLE);
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
        let path = again.header("location").unwrap();
        assert_eq!(server.get(path).ticket()["id"], again.ticket()["id"]);
        assert_eq!(database.rows_of_tickets(), 3);
    }

    fn a_race_of_the_same_request_has_one_effect(database: Database) {
        const RACERS: usize = 50;
        let servers = [database.serve_demo(), database.serve_demo()];
        let start = Barrier::new(RACERS);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..RACERS)
                .map(|racer| {
                    let (server, start) = (&servers[racer % 2], &start);
                    scope.spawn(move || {
                        start.wait();
                        server.create_ticket_once("order-1", EXAMPLE)
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(database.count("SELECT count(*) FROM tickets"), 1);
        let first = answers.iter().find(|answer| answer.status == 201).unwrap();
        let firsts = answers.iter().filter(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_none());
        assert_eq!(firsts.count(), 1);
        for answer in &answers {
            match answer.status {
                201 => assert_eq!(answer.body, first.body),
                409 => {
                    assert_eq!(answer.header("retry-after"), Some("1"));
                    answer.assert_problem(
                        409,
                        "idempotency_key_in_use",
                        "A request with this Idempotency-Key is still running",
                    );
                }
                _ => panic!("{answer:?}"),
            }
        }
        assert_eq!(servers[0].create_ticket_once("order-1", EXAMPLE).body, first.body);
    }
}
