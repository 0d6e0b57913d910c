//! A step of an erasure: one transaction that deletes rows for a limited time.
//!
//! A step finds its work in the remaining rows. So it may run after a crash, and in any process. A
//! row and the event of its deletion are in the same transaction.
//!
//! A step consists of portions with a small budget, and looks at the clock after each. The time of a
//! portion cannot be known before: removing a word from the full-text index takes longer the more
//! documents with it come before, and the index does the work at the end of the portion.

use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::Erased;
use hexdesk_domain::{CustomerId, EventKind, ShopId};

use super::super::merged::with_merged;
use super::budget::{Budget, DOCUMENT_BYTES, PORTION, ROW_BYTES};
use crate::sql::events::StampRow;
use crate::sql::schema::{
    comments, customers, erasures, events, idempotency_records, merged_customers, search_documents, tickets,
};
use crate::sqlite::events::append::EventLog;
use crate::sqlite::search::index;

/// The time after which a step begins no other portion.
const STEP_TIME: Duration = Duration::from_millis(20);
/// The number of rows that are looked at together.
const ROWS: usize = 16;

diesel::define_sql_function! {
    /// The length of a text in bytes, without reading it.
    fn octet_length(text: Nullable<diesel::sql_types::Text>) -> Nullable<BigInt>;
}

/// The outcome of a step.
pub(super) enum Stepped {
    /// Nothing is left. These numbers of rows were deleted in all steps.
    Finished(Erased),
    /// There is more to delete.
    Unfinished,
    /// There is no such erasure, or another process has finished it.
    Missing,
}

/// Takes a step.
pub(super) fn step(
    connection: &mut SqliteConnection,
    shop: ShopId,
    customer: CustomerId,
) -> anyhow::Result<Stepped> {
    let begun = Instant::now();
    loop {
        match take_portion(connection, shop, customer)? {
            Stepped::Unfinished if begun.elapsed() < STEP_TIME => {}
            stepped => return Ok(stepped),
        }
    }
}

/// Deletes a portion, however small its budget is. Its last statements have the full-text index
/// write its changes: see [`index::NewDocuments`].
fn take_portion(
    connection: &mut SqliteConnection,
    shop: ShopId,
    customer: CustomerId,
) -> anyhow::Result<Stepped> {
    let erasure = erasures::table.find((shop.get(), customer.get()));
    let stamp = (erasures::actor_key, erasures::actor_user, erasures::time, erasures::request_id);
    let begun: Option<(StampRow, i64)> =
        erasure.select((stamp, erasures::records_read_until)).get_result(connection).optional()?;
    let Some((stamp, records_read_until)) = begun else {
        return Ok(Stepped::Missing);
    };
    let numbers = with_merged(connection, shop, customer.get())?;
    let mut portion = Portion {
        connection,
        shop,
        customer: customer.get(),
        numbers: numbers.clone(),
        stamp,
        log: EventLog::default(),
        budget: Budget(PORTION),
        deleted: Deleted { records_read_until, ..Deleted::default() },
    };
    let is_finished = portion.delete_tickets()?
        && portion.erase_earlier_deletions()?
        && portion.erase_snapshots_of_customers(&numbers)?
        && portion.delete_records()?;
    let Portion { connection, mut log, deleted, stamp, .. } = portion;
    let erased: (i64, i64, i64, i64) = diesel::update(erasure)
        .set((
            erasures::steps.eq(erasures::steps + 1),
            erasures::tickets.eq(erasures::tickets + deleted.tickets),
            erasures::human_tickets.eq(erasures::human_tickets + deleted.human_tickets),
            erasures::comments.eq(erasures::comments + deleted.comments),
            erasures::idempotency_records.eq(erasures::idempotency_records + deleted.records),
            erasures::records_read_until.eq(deleted.records_read_until),
        ))
        .returning((
            erasures::tickets,
            erasures::human_tickets,
            erasures::comments,
            erasures::idempotency_records,
        ))
        .get_result(connection)?;
    if !is_finished {
        return Ok(Stepped::Unfinished);
    }
    log.append_gone(connection, shop, EventKind::CustomerErased, customer.get(), stamp)?;
    diesel::delete(erasure).execute(connection)?;
    let merged = merged_customers::shop_id.eq(shop.get()).and(merged_customers::into_id.eq(customer.get()));
    diesel::delete(merged_customers::table.filter(merged)).execute(connection)?;
    diesel::delete(customers::table.find((shop.get(), customer.get()))).execute(connection)?;
    Ok(Stepped::Finished(Erased {
        tickets: erased.0.try_into()?,
        human_tickets: erased.1.try_into()?,
        comments: erased.2.try_into()?,
        idempotency_records: erased.3.try_into()?,
    }))
}

/// The numbers of rows that a portion deleted, and the last record that it looked at.
#[derive(Debug, Default)]
struct Deleted {
    tickets: i64,
    human_tickets: i64,
    comments: i64,
    records: i64,
    records_read_until: i64,
}

/// A portion in progress. Each method returns whether it has finished its part of the erasure.
struct Portion<'a> {
    connection: &'a mut SqliteConnection,
    shop: ShopId,
    customer: i64,
    /// Its number, and those of the customers who were merged into it.
    numbers: Vec<i64>,
    stamp: StampRow,
    log: EventLog,
    budget: Budget,
    deleted: Deleted,
}

impl Portion<'_> {
    /// Deletes tickets, the oldest first: fewer documents come before theirs in the full-text index.
    fn delete_tickets(&mut self) -> QueryResult<bool> {
        let messages = sql::<BigInt>(
            "coalesce(octet_length(last_message), 0) + coalesce(octet_length(initial_message), 0)",
        );
        loop {
            let of_customer =
                tickets::shop_id.eq(self.shop.get()).and(tickets::customer_id.eq(self.customer));
            let next: Vec<(i64, bool, i64)> = tickets::table
                .filter(of_customer)
                .order((tickets::last_message_time.asc(), tickets::id.asc()))
                .select((tickets::id, tickets::human_ticket_id.is_not_null(), messages.clone()))
                .load_iter(self.connection)?
                .take(ROWS)
                .collect::<QueryResult<_>>()?;
            if next.is_empty() {
                return Ok(true);
            }
            let without_documents = self.delete_documents(&next)?;
            for (id, has_human_ticket, bytes) in &next[..without_documents] {
                if !self.delete_ticket(*id, *has_human_ticket, *bytes)? {
                    return Ok(false);
                }
            }
            if self.budget.is_spent() {
                return Ok(false);
            }
        }
    }

    /// Deletes the search documents of these tickets. Returns how many of the tickets have none left.
    fn delete_documents(&mut self, tickets: &[(i64, bool, i64)]) -> QueryResult<usize> {
        let mut documents = Vec::new();
        let mut finished = 0;
        for (ticket, ..) in tickets {
            let of_ticket =
                search_documents::shop_id.eq(self.shop.get()).and(search_documents::ticket_id.eq(ticket));
            let rows = search_documents::table
                .filter(of_ticket)
                .select((search_documents::id, octet_length(search_documents::words.nullable())))
                .load_iter(self.connection)?;
            let (taken, are_all) = self.budget.take(rows, DOCUMENT_BYTES)?;
            documents.extend(taken);
            if !are_all {
                break;
            }
            finished += 1;
        }
        index::remove(self.connection, documents)?;
        Ok(finished)
    }

    /// Deletes a ticket that has no search documents, after all rows that refer to it.
    fn delete_ticket(&mut self, id: i64, has_human_ticket: bool, bytes: i64) -> QueryResult<bool> {
        if !self.erase_snapshots(id)? || !self.delete_comments(id)? || self.budget.is_spent() {
            return Ok(false);
        }
        self.budget.spend(bytes, ROW_BYTES);
        self.log.append_gone(self.connection, self.shop, EventKind::TicketDeleted, id, self.stamp)?;
        diesel::delete(tickets::table.find((self.shop.get(), id))).execute(self.connection)?;
        self.deleted.tickets += 1;
        self.deleted.human_tickets += i64::from(has_human_ticket);
        Ok(true)
    }

    fn delete_comments(&mut self, ticket: i64) -> QueryResult<bool> {
        let of_ticket = comments::shop_id.eq(self.shop.get()).and(comments::ticket_id.eq(ticket));
        let length = octet_length(comments::text.nullable()).assume_not_null();
        let attached = sql::<BigInt>("coalesce(octet_length(attachments), 0)");
        loop {
            let next: Vec<(i64, i64, i64)> = comments::table
                .filter(of_ticket)
                .order((comments::time, comments::id))
                .select((comments::id, length, attached.clone()))
                .load_iter(self.connection)?
                .take(ROWS)
                .collect::<QueryResult<_>>()?;
            if next.is_empty() {
                return Ok(true);
            }
            for (id, text, attachments) in next {
                if self.budget.is_spent() || !self.erase_snapshots(id)? {
                    return Ok(false);
                }
                self.budget.spend(text + attachments, ROW_BYTES);
                self.log.append_gone(
                    self.connection,
                    self.shop,
                    EventKind::CommentDeleted,
                    id,
                    self.stamp,
                )?;
                diesel::delete(comments::table.find((self.shop.get(), id))).execute(self.connection)?;
                self.deleted.comments += 1;
            }
        }
    }

    /// Erases the snapshots of an object of the customer from the log. Objects of several kinds
    /// share numbers, so the customer must match too.
    fn erase_snapshots(&mut self, subject: i64) -> QueryResult<bool> {
        let rows = events::table
            .filter(events::shop_id.eq(self.shop.get()).and(events::subject_id.eq(subject)))
            .filter(events::customer_id.eq_any(&self.numbers).and(events::snapshot.is_not_null()))
            .select((sql::<BigInt>("rowid"), octet_length(events::snapshot)))
            .load_iter(self.connection)?;
        let (rows, are_all) = self.budget.take(rows, ROW_BYTES)?;
        for row in rows {
            diesel::update(events::table)
                .filter(sql::<Bool>("rowid = ").bind::<BigInt, _>(row))
                .set((events::snapshot.eq(None::<String>), events::customer_id.eq(None::<i64>)))
                .execute(self.connection)?;
        }
        Ok(are_all)
    }

    fn erase_snapshots_of_customers(&mut self, numbers: &[i64]) -> QueryResult<bool> {
        for number in numbers {
            if !self.erase_snapshots(*number)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Erases the snapshots of tickets and comments that were deleted before. Their deletions name
    /// the customer until then.
    fn erase_earlier_deletions(&mut self) -> QueryResult<bool> {
        loop {
            let next: Vec<(i64, i64)> = events::table
                .filter(events::shop_id.eq(self.shop.get()).and(events::customer_id.eq_any(&self.numbers)))
                .filter(events::snapshot.is_null())
                .select((sql::<BigInt>("rowid"), events::subject_id))
                .load_iter(self.connection)?
                .take(ROWS)
                .collect::<QueryResult<_>>()?;
            if next.is_empty() {
                return Ok(true);
            }
            for (row, subject) in next {
                if self.budget.is_spent() || !self.erase_snapshots(subject)? {
                    return Ok(false);
                }
                self.budget.spend(0, ROW_BYTES);
                diesel::update(events::table)
                    .filter(sql::<Bool>("rowid = ").bind::<BigInt, _>(row))
                    .set(events::customer_id.eq(None::<i64>))
                    .execute(self.connection)?;
            }
        }
    }

    /// Deletes the idempotency records that name the customer. Looks at all records of all shops in
    /// an index, because records are kept for hours only. No new ones name the customer.
    fn delete_records(&mut self) -> QueryResult<bool> {
        type Entry = (i64, i64, Option<i64>, i64);
        let mut found = Vec::new();
        let mut is_finished = true;
        let entries = idempotency_records::table
            .filter(sql::<Bool>("created_at > ").bind::<BigInt, _>(self.deleted.records_read_until))
            .order(idempotency_records::created_at)
            .select((
                sql::<BigInt>("created_at"),
                idempotency_records::shop_id,
                idempotency_records::customer_id,
                sql::<BigInt>("rowid"),
            ))
            .load_iter::<Entry, _>(self.connection)?;
        for (number, entry) in entries.enumerate() {
            let (created_at, shop, customer, row) = entry?;
            // The records of one time belong to one portion, because the next begins after it.
            if self.budget.is_spent() && created_at > self.deleted.records_read_until {
                is_finished = false;
                break;
            }
            self.deleted.records_read_until = created_at;
            if shop == self.shop.get() && customer.is_some_and(|customer| self.numbers.contains(&customer)) {
                self.budget.spend(0, ROW_BYTES);
                found.push(row);
            } else if number % 64 == 0 {
                self.budget.spend(0, ROW_BYTES);
            }
        }
        for row in found {
            let records = diesel::delete(idempotency_records::table)
                .filter(sql::<Bool>("rowid = ").bind::<BigInt, _>(row))
                .execute(self.connection)?;
            self.deleted.records += i64::try_from(records).unwrap_or_default();
        }
        Ok(is_finished)
    }
}
