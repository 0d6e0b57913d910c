//! Lists of tickets, and their lengths.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{
    AssigneeFilter, Page, PageSize, ShopId, TicketFilter, TicketPosition, TicketView, UserId,
};

use super::super::pages;
use super::filter::add_conditions;
use crate::sql::queries;
use crate::sql::schema::tickets;
use crate::sql::tickets::{TicketViewRow, ticket_view, ticket_view_columns};
use crate::sql::types::StoredTimestamp;
use crate::sqlite::connection::interruption::IsWantedTicket;

/// Reads a page of the list.
pub(super) fn list(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: TicketFilter,
    after: Option<TicketPosition>,
    size: PageSize,
) -> anyhow::Result<Page<TicketView, TicketPosition>> {
    let mut list = queries::ticket_list(shop.get())
        .filter(IsWantedTicket)
        .select(ticket_view_columns())
        .into_boxed::<Sqlite>();
    // This must precede the filter. SQLite enters an index by the first of several upper bounds.
    // With another bound first, later pages would scan all tickets before them.
    if let Some(TicketPosition { last_message_time, id }) = after {
        list = list.filter(queries::ticket_is_after(StoredTimestamp(last_message_time), id.get()));
    }
    let list = pages::page_of(add_conditions!(list, filter), size);
    let rows = list.load_iter::<TicketViewRow, DefaultLoadingMode>(connection)?;
    pages::read(rows, size, |row| ticket_view(row).map(|view| (view.ticket.position(), view)))
}

/// Counts the list up to a limit.
pub(super) fn count(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: TicketFilter,
    at_most: u64,
) -> anyhow::Result<u64> {
    if i64::try_from(at_most).is_ok() {
        let list = tickets::table
            .filter(tickets::shop_id.eq(shop.get()))
            .filter(IsWantedTicket)
            .select(1.into_sql::<Integer>())
            .into_boxed::<Sqlite>();
        let count = queries::CountUpTo { list: add_conditions!(list, filter), at_most };
        return Ok(u64::try_from(count.get_result::<i64>(connection)?)?);
    }
    let mut count = tickets::table.filter(tickets::shop_id.eq(shop.get())).count().into_boxed::<Sqlite>();
    // Without conditions SQLite counts 30 million a second, half as many with this.
    if filter != TicketFilter::default() {
        count = count.filter(IsWantedTicket);
    }
    let count: i64 = add_conditions!(count, filter).get_result(connection)?;
    Ok(u64::try_from(count)?)
}
