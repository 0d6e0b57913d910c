//! Files, memory and connections of the server's process, read from Linux.

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{PATIENCE, Server};

/// The resources of a process.
#[derive(Debug)]
pub(crate) struct Holdings {
    /// Open files.
    pub(crate) files: usize,
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
}

pub(crate) fn holdings(server: &Server) -> Holdings {
    let process = format!("/proc/{}", server.process_id());
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: u64 = resident.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    Holdings { files: fs::read_dir(format!("{process}/fd")).unwrap().count(), memory: kibibytes << 10 }
}

/// The processor time that the server has used so far.
pub(crate) fn cpu_time(server: &Server) -> Duration {
    let threads = fs::read_dir(format!("/proc/{}/task", server.process_id())).unwrap();
    // The first number is the time on a processor, in nanoseconds.
    let times =
        threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("schedstat")).ok());
    times.map(|times| Duration::from_nanos(times.split(' ').next().unwrap().parse().unwrap())).sum()
}

/// An open connection of the server.
struct Connection {
    client_port: u16,
    /// Bytes that the server has not read yet.
    unread: usize,
}

fn connections(server: &Server) -> Vec<Connection> {
    let port = |address: &str| u16::from_str_radix(address.split_once(':').unwrap().1, 16).unwrap();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    sockets
        // A socket that the process has closed has no inode. State 0A is listening.
        .filter(|socket| port(socket[1]) == server.address.port() && socket[3] != "0A" && socket[9] != "0")
        .map(|socket| {
            let (_, unread) = socket[4].split_once(':').unwrap();
            Connection { client_port: port(socket[2]), unread: usize::from_str_radix(unread, 16).unwrap() }
        })
        .collect()
}

/// The server's end of this connection, if it is open.
fn end_of(server: &Server, client: &TcpStream) -> Option<Connection> {
    let port = client.local_addr().unwrap().port();
    connections(server).into_iter().find(|connection| connection.client_port == port)
}

/// Whether the server's end of this connection is open.
pub(crate) fn holds(server: &Server, client: &TcpStream) -> bool {
    end_of(server, client).is_some()
}

/// Waits until the server has read all bytes that the client sent.
pub(crate) fn await_reading(server: &Server, client: &TcpStream) {
    await_that(server, "the server does not read the request", || {
        end_of(server, client).is_some_and(|connection| connection.unread == 0)
    });
}

/// Closes the client's idle connections, and waits until the server has no connection.
pub(crate) fn await_no_connection(server: &Server) {
    server.close_idle_connections();
    await_that(server, "a connection is left open", || connections(server).is_empty());
}

fn await_that(server: &Server, otherwise: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{otherwise}: {}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
