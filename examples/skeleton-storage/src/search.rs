//! The obligations SEARCH and CAPABILITY are in the documentation of [`SearchStore`].

use async_trait::async_trait;
use hexdesk_domain::{
    Capabilities, Page, PageSize, SearchPosition, SearchQuery, SearchStore, ShopId, StorageError,
    StoreCapabilities, TicketView,
};

use crate::{SkeletonStorage, not_implemented};

/// Add `.with_text_search()` when the store can search. Otherwise keep this, and remove the method below:
/// its default fails in the same way.
impl StoreCapabilities for SkeletonStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }
}

#[async_trait]
impl SearchStore for SkeletonStorage {
    async fn search_tickets(
        &self,
        shop: ShopId,
        query: SearchQuery,
        after: Option<SearchPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, SearchPosition>, StorageError> {
        not_implemented("search_tickets")
    }
}
