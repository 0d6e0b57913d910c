//! Creates a batch of tickets with one statement, which commits by itself.

mod statement;

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{IdempotencyKey, ShopId};

use self::statement::CreateTickets;
use crate::postgres::errors::Failure;
use crate::sql::schema::idempotency_records;

/// The maximum number of attempts for an item if its key cannot be claimed, although it has no
/// record.
const ATTEMPTS: usize = 3;

/// Creates the tickets of a batch. Of items with the same key, only the first is written. Its record
/// then determines the outcomes of the others.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    batch: Vec<TicketCreation>,
) -> Result<Vec<CreateTicketOutcome>, Failure> {
    let mut outcomes: Vec<Option<CreateTicketOutcome>> = vec![None; batch.len()];
    let mut wrote_a_part = false;
    let mut attempts = 0;
    while attempts < ATTEMPTS {
        let mut keys = HashSet::new();
        let open: Vec<usize> = (0..batch.len())
            .filter(|&index| outcomes[index].is_none())
            .filter(|&index| Key::of(&batch[index]).is_none_or(|key| keys.insert(key)))
            .collect();
        if open.is_empty() {
            break;
        }
        let statement = CreateTickets::new(open.iter().map(|&index| &batch[index]))?;
        let rows = match statement.get_results::<ItemRow>(connection).await {
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
        let recorded = recorded(connection, asked.iter().filter_map(|&index| Key::of(&batch[index])))
            .await
            .map_err(|error| Failure::after(wrote_a_part, error))?;
        for index in asked {
            let item = &batch[index];
            let record = Key::of(item).and_then(|key| recorded.iter().find(|record| key.is_of(record)));
            outcomes[index] = match record {
                Some(record) => Some(record.answer(item)),
                None => refusals.remove(&index).flatten(),
            };
        }
        if open.iter().all(|&index| outcomes[index].is_none()) {
            attempts += 1;
        }
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(CreateTicketOutcome::InProgress)).collect())
}

/// Reads the records of these keys.
async fn recorded(
    connection: &mut AsyncPgConnection,
    keys: impl Iterator<Item = Key<'_>>,
) -> QueryResult<Vec<Record>> {
    let (mut shops, mut names) = (Vec::new(), Vec::new());
    for key in keys {
        shops.push(key.shop.get());
        names.push(key.name.as_str());
    }
    if names.is_empty() {
        return Ok(Vec::new());
    }
    idempotency_records::table
        .filter(idempotency_records::shop_id.eq_any(shops))
        .filter(idempotency_records::idempotency_key.eq_any(names))
        .select(Record::as_select())
        .load(connection)
        .await
}

/// Identifies requests with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'a> {
    shop: ShopId,
    operation: &'a str,
    name: &'a IdempotencyKey,
}

impl<'a> Key<'a> {
    fn of(item: &'a TicketCreation) -> Option<Self> {
        let request = &item.idempotency.as_ref()?.request;
        Some(Self { shop: item.ticket.shop_id, operation: &request.operation, name: &request.key })
    }

    fn is_of(&self, record: &Record) -> bool {
        (self.shop.get(), self.operation, self.name.as_str())
            == (record.shop_id, record.operation.as_str(), record.idempotency_key.as_str())
    }
}

/// The record of a request with a key.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_records)]
struct Record {
    shop_id: i64,
    operation: String,
    idempotency_key: String,
    fingerprint: Vec<u8>,
    receipt: Vec<u8>,
}

impl Record {
    /// The outcome of a later request with the same key.
    fn answer(&self, item: &TicketCreation) -> CreateTicketOutcome {
        let fingerprint = item.idempotency.as_ref().map(|claim| claim.request.fingerprint.0);
        if fingerprint.is_some_and(|fingerprint| fingerprint.as_slice() == self.fingerprint) {
            CreateTicketOutcome::Replayed(self.receipt.clone())
        } else {
            CreateTicketOutcome::KeyReused
        }
    }
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
