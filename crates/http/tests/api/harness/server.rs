//! A running server, and a client for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use rustix::process::{Pid, Signal};

use super::response::{Response, read_response};
use super::{EXAMPLE, PATIENCE};

/// A running server; killed when dropped.
pub(crate) struct Server {
    process: Option<Child>,
    pub(crate) address: SocketAddr,
    /// The key that requests use: the demo's, unless a test sets another.
    pub(crate) key: String,
    /// The demo's output before it listened.
    pub(crate) stdout: String,
    log: Arc<Mutex<String>>,
    agent: Mutex<ureq::Agent>,
}

impl Server {
    /// Starts a server with this command, and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (listening, address) = mpsc::channel();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in stderr.lines().map_while(Result::ok) {
                    log.lock().unwrap().push_str(&format!("{line}\n"));
                    let is_address = line.contains("listening") || line.contains("waiting for the database");
                    let address = line.split_once("address=").map(|(_, address)| address.trim());
                    let in_json = || line.split_once("\"address\":\"")?.1.split('"').next();
                    if is_address && let Some(address) = address.or_else(in_json) {
                        let _ = listening.send(address.parse::<SocketAddr>().unwrap());
                    }
                }
            }
        });
        let Ok(address) = address.recv_timeout(PATIENCE) else {
            let _ = process.kill();
            panic!("the server did not start: {}", log.lock().unwrap());
        };
        // The demo prints everything before it listens.
        let mut stdout = String::new();
        if let Some(pipe) = process.stdout.take() {
            let mut pipe = BufReader::new(pipe);
            if command.get_args().any(|argument| argument == "--demo") {
                while !stdout.ends_with("}'\n") && pipe.read_line(&mut stdout).unwrap() > 0 {}
            }
        }
        let mut server = Self::running(process, address);
        server.stdout = stdout;
        server.log = log;
        server
    }

    /// A process that listens on this address.
    pub(crate) fn running(process: Child, address: SocketAddr) -> Self {
        let agent = Mutex::new(agent());
        let (key, stdout, log) = Default::default();
        Self { process: Some(process), address, key, stdout, log, agent }
    }

    /// Closes the idle connections to the server.
    pub(crate) fn close_idle_connections(&self) {
        *self.agent.lock().unwrap() = agent();
    }

    /// The number of the server's process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Sends a request with these headers.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// Sends a request to a server that may end before it responds.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, ureq::Error> {
        let agent = self.agent.lock().unwrap().clone();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = agent.run(request.body(body).unwrap())?;
        let (parts, mut body) = response.into_parts();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Ok(Response { status: parts.status.as_u16(), headers, body: body.read_to_string()? })
    }

    /// Creates a ticket from this body.
    pub(crate) fn create_ticket(&self, body: impl AsRef<[u8]>) -> Response {
        self.send(
            "POST",
            "/api/v1/tickets",
            &[("x-api-key", &self.key), ("content-type", "application/json")],
            body.as_ref(),
        )
    }

    /// Creates a ticket with an idempotency key.
    pub(crate) fn create_ticket_idempotent(&self, idempotency_key: &str, body: &str) -> Response {
        self.send(
            "POST",
            "/api/v1/tickets",
            &[("x-api-key", &self.key), ("idempotency-key", idempotency_key)],
            body.as_bytes(),
        )
    }

    /// Gets this path.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[("x-api-key", &self.key)], b"")
    }

    /// A connection to the server.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Begins a request for [`EXAMPLE`], and waits until the server has accepted it and asks for
    /// its body. The connection closes after the response.
    pub(crate) fn begin_request(&self) -> TcpStream {
        // The server remembers the key. It then accepts the request before it asks for the body.
        let _ = self.get("/api/v1/users/1");
        let mut stream = self.connect();
        let head = format!(
            "POST /api/v1/tickets HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {}\r\n\
             expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            self.key,
            EXAMPLE.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream
    }

    /// Sends these bytes, which must ask to close the connection, and reads the response.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) -> Response {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read_response(stream)
    }

    /// Whether `/readyz` says that the server can serve.
    pub(crate) fn is_ready(&self) -> bool {
        let response = self.send("GET", "/readyz", &[], b"");
        if response.status == 200 {
            return true;
        }
        response.assert_problem(
            503,
            "not_ready",
            "The database cannot be reached, is not migrated, or has no room for writes",
        );
        false
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        send_signal(&self.process_id().to_string(), signal);
    }

    /// Waits until the process ends, and returns its status and log.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.process.take().unwrap().wait().unwrap();
        (status, self.log())
    }
}

/// Sends a signal to the process with this number.
pub(crate) fn send_signal(process_id: &str, signal: Signal) {
    let process = Pid::from_raw(process_id.parse().unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into()
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
