//! Tickets.

mod create;
mod delete;
mod filter;
mod lists;
mod update;

use anyhow::Context;
use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, CustomerId, DeferredClaim, HumanTicketId, IdempotentOutcome, Page, PageSize, ShopId,
    StorageError, TicketFilter, TicketId, TicketPosition, TicketStore, TicketView,
};

use super::SqliteStorage;
use super::counters::{Counted, next_number};
use super::idempotency::attempt;
use super::presence::is_present;
use crate::sql::queries;
use crate::sql::schema::customers;
use crate::sql::tickets::{TicketViewRow, ticket_view, ticket_view_columns};

#[async_trait]
impl TicketStore for SqliteStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.write("create_tickets", |connection| create::create(connection, batch)).await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.read("find_ticket", move |connection| find_view(connection, shop, id)).await
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        self.read("list_tickets", move |connection| lists::list(connection, shop, filter, after, size)).await
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        claim: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        self.write("update_ticket", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| {
                update::update(connection, shop, id, update)
            })
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
        self.remove("delete_ticket", move |connection| {
            delete::delete(connection, shop, id, expected_version, stamp)
        })
        .await
    }

    async fn count_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        self.read("count_tickets", move |connection| lists::count(connection, shop, filter, at_most)).await
    }
}

/// Reads a ticket of the shop.
pub(super) fn find_view(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: TicketId,
) -> anyhow::Result<Option<TicketView>> {
    let row: Option<TicketViewRow> = queries::ticket_view(shop.get(), id.get())
        .select(ticket_view_columns())
        .get_result(connection)
        .optional()?;
    Ok(row.map(ticket_view).transpose()?)
}

/// Whether the shop has this customer, which is not being erased.
fn has_customer(connection: &mut SqliteConnection, shop: ShopId, customer: CustomerId) -> QueryResult<bool> {
    let customer = customers::table.find((shop.get(), customer.get())).filter(is_present());
    diesel::select(exists(customer)).get_result(connection)
}

/// The shop's next number for a human ticket.
pub(super) fn next_human_ticket_id(
    connection: &mut SqliteConnection,
    shop: ShopId,
) -> anyhow::Result<HumanTicketId> {
    let number = next_number(connection, shop, Counted::HumanTickets)?;
    HumanTicketId::new(number).context("the shop has no human ticket numbers left")
}
