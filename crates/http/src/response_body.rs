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
use actix_web::http::{ConnectionType, Method, Version};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connections::Serving;
use crate::problem::Problem;
use crate::shop_shares::Permits;

/// The largest body that does not count against the budget. Larger ones are sent in slices.
pub(crate) const MAX_SMALL_BYTES: usize = 64 * 1024;

/// The size of a slice. The write buffer holds less than two.
const SLICE_BYTES: usize = 32 * 1024;

/// What is reserved for the next piece of a stream, before it is read.
const PIECE_BYTES: usize = 2 * 1024 * 1024;

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

/// Ends a streamed response to an old client with the connection: such a client knows no chunks.
pub(crate) fn end_with_connection(request: &HttpRequest, response: &mut HttpResponse) {
    if request.version() < Version::HTTP_11 {
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::rc::Rc;

    use actix_web::body::BodyStream;
    use futures_util::{FutureExt, StreamExt, stream};
    use hexdesk_domain::ShopId;

    use super::*;
    use crate::shop_shares::ShopShares;

    const MIB: usize = 1024 * 1024;

    fn shop() -> ShopId {
        ShopId::new(1).unwrap()
    }

    fn held(memory: Permits) -> Held {
        Held::new(ShopShares::new(1, 1).none(shop()), memory, Duration::from_secs(60))
    }

    /// The next slice, if there is one at once.
    fn next(body: &mut ResponseBody) -> Option<Option<usize>> {
        let slice = poll_fn(|cx| Pin::new(&mut *body).poll_next(cx)).now_or_never()?;
        Some(slice.map(|slice| slice.unwrap().len()))
    }

    #[test]
    fn a_large_body_is_sent_in_slices() {
        for (bytes, slices) in [(0, vec![]), (1, vec![1]), (MAX_SMALL_BYTES, vec![MAX_SMALL_BYTES])] {
            let mut body = ResponseBody::new(vec![0; bytes], &Method::GET, None, None);
            for slice in slices {
                assert_eq!(next(&mut body), Some(Some(slice)));
            }
            assert_eq!(next(&mut body), Some(None));
        }
        let mut body = ResponseBody::new(vec![0; 150_000], &Method::GET, None, None);
        for slice in [SLICE_BYTES, SLICE_BYTES, SLICE_BYTES, 150_000 - 3 * SLICE_BYTES] {
            assert_eq!(next(&mut body), Some(Some(slice)));
        }
        assert_eq!(next(&mut body), Some(None));
    }

    #[tokio::test]
    async fn a_stream_reads_a_piece_only_with_memory_for_it() {
        let shares = ShopShares::new(4 * MIB, 2 * MIB);
        let asked = Rc::new(Cell::new(0));
        let pieces = stream::iter(0..3).map({
            let asked = asked.clone();
            move |_| {
                asked.set(asked.get() + 1);
                Ok::<_, std::io::Error>(Bytes::from(vec![0; 50_000]))
            }
        });
        let memory = shares.try_acquire(shop(), PIECE_BYTES).unwrap();
        let body = BodyStream::new(pieces);
        let mut body = ResponseBody::new(body, &Method::GET, Some(held(memory)), None);
        assert_eq!((next(&mut body), asked.get()), (Some(Some(50_000)), 1));
        // The first piece counts until the next is read.
        let others = shares.try_acquire(shop(), 2 * MIB - 50_000).unwrap();
        assert_eq!((next(&mut body), asked.get()), (None, 1));
        drop(others);
        assert_eq!((next(&mut body), asked.get()), (Some(Some(50_000)), 2));
        assert_eq!((next(&mut body), asked.get()), (Some(Some(50_000)), 3));
        assert_eq!(next(&mut body), Some(None));
        drop(body);
        assert_eq!(shares.try_acquire(shop(), 2 * MIB).unwrap().held(), 2 * MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_waits_for_memory_until_its_deadline_and_a_write_takes_it() {
        let shares = ShopShares::new(2 * MIB, 2 * MIB);
        let others = shares.try_acquire(shop(), 2 * MIB).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let size = BodySize::Sized(100_000);
        for small in [BodySize::None, BodySize::Sized(MAX_SMALL_BYTES as u64)] {
            let settled = held(shares.none(shop())).settle(small, &Method::GET, deadline).now_or_never();
            assert_eq!(settled, Some(Ok(())));
        }
        let settled = held(shares.none(shop())).settle(size, &Method::HEAD, deadline).now_or_never();
        assert_eq!(settled, Some(Ok(())));
        let mut write = held(shares.none(shop()));
        assert_eq!(write.settle(size, &Method::POST, deadline).now_or_never(), Some(Ok(())));
        assert_eq!(write.memory.held(), 100_000);
        let late = held(shares.none(shop())).settle(size, &Method::GET, deadline).await;
        assert_eq!(late, Err(Problem::overloaded()));
        assert_eq!(Instant::now(), deadline);
        drop((others, write));
        let mut read = held(shares.try_acquire(shop(), MIB).unwrap());
        read.settle(size, &Method::GET, deadline).await.unwrap();
        assert_eq!(read.memory.held(), 100_000);
    }
}
