use anyhow::Context;
use async_trait::async_trait;
use diesel::dsl::{AsExprOf, exists, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::ports::{
    CreateTicketOutcome, DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, HumanTicket, HumanTicketId, IdempotencyClaim, IdempotentOutcome,
    Page, ShopId, Snapshot, StorageError, Ticket, TicketFilter, TicketId, TicketPosition, TicketSnapshot,
    TicketStore, TicketView,
};

use super::counters::{Counted, next_number};
use super::event_log::EventLog;
use super::once::{attempt, attempt_once};
use super::search_index::NewDocuments;
use super::users::is_active_user_if_any;
use super::{SqliteStorage, delete_ticket, update_ticket};
use crate::rows::{TicketRow, TicketViewRow, ticket_view};
use crate::schema::{customers, tickets};
use crate::sql_types::StoredTimestamp;
use crate::{page, queries};

#[async_trait]
impl TicketStore for SqliteStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.write("create_tickets", |connection| {
            let (mut log, mut documents) = (EventLog::default(), NewDocuments::default());
            let outcomes = batch
                .into_iter()
                .map(|creation| create(connection, &mut log, &mut documents, creation))
                .collect::<anyhow::Result<_>>()?;
            documents.add(connection)?;
            Ok(outcomes)
        })
        .await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.read("find_ticket", move |connection| find_view(connection, shop, id)).await
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        limit: u32,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        self.read("list_tickets", move |connection| {
            let mut list = queries::ticket_list(shop.get())
                .select(TicketViewRow::as_select())
                .limit(page::rows_to_ask_for(limit))
                .into_boxed::<Sqlite>();
            // Before the filter: of several upper bounds SQLite enters an index by the
            // first, and later pages would go through all those before them.
            if let Some(TicketPosition { last_message_time, id }) = after {
                list = list.filter(queries::ticket_is_after(StoredTimestamp(last_message_time), id.get()));
            }
            let rows: Vec<TicketViewRow> =
                queries::tickets_meeting(list, filter, has_tag).load(connection)?;
            let views = rows.into_iter().map(ticket_view).collect::<Result<Vec<_>, _>>()?;
            Ok(page::cut(views, limit, |TicketView { ticket, .. }| TicketPosition {
                last_message_time: ticket.last_message_time,
                id: ticket.id,
            }))
        })
        .await
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        once: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        self.write("update_ticket", move |connection| {
            attempt(connection, shop, once.as_ref(), |connection| {
                update_ticket::update(connection, shop, id, update)
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
        self.write("delete_ticket", move |connection| {
            delete_ticket::delete(connection, shop, id, expected_version, stamp)
        })
        .await
    }

    async fn count_tickets(&self, shop: ShopId, filter: TicketFilter) -> Result<u64, StorageError> {
        self.read("count_tickets", move |connection| {
            let count = tickets::table.filter(tickets::shop_id.eq(shop.get())).count().into_boxed::<Sqlite>();
            let count: i64 = queries::tickets_meeting(count, filter, has_tag).get_result(connection)?;
            Ok(u64::try_from(count)?)
        })
        .await
    }
}

/// The shop's ticket as it is now.
pub(super) fn find_view(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: TicketId,
) -> anyhow::Result<Option<TicketView>> {
    let row: Option<TicketViewRow> = queries::ticket_view(shop.get(), id.get())
        .select(TicketViewRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(ticket_view).transpose()?)
}

/// Creates one ticket of a batch.
fn create(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    documents: &mut NewDocuments,
    creation: TicketCreation,
) -> anyhow::Result<CreateTicketOutcome> {
    let TicketCreation { ticket, stamp, idempotency } = creation;
    let Some(IdempotencyClaim { request, receipt }) = idempotency else {
        return insert(connection, log, documents, ticket, stamp);
    };
    let receipt = |outcome: &_| (*outcome == CreateTicketOutcome::Created).then_some(receipt);
    let attempted = attempt_once(connection, ticket.shop_id, &request, stamp.time, receipt, |connection| {
        insert(connection, log, documents, ticket, stamp)
    })?;
    Ok(match attempted {
        IdempotentOutcome::Ran(outcome) => outcome,
        IdempotentOutcome::Replayed(answer) => CreateTicketOutcome::Replayed(answer),
        IdempotentOutcome::KeyReused => CreateTicketOutcome::KeyReused,
        IdempotentOutcome::InProgress => CreateTicketOutcome::InProgress,
    })
}

/// Inserts the ticket, with its human ticket if it is open. Whatever refuses it comes
/// before the first write.
fn insert(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    documents: &mut NewDocuments,
    ticket: Ticket,
    stamp: AuditStamp,
) -> anyhow::Result<CreateTicketOutcome> {
    if !has_customer(connection, &ticket)? {
        return Ok(CreateTicketOutcome::CustomerNotFound);
    }
    if !is_active_user_if_any(connection, ticket.shop_id, ticket.assigned_to)? {
        return Ok(CreateTicketOutcome::AssigneeNotFound);
    }
    let shop = ticket.shop_id;
    let human_ticket = if ticket.is_opened {
        let id = next_human_ticket_id(connection, shop)?;
        Some(HumanTicket { id, opened_at: stamp.time, closed_at: None })
    } else {
        None
    };
    let snapshot = TicketSnapshot { ticket, human_ticket };
    diesel::insert_into(tickets::table).values(TicketRow::from(snapshot.clone())).execute(connection)?;
    documents.push_ticket(&snapshot.ticket);
    let snapshot = Snapshot::Ticket(Box::new(snapshot));
    log.append(connection, shop, EventKind::TicketCreated, snapshot, stamp)?;
    Ok(CreateTicketOutcome::Created)
}

/// The shop's next number for a human ticket.
pub(super) fn next_human_ticket_id(
    connection: &mut SqliteConnection,
    shop: ShopId,
) -> anyhow::Result<HumanTicketId> {
    let number = next_number(connection, shop, Counted::HumanTickets)?;
    HumanTicketId::new(number).context("the shop has no human ticket numbers left")
}

fn has_customer(connection: &mut SqliteConnection, ticket: &Ticket) -> QueryResult<bool> {
    let customer = customers::table.find((ticket.shop_id.get(), ticket.customer_id.get()));
    diesel::select(exists(customer)).get_result(connection)
}

/// That a ticket has this tag.
fn has_tag(tag: String) -> HasTag {
    sql::<Bool>("EXISTS (SELECT 1 FROM json_each(tickets.tags) WHERE json_each.value = ")
        .bind::<Text, _>(tag)
        .sql(")")
}

type HasTag = SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<String, Text>>>;
