//! Searches that take long, in one shop, while other requests come.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use hexdesk_test_postgres::TestDatabase;

use crate::harness::{Database, EXAMPLE, PATIENCE, SHOP, Server, both_databases, read_response};

/// A search in which each word matches every ticket.
const SEARCH: &str = "/api/v1/tickets/search?q=a*+b*+c*+d*+e*+f*+g*+h*&limit=1";

/// The number of clients that search at the same time.
const SEARCHES: usize = 24;

/// The searches that may begin: those of one shop that run at the same time, and some that begin
/// before the server notices that their clients are gone.
const MAX_BEGUN: usize = 18;

both_databases! {
    searches_of_one_shop_do_not_delay_other_requests,
    a_search_whose_client_is_gone_is_not_begun_or_is_stopped,
    a_search_that_takes_too_long_is_stopped,
}

/// Tickets of the customer 123, and documents of this customer with the words of [`SEARCH`]. The
/// index has one document for a customer, so this costs as much as a thousand times the tickets.
const SLOW_ON_SQLITE: &str = "
    WITH RECURSIVE series (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < 1000)
    INSERT INTO tickets (shop_id, id, customer_id, channel, date, last_message_time, is_opened, unread_count,
        tags, version)
    SELECT 1, number, 123, 'Mail', number, number, 0, 0, '[]', 1 FROM series;
    WITH RECURSIVE series (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series WHERE number < 1000)
    INSERT INTO search_documents (shop_id, customer_id, weight, words)
    SELECT 1, 123, 2, '1:a1 1:b1 1:c1 1:d1 1:e1 1:f1 1:g1 1:h1' FROM series;
    INSERT INTO search_index (search_index) VALUES ('rebuild')";

/// Holds a lock for which searches wait, until a test ends.
const SLOW_ON_POSTGRES: &str = "
    DO $$ BEGIN
        LOCK TABLE comments IN ACCESS EXCLUSIVE MODE;
        WHILE NOT EXISTS (SELECT FROM released) LOOP PERFORM pg_sleep(0.02); END LOOP;
    END $$";

/// Releases the lock, also after a failure.
struct Release<'a>(&'a TestDatabase);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.psql("INSERT INTO released DEFAULT VALUES");
    }
}

/// Runs a test with a server of the demo shop, in which [`SEARCH`] takes minutes.
fn with_slow_searches(mut database: Database, arguments: &[&str], test: impl FnOnce(&Database, &Server)) {
    if let Database::Postgres(database) = &mut database {
        database.url.push_str("?options=-c%20lock_timeout%3D0%20-c%20statement_timeout%3D0");
    }
    let arguments = [&["--demo"], arguments].concat();
    let mut server = database.serve_logging("info,hexdesk_adapters::statements=trace", &arguments);
    server.key = server.stdout.lines().find(|line| line.starts_with("hd_")).unwrap().to_owned();
    let Database::Postgres(postgres) = &database else {
        database.execute(SLOW_ON_SQLITE);
        return test(&database, &server);
    };
    postgres.psql("CREATE TABLE released (at TIMESTAMPTZ)");
    std::thread::scope(|scope| {
        scope.spawn(|| postgres.psql(SLOW_ON_POSTGRES));
        let _release = Release(postgres);
        let locks = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' \
                     AND relation = 'comments'::regclass \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        wait_until("the lock", || postgres.psql(locks).trim() == "1");
        test(&database, &server);
    });
}

#[track_caller]
fn wait_until(what: &str, is_met: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_met() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// Begins this many searches, and waits until the database has begun some.
fn begin_searches(server: &Server, number: usize) -> Vec<TcpStream> {
    let searches = (0..number).map(|_| {
        let mut stream = server.connect();
        let head = format!(
            "GET {SEARCH} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {}\r\n\r\n",
            server.key
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    });
    let searches = searches.collect();
    wait_until("searches", || begun_searches(server) >= number.min(2));
    searches
}

/// The number of searches that the database has begun.
fn begun_searches(server: &Server) -> usize {
    let is_search = |line: &&str| line.contains("statement=") && line.contains("ranked");
    server.log().lines().filter(is_search).count()
}

fn has_response(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let has_response = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).unwrap();
    has_response
}

fn searches_of_one_shop_do_not_delay_other_requests(database: Database) {
    with_slow_searches(database, &["--read-timeout", "60"], |database, server| {
        let ticket = server.create_ticket(EXAMPLE).header("location").unwrap().to_owned();
        database.hexdesk(&["shop", "create", "other.example.com"]);
        let other = database.hexdesk(&["key", "create", "--shop", "other.example.com"]);
        let unused = database.hexdesk(&["key", "create", "--shop", SHOP]);
        let searches = begin_searches(server, SEARCHES);
        for (path, key) in [
            ("/api/v1/tickets?include=total", &other),
            ("/api/v1/customers?include=total", &other),
            // These never wait for a search of their own shop either.
            ("/readyz", &other),
            (&*ticket, &unused),
        ] {
            assert_eq!(server.send("GET", path, &[("x-api-key", key)], b"").status, 200, "{path}");
        }
        assert_eq!(server.create_ticket(EXAMPLE).status, 201);
        assert_eq!(searches.iter().filter(|search| has_response(search)).count(), 0);
    });
}

fn a_search_whose_client_is_gone_is_not_begun_or_is_stopped(database: Database) {
    with_slow_searches(database, &["--read-timeout", "60"], |database, server| {
        let mut searches = begin_searches(server, SEARCHES);
        // This client still receives.
        let waiting = searches.pop().unwrap();
        waiting.shutdown(Shutdown::Write).unwrap();
        drop(searches);
        read_response(waiting).assert_problem(
            499,
            "client_closed_request",
            "The client closed its side of the connection before the response",
        );
        let ends = || server.log().lines().filter(|line| line.contains("status=499")).count();
        wait_until("the end of every search", || ends() == SEARCHES);
        assert!(begun_searches(server) <= MAX_BEGUN, "{}", begun_searches(server));
        await_no_search(database);
    });
}

fn a_search_that_takes_too_long_is_stopped(database: Database) {
    with_slow_searches(database, &["--read-timeout", "1"], |database, server| {
        let response = server.get(SEARCH);
        response.assert_problem(
            503,
            "overloaded",
            "The read took too long and was stopped: it is too expensive, or too many others wait; ask for less, \
             with a narrower filter, longer words or fewer words",
        );
        assert_eq!(response.header("retry-after"), Some("1"));
        await_no_search(database);
    });
}

/// Waits until PostgreSQL runs no search. It would run them until the end of the test.
fn await_no_search(database: &Database) {
    if let Database::Postgres(database) = database {
        let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%ranked%' \
                       AND pid <> pg_backend_pid() AND datname = current_database()";
        wait_until("the end of the statements", || database.psql(running).trim() == "0");
    }
}
