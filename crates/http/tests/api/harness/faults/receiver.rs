//! A receiver of webhooks that fails at random.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::seed;

/// The most failed attempts of a message. After ten, the sender would give it up.
const MAX_FAILED: u32 = 3;

/// The most attempts that are never answered: each takes a place of the webhook for 20 seconds.
const MAX_SILENT: usize = 3;

/// A receiver on this machine. It runs until the end of the process.
pub(crate) struct RandomReceiver {
    pub(crate) port: u16,
    seed: u64,
    received: Mutex<Received>,
}

/// The messages that a receiver got.
#[derive(Default)]
pub(crate) struct Received {
    /// By the cursor of the event.
    events: BTreeMap<String, Message>,
    /// The cursors of each subject, in the order of their first arrival.
    subjects: BTreeMap<String, Vec<String>>,
    /// What must not happen.
    faults: Vec<String>,
    failed: usize,
    silent: Vec<TcpStream>,
}

struct Message {
    id: String,
    attempts: u32,
    is_accepted: bool,
}

/// The answer to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accept,
    Status(u16),
    CloseInside,
    Close,
    Never,
}

impl RandomReceiver {
    /// Starts a receiver. [`seed`] decides how it answers each attempt of each message.
    pub(crate) fn start() -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Arc::new(Self { port, seed: seed(), received: Mutex::default() });
        std::thread::spawn({
            let receiver = receiver.clone();
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let receiver = receiver.clone();
                    std::thread::spawn(move || receiver.serve(stream));
                }
            }
        });
        receiver
    }

    /// The number of events that were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.received.lock().unwrap().events.values().filter(|message| message.is_accepted).count()
    }

    /// The number of attempts that failed.
    pub(crate) fn failed(&self) -> usize {
        self.received.lock().unwrap().failed
    }

    /// Closes the connections of attempts that were never answered.
    pub(crate) fn close_silent(&self) {
        self.received.lock().unwrap().silent.clear();
    }

    /// Checks that exactly these events of the log were accepted, each with its own id, and in the order of
    /// the log for each subject.
    pub(crate) fn check(&self, log: &[Value]) {
        let received = self.received.lock().unwrap();
        assert_eq!(received.faults, [""; 0]);
        let cursors: Vec<&str> = log.iter().map(|event| event["cursor"].as_str().unwrap()).collect();
        let is_accepted =
            |cursor: &&&str| received.events.get(**cursor).is_some_and(|message| message.is_accepted);
        let lost: Vec<_> = cursors.iter().filter(|cursor| !is_accepted(cursor)).collect();
        assert!(lost.is_empty(), "{} of {} were not accepted: {lost:?}", lost.len(), log.len());
        assert_eq!(received.events.len(), log.len(), "only events of the log arrive");
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (event, cursor) in log.iter().zip(&cursors) {
            expected.entry(event["subject"].to_string()).or_default().push((*cursor).to_owned());
        }
        assert_eq!(received.subjects, expected, "the order of each subject");
        let ids: BTreeSet<_> = received.events.values().map(|message| &message.id).collect();
        assert_eq!(ids.len(), received.events.len(), "two events have the same id");
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((id, body)) = read(&mut reader) {
            let answer = self.note(&id, &body);
            let stream = reader.get_mut();
            let written = match answer {
                Answer::Accept => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
                Answer::Status(status) => {
                    write!(stream, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n")
                }
                Answer::CloseInside => {
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok");
                    return;
                }
                Answer::Close => return,
                Answer::Never => {
                    self.received.lock().unwrap().silent.push(stream.try_clone().unwrap());
                    return;
                }
            };
            if written.is_err() {
                return;
            }
        }
    }

    /// Notes an attempt, and decides on the answer.
    fn note(&self, id: &str, body: &Value) -> Answer {
        let mut received = self.received.lock().unwrap();
        let Received { events, subjects, faults, failed, silent } = &mut *received;
        let cursor = body["cursor"].as_str().unwrap();
        let first = Message { id: id.to_owned(), attempts: 0, is_accepted: false };
        if !events.contains_key(cursor) {
            let of_subject = subjects.entry(body["subject"].to_string()).or_default();
            if let Some(before) = of_subject.last().filter(|before| !events[*before].is_accepted) {
                faults.push(format!("{cursor} arrived before {before} was accepted"));
            }
            of_subject.push(cursor.to_owned());
        }
        let message = events.entry(cursor.to_owned()).or_insert(first);
        if message.id != id {
            faults.push(format!("{cursor} arrived with the ids {} and {id}", message.id));
        }
        message.attempts += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, id, message.attempts).hash(&mut hasher);
        let answer = match hasher.finish() % 100 {
            _ if message.attempts > MAX_FAILED => Answer::Accept,
            0..8 => Answer::Status(500),
            8..12 => Answer::Status(503),
            12..18 => Answer::CloseInside,
            18..24 => Answer::Close,
            24..27 if silent.len() < MAX_SILENT => Answer::Never,
            _ => Answer::Accept,
        };
        match answer {
            Answer::Accept => message.is_accepted = true,
            _ => *failed += 1,
        }
        answer
    }
}

/// Reads the next message of a connection: its id and its body.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("webhook-id", value)) => id = value.to_owned(),
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None if line == "\r\n" => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((id, serde_json::from_slice(&body).unwrap()))
}
