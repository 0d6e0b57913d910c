//! The live stream of events, and lists that wait for an event.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::api_keys::{key, path, post, serve};
use crate::harness::event_streams::{EventStream, Frame, STREAM};
use crate::harness::events::{EVENTS, eventually, settled_log, walk};
use crate::harness::{Database, EXAMPLE, Server, both_databases};

both_databases! {
    a_stream_sends_every_event_once_and_resumes_on_any_server,
    a_stream_sends_only_the_kinds_that_are_asked_for,
    invalid_places_and_kinds_are_refused,
    a_slow_reader_is_told_what_it_missed_and_delays_nobody,
    a_key_that_ends_ends_its_streams,
    streams_have_limits,
    a_stopping_server_ends_its_streams,
    a_list_waits_for_an_event,
}

fn create_ticket(server: &Server) {
    assert_eq!(server.create_ticket(EXAMPLE).status, 201);
}

/// The frame of an event of the list.
fn frame_of(event: &Value) -> (Option<String>, Option<String>, Value) {
    let text = |member: &str| event[member].as_str().map(str::to_owned);
    (text("cursor"), text("kind"), event.clone())
}

fn parts(frame: Frame) -> (Option<String>, Option<String>, Value) {
    let json = frame.json();
    (frame.id, frame.event, json)
}

/// Fails unless the stream goes on with these events.
#[track_caller]
fn expect(stream: &mut EventStream, events: &[Value]) {
    for event in events {
        assert_eq!(parts(stream.event()), frame_of(event));
    }
}

fn a_stream_sends_every_event_once_and_resumes_on_any_server(database: Database) {
    let server = serve(&database);
    let before = settled_log(&server);
    let mut live = EventStream::open(&server, "");
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
        "transfer-encoding: chunked",
    ] {
        assert!(live.head.to_lowercase().contains(header), "{}", live.head);
    }
    let ready = live.next().unwrap();
    assert_eq!((ready.retry, ready.event.as_deref()), (Some(2_000), None));
    let ready = live.next().unwrap();
    assert_eq!(ready.event.as_deref(), Some("ready"));
    let start = ready.id.clone().unwrap();
    assert_eq!(ready.json(), json!({"cursor": start}));

    create_ticket(&server);
    let first = live.event();
    assert_eq!(first.event.as_deref(), Some("ticket.created"));
    drop(live);
    for _ in 0..3 {
        create_ticket(&server);
    }
    let log = walk(&server, EVENTS);
    assert!(log.len() > before.len() + 4);
    let since = walk(&server, &format!("{EVENTS}?cursor={start}"));
    assert_eq!(since[0]["cursor"], json!(first.id));
    let first_id = first.id.unwrap();

    // Another process on the same database sees the same log.
    let mut other = database.serve(&[]);
    other.key.clone_from(&server.key);
    let mut streams: Vec<EventStream> = Vec::new();
    for server in [&server, &other] {
        let mut resumed = EventStream::resume(server, &first_id);
        expect(&mut resumed, &since[1..]);
        let mut after = EventStream::open(server, &format!("?after={start}"));
        expect(&mut after, &since);
        // The header comes first.
        let header = format!("last-event-id: {first_id}\r\n");
        let mut both = EventStream::open_with(server, &server.key, "?after=start", &header);
        expect(&mut both, &since[1..]);
        let mut whole = EventStream::open(server, "?after=start");
        expect(&mut whole, &log);
        streams.extend([resumed, after, both, whole]);
    }
    // What one process writes arrives at the streams of both.
    for writer in [&server, &other] {
        create_ticket(writer);
        let last = walk(&server, EVENTS).pop().unwrap();
        for stream in &mut streams {
            expect(stream, std::slice::from_ref(&last));
        }
    }
    let head = server.send("HEAD", STREAM, &[("x-api-key", &server.key)], b"");
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
}

fn a_stream_sends_only_the_kinds_that_are_asked_for(database: Database) {
    let server = serve(&database);
    let ticket = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let queries = ["kinds=comment.created,ticket.updated", "kinds=ticket.updated&kinds=comment.created"];
    let [mut live, mut again] =
        queries.map(|query| EventStream::open(&server, &format!("?after=start&{query}")));
    create_ticket(&server);
    let comments = format!("/api/v1/tickets/{ticket}/comments");
    assert_eq!(post(&server, &server.key, &comments, &json!({"text": "Hello"})).status, 201);
    create_ticket(&server);
    let wanted =
        |event: &Value| ["comment.created", "ticket.updated"].contains(&event["kind"].as_str().unwrap());
    let log: Vec<_> = walk(&server, EVENTS).into_iter().filter(wanted).collect();
    assert_eq!(log.len(), 2);
    expect(&mut live, &log);
    expect(&mut again, &log);
    // A client that gets none of many events is moved on.
    database.execute(
        "INSERT INTO events (shop_id, change, part, kind, subject_id, time)
            WITH RECURSIVE series (number) AS
                (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < 1100)
            SELECT 1, number, 1000, 'ticket.deleted', 7, (SELECT max(time) FROM events) FROM series",
    );
    let mut far = EventStream::open(&server, "?after=start&kinds=customer.erased");
    // Perhaps to the events that the server keeps for its streams first, and then on.
    let mut rest = usize::MAX;
    while rest > 110 {
        if let Some(id) = far.next().unwrap().id {
            rest = walk(&server, &format!("{EVENTS}?limit=100&cursor={id}")).len();
        }
    }
}

fn invalid_places_and_kinds_are_refused(database: Database) {
    let server = serve(&database);
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let other = database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "events:read"]);
    let theirs = EventStream::open_with(&server, &other, "", "").nth_id(1);
    let place = "after or Last-Event-ID must be the cursor of an event of this shop";
    for (query, header, sentence) in [
        ("?after=0", String::new(), place),
        ("?after=", String::new(), place),
        ("?after=end", String::new(), place),
        (&*format!("?after={theirs}"), String::new(), place),
        ("", format!("last-event-id: {theirs}\r\n"), place),
        ("", "last-event-id: 1\r\n".to_owned(), place),
        ("?kinds=ticket.exploded", String::new(), "kinds must be kinds of events, such as ticket.created"),
        ("?kinds=", String::new(), "kinds must be kinds of events, such as ticket.created"),
        ("?kinds=ticket.created,", String::new(), "kinds must be kinds of events, such as ticket.created"),
        (
            "?cursor=1",
            String::new(),
            "The query parameter \"cursor\" is unknown. The query parameters here are after, kinds",
        ),
    ] {
        EventStream::refused(&server, query, &header).assert_problem(400, "invalid_parameter", sentence);
    }
}

/// Removes the whole log, as retention does.
fn remove_events(database: &Database) {
    database.execute(
        "INSERT INTO log_beginnings (shop_id, change, part)
            SELECT shop_id, change, part FROM events WHERE shop_id = 1 ORDER BY change DESC, part DESC LIMIT 1",
    );
    database.execute("DELETE FROM events");
}

fn a_slow_reader_is_told_what_it_missed_and_delays_nobody(database: Database) {
    let server = serve(&database);
    let before = settled_log(&server).pop().unwrap();
    let mut slow = EventStream::open(&server, "");
    slow.next().unwrap();
    let ticket = server.create_ticket(EXAMPLE).ticket()["id"].as_str().unwrap().to_owned();
    let first = slow.event();
    // More than the buffers of both systems hold.
    let comments = format!("/api/v1/tickets/{ticket}/comments");
    let large = json!({"text": "x", "attachments": [{"data": "x".repeat(950_000)}]});
    for _ in 0..20 {
        assert_eq!(post(&server, &server.key, &comments, &large).status, 201);
    }
    create_ticket(&server);
    let mut quick = EventStream::open(&server, "");
    create_ticket(&server);
    assert_eq!(quick.event().event.as_deref(), Some("ticket.created"));

    remove_events(&database);
    let mut got = 0;
    let last = loop {
        let frame = slow.event();
        if frame.event.as_deref() == Some("removed") {
            break frame;
        }
        got += 1;
    };
    // Two events of each comment, and two tickets.
    assert!((1..42).contains(&got), "{got}");
    assert_eq!((&last.id, slow.next()), (&None, None), "the stream ends");
    let oldest = last.json()["cursor"].as_str().unwrap().to_owned();
    for cursor in [before["cursor"].as_str().unwrap().to_owned(), first.id.unwrap()] {
        let gone = EventStream::refused(&server, &format!("?after={cursor}"), "");
        assert_eq!((gone.status, &gone.json()["code"]), (410, &json!("events_removed")), "{gone:?}");
        assert_eq!(gone.json()["cursor"], json!(oldest));
        let gone = server.get(&format!("{EVENTS}?cursor={cursor}"));
        assert_eq!((gone.status, &gone.json()["cursor"]), (410, &json!(oldest)));
    }
    let mut resumed = EventStream::open(&server, &format!("?after={oldest}"));
    let mut whole = EventStream::open(&server, "?after=start");
    create_ticket(&server);
    for stream in [&mut resumed, &mut whole, &mut quick] {
        assert_eq!(stream.event().event.as_deref(), Some("ticket.created"));
    }
}

fn a_key_that_ends_ends_its_streams(database: Database) {
    let server = serve(&database);
    let reader = || key(&database, &["--scope", "events:read"]);
    let (revoked, rotated, kept) = (reader(), reader(), reader());
    database.hexdesk(&["shop", "create", "other.example.com"]);
    let closed =
        database.hexdesk(&["key", "create", "--shop", "other.example.com", "--scope", "events:read"]);
    let [mut of_revoked, mut of_rotated, mut of_closed, mut of_kept] =
        [&revoked, &rotated, &closed, &kept].map(|key| EventStream::open_with(&server, key, "", ""));
    for stream in [&mut of_revoked, &mut of_rotated, &mut of_closed, &mut of_kept] {
        stream.next().unwrap();
        assert_eq!(stream.next().unwrap().event.as_deref(), Some("ready"));
    }
    let began = Instant::now();
    let headers = [("x-api-key", server.key.as_str())];
    assert_eq!(server.send("DELETE", &path(&revoked), &headers, b"").status, 200);
    let rotation =
        post(&server, &server.key, &format!("{}/rotate", path(&rotated)), &json!({"overlapSeconds": 1}));
    assert_eq!(rotation.status, 201, "{rotation:?}");
    database.hexdesk(&["shop", "close", "other.example.com"]);
    for stream in [of_revoked, of_rotated, of_closed] {
        assert_eq!(stream.last().and_then(|frame| frame.retry), None);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    create_ticket(&server);
    while of_kept.event().event.as_deref() != Some("ticket.created") {}
}

fn streams_have_limits(database: Database) {
    let mut server = database.serve(&["--demo", "--max-streams", "22"]);
    server.key = key(&database, &["--scope", "events:read"]);
    let other = key(&database, &["--scope", "events:read"]);
    let mut open: Vec<_> = (0..20).map(|_| EventStream::open(&server, "")).collect();
    let sentence = |clients| {
        format!("{clients} has too many streams and waiting requests; close one, or try again later")
    };
    let refused = EventStream::refused(&server, "", "");
    refused.assert_problem(429, "too_many_streams", &sentence("The API key"));
    assert_eq!(refused.header("retry-after"), Some("5"));
    // A request that waits counts as a stream. Other requests do not.
    server.get(&format!("{EVENTS}?wait=1&cursor={}", open[0].nth_id(1))).assert_problem(
        429,
        "too_many_streams",
        &sentence("The API key"),
    );
    assert_eq!(server.get(EVENTS).status, 200);
    let others = [0, 1].map(|_| EventStream::open_with(&server, &other, "", ""));
    open.truncate(1);
    // The places of closed streams are free soon.
    eventually("a free place", || {
        let stream = EventStream::try_open(&server, &server.key, "", "").ok()?;
        open.push(stream);
        (open.len() == 20).then_some(())
    });
    server.key = other;
    EventStream::refused(&server, "", "").assert_problem(429, "too_many_streams", &sentence("The server"));
    drop(others);
}

fn a_stopping_server_ends_its_streams(database: Database) {
    let server = serve(&database);
    let streams: Vec<_> = (0..10).map(|_| EventStream::open(&server, "")).collect();
    let began = Instant::now();
    server.signal(Signal::TERM);
    let mut delays: Vec<u64> =
        streams.into_iter().map(|stream| stream.last().and_then(|frame| frame.retry).unwrap()).collect();
    assert!(delays.iter().all(|delay| (1_000..=5_000).contains(delay)), "{delays:?}");
    delays.dedup();
    assert!(delays.len() > 5, "{delays:?}");
    let (status, log) = server.wait();
    assert!(status.success(), "{status}: {log}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

fn a_list_waits_for_an_event(database: Database) {
    let mut server = database.serve(&["--demo", "--read-timeout", "1"]);
    server.key = key(&database, &["--scope", "events:read,tickets:write"]);
    let log = walk(&server, EVENTS);
    let waiting = |seconds: u32| {
        let last = log.last().unwrap()["cursor"].as_str().unwrap();
        let began = Instant::now();
        let response = server.get(&format!("{EVENTS}?cursor={last}&wait={seconds}"));
        assert_eq!(response.status, 200, "{response:?}");
        (response.json()["events"].as_array().unwrap().clone(), began.elapsed())
    };
    // Longer than a read may take.
    let (events, took) = waiting(2);
    assert_eq!(events, Vec::<Value>::new());
    assert!(took >= Duration::from_secs(2), "{took:?}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| waiting(30));
        std::thread::sleep(Duration::from_millis(300));
        create_ticket(&server);
        let (events, took) = waiting.join().unwrap();
        assert_eq!(events[0]["kind"], "ticket.created");
        assert!(took < Duration::from_secs(25), "{took:?}");
    });
    // An event that is there already is returned at once.
    let (events, took) = waiting(30);
    assert_eq!(events.len(), 1);
    assert!(took < Duration::from_secs(25), "{took:?}");
}
