//! Archives of shops.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchiveStore, ArchivedShop, Comment, Customer, EventPosition, Shop,
    ShopCounters, ShopId, StorageError, TicketSnapshot,
};

use super::PostgresStorage;
use super::connection::Connections;
use super::counters::{Numbered, counters, note_number};
use super::errors::{Effect, Failure};
use super::search::vectors::{Words, WordsOf};
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
    merged_customers, saved_replies, sessions, shop_loads, shops, tickets, users, webhook_attempts,
    webhook_deliveries, webhooks,
};
use crate::sql::shops::ShopRow;
use crate::sql::tickets::TicketRow;
use crate::sql::types::{Instant, StoredTimestamp};
use crate::sql::users::UserRow;
use crate::sql::webhooks::webhook_columns;

define_archives!(AsyncPgConnection, Failure, (async), (.await));

/// Only one transaction begins a load, adds a shop or reserves a range of ids.
const ONE_BEGINS: &str = "LOCK TABLE shops IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE id_ranges IN SHARE ROW EXCLUSIVE MODE";

/// Begins a parameter.
const SIGN: char = '$';

/// The tables with one row of a shop, other than [`TABLES`].
const HEADS: &[&str] = &["log_beginnings", "shop_numbers", "shop_counters", "shop_loads"];

/// The rows that one transaction deletes. It ends well before a time limit.
const ROWS_DELETED: i64 = 5_000;

#[async_trait]
impl ArchiveStore for PostgresStorage {
    async fn read_archive(&self, shop: ShopId) -> Result<Option<Box<dyn ArchiveReader>>, StorageError> {
        let connections = self.connections.clone();
        open(|opened, requests| {
            self.connections.spawn_task(serve(connections, shop, opened, requests));
        })
        .await
    }

    async fn begin_load(&self, shop: ArchivedShop) -> Result<BeginLoadOutcome, StorageError> {
        self.connections
            .run("begin_load", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        connection.batch_execute(ONE_BEGINS).await?;
                        begin(connection, shop).await
                    })
                    .await
            })
            .await
    }

    async fn find_load(&self, shop: ShopId) -> Result<Option<u64>, StorageError> {
        self.connections
            .run("find_load", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let entries = find_entries(connection, shop).await?;
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
        self.connections
            .run("load_entries", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async move |connection| load(connection, shop, after, batch).await)
                    .await
            })
            .await
    }

    async fn finish_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        self.connections
            .run("finish_load", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                Ok(connection.transaction(async |connection| finish(connection, shop).await).await?)
            })
            .await
    }

    async fn discard_load(&self, shop: ShopId) -> Result<bool, StorageError> {
        self.connections
            .run("discard_load", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                if !begin_discard(connection, shop).await? {
                    return Ok(false);
                }
                for &table in TABLES {
                    loop {
                        let delete = async |connection: &mut AsyncPgConnection| {
                            delete_rows(connection, shop, table).await
                        };
                        match connection.transaction(delete).await? {
                            None => return Ok(false),
                            Some(0) => break,
                            Some(_) => {}
                        }
                    }
                }
                Ok(connection.transaction(async |connection| delete_rest(connection, shop).await).await?)
            })
            .await
    }
}

/// Reads an archive on a connection of its own, until its reader is dropped.
async fn serve(connections: Connections, shop: ShopId, opened: Opened, mut requests: Requests) {
    let mut session = match connections.dedicated_session("read_archive").await {
        Ok(session) => session,
        Err(error) => return drop(opened.send(Err(error))),
    };
    let begun = session.read("read_archive", |connection| Box::pin(begin_reading(connection, shop))).await;
    let is_open = matches!(begun, Ok(Some(_)));
    if opened.send(begun).is_err() || !is_open {
        return;
    }
    while let Some(request) = requests.recv().await {
        // An answer is lost if the caller dropped the future.
        match request {
            Request::Count(answer) => {
                let count = session.read("read_archive", |connection| {
                    Box::pin(async move { Ok(count_entries(connection, shop).await?) })
                });
                let _ = answer.send(count.await);
            }
            Request::Next(after, answer) => {
                let next = session
                    .read("read_archive", |connection| Box::pin(next_entries(connection, shop, after)));
                let _ = answer.send(next.await);
            }
        }
    }
}

/// Fixes the moment of an archive. The reader may pause for long between two pages.
async fn begin_reading(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
) -> Result<Option<ArchivedShop>, Failure> {
    let settings = "SELECT set_config(name, '0', FALSE) FROM pg_settings
        WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')";
    connection.batch_execute(settings).await?;
    connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    archived_shop(connection, shop).await
}

async fn note_numbers(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    numbers: &ShopCounters,
    _last_key: i64,
) -> QueryResult<()> {
    for (what, number) in [
        (Numbered::Customers, numbers.customers),
        (Numbered::Users, numbers.users),
        (Numbered::HumanTickets, numbers.human_tickets),
        (Numbered::Changes, numbers.changes),
    ] {
        if number > 0 {
            note_number(connection, shop, what, number).await?;
        }
    }
    Ok(())
}

fn count_of(table: &str) -> String {
    format!("SELECT count(*) AS rows FROM {table} WHERE shop_id = $1")
}

/// Inserts a shop with its number. Later shops get larger ones.
async fn insert_shop(connection: &mut AsyncPgConnection, row: ShopRow) -> QueryResult<()> {
    let insert =
        "INSERT INTO shops (id, domain, created_at, closed_at, reopen_on_reply) OVERRIDING SYSTEM VALUE
        VALUES ($1, $2, $3, $4, $5)";
    diesel::sql_query(insert)
        .bind::<BigInt, _>(row.id)
        .bind::<Text, _>(row.domain)
        .bind::<Instant, _>(row.created_at)
        .bind::<Nullable<Instant>, _>(row.closed_at)
        .bind::<Bool, _>(row.reopen_on_reply)
        .execute(connection)
        .await?;
    let count = "SELECT setval('shops_id_seq', $1) FROM shops_id_seq WHERE last_value <= $1";
    diesel::sql_query(count).bind::<BigInt, _>(row.id).execute(connection).await?;
    Ok(())
}

async fn insert_customers(connection: &mut AsyncPgConnection, customers: Vec<Customer>) -> QueryResult<()> {
    let row = |customer: Customer| {
        let words = Words::of_customer(&customer);
        (customer_row(customer), WordsOf(customers::table).eq(words))
    };
    let rows: Vec<_> = customers.into_iter().map(row).collect();
    insert_all!(customers, rows, (connection.await));
    Ok(())
}

async fn insert_tickets(connection: &mut AsyncPgConnection, tickets: Vec<TicketSnapshot>) -> QueryResult<()> {
    let row = |snapshot: TicketSnapshot| {
        let words = Words::of_ticket_with(&snapshot.ticket, first_words(&snapshot.ticket));
        (TicketRow::from(snapshot), WordsOf(tickets::table).eq(words))
    };
    let rows: Vec<_> = tickets.into_iter().map(row).collect();
    insert_all!(tickets, rows, (connection.await));
    Ok(())
}

async fn insert_comments(connection: &mut AsyncPgConnection, comments: Vec<Comment>) -> QueryResult<()> {
    let row = |comment: Comment| {
        let words = Words::of_others(comment.shop_id, comment.words());
        (CommentRow::of(comment), WordsOf(comments::table).eq(words))
    };
    let rows: Vec<_> = comments.into_iter().map(row).collect();
    insert_all!(comments, rows, (connection.await));
    Ok(())
}

async fn insert_events(
    connection: &mut AsyncPgConnection,
    _shop: ShopId,
    events: Vec<PlacedEventRow>,
) -> QueryResult<()> {
    insert_all!(events, events, (connection.await));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_a_shop_is_emptied() {
        let mut emptied: Vec<&str> =
            TABLES.iter().map(|(table, _)| *table).chain(HEADS.iter().copied()).collect();
        let mut of_shops = PostgresStorage::TABLES_OF_SHOPS.to_vec();
        emptied.sort_unstable();
        of_shops.sort_unstable();
        assert_eq!(emptied, of_shops);
    }
}
