mod activity;
mod batch;
mod filter;
mod human_tickets;
mod stored;
mod tables;
mod views;

use async_trait::async_trait;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    Page, ShopId, StorageError, TicketFilter, TicketId, TicketPosition, TicketStore, TicketView,
};

use crate::RedbStorage;
use crate::pages::page_of;
use batch::Batch;
use views::TicketViews;

pub(crate) use stored::find;
pub(crate) use tables::TicketTables;

#[async_trait]
impl TicketStore for RedbStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.write("create_tickets", move |transaction| {
            let mut tables = Batch::open(transaction)?;
            // The first error ends the batch, and its transaction is dropped.
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
        limit: u32,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        self.read("list_tickets", move |transaction| {
            let views = TicketViews::open(transaction)?;
            let list = views.matching(shop, &filter, after)?.map(|ticket| views.view(ticket?));
            page_of(list, Some(limit), |TicketView { ticket, .. }| TicketPosition {
                last_message_time: ticket.last_message_time,
                id: ticket.id,
            })
        })
        .await
    }

    async fn count_tickets(&self, shop: ShopId, filter: TicketFilter) -> Result<u64, StorageError> {
        self.read("count_tickets", move |transaction| {
            let views = TicketViews::open(transaction)?;
            views.matching(shop, &filter, None)?.try_fold(0, |count, ticket| ticket.map(|_| count + 1))
        })
        .await
    }
}
