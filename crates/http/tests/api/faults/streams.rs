//! SIGKILL of the server while clients write and streams read: no stream misses or repeats an event.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use crate::harness::api_keys::manager;
use crate::harness::event_streams::EventStream;
use crate::harness::events::{EVENTS, settled_log, walk};
use crate::harness::faults::{Load, rounds};
use crate::harness::{Database, Server, both_databases};

const STREAMS: usize = 10;

/// The number of acknowledged tickets before each kill.
const ACKNOWLEDGED_PER_CRASH: usize = 100;

both_databases! {
    streams_miss_and_repeat_nothing_when_the_server_is_killed,
}

/// Reads a stream to its end, and adds the ids of its events.
fn read(stream: &mut EventStream, seen: &Mutex<Vec<String>>, is_enough: impl Fn(&str) -> bool) {
    while let Some(event) = stream.try_event() {
        let id = event.id.unwrap();
        seen.lock().unwrap().push(id.clone());
        if is_enough(&id) {
            return;
        }
    }
}

fn streams_miss_and_repeat_nothing_when_the_server_is_killed(database: Database) {
    let mut server = database.serve_demo();
    let writer = server.key.clone();
    server.key = manager(&database, &[]);
    let seen: Vec<Mutex<Vec<String>>> = (0..STREAMS).map(|_| Mutex::default()).collect();
    let resume = |server: &Server, seen: &Mutex<Vec<String>>| match seen.lock().unwrap().last() {
        Some(id) => EventStream::resume(server, id),
        None => EventStream::open(server, "?after=start"),
    };
    let load = Load::default();
    let faults = rounds(2);
    for _ in 0..faults {
        let enough = load.acknowledged() + ACKNOWLEDGED_PER_CRASH;
        let is_killed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for seen in &seen {
                let mut stream = resume(&server, seen);
                scope.spawn(move || read(&mut stream, seen, |_| false));
            }
            load.run(&server, &writer, |ledger| {
                let is_over = ledger.acknowledged.len() >= enough;
                if is_over && !is_killed.swap(true, Ordering::SeqCst) {
                    server.signal(Signal::KILL);
                }
                is_over
            });
        });
        let key = std::mem::take(&mut server.key);
        server = database.serve(&[]);
        server.key = key;
        load.settle_and_check(&database, &server, &writer);
    }
    settled_log(&server);
    let log: Vec<String> =
        walk(&server, EVENTS).iter().map(|event| event["cursor"].as_str().unwrap().to_owned()).collect();
    let last = log.last().unwrap();
    for (number, seen) in seen.iter().enumerate() {
        if seen.lock().unwrap().last() != Some(last) {
            read(&mut resume(&server, seen), seen, |id| id == last);
        }
        let seen = seen.lock().unwrap();
        let gap = seen.iter().zip(&log).position(|(seen, logged)| seen != logged);
        assert_eq!((gap, seen.len()), (None, log.len()), "stream {number}");
    }
}
