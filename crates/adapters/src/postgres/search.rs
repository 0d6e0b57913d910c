//! Searches: one statement for every query, and a second one for pages of a length other than
//! the default.

pub(super) mod pending_lists;
pub(super) mod upgrade;
pub(super) mod vectors;

use async_trait::async_trait;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{
    Capabilities, Page, PageSize, SearchPosition, SearchQuery, SearchStore, ShopId, StorageError,
    StoreCapabilities, TicketView,
};

use self::vectors::{TermQuery, TsQuery};
use super::errors::{Effect, Failure};
use super::layout::Layout;
use super::prepared::PageLimit;
use super::{PostgresStorage, pages};
use crate::sql::customers::CustomerRow;
use crate::sql::queries;
use crate::sql::schema::{customers, tickets, users};
use crate::sql::tickets::{TicketRow, ticket_view};
use crate::sql::types::{Instant, StoredTimestamp};
use crate::sql::users::UserRow;

impl StoreCapabilities for PostgresStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE.with_text_search()
    }
}

#[async_trait]
impl SearchStore for PostgresStorage {
    async fn search_tickets(
        &self,
        shop: ShopId,
        query: SearchQuery,
        after: Option<SearchPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, SearchPosition>, StorageError> {
        let layout = self.layout;
        self.connections
            .run("search_tickets", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                search(connection, layout, shop, &query, after, size).await
            })
            .await
    }
}

diesel::table! {
    /// The tickets of a page of results, which [`FIND`] finds.
    found (ticket_id) {
        ticket_id -> BigInt,
        rank -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(found, tickets);
diesel::allow_tables_to_appear_in_same_query!(found, customers);
diesel::allow_tables_to_appear_in_same_query!(found, users);

type FoundRow = (TicketRow, CustomerRow, Option<UserRow>, i64);

async fn search(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    shop: ShopId,
    query: &SearchQuery,
    after: Option<SearchPosition>,
    size: PageSize,
) -> Result<Page<TicketView, SearchPosition>, Failure> {
    let views = queries::ticket_views(shop.get())
        .inner_join(found::table.on(found::ticket_id.eq(tickets::id)))
        .order((found::rank.desc(), tickets::last_message_time.desc(), tickets::id.desc()))
        .select((
            TicketRow::as_select(),
            CustomerRow::as_select(),
            Option::<UserRow>::as_select(),
            found::rank,
        ));
    let terms = |in_name| query.terms().map(move |term| TermQuery { shop, term: term.clone(), in_name });
    let ids = || (1..).zip(query.terms()).flat_map(|(term, it)| it.ticket_ids().map(move |ids| (term, ids)));
    let search = Search {
        layout,
        shop: shop.get(),
        anywhere: terms(false).collect(),
        in_name: terms(true).collect(),
        ids_of: ids().map(|(term, _)| term).collect(),
        first_id: ids().map(|(_, ids)| *ids.start()).collect(),
        last_id: ids().map(|(_, ids)| *ids.end()).collect(),
        after_rank: after.map(|after| i64::from(after.rank)),
        after_time: after.map(|after| StoredTimestamp(after.ticket.last_message_time)),
        after_id: after.map(|after| after.ticket.id.get()),
        limit: PageLimit::new(size),
        views,
    };
    let rows = search.load_stream::<FoundRow>(connection).await?;
    pages::read(rows, size, |(ticket, customer, assignee, rank)| {
        let rank = u32::try_from(rank).map_err(|_| Failure::Unexpected("a rank is out of range"))?;
        let view = ticket_view((ticket, customer, assignee))?;
        Ok::<_, Failure>((SearchPosition { rank, ticket: view.ticket.position() }, view))
    })
    .await
}

/// A page of results, and the query that reads its tickets with their customers and assignees.
#[derive(Debug)]
struct Search<Q> {
    layout: Layout,
    shop: i64,
    /// A query for each term, in all texts and in names only.
    anywhere: Vec<TermQuery>,
    in_name: Vec<TermQuery>,
    /// Ids that contain a term: the number of the term, the first and the last id.
    ids_of: Vec<i64>,
    first_id: Vec<i64>,
    last_id: Vec<i64>,
    after_rank: Option<i64>,
    after_time: Option<StoredTimestamp>,
    after_id: Option<i64>,
    limit: PageLimit,
    views: Q,
}

impl<Q: Query> Query for Search<Q> {
    type SqlType = Q::SqlType;
}

/// Identified by its text, which includes the limit.
impl<Q> QueryId for Search<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Search<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A subquery hides the number of terms from the planner, which would otherwise plan again
        // for a small number.
        out.push_sql("WITH term AS (SELECT * FROM unnest((SELECT ");
        out.push_bind_param::<Array<TsQuery>, _>(&self.anywhere)?;
        out.push_sql("), (SELECT ");
        out.push_bind_param::<Array<TsQuery>, _>(&self.in_name)?;
        out.push_sql(")) WITH ORDINALITY AS term (anywhere, in_name, number)), ");
        out.push_sql("ids AS (SELECT * FROM unnest((SELECT ");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids_of)?;
        out.push_sql("), (SELECT ");
        out.push_bind_param::<Array<BigInt>, _>(&self.first_id)?;
        out.push_sql("), (SELECT ");
        out.push_bind_param::<Array<BigInt>, _>(&self.last_id)?;
        out.push_sql(")) AS ids (number, first, last)), asked AS (SELECT ");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" AS shop_id, ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.after_rank)?;
        out.push_sql(" AS after_rank, ");
        out.push_bind_param::<Nullable<Instant>, _>(&self.after_time)?;
        out.push_sql(" AS after_time, ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.after_id)?;
        out.push_sql(" AS after_id");
        for (place, part) in FIND.split(" {of this shop}").enumerate() {
            if place > 0 && self.layout == Layout::ByShop {
                out.push_sql(" AND shop_id = ");
                out.push_bind_param::<BigInt, _>(&self.shop)?;
            }
            out.push_sql(part);
        }
        self.limit.walk_ast(out.reborrow())?;
        out.push_sql(") ");
        self.views.walk_ast(out.reborrow())
    }
}

/// The statement after the values. A ticket is found if every term has a hit. Of the hits of a term
/// in a ticket, the one with the largest weight counts.
///
/// - Every word begins with the number of its shop. So the indexes of words find the rows of the
///   shop. With a condition on `shop_id`, the server might read all rows of the shop. Only a
///   distributed database gets one (`{of this shop}`), because it decides where the search runs.
/// - `OFFSET 0` prevents a scan of all tickets: the server overestimates the number of customers and
///   of ids.
/// - `found` has whole rows. Otherwise the server would look up each one in an index of all tickets
///   of the shop.
const FIND: &str = "), hit AS (
    SELECT ticket.shop_id, ticket.id AS ticket_id, term.number,
        CASE WHEN ticket.words @@ term.in_name THEN 4 ELSE 1 END AS weight
    FROM term JOIN (SELECT * FROM tickets WHERE TRUE {of this shop}) ticket ON ticket.words @@ term.anywhere
    UNION ALL
    SELECT ticket.shop_id, ticket.id, term.number, 2
    FROM term JOIN (SELECT * FROM customers WHERE TRUE {of this shop}) customer
        ON customer.words @@ term.anywhere
    CROSS JOIN LATERAL (
        SELECT shop_id, id FROM tickets
        WHERE shop_id = customer.shop_id AND customer_id = customer.id {of this shop} OFFSET 0
    ) ticket
    UNION ALL
    SELECT comment.shop_id, comment.ticket_id, term.number, 1
    FROM term JOIN (SELECT * FROM comments WHERE TRUE {of this shop}) comment
        ON comment.words @@ term.anywhere
    UNION ALL
    SELECT ticket.shop_id, ticket.id, ids.number, 1
    FROM asked CROSS JOIN ids CROSS JOIN LATERAL (
        SELECT shop_id, id FROM tickets
        WHERE shop_id = asked.shop_id AND id BETWEEN ids.first AND ids.last {of this shop} OFFSET 0
    ) ticket
), best AS (
    SELECT hit.shop_id, ticket_id, max(weight) AS weight
    FROM hit JOIN asked ON asked.shop_id = hit.shop_id
    GROUP BY hit.shop_id, ticket_id, number
), ranked AS (
    SELECT shop_id, ticket_id, sum(weight) AS rank FROM best GROUP BY shop_id, ticket_id
    HAVING count(*) = (SELECT count(*) FROM term)
), found AS MATERIALIZED (
    SELECT ticket.id AS ticket_id, rank, ticket.*
    FROM asked CROSS JOIN ranked
    JOIN (SELECT * FROM tickets WHERE TRUE {of this shop}) ticket
        ON ticket.shop_id = ranked.shop_id AND ticket.id = ranked.ticket_id
    WHERE after_rank IS NULL
        OR (rank, ticket.last_message_time, ticket.id) < (after_rank, after_time, after_id)
    ORDER BY rank DESC, ticket.last_message_time DESC, ticket.id DESC";
