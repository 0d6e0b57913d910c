//! How long connections stay open without a request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

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

/// Waits until the server closes the connection, at most this long. Returns whether it does.
fn closed_within(stream: &mut TcpStream, longest: Duration) -> bool {
    stream.set_read_timeout(Some(longest)).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).is_ok()
}

/// `PATIENCE` is less than the default of 75 seconds. All servers and connections wait together.
#[test]
fn an_idle_connection_stays_open_for_the_given_time() {
    let databases = [Database::sqlite(), Database::sqlite()];
    let short = databases[0].serve(&["--keep-alive", "1"]);
    let long = databases[1].serve(&[]);
    std::thread::scope(|scope| {
        let (short, long) = (&short, &long);
        scope.spawn(|| {
            assert!(closed_within(&mut used(short), PATIENCE), "an open connection");
        });
        scope.spawn(|| {
            let mut stream = used(long);
            assert!(!closed_within(&mut stream, Duration::from_secs(6)));
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            assert!(closed_within(&mut stream, PATIENCE));
        });
        // A new connection must send a request soon, and each head must arrive soon.
        scope.spawn(|| {
            assert!(closed_within(&mut long.connect(), PATIENCE), "an open connection");
        });
        scope.spawn(|| {
            let mut stream = used(long);
            stream.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
            assert!(closed_within(&mut stream, PATIENCE), "an open connection");
        });
    });
}
