//! A log that cannot be written.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};
use std::time::Instant;

use rustix::process::Signal;

use crate::harness::faults::{Load, rounds, until};
use crate::harness::{Database, PATIENCE, Server};

const ACKNOWLEDGED: usize = 200;

/// Runs a load on a server with this stderr, and checks the tickets.
fn serve_logging_to(fault: &str, stderr: impl Fn() -> Stdio) {
    let database = Database::sqlite();
    let key = database.serve_demo().key.clone();
    let load = Load::default();
    for _ in 0..rounds(1) {
        let mut process =
            database.serve_command("trace", &[]).stdout(Stdio::null()).stderr(stderr()).spawn().unwrap();
        // The reading end of a pipe closes at once.
        drop(process.stderr.take());
        let server = {
            let address = listening_address(&mut process);
            Server::running(process, address)
        };
        until("the server is ready", || server.get("/readyz").status == 200);
        let enough = load.acknowledged() + ACKNOWLEDGED;
        load.run(&server, &key, |ledger| ledger.acknowledged.len() >= enough || !ledger.unclear.is_empty());
        assert!(load.acknowledged() >= enough, "requests get no response");
        assert_eq!(load.refused(), 0);
        load.settle_and_check(&database, &server, &key);
        server.signal(Signal::TERM);
        let (status, _) = server.wait();
        assert!(status.success(), "{status}");
    }
    load.report(fault, rounds(1));
}

/// The address on which this process listens, read from Linux because there is no log.
fn listening_address(process: &mut Child) -> SocketAddr {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert_eq!(process.try_wait().unwrap(), None, "the server ended");
        assert!(Instant::now() < deadline, "the server does not listen");
        let sockets: Vec<String> = fs::read_dir(format!("/proc/{}/fd", process.id()))
            .unwrap()
            .filter_map(|file| fs::read_link(file.unwrap().path()).ok())
            .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        for line in table.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            // State 0A is listening. The address is in hexadecimal.
            if columns[3] == "0A" && sockets.iter().any(|socket| socket == columns[9]) {
                let port = u16::from_str_radix(columns[1].split_once(':').unwrap().1, 16).unwrap();
                return SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            }
        }
    }
}

#[test]
fn a_log_on_a_full_disk_fails_no_request() {
    serve_logging_to("log on a full disk", || {
        OpenOptions::new().write(true).open("/dev/full").unwrap().into()
    });
}

#[test]
fn a_log_into_a_broken_pipe_fails_no_request() {
    serve_logging_to("log into a broken pipe", Stdio::piped);
}
