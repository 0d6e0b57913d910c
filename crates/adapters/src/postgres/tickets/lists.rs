//! Lists of tickets, and their lengths.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Integer;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::limits::DEFAULT_PAGE_ENTRIES;
use hexdesk_domain::{Page, PageSize, ShopId, TicketFilter, TicketPosition, TicketView};

use super::filter;
use crate::postgres::errors::{Failure, count_from};
use crate::postgres::pages;
use crate::postgres::prepared::{PageLimit, never_kept};
use crate::sql::queries;
use crate::sql::schema::tickets;
use crate::sql::tickets::{TicketViewRow, ticket_view, ticket_view_columns};
use crate::sql::types::StoredTimestamp;

/// Reads a page of the list.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    filter: TicketFilter,
    after: Option<TicketPosition>,
    size: PageSize,
) -> Result<Page<TicketView, TicketPosition>, Failure> {
    let list = tickets::table
        .filter(tickets::shop_id.eq(shop.get()))
        .order((tickets::last_message_time.desc(), tickets::id.desc()))
        .into_boxed::<Pg>();
    let is_common = is_common(&filter) && size.entries == DEFAULT_PAGE_ENTRIES;
    let mut list = if is_common { list } else { list.filter(never_kept()) };
    list = filter::add(list, filter);
    if let Some(TicketPosition { last_message_time, id }) = after {
        list = list.filter(queries::ticket_is_after(StoredTimestamp(last_message_time), id.get()));
    }
    let views = queries::ticket_list(shop.get()).select(ticket_view_columns());
    let page = TicketPage { list, limit: PageLimit::new(size), views };
    let rows = page.load_stream::<TicketViewRow>(connection).await?;
    pages::read(rows, size, |row| ticket_view(row).map(|view| (view.ticket.position(), view))).await
}

/// A page of tickets with their customers and assignees. The page is a query of its own, and only
/// its tickets are joined. Otherwise PostgreSQL may join and sort the whole list, if it expects a
/// short list or has no statistics.
#[derive(Debug)]
struct TicketPage<L, V> {
    list: L,
    limit: PageLimit,
    views: V,
}

impl<L: QueryFragment<Pg>, V: QueryFragment<Pg>> QueryFragment<Pg> for TicketPage<L, V> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The query of the views reads this page instead of the table.
        out.push_sql("WITH tickets AS (");
        self.list.walk_ast(out.reborrow())?;
        self.limit.walk_ast(out.reborrow())?;
        out.push_sql(") ");
        self.views.walk_ast(out)
    }
}

impl<L, V: Query> Query for TicketPage<L, V> {
    type SqlType = V::SqlType;
}

/// Identified by its text, which includes the limit.
impl<L, V> QueryId for TicketPage<L, V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Counts the list up to a limit.
pub(super) async fn count(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    filter: TicketFilter,
    at_most: u64,
) -> Result<u64, Failure> {
    let of_shop = tickets::table.filter(tickets::shop_id.eq(shop.get()));
    let is_common = is_common(&filter);
    if i64::try_from(at_most).is_ok() {
        let list = of_shop.select(1.into_sql::<Integer>()).into_boxed::<Pg>();
        // In the order of the list, so that the planner reads its index up to the limit.
        let list = list.order((tickets::last_message_time.desc(), tickets::id.desc()));
        let list = if is_common { list } else { list.filter(never_kept()) };
        let count = queries::CountUpTo { list: filter::add(list, filter), at_most };
        return count_from::<i64>(diesel_async::RunQueryDsl::get_result(count, connection).await?);
    }
    let count = of_shop.count().into_boxed::<Pg>();
    let count = if is_common { count } else { count.filter(never_kept()) };
    count_from::<i64>(filter::add(count, filter).get_result(connection).await?)
}

/// Whether this is a common filter: `is_opened` and at most one more condition, with one value. The
/// common filters make 36 statements: lists, their next pages, and counts.
fn is_common(filter: &TicketFilter) -> bool {
    let TicketFilter { is_opened, channels, assignees, customer_id, last_message_from, .. } = filter.clone();
    let values = channels.len()
        + assignees.len()
        + usize::from(customer_id.is_some())
        + usize::from(last_message_from.is_some());
    let common = TicketFilter {
        is_opened,
        channels,
        assignees,
        customer_id,
        last_message_from,
        ..TicketFilter::default()
    };
    values <= 1 && *filter == common
}
