mod batch;
mod human_tickets;
mod idempotency;
mod stored;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{ShopId, StorageError, TicketId, TicketStore, TicketView};
use redb::ReadTransaction;

use crate::encoding::decode;
use crate::tables::{CUSTOMERS, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS, TICKETS, USERS};
use crate::{RedbStorage, customers, users};
use batch::BatchTables;
use stored::StoredTicket;

#[async_trait]
impl TicketStore for RedbStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.write("create_tickets", move |transaction| {
            let mut tables = BatchTables::open(transaction)?;
            // The first error ends the batch, and its transaction is dropped.
            batch.into_iter().map(|creation| tables.create(creation)).collect()
        })
        .await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.read("find_ticket", move |transaction| find(transaction, shop, id)).await
    }
}

fn find(transaction: &ReadTransaction, shop: ShopId, id: TicketId) -> anyhow::Result<Option<TicketView>> {
    let tickets = transaction.open_table(TICKETS)?;
    let Some(stored) = tickets.get((shop.get(), id.get()))? else { return Ok(None) };
    let ticket = decode::<StoredTicket>(stored.value())?.into_ticket(shop, id)?;
    let customer = customers::find(&transaction.open_table(CUSTOMERS)?, shop, ticket.customer_id)?
        .context("a ticket's customer is missing")?;
    let assignee = match ticket.assigned_to {
        Some(user) => Some(
            users::find(&transaction.open_table(USERS)?, shop, user)?
                .context("a ticket's assignee is missing")?,
        ),
        None => None,
    };
    let human_ticket = human_tickets::find_by_ticket(
        &transaction.open_table(HUMAN_TICKETS)?,
        &transaction.open_table(HUMAN_TICKET_BY_TICKET)?,
        shop,
        id,
    )?;
    Ok(Some(TicketView { ticket, customer, assignee, human_ticket }))
}
