//! Comments.

mod create;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    CommentPosition, CommentStore, CommentView, IdempotentOutcome, Page, PageSize, ShopId, StorageError,
    TicketId,
};

use super::errors::{Effect, Failure, count_from};
use super::{PostgresStorage, pages};
use crate::sql::comments::{CommentRow, CommentViewRow, comment_view};
use crate::sql::customers::CustomerRow;
use crate::sql::schema::{comments, tickets};
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;
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
        self.connections
            .run("create_comments", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                create::create(connection, &batch).await
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
    let mut list = queries::comment_list(shop.get(), ticket.get())
        .select((CommentRow::as_select(), CustomerRow::as_select(), Option::<UserRow>::as_select()))
        .limit(page::rows_to_ask_for(size))
        .into_boxed::<Pg>();
    if let Some(CommentPosition { time, id }) = after {
        list = list.filter(queries::comment_is_after(StoredTimestamp(time), id.get()));
    }
    let rows = list.load_stream::<CommentViewRow>(connection).await?;
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
