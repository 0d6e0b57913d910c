//! Searches.

pub(super) mod index;
pub(super) mod upgrade;

use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{
    Capabilities, Page, PageSize, SearchPosition, SearchQuery, SearchStore, ShopId, StorageError,
    StoreCapabilities, TicketView,
};

use self::index::expressions;
use super::connection::interruption::{WANTED_DOCUMENT, WANTED_RESULT, WANTED_TICKET};
use super::{SqliteStorage, pages};
use crate::sql::schema::{customers, tickets, users};
use crate::sql::tickets::{TicketViewRow, ticket_view};
use crate::sql::{page, queries};

impl StoreCapabilities for SqliteStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE.with_text_search()
    }
}

#[async_trait]
impl SearchStore for SqliteStorage {
    async fn search_tickets(
        &self,
        shop: ShopId,
        query: SearchQuery,
        after: Option<SearchPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, SearchPosition>, StorageError> {
        self.read("search_tickets", move |connection| {
            let views = queries::ticket_views(shop.get())
                .inner_join(found_tickets::table.on(found_tickets::ticket_id.eq(tickets::id)))
                .order((found_tickets::rank.desc(), tickets::last_message_time.desc(), tickets::id.desc()))
                .select((found_tickets::rank, TicketViewRow::as_select()));
            let search = FoundTickets::new(shop, &query, after, size)?;
            let search = With { found: search, query: views };
            let rows = search.load_iter::<(i64, TicketViewRow), DefaultLoadingMode>(connection)?;
            pages::read(rows, size, |(rank, row)| {
                let view = ticket_view(row)?;
                let position = SearchPosition { rank: u32::try_from(rank)?, ticket: view.ticket.position() };
                anyhow::Ok((position, view))
            })
        })
        .await
    }
}

diesel::table! {
    /// The name of [`FoundTickets`] in its statement.
    found_tickets (ticket_id) {
        ticket_id -> BigInt,
        rank -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(found_tickets, tickets);
diesel::allow_tables_to_appear_in_same_query!(found_tickets, customers);
diesel::allow_tables_to_appear_in_same_query!(found_tickets, users);

/// The tickets that a search finds after a position, with their ranks: one page and one more
/// ticket.
#[derive(Debug)]
struct FoundTickets {
    shop: i64,
    /// A JSON array with three FTS5 expressions for each term: in names, in details, and elsewhere.
    terms: String,
    /// A JSON array of ids that contain a term: the number of the term, the first and the last id.
    ids: String,
    term_count: i64,
    /// Rank, time and id of the position.
    after: (i64, i64, i64),
    limit: i64,
}

impl FoundTickets {
    fn new(
        shop: ShopId,
        query: &SearchQuery,
        after: Option<SearchPosition>,
        size: PageSize,
    ) -> anyhow::Result<Self> {
        let terms: Vec<[String; 3]> = query.terms().map(|term| expressions(shop, term)).collect();
        let ids = (0..)
            .zip(query.terms())
            .flat_map(|(number, term)| term.ticket_ids().map(move |ids| [number, *ids.start(), *ids.end()]));
        let ids: Vec<[i64; 3]> = ids.collect();
        Ok(Self {
            shop: shop.get(),
            term_count: terms.len().try_into()?,
            terms: serde_json::to_string(&terms.concat())?,
            ids: serde_json::to_string(&ids)?,
            after: after.map_or((i64::MAX, i64::MAX, i64::MAX), |SearchPosition { rank, ticket }| {
                (rank.into(), ticket.last_message_time.unix_millis(), ticket.id.get())
            }),
            limit: page::rows_to_ask_for(size),
        })
    }
}

impl QueryFragment<Sqlite> for FoundTickets {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // CROSS JOIN keeps the written order: first the terms, then the documents by id; and each
        // result is used as it is found, so that `still_wanted` is called all the time.
        out.push_sql(
            "hits (ticket_id, term, weight) AS (
                SELECT coalesce(documents.ticket_id, tickets.id), terms.key / 3,
                    CASE WHEN terms.key % 3 = 0 THEN 4 WHEN documents.customer_id IS NULL THEN 1 ELSE 2 END
                FROM json_each(",
        );
        out.push_bind_param::<Text, _>(&self.terms)?;
        out.push_sql(
            ") AS terms
                CROSS JOIN search_index ON search_index.words MATCH terms.value
                CROSS JOIN search_documents AS documents ON documents.id = search_index.rowid
                LEFT JOIN tickets ON tickets.shop_id = documents.shop_id
                    AND tickets.customer_id = documents.customer_id
                WHERE ",
        );
        out.push_sql(WANTED_DOCUMENT);
        out.push_sql(" UNION ALL SELECT tickets.id, ids.value ->> 0, 1 FROM json_each(");
        out.push_bind_param::<Text, _>(&self.ids)?;
        out.push_sql(
            ") AS ids CROSS JOIN tickets
                ON tickets.id BETWEEN ids.value ->> 1 AND ids.value ->> 2 AND tickets.shop_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" WHERE ");
        out.push_sql(WANTED_TICKET);
        out.push_sql(
            "), best AS (
                SELECT ticket_id, term, max(weight) AS weight FROM hits GROUP BY ticket_id, term HAVING ",
        );
        out.push_sql(WANTED_RESULT);
        out.push_sql(
            "), ranked AS (
                SELECT ticket_id, sum(weight) AS rank FROM best GROUP BY ticket_id HAVING ",
        );
        out.push_sql(WANTED_RESULT);
        out.push_sql(" AND count(*) = ");
        out.push_bind_param::<BigInt, _>(&self.term_count)?;
        out.push_sql(
            "), found_tickets AS (
                SELECT ranked.ticket_id, ranked.rank
                FROM ranked CROSS JOIN tickets ON tickets.id = ranked.ticket_id AND tickets.shop_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" WHERE (ranked.rank, tickets.last_message_time, tickets.id) < (");
        out.push_bind_param::<BigInt, _>(&self.after.0)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.1)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.2)?;
        out.push_sql(") ORDER BY ranked.rank DESC, tickets.last_message_time DESC, tickets.id DESC");
        out.push_sql(pages::LIMIT);
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(")");
        Ok(())
    }
}

/// A query that uses [`found_tickets`].
#[derive(Debug)]
struct With<Q> {
    found: FoundTickets,
    query: Q,
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for With<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("WITH ");
        self.found.walk_ast(out.reborrow())?;
        out.push_sql(" ");
        self.query.walk_ast(out)
    }
}

impl<Q: Query> Query for With<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for With<Q> {
    // Identified by its text: the id of the query does not include the tables before it.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> RunQueryDsl<SqliteConnection> for With<Q> {}
