//! Archives of shops.

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::upsert::excluded;
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedShop, Comment, Customer, EventKind, EventPosition,
    Shop, ShopCounters, ShopId, StorageError, StorageErrorKind, TicketSnapshot,
};

use super::SqliteStorage;
use super::connection::slot::{ConnectionSlot, DatabaseFile, Role};
use super::counters::{Counted, find_last, note_number};
use super::errors::{explained, kind_of};
use super::search::index::{self, NewDocuments};
use crate::sql::api_keys::ApiKeyRow;
use crate::sql::archive::{
    Batch, DISCARDED, Opened, Place, PlacedEventRow, Request, Requests, TABLES, customer_row,
    define_archives, delete_some, first_words, insert_all, open,
};
use crate::sql::comments::CommentRow;
use crate::sql::console::{CredentialRow, UserSessionRow};
use crate::sql::customers::CustomerRow;
use crate::sql::deliveries::{AttemptRow, WholeDeliveryRow};
use crate::sql::events::EventRow;
use crate::sql::id_ranges::range_end;
use crate::sql::idempotency::IdempotencyRow;
use crate::sql::saved_replies::SavedReplyRow;
use crate::sql::schema::{
    api_keys, comments, credentials, customers, events, id_ranges, idempotency_records, log_beginnings,
    merged_customers, saved_replies, search_documents, sessions, shop_loads, shops, tickets, users,
    webhook_attempts, webhook_deliveries, webhooks,
};
use crate::sql::shops::ShopRow;
use crate::sql::tickets::TicketRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;
use crate::sql::webhooks::webhook_columns;

define_archives!(SqliteConnection, anyhow::Error, (), ());

/// Begins a parameter.
const SIGN: char = '?';

/// The tables with few rows of a shop, other than [`TABLES`].
const HEADS: &[&str] = &["log_beginnings", "shop_counters", "shop_loads"];

/// The rows that one transaction deletes. Other writes wait for it.
const ROWS_DELETED: i64 = 500;
/// As [`ROWS_DELETED`], of documents of searches: the index removes their words one by one.
const DOCUMENTS_DELETED: usize = 50;

#[async_trait]
impl ArchiveStore for SqliteStorage {
    async fn read_archive(&self, shop: ShopId) -> Result<Option<Box<dyn ArchiveReader>>, StorageError> {
        let (file, in_use) = (self.file.clone(), self.usage_lock.clone());
        open(|opened, requests| {
            let serve = move || {
                let _in_use = in_use;
                serve(file, shop, opened, requests);
            };
            // If no thread can begin, the caller learns that the connection is lost.
            let _ = std::thread::Builder::new().name("sqlite-archive".to_owned()).spawn(serve);
        })
        .await
    }

    async fn begin_load(&self, shop: ArchivedShop) -> Result<BeginLoadOutcome, StorageError> {
        self.write("begin_load", move |connection| begin(connection, shop)).await
    }

    async fn find_load(&self, shop: ShopId) -> Result<Option<u64>, StorageError> {
        self.read("find_load", move |connection| {
            let entries = find_entries(connection, shop)?;
            Ok(entries.map(|entries| u64::try_from(entries).unwrap_or_default()))
        })
        .await
    }

    async fn load_entries(
        &self,
        shop: ShopId,
        after: u64,
        entries: Vec<ArchiveEntry>,
    ) -> Result<LoadEntriesOutcome, StorageError> {
        let Ok(after) = i64::try_from(after) else { return Ok(LoadEntriesOutcome::Stale) };
        let batch = Batch::new(shop, entries)?;
        self.write("load_entries", move |connection| load(connection, shop, after, batch)).await
    }

    async fn finish_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        self.write("finish_load", move |connection| Ok(finish(connection, shop)?)).await
    }

    async fn discard_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        const OPERATION: &str = "discard_load";
        if !self.write(OPERATION, move |connection| Ok(begin_discard(connection, shop)?)).await? {
            return Ok(false);
        }
        let documents = self.read(OPERATION, move |connection| documents_of(connection, shop)).await?;
        for some in documents.chunks(DOCUMENTS_DELETED) {
            let some = some.to_vec();
            if !self
                .remove(OPERATION, move |connection| Ok(delete_documents(connection, shop, some)?))
                .await?
            {
                return Ok(false);
            }
        }
        for &table in TABLES {
            loop {
                let delete =
                    move |connection: &mut SqliteConnection| Ok(delete_rows(connection, shop, table)?);
                match self.remove(OPERATION, delete).await? {
                    None => return Ok(false),
                    Some(0) => break,
                    Some(_) => {}
                }
            }
        }
        self.remove(OPERATION, move |connection| Ok(delete_rest(connection, shop)?)).await
    }
}

/// Returns the documents of a shop, oldest first: the index finds a word of a document faster, the fewer
/// documents with it come before.
fn documents_of(connection: &mut SqliteConnection, shop: ShopId) -> anyhow::Result<Vec<i64>> {
    let of_shop = search_documents::table.filter(search_documents::shop_id.eq(shop.get()));
    let documents = of_shop.select(search_documents::id);
    // Each condition is that of an index.
    let mut ids: Vec<i64> = documents.filter(search_documents::ticket_id.is_not_null()).load(connection)?;
    ids.extend(documents.filter(search_documents::customer_id.is_not_null()).load::<i64>(connection)?);
    ids.sort_unstable();
    Ok(ids)
}

/// As [`delete_rows`], for documents of searches.
fn delete_documents(
    connection: &mut SqliteConnection,
    shop: ShopId,
    documents: Vec<i64>,
) -> QueryResult<bool> {
    let is_discarded = is_discarded(connection, shop)?;
    if is_discarded {
        index::remove(connection, documents)?;
    }
    Ok(is_discarded)
}

/// Reads an archive on a connection of its own, until its reader is dropped. Like a backup, it keeps the
/// write-ahead log from being emptied. Customers who are being erased are hidden, also those of this moment.
fn serve(file: DatabaseFile, shop: ShopId, opened: Opened, mut requests: Requests) {
    let failed = |error| StorageError::new(kind_of(&error), "read_archive", explained(error));
    let mut slot = match ConnectionSlot::open(file, Role::HidingReader) {
        Ok(slot) => slot,
        Err(error) => {
            let error = StorageError::new(StorageErrorKind::Unavailable, "read_archive", error);
            return drop(opened.send(Err(error)));
        }
    };
    let begun = slot.connection().and_then(|connection| {
        connection.batch_execute("BEGIN")?;
        archived_shop(connection, shop)
    });
    let is_open = matches!(begun, Ok(Some(_)));
    if opened.send(begun.map_err(failed)).is_err() || !is_open {
        return;
    }
    while let Some(request) = requests.blocking_recv() {
        // An answer is lost if the caller dropped the future.
        match request {
            Request::Count(answer) => {
                let count = slot.connection().and_then(|connection| Ok(count_entries(connection, shop)?));
                let _ = answer.send(count.map_err(failed));
            }
            Request::Next(after, answer) => {
                let next = slot.connection().and_then(|connection| next_entries(connection, shop, after));
                let _ = answer.send(next.map_err(failed));
            }
        }
    }
}

fn counters(connection: &mut SqliteConnection, shop: ShopId) -> QueryResult<ShopCounters> {
    Ok(ShopCounters {
        changes: find_last(connection, shop, Counted::Changes)?,
        customers: find_last(connection, shop, Counted::Customers)?,
        users: find_last(connection, shop, Counted::Users)?,
        human_tickets: find_last(connection, shop, Counted::HumanTickets)?,
    })
}

fn note_numbers(
    connection: &mut SqliteConnection,
    shop: ShopId,
    numbers: &ShopCounters,
    last_key: i64,
) -> QueryResult<()> {
    for (what, number) in [
        (Counted::Changes, numbers.changes),
        (Counted::Customers, numbers.customers),
        (Counted::Users, numbers.users),
        (Counted::HumanTickets, numbers.human_tickets),
        (Counted::ApiKeys, last_key),
    ] {
        if number > 0 {
            note_number(connection, shop, what, number)?;
        }
    }
    Ok(())
}

fn count_of(table: &str) -> String {
    let hidden = match table {
        "comments" => {
            "AND ticket_id NOT IN (
                SELECT tickets.id FROM main.erasures
                JOIN main.tickets AS tickets USING (shop_id, customer_id) WHERE erasures.shop_id = ?1
            )"
        }
        _ => "",
    };
    format!("SELECT count(*) AS rows FROM {table} WHERE shop_id = ?1 {hidden}")
}

fn insert_shop(connection: &mut SqliteConnection, row: ShopRow) -> QueryResult<()> {
    diesel::insert_into(shops::table).values(row).execute(connection)?;
    Ok(())
}

fn insert_customers(connection: &mut SqliteConnection, customers: Vec<Customer>) -> QueryResult<()> {
    let mut documents = NewDocuments::default();
    customers.iter().for_each(|customer| documents.push_customer(customer));
    let rows: Vec<_> = customers.into_iter().map(customer_row).collect();
    insert_all!(customers, rows, (connection));
    documents.add(connection)
}

fn insert_tickets(connection: &mut SqliteConnection, tickets: Vec<TicketSnapshot>) -> QueryResult<()> {
    let mut documents = NewDocuments::default();
    for TicketSnapshot { ticket, .. } in &tickets {
        documents.push_ticket_with(ticket, &first_words(ticket));
    }
    let rows: Vec<_> = tickets.into_iter().map(TicketRow::from).collect();
    insert_all!(tickets, rows, (connection));
    documents.add(connection)
}

fn insert_comments(connection: &mut SqliteConnection, comments: Vec<Comment>) -> QueryResult<()> {
    let mut documents = NewDocuments::default();
    for comment in &comments {
        documents.push_words(comment.shop_id, comment.ticket_id, comment.id, &comment.words());
    }
    let rows: Vec<_> = comments.into_iter().map(CommentRow::of).collect();
    insert_all!(comments, rows, (connection));
    documents.add(connection)
}

/// Inserts events. A deletion names the customer whose data the snapshots of its object hold: an erasure
/// finds them by it.
fn insert_events(
    connection: &mut SqliteConnection,
    shop: ShopId,
    events: Vec<PlacedEventRow>,
) -> QueryResult<()> {
    let Some(first) = events.first().map(|event| event.change) else { return Ok(()) };
    insert_all!(events, events, (connection));
    for (deletion, kinds) in
        [(EventKind::TicketDeleted, "ticket.%"), (EventKind::CommentDeleted, "comment.%")]
    {
        // Objects of several kinds share numbers, so the kind must match too.
        diesel::sql_query(
            "UPDATE events SET customer_id = (
                SELECT earlier.customer_id FROM events AS earlier
                WHERE earlier.shop_id = events.shop_id AND earlier.subject_id = events.subject_id
                    AND earlier.snapshot IS NOT NULL AND earlier.kind LIKE ? LIMIT 1
            ) WHERE shop_id = ? AND change >= ? AND kind = ?",
        )
        .bind::<Text, _>(kinds)
        .bind::<BigInt, _>(shop.get())
        .bind::<BigInt, _>(first)
        .bind::<Text, _>(deletion.as_str())
        .execute(connection)?;
    }
    Ok(())
}
