//! A TCP proxy between the server and PostgreSQL that does to connections what networks do.

mod commits;
mod pump;

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use pump::Connection;

/// What is done to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Each ends after a random number of bytes in a random direction.
    Cut(Ending),
    /// Everything arrives so much later.
    Delay(Duration),
    /// Whatever is sent vanishes, the end of the connection too. One that has lost something
    /// stays like this when the fault is over.
    BlackHole,
    /// Each is closed, and every new one.
    Refuse,
    /// One in so many, at random, is closed when the server has answered a request to commit,
    /// before the answer is forwarded; then perhaps all are refused.
    LoseCommits { one_in: u32, then_refuse: bool },
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a FIN, after what was sent before.
    Closed,
    /// With a RST.
    Reset,
}

/// The proxy. It ends when dropped, with all connections.
pub(super) struct Proxy {
    pub(super) port: u16,
    network: Arc<Network>,
}

/// What all connections have in common.
struct Network {
    upstream: SocketAddr,
    fault: Mutex<Fault>,
    random: Mutex<fastrand::Rng>,
    injected: AtomicUsize,
    is_over: AtomicBool,
    connections: Mutex<Vec<Weak<Connection>>>,
    /// Connections to the upstream that have not heard that their client is gone.
    orphans: Mutex<Vec<Arc<TcpStream>>>,
}

impl Proxy {
    /// A proxy to this port on 127.0.0.1. `HEXDESK_FAULTS_SEED` repeats the random choices
    /// of an earlier run, which printed its seed.
    #[expect(clippy::print_stdout, reason = "a test that fails shows the seed")]
    pub(super) fn start(upstream_port: u16) -> Self {
        let given = std::env::var("HEXDESK_FAULTS_SEED").ok();
        let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
        println!("HEXDESK_FAULTS_SEED={seed}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Arc::new(Network {
            upstream: (Ipv4Addr::LOCALHOST, upstream_port).into(),
            fault: Mutex::new(Fault::None),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            injected: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            connections: Mutex::default(),
            orphans: Mutex::default(),
        });
        std::thread::spawn({
            let network = network.clone();
            move || {
                for client in listener.incoming().map_while(Result::ok) {
                    if network.is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    network.accept(client);
                }
            }
        });
        Self { port, network }
    }

    /// Begins a fault, or ends it. What has befallen connections is not undone.
    pub(super) fn set(&self, fault: Fault) {
        self.network.set(fault);
    }

    /// How many connections a fault has befallen so far.
    pub(super) fn injected(&self) -> usize {
        self.network.injected.load(Ordering::Relaxed)
    }

    /// How many connections there are that work.
    pub(super) fn open_connections(&self) -> usize {
        self.network.connections().iter().filter(|connection| connection.is_whole()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network.is_over.store(true, Ordering::Relaxed);
        self.network.set(Fault::Refuse);
        // Wakes the one who accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Network {
    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap()
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        for orphan in self.orphans.lock().unwrap().drain(..) {
            let _ = orphan.shutdown(Shutdown::Both);
        }
        if fault == Fault::Refuse {
            for connection in self.connections() {
                connection.end(Ending::Closed);
            }
        }
    }

    fn connections(&self) -> Vec<Arc<Connection>> {
        self.connections.lock().unwrap().iter().filter_map(Weak::upgrade).collect()
    }

    fn count(&self) {
        self.injected.fetch_add(1, Ordering::Relaxed);
    }

    fn accept(self: &Arc<Self>, client: TcpStream) {
        if self.fault() == Fault::Refuse {
            self.count();
            return;
        }
        let Ok(server) = TcpStream::connect(self.upstream) else { return };
        let connection = Connection::start(self.clone(), client, server);
        let mut connections = self.connections.lock().unwrap();
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(connection);
    }
}
