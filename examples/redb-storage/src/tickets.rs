mod activity;
mod batch;
mod delete;
mod human_tickets;
mod moving;
mod tables;
mod update;
mod views;

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, IdempotentOutcome, Page, PageSize, ShopId, StorageError, TicketFilter,
    TicketId, TicketPosition, TicketStore, TicketView,
};

use crate::RedbStorage;
use crate::idempotency;
use crate::numbers::count_of;
use crate::tables::IDEMPOTENCY_RECORDS;
use batch::Batch;

pub(crate) use delete::delete_all_of;
pub(crate) use human_tickets::{HumanTicketTables, find_by_ticket as find_human_ticket};
pub(crate) use moving::move_all_of;
pub(crate) use tables::TicketTables;
pub(crate) use views::TicketViews;

#[async_trait]
impl TicketStore for RedbStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.write("create_tickets", move |transaction| {
            let mut tables = Batch::open(transaction)?;
            // The first error ends the batch, and its transaction is rolled back.
            batch.into_iter().map(|creation| tables.create(creation)).collect()
        })
        .await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.read("find_ticket", move |transaction| TicketViews::open(transaction)?.find(shop, id)).await
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        self.read("list_tickets", move |transaction| {
            let views = TicketViews::open(transaction)?;
            let list = views.matching(shop, &filter, after)?.map(|ticket| views.view(ticket?));
            Page::try_from_list(list, size, |view| view.ticket.position())
        })
        .await
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        claim: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        self.write("update_ticket", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || update::update(transaction, shop, id, update))
        })
        .await
    }

    async fn delete_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        self.write("delete_ticket", move |transaction| {
            delete::delete(transaction, shop, id, expected_version, stamp)
        })
        .await
    }

    async fn count_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        self.read("count_tickets", move |transaction| {
            let views = TicketViews::open(transaction)?;
            let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
            count_of(views.matching(shop, &filter, None)?.take(at_most))
        })
        .await
    }
}
