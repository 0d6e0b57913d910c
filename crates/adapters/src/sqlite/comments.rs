use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, CommentPosition, CommentStore, CommentView, EventKind, IdempotentOutcome, NewComment, Page,
    ShopId, Snapshot, StorageError, TicketId,
};

use super::SqliteStorage;
use super::events::append::EventLog;
use super::idempotency::attempt;
use super::search::index::NewDocuments;
use crate::sql::comments::{CommentRow, CommentViewRow, comment_view};
use crate::sql::customers::CustomerRow;
use crate::sql::schema::{comments, tickets, users};
use crate::sql::tickets::TicketRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;
use crate::sql::{page, queries};

#[async_trait]
impl CommentStore for SqliteStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.write("create_comments", |connection| {
            let (mut log, mut documents) = (EventLog::default(), NewDocuments::default());
            let attempts = batch.into_iter().map(|CommentCreation { comment, stamp, once }| {
                attempt(connection, comment.shop_id, once.as_ref(), |connection| {
                    create(connection, &mut log, &mut documents, comment, stamp)
                })
            });
            let attempts = attempts.collect::<anyhow::Result<_>>()?;
            documents.add(connection)?;
            Ok(attempts)
        })
        .await
    }

    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        limit: Option<u32>,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError> {
        self.read("list_comments", move |connection| {
            let rows = list(connection, shop, ticket, after, limit)?;
            if rows.is_empty() && !has_ticket(connection, shop, ticket)? {
                return Ok(None);
            }
            let views = rows.into_iter().map(comment_view).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(match limit {
                Some(limit) => page::cut(views, limit, |CommentView { comment, .. }| CommentPosition {
                    time: comment.time,
                    id: comment.id,
                }),
                None => Page { entries: views, next: None },
            }))
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

/// What a comment makes of its ticket; it leaves what is `None` here.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tickets)]
struct TicketChange {
    last_message: Option<String>,
    last_message_time: Option<StoredTimestamp>,
    unread_count: Option<i32>,
}

impl TicketChange {
    fn by(comment: &NewComment, ticket: &TicketRow) -> Self {
        let is_latest = comment.time >= ticket.last_message_time.0;
        Self {
            last_message: is_latest.then(|| comment.text.clone()),
            last_message_time: is_latest.then_some(StoredTimestamp(comment.time)),
            unread_count: (!comment.is_from_shop).then_some(1),
        }
    }
}

/// Creates one comment of a batch. Whatever refuses it comes before the first write.
fn create(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    documents: &mut NewDocuments,
    comment: NewComment,
    stamp: AuditStamp,
) -> anyhow::Result<CreateCommentOutcome> {
    let shop = comment.shop_id;
    let key = (shop.get(), comment.ticket_id.get());
    let found: Option<(TicketRow, CustomerRow)> = queries::ticket_view(key.0, key.1)
        .select((TicketRow::as_select(), CustomerRow::as_select()))
        .get_result(connection)
        .optional()?;
    let Some((before, customer)) = found else {
        return Ok(CreateCommentOutcome::TicketNotFound);
    };
    let author = match comment.author_id {
        Some(author) => {
            let user = users::table.find((shop.get(), author.get()));
            match user.select(UserRow::as_select()).get_result(connection).optional()? {
                Some(row) => Some(row),
                None => return Ok(CreateCommentOutcome::AuthorNotFound),
            }
        }
        None => None,
    };
    let after = diesel::update(tickets::table.find(key))
        .set((TicketChange::by(&comment, &before), tickets::version.eq(tickets::version + 1)))
        .returning(TicketRow::as_returning())
        .get_result(connection)?;
    documents.push_comment(&comment);
    let row = CommentRow::new(comment, before.channel);
    diesel::insert_into(comments::table).values(row.clone()).execute(connection)?;
    let view = comment_view((row, customer, author))?;
    let created = Snapshot::Comment(Box::new(view.comment.clone()));
    log.append(connection, shop, EventKind::CommentCreated, created, stamp)?;
    let updated = Snapshot::Ticket(Box::new(after.try_into()?));
    log.append(connection, shop, EventKind::TicketUpdated, updated, stamp)?;
    Ok(CreateCommentOutcome::Created(Box::new(view)))
}

/// The rows of a page, and one more if there is one; all if there is no limit.
fn list(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    after: Option<CommentPosition>,
    limit: Option<u32>,
) -> QueryResult<Vec<CommentViewRow>> {
    let mut list = queries::comment_list(shop.get(), ticket.get())
        .select(CommentViewRow::as_select())
        .into_boxed::<Sqlite>();
    if let Some(CommentPosition { time, id }) = after {
        list = list.filter(queries::comment_is_after(StoredTimestamp(time), id.get()));
    }
    if let Some(limit) = limit {
        list = list.limit(page::rows_to_ask_for(limit));
    }
    list.load(connection)
}

fn has_ticket(connection: &mut SqliteConnection, shop: ShopId, ticket: TicketId) -> QueryResult<bool> {
    diesel::select(exists(tickets::table.find((shop.get(), ticket.get())))).get_result(connection)
}
