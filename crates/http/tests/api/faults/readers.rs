//! SIGKILL of servers and of PostgreSQL while clients write, streams read, and a receiver of webhooks
//! fails at random. No stream misses or repeats an event. Every event reaches the receiver.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use hexdesk_test_postgres::Cluster;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::api_keys::{manager, post};
use crate::harness::event_streams::EventStream;
use crate::harness::events::{EVENTS, walk};
use crate::harness::faults::{RECOVERY, RandomReceiver, durable_cluster, rounds, until};
use crate::harness::{Database, SHOP, Server};
use crate::webhooks::{ALLOW, key_file};

const WRITERS: usize = 64;

const STREAMS: usize = 10;

/// The requests of a writer in each round.
const REQUESTS: usize = 3;

/// The pause of a writer after each request, so that kills meet writers.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(500);

/// The number of events that the receiver accepts before each kill.
const ACCEPTED_BEFORE_KILL: usize = 20;

/// The address of the user whose event ends the streams.
const LAST: &str = "last@example.com";

#[test]
fn readers_miss_nothing_on_sqlite() {
    Desk::new(Database::sqlite(), None).run();
}

#[test]
fn readers_miss_nothing_on_postgresql() {
    let cluster = durable_cluster();
    Desk::new(Database::postgres_in(&cluster), Some(&cluster)).run();
}

/// The shop of the demo, with a webhook.
struct Desk<'a> {
    database: Database,
    cluster: Option<&'a Cluster>,
    arguments: Vec<String>,
    key: String,
    /// A killed server is replaced by the next.
    servers: RwLock<Vec<Arc<Server>>>,
    receiver: Arc<RandomReceiver>,
    /// The requests that took effect.
    done: AtomicUsize,
    /// The ids of the events of each stream.
    seen: Vec<Mutex<Vec<String>>>,
    has_failed: AtomicBool,
    _directory: tempfile::TempDir,
}

impl<'a> Desk<'a> {
    fn new(database: Database, cluster: Option<&'a Cluster>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key_file = key_file(&database, &directory);
        let arguments: Vec<String> = ALLOW.map(str::to_owned).into_iter().chain(key_file).collect();
        let options: Vec<&str> = arguments.iter().map(String::as_str).collect();
        drop(database.serve_demo());
        let receiver = RandomReceiver::start();
        let url = format!("http://127.0.0.1:{}/", receiver.port);
        database.hexdesk(&[&["webhook", "create", "--shop", SHOP, &url][..], &options].concat());
        Self {
            key: manager(&database, &[]),
            database,
            cluster,
            arguments,
            servers: RwLock::default(),
            receiver,
            done: AtomicUsize::new(0),
            seen: (0..STREAMS).map(|_| Mutex::default()).collect(),
            has_failed: AtomicBool::new(false),
            _directory: directory,
        }
    }

    fn serve(&self) -> Arc<Server> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut server = self.database.serve_logging("info", &arguments);
        server.key.clone_from(&self.key);
        Arc::new(server)
    }

    /// A server: clients with different numbers use different ones.
    fn server(&self, number: usize) -> Arc<Server> {
        let servers = self.servers.read().unwrap();
        servers[number % servers.len()].clone()
    }

    #[expect(clippy::print_stdout, reason = "figures for runs with --nocapture")]
    fn run(&self) {
        self.servers.write().unwrap().push(self.serve());
        let created = walk(&self.server(0), EVENTS);
        let is_webhook = |event: &Value| event["kind"] == "webhook.created";
        let first = created.iter().position(is_webhook).unwrap() + 1;
        std::thread::scope(|scope| {
            let _failure = OnPanic(self);
            for number in 0..STREAMS {
                scope.spawn(move || self.follow(number));
            }
            for _ in 0..rounds(1) {
                self.write_during(|| self.kill_server(0));
                self.servers.write().unwrap().push(self.serve());
                self.write_during(|| {
                    self.kill_server(1);
                    self.kill_server(0);
                    if let Some(cluster) = self.cluster {
                        self.kill_postgres(cluster);
                    }
                });
                let second = self.servers.write().unwrap().pop().unwrap();
                second.signal(Signal::KILL);
            }
            let last = post(&self.server(0), &self.key, "/api/v1/users", &json!({"email": LAST}));
            assert_eq!(last.status, 201, "{last:?}");
        });
        let log = walk(&self.server(0), &format!("{EVENTS}?limit=100"));
        let cursors: Vec<&str> = log.iter().map(|event| event["cursor"].as_str().unwrap()).collect();
        assert!(log.last().unwrap()["kind"] == "user.created", "{:?}", log.last());
        for (number, seen) in self.seen.iter().enumerate() {
            let seen = seen.lock().unwrap();
            let gap = seen.iter().zip(&cursors).position(|(seen, logged)| seen != logged);
            assert_eq!((gap, seen.len()), (None, cursors.len()), "stream {number}");
        }
        let sent = &log[first..];
        self.receiver.close_silent();
        let deadline = Instant::now() + RECOVERY;
        while self.receiver.accepted() < sent.len() && Instant::now() < deadline {
            self.hurry();
            std::thread::sleep(Duration::from_millis(200));
        }
        self.receiver.check(sent);
        let tickets = self.database.count("SELECT count(*) FROM tickets");
        assert_eq!(tickets * i64::try_from(REQUESTS).unwrap(), i64::try_from(self.done()).unwrap());
        let created = log.iter().filter(|event| event["kind"] == "ticket.created").count();
        assert_eq!(i64::try_from(created).unwrap(), tickets, "events of new tickets");
        println!(
            "events: {}, streams: {STREAMS}, failed attempts: {}, missed: 0, repeated in a stream: 0",
            log.len(),
            self.receiver.failed()
        );
    }

    fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Every writer creates a ticket and changes it, while `kill` runs in the midst.
    fn write_during(&self, kill: impl FnOnce()) {
        let before = self.done();
        std::thread::scope(|scope| {
            let _failure = OnPanic(self);
            for writer in 0..WRITERS {
                let round = before / (WRITERS * REQUESTS);
                scope.spawn(move || {
                    let _failure = OnPanic(self);
                    self.write(writer, &format!("{round}-{writer}"));
                });
            }
            let middle = before + WRITERS * REQUESTS / 3;
            until("a third is written", || self.done() >= middle || self.has_failed());
            kill();
        });
        assert_eq!(self.done(), before + WRITERS * REQUESTS);
    }

    fn write(&self, writer: usize, name: &str) {
        let body = json!({"customerId": 123, "Channel": "Mail", "name": name});
        let path = self.send(writer, "POST", "/api/v1/tickets", &format!("{name}-create"), &body);
        self.send(writer, "PATCH", &path, &format!("{name}-change"), &json!({"name": format!("{name}!")}));
        let comments = format!("{path}/comments");
        self.send(writer, "POST", &comments, &format!("{name}-comment"), &json!({"text": name}));
    }

    /// Sends a request until it has taken effect. Returns the location of what it created.
    fn send(&self, writer: usize, method: &str, path: &str, idempotency_key: &str, body: &Value) -> String {
        let headers = [("x-api-key", self.key.as_str()), ("idempotency-key", idempotency_key)];
        let deadline = Instant::now() + RECOVERY;
        for attempt in 0.. {
            let server = self.server(writer + attempt);
            match server.try_send(method, path, &headers, body.to_string().as_bytes()) {
                Ok(response) if [200, 201].contains(&response.status) => {
                    self.done.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(BETWEEN_REQUESTS);
                    return response.header("location").unwrap_or_default().to_owned();
                }
                Ok(response) => assert!([409, 503].contains(&response.status), "{response:?}"),
                Err(_) => {}
            }
            assert!(Instant::now() < deadline && !self.has_failed(), "{idempotency_key}: no server responds");
            std::thread::sleep(Duration::from_millis(50));
        }
        unreachable!()
    }

    /// Reads the log with one stream after another, each on another server, up to the event of [`LAST`].
    fn follow(&self, number: usize) {
        let seen = &self.seen[number];
        for attempt in 0.. {
            let server = self.server(number + attempt);
            let last = seen.lock().unwrap().last().cloned();
            let place = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
            let stream = EventStream::try_open(&server, &self.key, "?after=start", &place);
            let Ok(mut stream) = stream else {
                assert!(!self.has_failed(), "stream {number}");
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            while let Some(event) = stream.try_event() {
                seen.lock().unwrap().push(event.id.clone().unwrap());
                if event.event.as_deref() == Some("user.created") && event.json()["snapshot"]["email"] == LAST
                {
                    return;
                }
            }
        }
    }

    /// Waits until the receiver has accepted more events, so that the sender is at work, and then for a
    /// random moment.
    fn accept_more(&self) {
        let enough = self.receiver.accepted() + ACCEPTED_BEFORE_KILL;
        until("more events are accepted", || {
            self.hurry();
            std::thread::sleep(Duration::from_millis(100));
            self.receiver.accepted() >= enough || self.has_failed()
        });
        std::thread::sleep(Duration::from_millis(fastrand::u64(..500)));
    }

    fn kill_server(&self, number: usize) {
        self.accept_more();
        self.server(number).signal(Signal::KILL);
        let next = self.serve();
        self.servers.write().unwrap()[number] = next;
    }

    fn kill_postgres(&self, cluster: &Cluster) {
        self.accept_more();
        cluster.kill();
        cluster.start();
        for number in 0..2 {
            until("the server is ready", || self.server(number).is_ready());
        }
    }

    /// Makes failed deliveries due now, and probes, and ends claims that are older than 5 seconds: their
    /// server was killed.
    fn hurry(&self) {
        let (lock, past, soon) = match self.database {
            Database::Sqlite(_) => {
                ("PRAGMA busy_timeout = 60000", "0", "(CAST(strftime('%s') AS INTEGER) + 55) * 1000")
            }
            // As the server does, so that they do not wait for each other.
            Database::Postgres(_) => {
                ("SELECT FROM webhooks FOR UPDATE", "'epoch'", "now() + interval '55 seconds'")
            }
        };
        self.database.execute(&format!(
            "{lock}; UPDATE webhooks SET next_probe = {past} WHERE next_probe IS NOT NULL; \
             UPDATE webhook_deliveries SET due_at = {past}, claimed_until = NULL \
             WHERE due_at > {past} AND (claimed_until IS NULL OR claimed_until < {soon})"
        ));
    }

    fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

/// Ends all threads if this one panics.
struct OnPanic<'a>(&'a Desk<'a>);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.has_failed.store(true, Ordering::Relaxed);
            // Streams end with their servers.
            if let Ok(servers) = self.0.servers.read() {
                servers.iter().for_each(|server| server.signal(Signal::KILL));
            }
        }
    }
}
