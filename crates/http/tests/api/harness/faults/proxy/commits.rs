//! Recognises commits in PostgreSQL's protocol.

use std::collections::HashSet;

/// The messages of a stream, assembled from its bytes. A client's first message has no type.
#[derive(Debug, Default)]
struct Messages(Vec<u8>);

impl Messages {
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next message, if it is complete. Its length follows after `head` bytes.
    fn next(&mut self, head: usize) -> Option<Vec<u8>> {
        let length = self.0.get(head..head + 4)?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().unwrap())).unwrap();
        (self.0.len() >= head + length).then(|| self.0.drain(..head + length).collect())
    }
}

/// The messages of a client. It must not use TLS.
#[derive(Debug, Default)]
pub(super) struct Requests {
    messages: Messages,
    is_past_startup: bool,
    /// The names of the prepared statements that create tickets and commit by themselves.
    creations: HashSet<Vec<u8>>,
}

impl Requests {
    /// Whether these bytes complete a request to commit.
    pub(super) fn ask_to_commit(&mut self, bytes: &[u8]) -> bool {
        self.messages.add(bytes);
        let mut asks = false;
        if !self.is_past_startup {
            self.is_past_startup = self.messages.next(0).is_some();
        }
        while self.is_past_startup
            && let Some(message) = self.messages.next(1)
        {
            let mut texts = message[5..].split(|byte| *byte == 0);
            let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
            match message[0] {
                b'Q' => asks |= first == b"COMMIT",
                b'P' if String::from_utf8_lossy(second).contains("INSERT INTO tickets") => {
                    self.creations.insert(first.to_vec());
                }
                b'B' => asks |= self.creations.contains(second),
                _ => {}
            }
        }
        asks
    }
}

/// The server's response to a request.
#[derive(Debug, Default)]
pub(super) struct Response(Messages);

impl Response {
    /// Whether these bytes complete the response: the server is ready for the next request.
    pub(super) fn ends_in(&mut self, bytes: &[u8]) -> bool {
        self.0.add(bytes);
        let mut is_ready = false;
        while let Some(message) = self.0.next(1) {
            is_ready |= message[0] == b'Z';
        }
        is_ready
    }
}
