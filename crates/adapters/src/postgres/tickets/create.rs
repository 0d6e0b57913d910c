//! Creates a batch of tickets with one statement, which commits by itself; or, if the database is
//! distributed by shop, the tickets of one shop with several.

mod by_shop;
mod statement;

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{IdempotentOutcome, Ticket, UserId};

use self::statement::CreateTickets;
use crate::postgres::errors::Failure;
use crate::postgres::idempotency::{read_records, recorded_outcome};
use crate::postgres::layout::Layout;
use crate::postgres::record_key::RecordKey;
use crate::sql::schema::users;

/// The maximum number of attempts for an item if its key cannot be claimed, although it has no
/// record.
const ATTEMPTS: usize = 3;

/// Creates the tickets of a batch. Of items with the same key, only the first is written. Its record
/// then determines the outcomes of the others.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    batch: &[TicketCreation],
) -> Result<Vec<CreateTicketOutcome>, Failure> {
    let mut outcomes: Vec<Option<CreateTicketOutcome>> = vec![None; batch.len()];
    let mut wrote_a_part = false;
    let mut attempts = 0;
    while attempts < ATTEMPTS {
        let mut keys = HashSet::new();
        let open: Vec<usize> = (0..batch.len())
            .filter(|&index| outcomes[index].is_none())
            .filter(|&index| key_of(&batch[index]).is_none_or(|key| keys.insert(key)))
            .collect();
        if open.is_empty() {
            break;
        }
        let items = open.iter().map(|&index| &batch[index]);
        let written = match layout {
            Layout::OneServer => CreateTickets::new(items)?.get_results::<ItemRow>(connection).await,
            Layout::ByShop => by_shop::create(connection, &items.collect::<Vec<_>>()).await,
        };
        let rows = match written {
            Ok(rows) => rows,
            // The database asks for a retry.
            Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _))
                if attempts + 1 < ATTEMPTS =>
            {
                attempts += 1;
                continue;
            }
            Err(error) => return Err(Failure::after(wrote_a_part, error)),
        };
        wrote_a_part |= rows.iter().any(|row| row.is_created);
        let mut refusals = HashMap::new();
        for row in rows {
            let place = usize::try_from(row.ordinal - 1).ok().and_then(|place| open.get(place));
            let &index = place.ok_or(Failure::Unexpected("an outcome belongs to no item"))?;
            if row.is_created {
                outcomes[index] = Some(CreateTicketOutcome::Created);
            } else {
                refusals.insert(index, row.refusal());
            }
        }
        let asked: Vec<usize> = (0..batch.len()).filter(|&index| outcomes[index].is_none()).collect();
        let keys = asked.iter().filter_map(|&index| key_of(&batch[index])).collect();
        let recorded = read_records(connection, layout, &keys)
            .await
            .map_err(|error| Failure::after(wrote_a_part, error))?;
        for index in asked {
            let item = &batch[index];
            let record = key_of(item).and_then(|key| recorded.get(&key));
            outcomes[index] = match (record, &item.idempotency) {
                (Some(record), Some(claim)) => match recorded_outcome(record, &claim.request) {
                    IdempotentOutcome::Replayed(receipt) => Some(CreateTicketOutcome::Replayed(receipt)),
                    IdempotentOutcome::KeyReused => Some(CreateTicketOutcome::KeyReused),
                    IdempotentOutcome::Ran(()) | IdempotentOutcome::InProgress => None,
                },
                _ => match refusals.remove(&index).flatten() {
                    Some(CreateTicketOutcome::AssigneeNotFound) => {
                        let refusal = refused_assignee(connection, &item.ticket).await;
                        Some(refusal.map_err(|error| Failure::after(wrote_a_part, error))?)
                    }
                    other => other,
                },
            };
        }
        if open.iter().all(|&index| outcomes[index].is_none()) {
            attempts += 1;
        }
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(CreateTicketOutcome::InProgress)).collect())
}

/// Returns why the ticket's assignee was refused.
async fn refused_assignee(
    connection: &mut AsyncPgConnection,
    ticket: &Ticket,
) -> QueryResult<CreateTicketOutcome> {
    let assignee = ticket.assigned_to.map_or(0, UserId::get);
    let deactivated = users::table
        .find((ticket.shop_id.get(), assignee))
        .filter(users::deactivated_at.is_not_null())
        .select(users::id);
    let found: Option<i64> = deactivated.get_result(connection).await.optional()?;
    Ok(match found {
        None => CreateTicketOutcome::AssigneeNotFound,
        Some(_) => CreateTicketOutcome::AssigneeDeactivated,
    })
}

/// The idempotency key of a ticket, if its caller named one.
fn key_of(item: &TicketCreation) -> Option<RecordKey> {
    let claim = item.idempotency.as_ref()?;
    Some(RecordKey::new(item.ticket.shop_id, &claim.request))
}

/// The result of the statement for an item.
#[derive(Debug, Queryable)]
struct ItemRow {
    /// The position of the item in the statement, from 1.
    ordinal: i64,
    has_customer: bool,
    has_assignee: bool,
    is_created: bool,
}

impl ItemRow {
    /// Returns the reason why the item was not created; `None` if its key was used.
    fn refusal(&self) -> Option<CreateTicketOutcome> {
        match (self.has_customer, self.has_assignee) {
            (false, _) => Some(CreateTicketOutcome::CustomerNotFound),
            (true, false) => Some(CreateTicketOutcome::AssigneeNotFound),
            (true, true) => None,
        }
    }
}
