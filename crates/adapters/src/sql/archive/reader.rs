//! The reader of an archive. Its connection belongs to a task or a thread that ends with it.

use std::collections::VecDeque;

use anyhow::anyhow;
use async_trait::async_trait;
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchivedShop, PageSize, StorageError, StorageErrorKind, TextBytes,
};
use tokio::sync::{mpsc, oneshot};

use super::Place;

const OPERATION: &str = "read_archive";

/// Answers a request.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, StorageError>>;

/// What a reader asks for.
pub(crate) enum Request {
    Count(Answer<u64>),
    /// The entries after a place, and the place after them. There are none only at the end.
    Next(Place, Answer<(Vec<ArchiveEntry>, Place)>),
}

/// Receives the requests of a reader, until it is dropped.
pub(crate) type Requests = mpsc::Receiver<Request>;

/// Tells the shop, once the moment of the archive is fixed.
pub(crate) type Opened = Answer<Option<ArchivedShop>>;

struct RowReader {
    shop: ArchivedShop,
    requests: mpsc::Sender<Request>,
    place: Place,
    /// Entries before the place that were not returned yet.
    read: VecDeque<ArchiveEntry>,
}

/// Has `start` begin the task or the thread of a reader, and waits until it is open.
pub(crate) async fn open(
    start: impl FnOnce(Opened, Requests),
) -> Result<Option<Box<dyn ArchiveReader>>, StorageError> {
    let (opened, shop) = oneshot::channel();
    let (requests, receiver) = mpsc::channel(1);
    start(opened, receiver);
    let shop = shop.await.map_err(|_| lost())??;
    Ok(shop.map(|shop| {
        let reader = RowReader { shop, requests, place: Place::BEGINNING, read: VecDeque::new() };
        Box::new(reader) as Box<dyn ArchiveReader>
    }))
}

fn lost() -> StorageError {
    StorageError::new(
        StorageErrorKind::Unavailable,
        OPERATION,
        anyhow!("the connection of the reader is lost"),
    )
}

impl RowReader {
    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StorageError> {
        let (sender, answer) = oneshot::channel();
        self.requests.send(request(sender)).await.map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }
}

#[async_trait]
impl ArchiveReader for RowReader {
    fn shop(&self) -> &ArchivedShop {
        &self.shop
    }

    async fn count_entries(&mut self) -> Result<u64, StorageError> {
        self.ask(Request::Count).await
    }

    async fn next_entries(&mut self, size: PageSize) -> Result<Vec<ArchiveEntry>, StorageError> {
        if self.read.is_empty() {
            // If the caller drops the future, the next one asks for the same entries.
            let place = self.place.clone();
            let (entries, place) = self.ask(|answer| Request::Next(place, answer)).await?;
            (self.read, self.place) = (entries.into(), place);
        }
        let most = usize::try_from(size.entries).unwrap_or(usize::MAX);
        let (mut entries, mut bytes) = (Vec::new(), 0_usize);
        while let Some(entry) =
            self.read.pop_front_if(|_| entries.is_empty() || (entries.len() < most && bytes < size.bytes))
        {
            bytes = bytes.saturating_add(entry.text_bytes());
            entries.push(entry);
        }
        Ok(entries)
    }
}
