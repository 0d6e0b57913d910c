//! A client of event streams.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::{PATIENCE, Response, Server, read_response};

/// The path of the stream.
pub(crate) const STREAM: &str = "/api/v1/events/stream";

/// A frame of a stream. Comments are frames, too.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) retry: Option<u64>,
}

impl Frame {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.data.as_ref().unwrap()).unwrap()
    }
}

/// An open stream.
pub(crate) struct EventStream {
    stream: BufReader<TcpStream>,
    /// The bytes of the present chunk that are not read yet.
    left: usize,
    pub(crate) head: String,
}

/// Sends the request for a stream.
fn request(server: &Server, key: &str, query: &str, headers: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("GET {STREAM}{query} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes())?;
    Ok(stream)
}

impl EventStream {
    /// Opens a stream. `query` begins with `?`, unless it is empty.
    pub(crate) fn open(server: &Server, query: &str) -> Self {
        Self::open_with(server, &server.key, query, "")
    }

    /// Opens a stream after the last id of another.
    pub(crate) fn resume(server: &Server, last_id: &str) -> Self {
        Self::open_with(server, &server.key, "", &format!("last-event-id: {last_id}\r\n"))
    }

    pub(crate) fn open_with(server: &Server, key: &str, query: &str, headers: &str) -> Self {
        Self::try_open(server, key, query, headers).unwrap_or_else(|head| panic!("{head}"))
    }

    /// Opens a stream, or returns the head of an error, or the error of the connection.
    pub(crate) fn try_open(server: &Server, key: &str, query: &str, headers: &str) -> Result<Self, String> {
        let opened = || {
            let mut stream = BufReader::new(request(server, key, query, headers)?);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head)? > 0 {}
            io::Result::Ok((stream, head))
        };
        let (stream, head) = opened().map_err(|error| error.to_string())?;
        if head.starts_with("HTTP/1.1 200") { Ok(Self { stream, left: 0, head }) } else { Err(head) }
    }

    /// The response to a request for a stream that is refused.
    pub(crate) fn refused(server: &Server, query: &str, headers: &str) -> Response {
        let headers = format!("connection: close\r\n{headers}");
        read_response(request(server, &server.key, query, &headers).unwrap())
    }

    /// The next line, without its end. `None` at the end of the stream.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            if self.left == 0 {
                let mut size = String::new();
                self.stream.read_line(&mut size).ok()?;
                self.left = usize::from_str_radix(size.trim(), 16).ok()?;
                if self.left == 0 {
                    return None;
                }
            }
            let mut byte = [0];
            self.stream.read_exact(&mut byte).ok()?;
            line.push(byte[0]);
            self.left -= 1;
            if self.left == 0 {
                self.stream.read_exact(&mut [0; 2]).ok()?;
            }
        }
        line.pop();
        Some(String::from_utf8(line).unwrap())
    }

    /// The next frame that is not a comment. `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut frame = Frame::default();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                _ if line.is_empty() && frame == Frame::default() => {}
                _ if line.is_empty() => return Some(frame),
                Some(("id", id)) => frame.id = Some(id.to_owned()),
                Some(("event", event)) => frame.event = Some(event.to_owned()),
                Some(("data", data)) => frame.data = Some(data.to_owned()),
                Some(("retry", retry)) => frame.retry = Some(retry.parse().unwrap()),
                _ => assert!(line.starts_with(':'), "{line}"),
            }
        }
    }

    /// The next event of the log.
    pub(crate) fn event(&mut self) -> Frame {
        self.try_event().unwrap_or_else(|| panic!("the stream has ended"))
    }

    /// The next event of the log. `None` at the end of the stream.
    pub(crate) fn try_event(&mut self) -> Option<Frame> {
        loop {
            let frame = self.next()?;
            if frame.data.is_some() && frame.event.as_deref() != Some("ready") {
                return Some(frame);
            }
        }
    }

    /// The id of the frame after this many.
    pub(crate) fn nth_id(&mut self, skipped: usize) -> String {
        for _ in 0..skipped {
            self.next().unwrap();
        }
        self.next().unwrap().id.unwrap()
    }

    /// Reads to the end, and returns the last frame.
    pub(crate) fn last(mut self) -> Option<Frame> {
        let mut last = None;
        while let Some(frame) = self.next() {
            last = Some(frame);
        }
        last
    }
}
