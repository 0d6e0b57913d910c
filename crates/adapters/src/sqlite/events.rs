//! The log of events.

pub(super) mod append;
pub(super) mod move_history;

use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{
    Event, EventFilter, EventKind, EventPosition, EventStore, EventsRemoved, Page, PageSize, ShopId,
    StorageError,
};

use super::connection::interruption::still_wanted;
use super::counters::Counted;
use super::{SqliteStorage, counters, pages};
use crate::sql::events::EventRow;
use crate::sql::schema::{events, log_beginnings};
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl EventStore for SqliteStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        filter: EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        self.read("list_events", move |connection| {
            let end = if filter.has_conditions() {
                find_end(connection, shop, after, filter.at_most)?
            } else {
                None
            };
            let mut list = log_after(shop, after).select(EventRow::as_select());
            if let Some(end) = end {
                list = list.filter(is_placed("<=", end));
            }
            if let Some(kinds) = filter.possible_kinds() {
                list = list.filter(events::kind.eq_any(kinds.into_iter().map(EventKind::as_str)));
            }
            if let Some(subject) = filter.subject {
                list = list.filter(events::subject_id.eq(subject.number()));
            }
            if let Some(from) = filter.from {
                list = list.filter(events::time.ge(StoredTimestamp(from)));
            }
            if let Some(before) = filter.before {
                list = list.filter(events::time.lt(StoredTimestamp(before)));
            }
            let rows = pages::page_of(list, size).load_iter::<EventRow, DefaultLoadingMode>(connection)?;
            let page =
                pages::read(rows, size, |row| Event::try_from(row).map(|event| (event.position, event)))?;
            let page = Page { next: page.next.or(end), ..page };
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

/// Returns the events after this position, in the order of the log.
fn log_after<'a>(shop: ShopId, after: Option<EventPosition>) -> events::BoxedQuery<'a, Sqlite> {
    let log = events::table
        .filter(events::shop_id.eq(shop.get()).and(still_wanted(events::change)))
        .order((events::change, events::part))
        .into_boxed();
    match after {
        Some(after) => log.filter(is_placed(">", after)),
        None => log,
    }
}

/// Compares the position of an event. SQLite enters the key at the position itself, however many
/// parts the change has.
fn is_placed(
    operator: &'static str,
    EventPosition { change, part }: EventPosition,
) -> Box<dyn BoxableExpression<events::table, Sqlite, SqlType = Bool>> {
    let placed = sql::<Bool>("(events.change, events.part) ")
        .sql(operator)
        .sql(" (")
        .bind::<BigInt, _>(change)
        .sql(", ")
        .bind::<BigInt, _>(part)
        .sql(")");
    Box::new(placed)
}

/// Returns the last of the next `at_most` events, if the log goes on after it.
fn find_end(
    connection: &mut SqliteConnection,
    shop: ShopId,
    after: Option<EventPosition>,
    at_most: u32,
) -> QueryResult<Option<EventPosition>> {
    let last_and_next: Vec<(i64, i64)> = log_after(shop, after)
        .select((events::change, events::part))
        .offset(i64::from(at_most.max(1)) - 1)
        .limit(2)
        .load(connection)?;
    Ok(match *last_and_next {
        [(change, part), _] => Some(EventPosition { change, part }),
        _ => None,
    })
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
