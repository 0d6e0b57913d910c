//! A batch of new tickets: one statement, which commits by itself.

mod statement;

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};

use self::statement::CreateTickets;
use super::errors::Failure;

/// How often the items are tried whose idempotency key another request has just claimed,
/// and how often a batch is that lost a race.
const ATTEMPTS: usize = 3;

/// Creates the tickets of a batch.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    batch: Vec<TicketCreation>,
) -> Result<Vec<CreateTicketOutcome>, Failure> {
    let mut outcomes: Vec<Option<CreateTicketOutcome>> = vec![None; batch.len()];
    let mut wrote_a_part = false;
    let mut attempts = 0;
    let mut losses = 0;
    while attempts < ATTEMPTS {
        let open: Vec<usize> = (0..batch.len()).filter(|&index| outcomes[index].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let statement = CreateTickets::new(open.iter().map(|&index| &batch[index]))?;
        match statement.get_results::<ItemRow>(connection).await {
            Ok(mut rows) => {
                rows.sort_by_key(|row| row.ordinal);
                let mut claimed = HashSet::new();
                for row in rows {
                    let place = usize::try_from(row.ordinal - 1).ok().and_then(|place| open.get(place));
                    let &index = place.ok_or(Failure::Surprise("an outcome of no item"))?;
                    let key = batch[index].idempotency.as_ref().map(|claim| {
                        (batch[index].ticket.shop_id, &claim.request.operation, &claim.request.key)
                    });
                    let is_claimed = key.is_some_and(|key| claimed.contains(&key));
                    outcomes[index] = row.outcome(&batch[index], is_claimed);
                    if matches!(outcomes[index], None | Some(CreateTicketOutcome::Created)) {
                        claimed.extend(key);
                    }
                }
                wrote_a_part = true;
                attempts += 1;
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
    /// `None` if the item's key was claimed by another while the statement ran, be it an
    /// earlier item (`is_claimed`) or another request: only a new statement sees the record.
    fn outcome(self, item: &TicketCreation, is_claimed: bool) -> Option<CreateTicketOutcome> {
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
        if is_claimed {
            return None;
        }
        match (self.has_customer, self.has_assignee) {
            (false, _) => Some(CreateTicketOutcome::CustomerNotFound),
            (true, false) => Some(CreateTicketOutcome::AssigneeNotFound),
            (true, true) => self.is_created.then_some(CreateTicketOutcome::Created),
        }
    }
}
