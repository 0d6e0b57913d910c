//! Comments.

mod change;
mod create;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, UpdateCommentOutcome,
};
use hexdesk_domain::{
    AuditStamp, CommentId, CommentPosition, CommentStore, CommentView, DeferredClaim, IdempotentOutcome,
    Page, PageSize, ShopId, StorageError, TicketId,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure, count_from};
use super::idempotency::attempt;
use super::pages::{self, NeededRows};
use crate::sql::comments::{CommentViewRow, comment_view, comment_view_columns};
use crate::sql::schema::{comments, tickets};
use crate::sql::types::StoredTimestamp;
use crate::sql::{page, queries};

#[async_trait]
impl CommentStore for PostgresStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let layout = self.layout;
        self.connections
            .run("create_comments", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                create::create(connection, layout, &batch).await
            })
            .await
    }

    async fn update_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        update: CommentUpdate,
        claim: Option<DeferredClaim<UpdateCommentOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCommentOutcome>, StorageError> {
        self.connections
            .run("update_comment", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection: &mut AsyncPgConnection| {
                    change::update(connection, shop, ticket, id, update).await
                })
                .await
            })
            .await
    }

    async fn delete_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteCommentOutcome, StorageError> {
        self.connections
            .run("delete_comment", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        change::delete(connection, shop, ticket, id, expected_version, stamp).await
                    })
                    .await
            })
            .await
    }

    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        size: PageSize,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError> {
        self.connections
            .run("list_comments", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                list(connection, shop, ticket, after, size).await
            })
            .await
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        self.connections
            .run("count_comments", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let count = comments::table
                    .filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq(ticket.get())))
                    .count();
                let count: Option<Option<i64>> = tickets::table
                    .find((shop.get(), ticket.get()))
                    .select(count.single_value())
                    .get_result(connection)
                    .await
                    .optional()?;
                count.flatten().map(count_from).transpose()
            })
            .await
    }
}

/// A page of the comments.
async fn list(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
    after: Option<CommentPosition>,
    size: PageSize,
) -> Result<Option<Page<CommentView, CommentPosition>>, Failure> {
    let mut list = comments::table
        .filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq(ticket.get())))
        .order((comments::time, comments::id))
        .limit(page::rows_to_ask_for(size))
        .into_boxed::<Pg>();
    if let Some(CommentPosition { time, id }) = after {
        list = list.filter(queries::comment_is_after(StoredTimestamp(time), id.get()));
    }
    let views = queries::comment_list(shop.get(), ticket.get()).select(comment_view_columns());
    let bytes = "octet_length(text) + coalesce(octet_length(attachments), 0)";
    let needed = NeededRows::new(size, bytes, 1, "time, id");
    let rows = CommentPage { list, needed, views }.load_stream::<CommentViewRow>(connection).await?;
    let page = pages::read(rows, size, |row| comment_view(row).map(|view| (view.comment.position(), view)));
    let page = page.await?;
    if page.entries.is_empty() {
        let ticket = exists(tickets::table.find((shop.get(), ticket.get())));
        if !diesel::select(ticket).get_result::<bool>(connection).await? {
            return Ok(None);
        }
    }
    Ok(Some(page))
}

/// A page of comments with their customers and authors. The page is a query of its own, and only its
/// comments are joined.
#[derive(Debug)]
struct CommentPage<L, V> {
    list: L,
    needed: NeededRows,
    views: V,
}

impl<L: QueryFragment<Pg>, V: QueryFragment<Pg>> QueryFragment<Pg> for CommentPage<L, V> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The query of the views reads this page instead of the table.
        out.push_sql("WITH comments AS (");
        self.needed.walk_ast(out.reborrow(), |out| self.list.walk_ast(out))?;
        out.push_sql(") ");
        self.views.walk_ast(out)
    }
}

impl<L, V: Query> Query for CommentPage<L, V> {
    type SqlType = V::SqlType;
}

/// Identified by its text. The first page and later pages differ.
impl<L, V> QueryId for CommentPage<L, V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
