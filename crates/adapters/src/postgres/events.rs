//! The log of events.
//!
//! A shop counts its changes, and each transaction keeps the counter locked until it has committed.
//! So the order of the log is the order of the commits, and a reader never finds an event before the
//! last one that it has read.

pub(super) mod append;
pub(super) mod origin;

use async_trait::async_trait;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{
    Event, EventFilter, EventKind, EventPosition, EventStore, EventsRemoved, Page, PageSize, ShopId,
    StorageError, Subject,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use super::pages::{self, NeededRows};
use super::prepared::PageLimit;
use crate::sql::events::EventRow;
use crate::sql::schema::log_beginnings;
use crate::sql::types::{Instant, StoredTimestamp};

#[async_trait]
impl EventStore for PostgresStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        filter: EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError> {
        self.connections
            .run("list_events", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                // Before all events.
                let first = after.unwrap_or(EventPosition { change: -1, part: 0 });
                let end = if filter.has_conditions() {
                    find_end(connection, shop, first, filter.at_most).await?
                } else {
                    None
                };
                let list = ListEvents {
                    shop: shop.get(),
                    after: first,
                    conditions: filter.has_conditions().then(|| Conditions::new(&filter, end)),
                    limit: PageLimit::new(size),
                    // A character of a text is up to 6 bytes of its JSON. The rest is names and
                    // numbers.
                    needed: NeededRows::new(
                        size,
                        "greatest(octet_length(snapshot) - 2000, 0)",
                        6,
                        "change, part",
                    ),
                };
                let rows = list.load_stream::<EventRow>(connection).await?;
                let page =
                    pages::read(rows, size, |row| Event::try_from(row).map(|event| (event.position, event)))
                        .await?;
                let page = Page { next: page.next.or(end), ..page };
                // Read after the page: a step of retention may have removed its first events meanwhile.
                let removed = removed_after(connection, shop, after).await?;
                Ok(removed.map_or(Ok(page), |oldest| Err(EventsRemoved { oldest })))
            })
            .await
    }

    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError> {
        self.connections
            .run("find_log_end", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let changes = FindChanges { shop: shop.get() };
                let changes: Option<i64> = changes.get_result(connection).await.optional()?;
                Ok(EventPosition::end_of(changes.unwrap_or_default()))
            })
            .await
    }
}

/// Returns the beginning of the log if events after this position were removed.
async fn removed_after(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    after: Option<EventPosition>,
) -> Result<Option<EventPosition>, Failure> {
    let Some(after) = after else { return Ok(None) };
    let beginning = log_beginnings::table
        .filter(log_beginnings::shop_id.eq(shop.get()))
        .select((log_beginnings::change, log_beginnings::part))
        .get_result(connection)
        .await
        .optional()?;
    let beginning = beginning.map(|(change, part)| EventPosition { change, part });
    Ok(beginning.filter(|beginning| after < *beginning))
}

/// The last change of a shop. A transaction counts its change when nothing else is left to do, so all
/// changes up to here have committed.
#[derive(Debug, QueryId)]
struct FindChanges {
    shop: i64,
}

impl Query for FindChanges {
    type SqlType = BigInt;
}

impl QueryFragment<Pg> for FindChanges {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT changes FROM shop_counters WHERE shop_id = ");
        out.push_bind_param::<BigInt, _>(&self.shop)
    }
}

/// Returns the last of the next `at_most` events, if the log goes on after it.
async fn find_end(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    after: EventPosition,
    at_most: u32,
) -> QueryResult<Option<EventPosition>> {
    let find = FindEnd { shop: shop.get(), after, before_it: i64::from(at_most.max(1)) - 1 };
    let last_and_next: Vec<(i64, i64)> = find.load(connection).await?;
    Ok(match *last_and_next {
        [(change, part), _] => Some(EventPosition { change, part }),
        _ => None,
    })
}

#[derive(Debug, QueryId)]
struct FindEnd {
    shop: i64,
    after: EventPosition,
    before_it: i64,
}

impl Query for FindEnd {
    type SqlType = (BigInt, BigInt);
}

impl QueryFragment<Pg> for FindEnd {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT change, part FROM events WHERE shop_id = ");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        walk_placed(">", &self.after, out.reborrow())?;
        out.push_sql(" ORDER BY change, part LIMIT 2 OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.before_it)
    }
}

/// Writes a condition on the position of an event.
fn walk_placed<'b>(
    operator: &str,
    position: &'b EventPosition,
    mut out: AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    out.push_sql(" AND (change, part) ");
    out.push_sql(operator);
    out.push_sql(" (");
    out.push_bind_param::<BigInt, _>(&position.change)?;
    out.push_sql(", ");
    out.push_bind_param::<BigInt, _>(&position.part)?;
    out.push_sql(")");
    Ok(())
}

/// The conditions of a filter. A missing one is NULL, so that the text of all filters is the same.
#[derive(Debug)]
struct Conditions {
    end: EventPosition,
    kinds: Option<Vec<&'static str>>,
    subject: Option<i64>,
    from: Option<StoredTimestamp>,
    before: Option<StoredTimestamp>,
}

impl Conditions {
    /// The conditions on the events up to `end`, or up to the end of the log.
    fn new(filter: &EventFilter, end: Option<EventPosition>) -> Self {
        let kinds = filter.possible_kinds();
        Self {
            end: end.unwrap_or(EventPosition { change: i64::MAX, part: i64::MAX }),
            kinds: kinds.map(|kinds| kinds.into_iter().map(EventKind::as_str).collect()),
            subject: filter.subject.map(Subject::number),
            from: filter.from.map(StoredTimestamp),
            before: filter.before.map(StoredTimestamp),
        }
    }
}

impl QueryFragment<Pg> for Conditions {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        walk_placed("<=", &self.end, out.reborrow())?;
        out.push_sql(" AND (kind = ANY(");
        out.push_bind_param::<Nullable<Array<Text>>, _>(&self.kinds)?;
        out.push_sql(")) IS NOT FALSE AND (subject_id = ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.subject)?;
        out.push_sql(") IS NOT FALSE AND (time >= ");
        out.push_bind_param::<Nullable<Instant>, _>(&self.from)?;
        out.push_sql(") IS NOT FALSE AND (time < ");
        out.push_bind_param::<Nullable<Instant>, _>(&self.before)?;
        out.push_sql(") IS NOT FALSE");
        Ok(())
    }
}

#[derive(Debug)]
struct ListEvents {
    shop: i64,
    after: EventPosition,
    conditions: Option<Conditions>,
    limit: PageLimit,
    needed: NeededRows,
}

impl Query for ListEvents {
    type SqlType = diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<EventRow, Pg>>;
}

/// Identified by its text, which includes the limit and the conditions.
impl QueryId for ListEvents {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for ListEvents {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT shop_id, change, part, kind, subject_id, actor_key, actor_user, time, request_id, snapshot
            FROM (",
        );
        self.needed.walk_ast(out.reborrow(), |out| self.walk_list(out))?;
        out.push_sql(") AS needed ORDER BY change, part");
        Ok(())
    }
}

impl ListEvents {
    /// The rows that the page may hold, and one more.
    fn walk_list<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT shop_id, change, part, kind, subject_id, actor_key, actor_user, time, request_id, snapshot
            FROM events WHERE shop_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        walk_placed(">", &self.after, out.reborrow())?;
        if let Some(conditions) = &self.conditions {
            conditions.walk_ast(out.reborrow())?;
        }
        out.push_sql(" ORDER BY change, part");
        self.limit.walk_ast(out)
    }
}
