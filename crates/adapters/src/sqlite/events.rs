//! The log of events.

pub(super) mod append;
pub(super) mod move_history;

use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::Sqlite;
use hexdesk_domain::{Event, EventPosition, EventStore, Page, PageSize, ShopId, StorageError};

use super::connection::interruption::still_wanted;
use super::{SqliteStorage, pages};
use crate::sql::events::EventRow;
use crate::sql::schema::events;

#[async_trait]
impl EventStore for SqliteStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
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
            pages::read(rows, size, |row| Event::try_from(row).map(|event| (event.position, event)))
        })
        .await
    }
}
