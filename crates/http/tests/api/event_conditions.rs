//! Conditions on the list of events.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::api_keys::post;
use crate::harness::events::{EVENTS, settled_log, walk};
use crate::harness::{Database, EXAMPLE, Server, api_keys, both_databases};

both_databases! {
    a_list_holds_the_events_that_meet_the_conditions,
    a_page_looks_at_a_part_of_a_long_log,
    a_waiting_list_skips_other_events,
    invalid_conditions_are_refused,
}

/// A ticket with a comment, and the whole log.
fn log_of_a_ticket(server: &Server) -> (String, Vec<Value>) {
    let created = server.create_ticket(EXAMPLE).ticket();
    let ticket = created["id"].as_str().unwrap();
    let comments = format!("/api/v1/tickets/{ticket}/comments");
    assert_eq!(post(server, &server.key, &comments, &json!({"text": "Hello"})).status, 201);
    settled_log(server);
    (ticket.to_owned(), walk(server, EVENTS))
}

fn a_list_holds_the_events_that_meet_the_conditions(database: Database) {
    let server = api_keys::serve(&database);
    let (ticket, log) = log_of_a_ticket(&server);
    let time = |event: &Value| event["time"].as_str().unwrap().to_owned();
    // The demo may have made several events in one millisecond.
    let middle = time(&log[log.len() / 2]);
    let shifted = format!("{}%2B00:00", middle.strip_suffix('Z').unwrap());
    let last = time(log.last().unwrap());
    let of = |kind: &'static str, id: &str| json!({"type": kind, "id": id});
    let (of_ticket, of_customer) = (of("ticket", &ticket), of("customer", "123"));
    type Meets<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let cases: Vec<(String, Meets<'_>)> = vec![
        (format!("subject=ticket:{ticket}"), Box::new(|event| event["subject"] == of_ticket)),
        ("subject=customer:123".to_owned(), Box::new(|event| event["subject"] == of_customer)),
        ("subject=user:45".to_owned(), Box::new(|event| event["subject"] == of("user", "45"))),
        ("subject=key:1".to_owned(), Box::new(|event| event["subject"] == of("api_key", "1"))),
        ("subject=api_key%3A1".to_owned(), Box::new(|event| event["subject"] == of("api_key", "1"))),
        ("subject=ticket:1".to_owned(), Box::new(|_| false)),
        // The ticket's id as that of a comment.
        (format!("subject=comment:{ticket}"), Box::new(|_| false)),
        (
            "kinds=ticket.updated,comment.created".to_owned(),
            Box::new(|event| {
                ["ticket.updated", "comment.created"].contains(&event["kind"].as_str().unwrap())
            }),
        ),
        (
            "kinds=user.created&kinds=ticket.created".to_owned(),
            Box::new(|event| ["user.created", "ticket.created"].contains(&event["kind"].as_str().unwrap())),
        ),
        (format!("from={middle}"), Box::new(|event| time(event) >= middle)),
        (format!("from={shifted}"), Box::new(|event| time(event) >= middle)),
        (format!("to={middle}"), Box::new(|event| time(event) < middle)),
        (format!("from={middle}&to={last}"), Box::new(|event| (&middle..&last).contains(&&time(event)))),
        (
            format!("subject=ticket:{ticket}&kinds=ticket.updated&from={middle}&to=9999-01-01T00:00:00Z"),
            Box::new(|event| event["subject"] == of_ticket && event["kind"] == "ticket.updated"),
        ),
        (format!("subject=ticket:{ticket}&kinds=user.created"), Box::new(|_| false)),
    ];
    for (query, meets) in &cases {
        let expected: Vec<Value> = log.iter().filter(|event| meets(event)).cloned().collect();
        assert!(!expected.is_empty() || query.starts_with("subject="), "{query}");
        for page in ["", "&limit=1"] {
            assert_eq!(walk(&server, &format!("{EVENTS}?{query}{page}")), expected, "{query}{page}");
        }
        // Cursors are places in the log, with any conditions.
        for after in [&log[0], &log[log.len() / 2]] {
            let (place, cursor) = (log.iter().position(|event| event == after).unwrap(), &after["cursor"]);
            let rest: Vec<_> = log[place + 1..].iter().filter(|event| meets(event)).cloned().collect();
            let path = format!("{EVENTS}?{query}&cursor={}", cursor.as_str().unwrap());
            assert_eq!(walk(&server, &path), rest, "{path}");
        }
    }
    let page = server.get(&format!("{EVENTS}?kinds=user.created,ticket.created&limit=1")).json();
    let next = page["next_cursor"].as_str().unwrap();
    let first = log.iter().position(|event| *event == page["events"][0]).unwrap();
    assert_eq!(walk(&server, &format!("{EVENTS}?cursor={next}")), log[first + 1..]);
    // One request id for all events of a request.
    let of_comment = walk(&server, &format!("{EVENTS}?kinds=ticket.updated,comment.created"));
    let requests: BTreeSet<_> = of_comment.iter().map(|event| event["requestId"].as_str().unwrap()).collect();
    assert_eq!((of_comment.len(), requests.len()), (2, 1));
}

fn a_page_looks_at_a_part_of_a_long_log(database: Database) {
    let server = api_keys::serve(&database);
    let (ticket, log) = log_of_a_ticket(&server);
    database.execute(
        "INSERT INTO events (shop_id, change, part, kind, subject_id, time)
            WITH RECURSIVE series (number) AS
                (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < 10100)
            SELECT 1, 1, 1000 + number, 'ticket.deleted', 7, (SELECT max(time) FROM events) FROM series",
    );
    let of_ticket: Vec<Value> =
        log.into_iter().filter(|event| event["subject"]["id"] == ticket[..]).collect();
    let mut found = Vec::new();
    let mut lengths = Vec::new();
    let mut path = format!("{EVENTS}?subject=ticket:{ticket}");
    loop {
        let response = server.get(&path);
        let page = response.json();
        let events = page["events"].as_array().unwrap().clone();
        lengths.push(events.len());
        found.extend(events);
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert!(response.header("link").unwrap().contains(next));
        path = format!("{EVENTS}?subject=ticket:{ticket}&cursor={next}");
    }
    assert_eq!(found, of_ticket);
    // The first page has looked at 10,000 events of the log, and found none or all.
    assert_eq!(lengths.len(), 2, "{lengths:?}");
    // A list that may go on does not wait.
    let waiting = server.get(&format!("{EVENTS}?kinds=webhook.created&wait=30")).json();
    assert_eq!(waiting["events"], json!([]));
    assert!(waiting["next_cursor"].is_string());
}

fn a_waiting_list_skips_other_events(database: Database) {
    let server = api_keys::serve(&database);
    let (_, log) = log_of_a_ticket(&server);
    let cursor = log.last().unwrap()["cursor"].as_str().unwrap();
    let path = format!("{EVENTS}?subject=user:45&wait=30&cursor={cursor}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.get(&path));
        for number in 0..3 {
            assert_eq!(server.create_ticket(EXAMPLE).status, 201, "{number}");
        }
        let renamed = server.send(
            "PATCH",
            "/api/v1/users/45",
            &[("x-api-key", &server.key), ("content-type", "application/json")],
            br#"{"first_name": "Alan"}"#,
        );
        assert_eq!(renamed.status, 200, "{renamed:?}");
        let events = waiting.join().unwrap().json()["events"].clone();
        assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
        assert_eq!((&events[0]["kind"], &events[0]["subject"]["id"]), (&json!("user.updated"), &json!("45")));
        assert_eq!(events[0]["requestId"], renamed.header("x-request-id").unwrap());
    });
    let idle = server.get(&format!("{EVENTS}?kinds=webhook.created&wait=1&cursor={cursor}")).json();
    assert_eq!((&idle["events"], &idle["next_cursor"]), (&json!([]), &Value::Null));
}

fn invalid_conditions_are_refused(database: Database) {
    let server = api_keys::serve(&database);
    let subject =
        "subject must be a resource, such as ticket:385641613176606720, customer:123, user:45 or key:7";
    let kinds = "kinds must be kinds of events, such as ticket.created";
    for (query, sentence) in [
        ("subject=", subject),
        ("subject=ticket", subject),
        ("subject=ticket:", subject),
        ("subject=ticket:0", subject),
        ("subject=ticket:-1", subject),
        ("subject=ticket:9223372036854775808", subject),
        ("subject=customer:9007199254740992", subject),
        ("subject=planet:1", subject),
        ("subject=Ticket:1", subject),
        ("subject=ticket:1,ticket:2", subject),
        ("subject=ticket:1&subject=ticket:2", "subject must not be there twice"),
        ("kinds=", kinds),
        ("kinds=ticket.exploded", kinds),
        ("kinds=ticket.created,", kinds),
        ("from=2026-04-28T00:00:00Z&to=2026-04-28T00:00:00Z", "to must be later than from"),
        ("from=2026-04-29T00:00:00Z&to=2026-04-28T00:00:00Z", "to must be later than from"),
        ("from=2026-04-28T00:00:00Z&from=2026-04-28T00:00:00Z", "from must not be there twice"),
    ] {
        server.get(&format!("{EVENTS}?{query}")).assert_problem(400, "invalid_parameter", sentence);
    }
    for query in ["from=yesterday", "from=", "to=2026-13-01T00:00:00Z"] {
        let refused = server.get(&format!("{EVENTS}?{query}"));
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("invalid_parameter")), "{query}");
    }
}
