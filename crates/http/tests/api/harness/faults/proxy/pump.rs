//! One connection: forwards bytes between its sides, and applies the fault to them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::commits::{Requests, Response};
use super::{Ending, Fault, Network};

/// The maximum number of bytes before a cut, from the client and from the server. Several batches
/// of the load have about as many bytes, so cuts hit every part of a batch.
const MAX_BYTES_BEFORE_CUT: [usize; 2] = [40_000, 6_000];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

/// A connection through the proxy.
pub(super) struct Connection {
    network: Arc<Network>,
    client: Arc<TcpStream>,
    server: Arc<TcpStream>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    has_ended: bool,
    /// Bytes were lost, so all later bytes are lost too.
    is_black_hole: bool,
    /// The side to cut, and the number of its bytes to forward before the cut.
    until_cut: Option<(From, usize)>,
    requests: Requests,
    /// The response to a commit that is being lost.
    lost_response: Option<Response>,
}

/// The effect of a fault on some bytes.
enum Verdict {
    Forward,
    ForwardLater(Duration),
    Vanish,
    ForwardAndEnd(usize, Ending),
    Refuse,
}

impl Connection {
    pub(super) fn start(network: Arc<Network>, client: TcpStream, server: TcpStream) -> Weak<Self> {
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        let (client, server) = (Arc::new(client), Arc::new(server));
        let connection = Arc::new(Self { network, client, server, state: Mutex::default() });
        let weak = Arc::downgrade(&connection);
        for from in [From::Client, From::Server] {
            let connection = connection.clone();
            std::thread::spawn(move || connection.pump(from));
        }
        weak
    }

    /// Whether both sides are open.
    pub(super) fn works(&self) -> bool {
        let state = self.state.lock().unwrap();
        !state.has_ended && !state.is_black_hole
    }

    /// Ends both sides. The sockets close when both threads have dropped them.
    pub(super) fn end(&self, ending: Ending) {
        let mut state = self.state.lock().unwrap();
        if std::mem::replace(&mut state.has_ended, true) {
            return;
        }
        for stream in [&self.client, &self.server] {
            match ending {
                Ending::Closed => drop(stream.shutdown(Shutdown::Both)),
                Ending::Reset => {
                    rustix::net::sockopt::set_socket_linger(&**stream, Some(Duration::ZERO)).unwrap();
                    // Sends nothing, but ends the other thread's wait in `read`.
                    drop(stream.shutdown(Shutdown::Read));
                }
            }
        }
    }

    fn pump(&self, from: From) {
        let (mut source, mut sink) = match from {
            From::Client => (&*self.client, &*self.server),
            From::Server => (&*self.server, &*self.client),
        };
        let mut buffer = [0; 16 * 1024];
        loop {
            let bytes = match source.read(&mut buffer) {
                Ok(length) if length > 0 => &buffer[..length],
                _ => return self.source_ended(from),
            };
            let (length, ending) = match self.verdict(from, bytes) {
                Verdict::Forward => (bytes.len(), None),
                Verdict::ForwardLater(delay) => {
                    std::thread::sleep(delay);
                    (bytes.len(), None)
                }
                Verdict::Vanish => (0, None),
                Verdict::ForwardAndEnd(length, ending) => (length, Some(ending)),
                Verdict::Refuse => return self.network.set(Fault::Refuse),
            };
            let is_forwarded = sink.write_all(&bytes[..length]).is_ok();
            if let Some(ending) = ending {
                return self.end(ending);
            }
            if !is_forwarded {
                return self.end(Ending::Closed);
            }
        }
    }

    fn verdict(&self, from: From, bytes: &[u8]) -> Verdict {
        let mut state = self.state.lock().unwrap();
        let asks_to_commit = from == From::Client && state.requests.ask_to_commit(bytes);
        let fault = self.network.fault();
        if state.is_black_hole || fault == Fault::BlackHole {
            if !std::mem::replace(&mut state.is_black_hole, true) {
                self.network.count();
            }
            return Verdict::Vanish;
        }
        match fault {
            Fault::Delay(delay) => Verdict::ForwardLater(delay),
            Fault::Cut(ending) => {
                let (cut_from, left) = state.until_cut.unwrap_or_else(|| self.draw_cut());
                if from != cut_from || bytes.len() < left {
                    let forwarded = if from == cut_from { bytes.len() } else { 0 };
                    state.until_cut = Some((cut_from, left - forwarded));
                    return Verdict::Forward;
                }
                self.network.count();
                Verdict::ForwardAndEnd(left, ending)
            }
            Fault::LoseCommits { one_in, then_refuse } => {
                if asks_to_commit && self.network.random.lock().unwrap().u32(..one_in) == 0 {
                    state.lost_response = Some(Response::default());
                }
                match &mut state.lost_response {
                    Some(response) if from == From::Server => {
                        if !response.ends_in(bytes) {
                            return Verdict::Vanish;
                        }
                        self.network.count();
                        if then_refuse { Verdict::Refuse } else { Verdict::ForwardAndEnd(0, Ending::Closed) }
                    }
                    _ => Verdict::Forward,
                }
            }
            // A connection that was accepted while the others were being closed.
            Fault::Refuse => Verdict::ForwardAndEnd(0, Ending::Closed),
            _ => Verdict::Forward,
        }
    }

    fn draw_cut(&self) -> (From, usize) {
        let mut random = self.network.random.lock().unwrap();
        let [of_client, of_server] = MAX_BYTES_BEFORE_CUT;
        if random.bool() {
            (From::Client, random.usize(..of_client))
        } else {
            (From::Server, random.usize(..of_server))
        }
    }

    fn source_ended(&self, from: From) {
        if self.state.lock().unwrap().is_black_hole {
            // The other side must not notice.
            if from == From::Client {
                self.network.orphans.lock().unwrap().push(self.server.clone());
            }
            return;
        }
        self.end(Ending::Closed);
    }
}
