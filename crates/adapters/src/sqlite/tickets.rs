use anyhow::Context;
use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    HumanTicketId, Receipt, ShopId, StorageError, Ticket, TicketId, TicketStore, TicketView,
};

use super::SqliteStorage;
use super::counters::{Counted, next_number};
use crate::queries;
use crate::rows::{
    CustomerRow, HumanTicketRow, IdempotencyRow, RecordedAnswer, TicketRow, TicketViewRow, UserRow,
    ticket_view,
};
use crate::schema::{customers, human_tickets, idempotency_records, tickets, users};
use crate::sql_types::StoredTimestamp;

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
            batch.into_iter().map(|creation| create(connection, creation)).collect()
        })
        .await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.read("find_ticket", move |connection| {
            let row: Option<TicketViewRow> = queries::ticket_view(shop.get(), id.get())
                .select((
                    TicketRow::as_select(),
                    CustomerRow::as_select(),
                    Option::<UserRow>::as_select(),
                    Option::<HumanTicketRow>::as_select(),
                ))
                .first(connection)
                .optional()?;
            Ok(row.map(ticket_view).transpose()?)
        })
        .await
    }
}

/// Creates one ticket of a batch. Whatever refuses it comes before the first write.
fn create(
    connection: &mut SqliteConnection,
    creation: TicketCreation,
) -> anyhow::Result<CreateTicketOutcome> {
    let record = IdempotencyRow::of(&creation);
    if let Some(record) = &record
        && let Some(recorded) = recorded_answer(connection, record)?
    {
        return Ok(if recorded.fingerprint == record.fingerprint {
            CreateTicketOutcome::Replayed(Receipt(recorded.receipt))
        } else {
            CreateTicketOutcome::KeyReused
        });
    }
    let TicketCreation { ticket, created_at, .. } = creation;
    if !has_customer(connection, &ticket)? {
        return Ok(CreateTicketOutcome::CustomerNotFound);
    }
    if !has_assignee(connection, &ticket)? {
        return Ok(CreateTicketOutcome::AssigneeNotFound);
    }
    let (shop, id, is_opened) = (ticket.shop_id, ticket.id, ticket.is_opened);
    diesel::insert_into(tickets::table).values(TicketRow::from(ticket)).execute(connection)?;
    if is_opened {
        let number = next_number(connection, shop, Counted::HumanTickets)?;
        HumanTicketId::new(number).context("the shop has no human ticket numbers left")?;
        diesel::insert_into(human_tickets::table)
            .values((
                human_tickets::shop_id.eq(shop.get()),
                human_tickets::id.eq(number),
                human_tickets::ticket_id.eq(id.get()),
                human_tickets::opened_at.eq(StoredTimestamp(created_at)),
            ))
            .execute(connection)?;
    }
    if let Some(record) = record {
        diesel::insert_into(idempotency_records::table).values(record).execute(connection)?;
    }
    Ok(CreateTicketOutcome::Created)
}

fn recorded_answer(
    connection: &mut SqliteConnection,
    record: &IdempotencyRow,
) -> QueryResult<Option<RecordedAnswer>> {
    idempotency_records::table
        .find((record.shop_id, &record.operation, &record.idempotency_key))
        .select(RecordedAnswer::as_select())
        .first(connection)
        .optional()
}

fn has_customer(connection: &mut SqliteConnection, ticket: &Ticket) -> QueryResult<bool> {
    let customer = customers::table.find((ticket.shop_id.get(), ticket.customer_id.get()));
    diesel::select(exists(customer)).get_result(connection)
}

/// Whether the assignee, if there is to be one, is a user of the shop.
fn has_assignee(connection: &mut SqliteConnection, ticket: &Ticket) -> QueryResult<bool> {
    let Some(assignee) = ticket.assigned_to else { return Ok(true) };
    let user = users::table.find((ticket.shop_id.get(), assignee.get()));
    diesel::select(exists(user)).get_result(connection)
}
