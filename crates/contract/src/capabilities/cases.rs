//! The obligation of [`StoreCapabilities`](hexdesk_domain::StoreCapabilities).

use std::sync::Arc;

use anyhow::{bail, ensure};
use hexdesk_domain::{PageSize, SearchQuery, Storage, StorageErrorKind};

use crate::comparison::same;
use crate::samples::create_shop;

/// CAPABILITY-1: the methods of a declared capability work, and those of a missing one fail.
pub async fn capability_1_declares_what_it_has(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let declared = storage.capabilities();
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let searched = storage.search_tickets(shop, SearchQuery::parse("word")?, None, PageSize::MAX).await;
    match (declared.text_search, searched) {
        (true, Ok(page)) => ensure!(page.entries.is_empty(), "a search in an empty shop found {page:?}"),
        (true, Err(error)) => bail!("the store declares text_search, but a search fails: {error}"),
        (false, Ok(_)) => bail!("a search works, but the store does not declare text_search"),
        (false, Err(error)) => {
            same("the kind of the failure of a missing search", &error.kind, &StorageErrorKind::Unexpected)?;
        }
    }
    same("the capabilities after a write", &storage.capabilities(), &declared)
}
