//! How long connections stay open without a request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{Database, PATIENCE, Server};

/// A connection that has had the response to its first request.
fn used(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"}") {
        let mut part = [0; 1024];
        let length = stream.read(&mut part).unwrap();
        assert!(length > 0, "the connection is closed");
        response.extend_from_slice(&part[..length]);
    }
    assert!(response.starts_with(b"HTTP/1.1 200"));
    stream
}

/// Waits until the server closes the connection, at most this long. Returns the time since `began` if
/// it does.
fn closed_within(stream: &mut TcpStream, longest: Duration, began: Instant) -> Option<Duration> {
    stream.set_read_timeout(Some(longest)).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).ok().map(|_| began.elapsed())
}

/// Waits for the longest limits, so all servers and connections wait together.
#[test]
fn an_idle_connection_stays_open_for_the_given_time() {
    let databases = [Database::sqlite().migrated(), Database::sqlite().migrated()];
    let short = databases[0].serve(&["--keep-alive", "1"]);
    let long = databases[1].serve(&[]);
    std::thread::scope(|scope| {
        let (short, long) = (&short, &long);
        scope.spawn(|| {
            // Before the request: a busy machine may stop this thread after the response.
            let began = Instant::now();
            let took = closed_within(&mut used(short), PATIENCE, began).expect("an open connection");
            assert!((Duration::from_millis(900)..Duration::from_secs(5)).contains(&took), "{took:?}");
        });
        scope.spawn(|| {
            let mut stream = used(long);
            assert_eq!(closed_within(&mut stream, Duration::from_secs(6), Instant::now()), None);
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            assert!(closed_within(&mut stream, PATIENCE, Instant::now()).is_some());
        });
        // A new connection must send a request soon, and each head must arrive soon.
        scope.spawn(|| {
            let began = Instant::now();
            let took = closed_within(&mut long.connect(), PATIENCE, began).expect("an open connection");
            assert!(took < Duration::from_secs(9), "{took:?}");
        });
        scope.spawn(|| {
            let mut stream = used(long);
            let began = Instant::now();
            stream.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
            let took = closed_within(&mut stream, PATIENCE, began).expect("an open connection");
            assert!((Duration::from_secs(9)..Duration::from_secs(15)).contains(&took), "{took:?}");
        });
    });
}
