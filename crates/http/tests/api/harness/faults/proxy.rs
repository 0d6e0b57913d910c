//! A TCP proxy in front of PostgreSQL that injects network faults.

mod commits;
mod pump;

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use pump::Connection;

use super::seed;

/// A fault of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No fault.
    None,
    /// Each connection ends after a random number of bytes in a random direction.
    Cut(Ending),
    /// All bytes arrive later by this much.
    Delay(Duration),
    /// All bytes are lost, and so is the end of the connection. A connection that has lost bytes
    /// keeps losing them after the fault.
    BlackHole,
    /// All connections are closed, and new ones too.
    Refuse,
    /// One in `one_in` responses to a commit, at random, is lost and its connection closed. With
    /// `then_refuse`, [`Self::Refuse`] follows.
    LoseCommits { one_in: u32, then_refuse: bool },
}

/// The end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a FIN, after the bytes sent before.
    Closed,
    /// With a RST.
    Reset,
}

/// The proxy. Dropping it closes all connections.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    network: Arc<Network>,
}

/// The state that all connections share.
struct Network {
    upstream: SocketAddr,
    fault: Mutex<Fault>,
    random: Mutex<fastrand::Rng>,
    injected: AtomicUsize,
    is_over: AtomicBool,
    connections: Mutex<Vec<Weak<Connection>>>,
    /// Connections to the upstream that still look open, although their client is gone.
    orphans: Mutex<Vec<Arc<TcpStream>>>,
}

impl Proxy {
    /// A proxy to this port on 127.0.0.1.
    pub(crate) fn start(upstream_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Arc::new(Network {
            upstream: (Ipv4Addr::LOCALHOST, upstream_port).into(),
            fault: Mutex::new(Fault::None),
            random: Mutex::new(fastrand::Rng::with_seed(seed())),
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

    /// Begins a fault, or ends it. It does not repair connections.
    pub(crate) fn set(&self, fault: Fault) {
        self.network.set(fault);
    }

    /// The number of connections with a fault so far.
    pub(crate) fn injected(&self) -> usize {
        self.network.injected.load(Ordering::Relaxed)
    }

    /// The number of working connections.
    pub(crate) fn open_connections(&self) -> usize {
        self.network.connections().iter().filter(|connection| connection.works()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network.is_over.store(true, Ordering::Relaxed);
        self.network.set(Fault::Refuse);
        // Ends the thread's wait in `accept`.
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
