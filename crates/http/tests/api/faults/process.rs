//! What the process of a server holds, as Linux tells it.

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{PATIENCE, Server};

/// What a process holds.
#[derive(Debug)]
pub(super) struct Holdings {
    /// Open files.
    pub(super) files: usize,
    /// Bytes.
    pub(super) memory: u64,
}

pub(super) fn holdings(server: &Server) -> Holdings {
    let process = format!("/proc/{}", server.process_id());
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: u64 = resident.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    Holdings { files: fs::read_dir(format!("{process}/fd")).unwrap().count(), memory: kibibytes << 10 }
}

/// A connection that the server holds open.
struct Connection {
    client_port: u16,
    /// Bytes that it has not read.
    unread: usize,
}

fn connections(server: &Server) -> Vec<Connection> {
    let port = |address: &str| u16::from_str_radix(address.split_once(':').unwrap().1, 16).unwrap();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    sockets
        // One that the process has closed has no inode; state 0A is listening.
        .filter(|socket| port(socket[1]) == server.address.port() && socket[3] != "0A" && socket[9] != "0")
        .map(|socket| {
            let (_, unread) = socket[4].split_once(':').unwrap();
            Connection { client_port: port(socket[2]), unread: usize::from_str_radix(unread, 16).unwrap() }
        })
        .collect()
}

/// The server's end of this connection, if it holds that open.
fn end_of(server: &Server, client: &TcpStream) -> Option<Connection> {
    let port = client.local_addr().unwrap().port();
    connections(server).into_iter().find(|connection| connection.client_port == port)
}

/// Whether the server holds its end of this connection open.
pub(super) fn holds(server: &Server, client: &TcpStream) -> bool {
    end_of(server, client).is_some()
}

/// Waits until the server has read what the client sent.
pub(super) fn await_reading(server: &Server, client: &TcpStream) {
    await_that(server, "what a client sent is not read", || {
        end_of(server, client).is_some_and(|connection| connection.unread == 0)
    });
}

/// Waits until no client is connected to the server; the harness hangs up.
pub(super) fn await_no_connection(server: &Server) {
    server.hang_up();
    await_that(server, "a connection is left open", || connections(server).is_empty());
}

fn await_that(server: &Server, otherwise: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{otherwise}: {}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
