//! The body of a response, while its client reads it.
//!
//! The framework copies a body into its write buffer until the client takes no more. A body in
//! memory counts against the budget `--max-answer-memory` until its last byte is there, and its
//! request counts as in flight.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connections::Serving;
use crate::problem::Problem;
use crate::shop_shares::Permits;

/// The largest body that does not count against the budget. Larger ones are sent in slices.
pub(crate) const MAX_SMALL_BYTES: usize = 64 * 1024;

/// The size of a slice. The write buffer holds less than two.
const SLICE_BYTES: usize = 32 * 1024;

/// What is reserved for the next piece of a stream, before it is read.
const PIECE_BYTES: usize = 1024 * 1024;

/// What a request holds until its response was sent, or its connection has ended.
pub(crate) struct Held {
    /// The place among the requests in flight.
    _place: Permits,
    /// A permit for each byte in memory.
    memory: Permits,
    /// The longest time that a stream waits for memory.
    patience: Duration,
}

impl Held {
    pub(crate) fn new(place: Permits, memory: Permits, patience: Duration) -> Self {
        Self { _place: place, memory, patience }
    }

    /// Reserves memory for a response of this size, in place of what was reserved before. A read
    /// waits for memory until its deadline. A write took effect, so it takes what it needs.
    ///
    /// # Errors
    /// 503 after the deadline.
    pub(crate) async fn settle(
        &mut self,
        size: BodySize,
        method: &Method,
        deadline: Instant,
    ) -> Result<(), Problem> {
        let bytes = match size {
            BodySize::Sized(bytes) if *method != Method::HEAD => usize::try_from(bytes).unwrap_or(usize::MAX),
            BodySize::Stream if *method != Method::HEAD => PIECE_BYTES,
            _ => 0,
        };
        if bytes <= MAX_SMALL_BYTES {
            self.memory.shrink(0);
        } else if bytes <= self.memory.held() {
            self.memory.shrink(bytes);
        } else if *method != Method::GET {
            self.memory.extend(bytes);
        } else if !self.memory.try_replace(bytes) {
            let memory = timeout_at(deadline, self.memory.acquire(bytes)).await;
            self.memory = memory.map_err(|_| Problem::overloaded())?;
        }
        Ok(())
    }
}

/// The body of a response.
pub(crate) struct ResponseBody {
    content: Content,
    /// Absent without a key.
    held: Option<Held>,
    _serving: Option<Serving>,
}

enum Content {
    /// What is left of a body in memory.
    Whole(Bytes),
    /// The size of a body that is not sent.
    Unsent(BodySize),
    Stream(Stream),
}

/// A body that is read in pieces.
struct Stream {
    pieces: BoxBody,
    /// What is left of the latest piece.
    piece: Bytes,
    /// Whether memory is reserved for the next piece.
    is_reserved: bool,
    reserving: Option<Pin<Box<dyn Future<Output = Option<Permits>>>>>,
}

impl ResponseBody {
    /// Wraps the body of the response to a request with this method.
    pub(crate) fn new(
        body: impl MessageBody + 'static,
        method: &Method,
        held: Option<Held>,
        serving: Option<Serving>,
    ) -> Self {
        let content = if *method == Method::HEAD {
            Content::Unsent(body.size())
        } else {
            match body.try_into_bytes() {
                Ok(bytes) => Content::Whole(bytes),
                Err(pieces) => Content::Stream(Stream {
                    pieces: pieces.boxed(),
                    piece: Bytes::new(),
                    is_reserved: true,
                    reserving: None,
                }),
            }
        };
        Self { content, held, _serving: serving }
    }
}

/// Takes the next slice of a body.
fn slice(bytes: &mut Bytes) -> Option<Bytes> {
    let size = if bytes.len() > MAX_SMALL_BYTES { SLICE_BYTES } else { bytes.len() };
    (size > 0).then(|| bytes.split_to(size))
}

impl Stream {
    fn poll_slice(
        &mut self,
        held: Option<&mut Held>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let Some(held) = held else { return Pin::new(&mut self.pieces).poll_next(cx) };
        loop {
            if let Some(slice) = slice(&mut self.piece) {
                return Poll::Ready(Some(Ok(slice)));
            }
            if !self.is_reserved && !ready!(self.poll_reserve(held, cx)) {
                tracing::warn!("no memory for the rest of a response: the connection is closed");
                return Poll::Ready(Some(Err("no memory for the rest of the response".into())));
            }
            match ready!(Pin::new(&mut self.pieces).poll_next(cx)) {
                Some(Ok(piece)) => {
                    self.is_reserved = false;
                    held.memory.shrink(piece.len());
                    held.memory.extend(piece.len());
                    self.piece = piece;
                }
                end => return Poll::Ready(end),
            }
        }
    }

    /// Reserves memory for the next piece. Returns whether there was enough in time.
    fn poll_reserve(&mut self, held: &mut Held, cx: &mut Context<'_>) -> Poll<bool> {
        if self.reserving.is_none() && held.memory.try_replace(PIECE_BYTES) {
            self.is_reserved = true;
            return Poll::Ready(true);
        }
        let reserving = self.reserving.get_or_insert_with(|| {
            let (permits, patience) = (held.memory.acquire(PIECE_BYTES), held.patience);
            Box::pin(async move { timeout(patience, permits).await.ok() })
        });
        let reserved = ready!(reserving.as_mut().poll(cx));
        self.reserving = None;
        self.is_reserved = reserved.is_some();
        if let Some(memory) = reserved {
            held.memory = memory;
        }
        Poll::Ready(self.is_reserved)
    }
}

impl MessageBody for ResponseBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        match &self.content {
            Content::Whole(bytes) => bytes.size(),
            Content::Unsent(size) => *size,
            Content::Stream(stream) => stream.pieces.size(),
        }
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        match &mut this.content {
            Content::Whole(bytes) => Poll::Ready(slice(bytes).map(Ok)),
            Content::Unsent(_) => Poll::Ready(None),
            Content::Stream(stream) => stream.poll_slice(this.held.as_mut(), cx),
        }
    }
}
