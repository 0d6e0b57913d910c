//! Where the rows of a shop are: on one server with those of all shops, or on one of several.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use hexdesk_domain::{ShopId, StorageError, StorageErrorKind};

/// Where rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// All on one server. A batch is written at once.
    OneServer,
    /// Distributed by shop. A batch is written shop by shop, each on one node.
    ByShop,
}

/// The number of shops of a batch that are written at the same time. The other connections of the
/// pool stay free for reads.
const AT_A_TIME: usize = 4;

/// Writes a batch shop by shop, and returns the outcomes in the order of the batch.
pub(super) async fn by_shop<I, O>(
    batch: Vec<I>,
    shop: impl Fn(&I) -> ShopId,
    write: impl Fn(Vec<I>) -> BoxFuture<'static, Result<Vec<O>, StorageError>>,
) -> Result<Vec<O>, StorageError> {
    let mut shops: BTreeMap<ShopId, (Vec<usize>, Vec<I>)> = BTreeMap::new();
    let mut outcomes: Vec<Option<O>> = Vec::new();
    for (place, item) in batch.into_iter().enumerate() {
        outcomes.push(None);
        let (places, items) = shops.entry(shop(&item)).or_default();
        places.push(place);
        items.push(item);
    }
    let parts: Vec<_> =
        shops.into_values().map(|(places, items)| write(items).map(|written| (places, written))).collect();
    let mut parts = stream::iter(parts).buffer_unordered(AT_A_TIME);
    let mut failure = None;
    let mut is_any_written = false;
    while let Some((places, written)) = parts.next().await {
        match written {
            Ok(written) => {
                is_any_written = true;
                for (place, outcome) in places.into_iter().zip(written) {
                    outcomes[place] = Some(outcome);
                }
            }
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        // Some of the items are written.
        Some(error) if is_any_written => {
            Err(StorageError::new(StorageErrorKind::OutcomeUnknown, "a batch of several shops", error))
        }
        Some(error) => Err(error),
        None => Ok(outcomes.into_iter().flatten().collect()),
    }
}
