//! SIGTERM and SIGINT: running requests finish first.

use std::io::Write;

use rustix::process::Signal;

use crate::harness::{Database, EXAMPLE, both_databases, read_response};

/// Begins a request, signals the server to stop, and completes the request.
fn stop_in_mid_request(database: &Database, signal: Signal) {
    let server = database.serve_demo();
    let mut stream = server.connect();
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nconnection: close\r\nexpect: 100-continue\r\n\
         content-length: {}\r\n\r\n",
        server.key,
        EXAMPLE.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it has taken the request up.
    let mut go_ahead = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut go_ahead).unwrap();
    assert_eq!(&go_ahead, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal(signal);
    while !server.log().contains("stopping") {
        std::thread::yield_now();
    }
    stream.write_all(EXAMPLE.as_bytes()).unwrap();
    let response = read_response(stream);
    assert_eq!(response.status, 201, "{response:?}");
    let (status, log) = server.wait();
    assert!(status.success(), "{status}: {log}");
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 1);
}

both_databases! {
    a_running_request_finishes_after_sigterm,
    a_running_request_finishes_after_sigint,
}

fn a_running_request_finishes_after_sigterm(database: Database) {
    stop_in_mid_request(&database, Signal::TERM);
}

fn a_running_request_finishes_after_sigint(database: Database) {
    stop_in_mid_request(&database, Signal::INT);
}
