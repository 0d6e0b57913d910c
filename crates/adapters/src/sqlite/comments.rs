//! Comments.

mod change;
mod create;

use async_trait::async_trait;
use diesel::connection::DefaultLoadingMode;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, UpdateCommentOutcome,
};
use hexdesk_domain::{
    AuditStamp, CommentId, CommentPosition, CommentStore, CommentView, DeferredClaim, IdempotentOutcome,
    Page, PageSize, ShopId, StorageError, TicketId,
};

use super::connection::interruption::still_wanted;
use super::idempotency::attempt;
use super::{SqliteStorage, pages};
use crate::sql::comments::{CommentViewRow, comment_view, comment_view_columns};
use crate::sql::queries;
use crate::sql::schema::{comments, tickets};
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl CommentStore for SqliteStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.write("create_comments", |connection| create::create(connection, batch)).await
    }

    async fn update_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        update: CommentUpdate,
        claim: Option<DeferredClaim<UpdateCommentOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCommentOutcome>, StorageError> {
        self.remove("update_comment", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| {
                change::update(connection, shop, ticket, id, update)
            })
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
        self.remove("delete_comment", move |connection| {
            change::delete(connection, shop, ticket, id, expected_version, stamp)
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
        self.read("list_comments", move |connection| {
            let page = list(connection, shop, ticket, after, size)?;
            let is_missing = page.entries.is_empty() && !has_ticket(connection, shop, ticket)?;
            Ok((!is_missing).then_some(page))
        })
        .await
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        self.read("count_comments", move |connection| {
            let count = comments::table
                .filter(comments::shop_id.eq(shop.get()).and(comments::ticket_id.eq(ticket.get())))
                .count();
            let count: Option<Option<i64>> = tickets::table
                .find((shop.get(), ticket.get()))
                .select(count.single_value())
                .get_result(connection)
                .optional()?;
            Ok(count.flatten().map(u64::try_from).transpose()?)
        })
        .await
    }
}

/// Reads a page of the list.
fn list(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    after: Option<CommentPosition>,
    size: PageSize,
) -> anyhow::Result<Page<CommentView, CommentPosition>> {
    let mut list = queries::comment_list(shop.get(), ticket.get())
        .filter(still_wanted(comments::id))
        .select(comment_view_columns())
        .into_boxed::<Sqlite>();
    if let Some(CommentPosition { time, id }) = after {
        list = list.filter(queries::comment_is_after(StoredTimestamp(time), id.get()));
    }
    let rows = pages::page_of(list, size).load_iter::<CommentViewRow, DefaultLoadingMode>(connection)?;
    pages::read(rows, size, |row| comment_view(row).map(|view| (view.comment.position(), view)))
}

fn has_ticket(connection: &mut SqliteConnection, shop: ShopId, ticket: TicketId) -> QueryResult<bool> {
    diesel::select(exists(tickets::table.find((shop.get(), ticket.get())))).get_result(connection)
}
