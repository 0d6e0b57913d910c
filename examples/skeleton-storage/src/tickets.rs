//! The obligations TICKET and IDEMPOTENCY are in the documentation of [`TicketStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, IdempotentOutcome, Page, PageSize, ShopId, StorageError, TicketFilter,
    TicketId, TicketPosition, TicketStore, TicketView,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl TicketStore for SkeletonStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        not_implemented("create_tickets")
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        not_implemented("find_ticket")
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        not_implemented("list_tickets")
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        claim: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        not_implemented("update_ticket")
    }

    async fn delete_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        not_implemented("delete_ticket")
    }

    async fn count_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        not_implemented("count_tickets")
    }
}
