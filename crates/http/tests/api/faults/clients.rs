//! Clients that disconnect or stall, next to normal clients.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::harness::faults::{
    Holdings, Load, await_no_connection, await_reading, holdings, holds, rounds, ticket,
};
use crate::harness::{Database, EXAMPLE, PATIENCE, Server, both_databases, read_response};

/// The server's limit of concurrent requests, and the share of one shop.
const MAX_REQUESTS: usize = 64;
const MAX_REQUESTS_OF_A_SHOP: usize = 56;

/// The number of clients with the same fault at the same time.
const OF_EACH: usize = 6;

/// The pause of a normal client after each response. It limits the tickets to check afterwards.
const BETWEEN_ANSWERS: Duration = Duration::from_millis(10);

/// The allowed growth of open files. A connection pool may have grown to its maximum.
const MORE_FILES: usize = 10;

/// The allowed growth of memory. The allocator and the database keep less than this.
const MORE_MEMORY: u64 = 64 << 20;

/// The part of its request that a client sends.
#[derive(Debug, Clone, Copy)]
enum Sent {
    HalfTheHead,
    HalfTheBody,
    All,
}

/// This part of a request to create the ticket with this name.
fn request(key: &str, name: &str, sent: Sent) -> Vec<u8> {
    let body = ticket(name).to_string();
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nidempotency-key: {name}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    match sent {
        Sent::HalfTheHead => head[..head.len() / 2].into(),
        Sent::HalfTheBody => (head + &body[..body.len() / 2]).into(),
        Sent::All => (head + &body).into(),
    }
}

/// Begins a request, disconnects without reading the response, and records the ticket. Every other
/// client waits until the server has read the request. Returns whether the request was incomplete.
fn leave(server: &Server, load: &Load, sent: Sent, number: usize) -> bool {
    let (by_reset, at_once) = (number.is_multiple_of(2), number % 4 < 2);
    let name = load.next_name();
    let mut stream = server.connect();
    stream.write_all(&request(&server.key, &name, sent)).unwrap();
    if !at_once {
        await_reading(server, &stream);
    }
    if by_reset {
        // Closing the connection then discards unsent bytes and sends a RST.
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    }
    drop(stream);
    match sent {
        Sent::All => load.record(name, None),
        Sent::HalfTheHead | Sent::HalfTheBody => load.record_unsent(name),
    }
    !matches!(sent, Sent::All)
}

/// Sends these bytes, and then neither sends nor reads.
fn stall(server: &Server, sent: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(sent).unwrap();
    stream
}

/// The bytes of other stalled clients. Their requests create no ticket.
fn stalls(key: &str) -> [Vec<u8>; 6] {
    let list = format!("GET /api/v1/tickets?limit=100 HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n");
    let chunk = "host: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a";
    [
        // No bytes, and a part of a second request.
        Vec::new(),
        format!("{list}GET /livez HT").into(),
        // Incomplete bodies, with and without a valid key.
        format!("POST /api/v1/tickets HTTP/1.1\r\nx-api-key: {key}\r\n{chunk}").into(),
        format!("POST /api/v1/tickets HTTP/1.1\r\n{chunk}").into(),
        format!("POST /nowhere HTTP/1.1\r\n{chunk}").into(),
        // More responses than the network buffers for a client that reads none.
        list.repeat(200).into(),
    ]
}

/// Blocks all writes to the database while `act` runs.
fn while_writes_wait(database: &Database, act: impl FnOnce()) {
    match database {
        Database::Sqlite(directory) => {
            let path = directory.path().join("hexdesk.db");
            let mut writer = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            writer.batch_execute("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE").unwrap();
            act();
            writer.batch_execute("ROLLBACK").unwrap();
        }
        Database::Postgres(database) => std::thread::scope(|scope| {
            scope.spawn(|| {
                database
                    .psql("BEGIN; LOCK TABLE tickets IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT")
            });
            let held = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'ShareRowExclusiveLock' \
                        AND relation = 'tickets'::regclass";
            let deadline = Instant::now() + PATIENCE;
            while database.psql(held).trim() != "1" && Instant::now() < deadline {}
            act();
        }),
    }
}

/// A server after a load, without clients, and its holdings at that moment.
fn warmed_up(database: &Database, load: &Load, request_timeout: &str) -> (Server, Holdings) {
    let key = database.serve_demo().key.clone();
    let limit = MAX_REQUESTS.to_string();
    let mut server =
        // A stalled client may have been served before: then its connection waits as an idle one.
        database.serve_logging(
            "info",
            &["--max-requests", &limit, "--request-timeout", request_timeout, "--keep-alive", "5"],
        );
    server.key = key;
    load.run(&server, &server.key, |ledger| ledger.acknowledged.len() >= 200);
    await_no_connection(&server);
    let before = holdings(&server);
    (server, before)
}

/// Runs a load of normal clients while `misbehave` runs, which returns its number of incomplete
/// requests. Checks that the normal clients are served and that nothing of the others remains.
fn hold_against(
    database: &Database,
    server: &Server,
    load: &Load,
    before: &Holdings,
    misbehave: impl FnOnce() -> usize + Send,
) {
    let refused_before = load.refused();
    let is_over = AtomicBool::new(false);
    let unsent = std::thread::scope(|scope| {
        scope.spawn(|| {
            load.run(server, &server.key, |_| {
                std::thread::sleep(BETWEEN_ANSWERS);
                is_over.load(Ordering::Relaxed)
            });
        });
        let acknowledged = load.acknowledged();
        let storm = scope.spawn(misbehave).join();
        let served_meanwhile = load.acknowledged() - acknowledged;
        is_over.store(true, Ordering::Relaxed);
        assert!(served_meanwhile > 0, "no normal client was served");
        storm.unwrap()
    });
    assert_eq!(load.refused() - refused_before, unsent, "normal clients were refused");
    await_no_connection(server);
    load.settle_and_check(database, server, &server.key);

    // Every place among the concurrent requests is free again.
    let taken: Vec<TcpStream> = (0..MAX_REQUESTS_OF_A_SHOP).map(|_| server.begin_request()).collect();
    assert_eq!(server.get("/api/v1/tickets").status, 503);
    for mut stream in taken {
        stream.write_all(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(read_response(stream).status, 201);
    }
    await_no_connection(server);
    if let Database::Postgres(database) = database {
        let left = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        assert_eq!(database.psql(left).trim(), "0");
    }
    let after = holdings(server);
    assert!(after.files <= before.files + MORE_FILES, "{before:?}, {after:?}");
    assert!(after.memory <= before.memory + MORE_MEMORY, "{before:?}, {after:?}");
}

both_databases! {
    clients_that_disconnect_leave_nothing_behind,
    connections_of_stalled_clients_are_closed,
}

fn clients_that_disconnect_leave_nothing_behind(database: Database) {
    let load = Load::default();
    let (server, before) = warmed_up(&database, &load, "60");
    let faults = AtomicUsize::new(0);
    hold_against(&database, &server, &load, &before, || {
        let unsent = AtomicUsize::new(0);
        let all_leave = |sent| {
            std::thread::scope(|scope| {
                for number in 0..OF_EACH * 2 {
                    let (unsent, faults, server, load) = (&unsent, &faults, &server, &load);
                    scope.spawn(move || {
                        let is_unsent = leave(server, load, sent, number);
                        unsent.fetch_add(usize::from(is_unsent), Ordering::Relaxed);
                        faults.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        };
        for _ in 0..rounds(3) {
            for sent in [Sent::HalfTheHead, Sent::HalfTheBody, Sent::All] {
                all_leave(sent);
            }
            while_writes_wait(&database, || all_leave(Sent::All));
        }
        unsent.into_inner()
    });
    load.report("clients that go away", faults.into_inner());
}

fn connections_of_stalled_clients_are_closed(database: Database) {
    let load = Load::default();
    let (server, before) = warmed_up(&database, &load, "10");
    let mut faults = 0;
    hold_against(&database, &server, &load, &before, || {
        let mut unsent = 0;
        for _ in 0..rounds(1) {
            let mut stalling = Vec::new();
            for _ in 0..OF_EACH {
                for sent in [Sent::HalfTheHead, Sent::HalfTheBody] {
                    let name = load.next_name();
                    stalling.push(stall(&server, &request(&server.key, &name, sent)));
                    load.record_unsent(name);
                    unsent += 1;
                }
                stalling.extend(stalls(&server.key).map(|parts| stall(&server, &parts)));
            }
            faults += stalling.len();
            let deadline = Instant::now() + PATIENCE;
            for stream in &stalling {
                while holds(&server, stream) {
                    assert!(Instant::now() < deadline, "the connection of a stalled client is not closed");
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        unsent
    });
    load.report("clients that stall", faults);
}
