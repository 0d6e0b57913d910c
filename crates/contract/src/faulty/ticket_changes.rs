use hexdesk_domain::ports::{DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{Attempt, Once, ShopId, StorageError, TicketId, TicketStore};

use super::FaultyStorage;

impl FaultyStorage {
    pub(super) async fn update(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        once: Option<Once<UpdateTicketOutcome>>,
    ) -> Result<Attempt<UpdateTicketOutcome>, StorageError> {
        self.inner.update_ticket(shop, id, update, once).await
    }

    pub(super) async fn delete(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        self.inner.delete_ticket(shop, id, expected_version).await
    }
}
