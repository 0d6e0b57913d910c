//! Tickets.

mod create;
mod delete;
mod filter;
mod lists;
pub(super) mod locks;
mod update;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, IdempotentOutcome, Page, PageSize, ShopId, StorageError, TicketFilter,
    TicketId, TicketPosition, TicketStore, TicketView,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use super::idempotency::attempt;
use crate::sql::queries;
use crate::sql::tickets::{TicketViewRow, ticket_view, ticket_view_columns};

#[async_trait]
impl TicketStore for PostgresStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let layout = self.layout;
        self.connections
            .run("create_tickets", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                create::create(connection, layout, &batch).await
            })
            .await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.connections
            .run("find_ticket", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find_view(connection, shop, id).await
            })
            .await
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        self.connections
            .run("list_tickets", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                lists::list(connection, shop, filter, after, size).await
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
        self.connections
            .run("update_ticket", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    update::update(connection, shop, id, update).await
                })
                .await
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
        self.connections
            .run("delete_ticket", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        delete::delete(connection, shop, id, expected_version, stamp).await
                    })
                    .await
            })
            .await
    }

    async fn count_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        self.connections
            .run("count_tickets", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                lists::count(connection, shop, filter, at_most).await
            })
            .await
    }
}

/// Reads a ticket of the shop.
pub(super) async fn find_view(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: TicketId,
) -> Result<Option<TicketView>, Failure> {
    let row: Option<TicketViewRow> = queries::ticket_view(shop.get(), id.get())
        .select(ticket_view_columns())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(ticket_view).transpose()?)
}
