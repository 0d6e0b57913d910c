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

/// Entries, and the place after them. There are none only at the end.
type Next = (Vec<ArchiveEntry>, Place);

/// Asks for the entries after a place.
pub(crate) struct Request {
    pub(crate) after: Place,
    pub(crate) answer: oneshot::Sender<Result<Next, StorageError>>,
}

/// Receives the requests of a reader, until it is dropped.
pub(crate) type Requests = mpsc::Receiver<Request>;

/// Tells the caller the shop, when the moment of the archive is fixed.
pub(crate) type Opened = oneshot::Sender<Result<Option<ArchivedShop>, StorageError>>;

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

#[async_trait]
impl ArchiveReader for RowReader {
    fn shop(&self) -> &ArchivedShop {
        &self.shop
    }

    async fn next_entries(&mut self, size: PageSize) -> Result<Vec<ArchiveEntry>, StorageError> {
        if self.read.is_empty() {
            let (answer, next) = oneshot::channel();
            let request = Request { after: self.place.clone(), answer };
            self.requests.send(request).await.map_err(|_| lost())?;
            let (entries, place) = next.await.map_err(|_| lost())??;
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
