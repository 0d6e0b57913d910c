//! A batch of new tickets: one statement, which commits by itself.

mod statement;

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{IdempotencyKey, ShopId};

use self::statement::CreateTickets;
use super::errors::Failure;

/// How often the items are tried whose idempotency key another request has just claimed.
const ATTEMPTS: usize = 3;

/// Creates the tickets of a batch. Of items with the same key a statement has the first one
/// only, until there is a record that tells the others.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    batch: Vec<TicketCreation>,
) -> Result<Vec<CreateTicketOutcome>, Failure> {
    let mut outcomes: Vec<Option<CreateTicketOutcome>> = vec![None; batch.len()];
    let mut recorded = HashSet::new();
    let mut wrote_a_part = false;
    let mut attempts = 0;
    let mut losses = 0;
    while attempts < ATTEMPTS {
        let mut keys = HashSet::new();
        let open: Vec<usize> = (0..batch.len())
            .filter(|&index| outcomes[index].is_none())
            .filter(|&index| key(&batch[index]).is_none_or(|key| recorded.contains(&key) || keys.insert(key)))
            .collect();
        if open.is_empty() {
            break;
        }
        let statement = CreateTickets::new(open.iter().map(|&index| &batch[index]))?;
        match statement.get_results::<ItemRow>(connection).await {
            Ok(rows) => {
                let mut is_settled = false;
                for row in rows {
                    let place = usize::try_from(row.ordinal - 1).ok().and_then(|place| open.get(place));
                    let &index = place.ok_or(Failure::Surprise("an outcome of no item"))?;
                    outcomes[index] = row.outcome(&batch[index]);
                    is_settled |= outcomes[index].is_some();
                    use CreateTicketOutcome::{Created, KeyReused, Replayed};
                    if matches!(outcomes[index], Some(Created | Replayed(_) | KeyReused)) {
                        recorded.extend(key(&batch[index]));
                    }
                }
                wrote_a_part = true;
                attempts += usize::from(!is_settled);
            }
            // A customer of the batch was erased between the look and the write, which each
            // is only once: nothing was written, and the next attempt sees who is there now.
            Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) if losses < batch.len() => {
                losses += 1;
            }
            // The database asks to try again.
            Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _))
                if attempts + 1 < ATTEMPTS =>
            {
                attempts += 1;
            }
            Err(error) if wrote_a_part => return Err(Failure::PartlyWritten(error)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(CreateTicketOutcome::InProgress)).collect())
}

/// What tells requests with the same key.
fn key(item: &TicketCreation) -> Option<(ShopId, &str, &IdempotencyKey)> {
    let request = &item.idempotency.as_ref()?.request;
    Some((item.ticket.shop_id, &request.operation, &request.key))
}

/// What the statement tells of an item.
#[derive(Debug, Queryable)]
struct ItemRow {
    /// The item's place in the statement, from 1.
    ordinal: i64,
    has_customer: bool,
    has_assignee: bool,
    is_created: bool,
    /// What an earlier request with the item's key left.
    recorded: Option<(Vec<u8>, Vec<u8>)>,
}

impl ItemRow {
    /// `None` if another request claimed the item's key while the statement ran: only a new
    /// statement sees the record.
    fn outcome(self, item: &TicketCreation) -> Option<CreateTicketOutcome> {
        if let Some((fingerprint, receipt)) = self.recorded {
            let is_same = item
                .idempotency
                .as_ref()
                .is_some_and(|claim| claim.request.fingerprint.0.as_slice() == fingerprint);
            return Some(if is_same {
                CreateTicketOutcome::Replayed(receipt)
            } else {
                CreateTicketOutcome::KeyReused
            });
        }
        match (self.has_customer, self.has_assignee) {
            (false, _) => Some(CreateTicketOutcome::CustomerNotFound),
            (true, false) => Some(CreateTicketOutcome::AssigneeNotFound),
            (true, true) => self.is_created.then_some(CreateTicketOutcome::Created),
        }
    }
}
