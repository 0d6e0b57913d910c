//! The obligations FIGURE are in the documentation of [`FigureStore`].

use async_trait::async_trait;
use hexdesk_domain::{Day, DayFigures, FigureStore, OpenTickets, ShopId, StorageError};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl FigureStore for SkeletonStorage {
    async fn count_day(
        &self,
        shop: ShopId,
        day: Day,
        at_most: u64,
    ) -> Result<Option<DayFigures>, StorageError> {
        not_implemented("count_day")
    }

    async fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> Result<OpenTickets, StorageError> {
        not_implemented("count_open_tickets")
    }
}
