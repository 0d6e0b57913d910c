//! The log of events.

pub(super) mod append;
pub(super) mod move_history;

use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{Event, EventPosition, EventStore, EventsRemoved, Page, PageSize, ShopId, StorageError};

use super::connection::interruption::still_wanted;
use super::counters::Counted;
use super::{SqliteStorage, counters, pages};
use crate::sql::events::EventRow;
use crate::sql::schema::{events, log_beginnings};

#[async_trait]
impl EventStore for SqliteStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        self.read("list_events", move |connection| {
            let mut list = events::table
                .filter(events::shop_id.eq(shop.get()).and(still_wanted(events::change)))
                .order((events::change, events::part))
                .select(EventRow::as_select())
                .into_boxed::<Sqlite>();
            if let Some(EventPosition { change, part }) = after {
                // SQLite enters the key at the position itself, however many parts the change has.
                let is_after = sql::<Bool>("(events.change, events.part) > (")
                    .bind::<BigInt, _>(change)
                    .sql(", ")
                    .bind::<BigInt, _>(part)
                    .sql(")");
                list = list.filter(is_after);
            }
            let rows = pages::page_of(list, size).load_iter::<EventRow, DefaultLoadingMode>(connection)?;
            let page =
                pages::read(rows, size, |row| Event::try_from(row).map(|event| (event.position, event)))?;
            // Read after the page: a step of retention may have removed its first events meanwhile.
            let removed = removed_after(connection, shop, after)?;
            Ok(removed.map_or(Ok(page), |oldest| Err(EventsRemoved { oldest })))
        })
        .await
    }

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        self.read("find_log_end", move |connection| {
            let changes = counters::find_last(connection, shop, Counted::Changes)?;
            Ok(EventPosition::end_of(changes))
        })
        .await
    }
}

/// Returns the beginning of the log if events after this position were removed.
fn removed_after(
    connection: &mut SqliteConnection,
    shop: ShopId,
    after: Option<EventPosition>,
) -> QueryResult<Option<EventPosition>> {
    let Some(after) = after else { return Ok(None) };
    let beginning = log_beginnings::table
        .filter(log_beginnings::shop_id.eq(shop.get()))
        .select((log_beginnings::change, log_beginnings::part))
        .get_result(connection)
        .optional()?;
    let beginning = beginning.map(|(change, part)| EventPosition { change, part });
    Ok(beginning.filter(|beginning| after < *beginning))
}
