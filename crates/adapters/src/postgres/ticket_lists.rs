//! Lists of tickets, and how long they are.

use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::limits::DEFAULT_PAGE_ENTRIES;
use hexdesk_domain::{Page, ShopId, TicketFilter, TicketPosition, TicketView};

use super::errors::{Failure, count_from};
use super::prepared::{FirstRows, never_kept};
use crate::rows::{CustomerRow, TicketRow, TicketViewRow, UserRow, ticket_view};
use crate::schema::tickets;
use crate::sql_types::{StoredTexts, StoredTimestamp, TextList};
use crate::{page, queries};

diesel::infix_operator!(Contains, " @> ", Bool, backend: Pg);

/// A page of the list.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    filter: TicketFilter,
    after: Option<TicketPosition>,
    limit: u32,
) -> Result<Page<TicketView, TicketPosition>, Failure> {
    let list = queries::ticket_list(shop.get())
        .select((TicketRow::as_select(), CustomerRow::as_select(), Option::<UserRow>::as_select()))
        .into_boxed::<Pg>();
    let is_common = is_common(&filter) && limit == DEFAULT_PAGE_ENTRIES;
    let mut list = if is_common { list } else { list.filter(never_kept()) };
    list = queries::tickets_meeting(list, filter, has_tag);
    if let Some(TicketPosition { last_message_time, id }) = after {
        list = list.filter(queries::ticket_is_after(StoredTimestamp(last_message_time), id.get()));
    }
    let first_rows = FirstRows { query: list, rows: page::rows_to_ask_for(limit) };
    let rows: Vec<TicketViewRow> = first_rows.load(connection).await?;
    let views = rows.into_iter().map(ticket_view).collect::<Result<Vec<_>, _>>()?;
    Ok(page::cut(views, limit, |TicketView { ticket, .. }| TicketPosition {
        last_message_time: ticket.last_message_time,
        id: ticket.id,
    }))
}

/// The length of the whole list.
pub(super) async fn count(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    filter: TicketFilter,
) -> Result<u64, Failure> {
    let count = tickets::table.filter(tickets::shop_id.eq(shop.get())).count().into_boxed::<Pg>();
    let count = if is_common(&filter) { count } else { count.filter(never_kept()) };
    count_from::<i64>(queries::tickets_meeting(count, filter, has_tag).get_result(connection).await?)
}

/// Whether this may be one of the few filters of which most lists are.
fn is_common(filter: &TicketFilter) -> bool {
    let TicketFilter { customer_id, is_opened, .. } = *filter;
    *filter == TicketFilter { customer_id, is_opened, ..TicketFilter::default() }
}

/// That a ticket has this tag.
fn has_tag(tag: String) -> HasTag {
    Contains::new(tickets::tags, AsExpression::<TextList>::as_expression(StoredTexts(vec![tag])))
}

type HasTag = Contains<tickets::tags, <StoredTexts as AsExpression<TextList>>::Expression>;
