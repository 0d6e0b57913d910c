//! Creates comments and changes their tickets.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{AuditStamp, EventKind, IdempotentOutcome, NewComment, Snapshot};

use crate::sql::comments::{CommentRow, comment_view};
use crate::sql::customers::CustomerRow;
use crate::sql::queries;
use crate::sql::schema::{comments, tickets, users};
use crate::sql::tickets::TicketRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;
use crate::sqlite::events::append::EventLog;
use crate::sqlite::idempotency::attempt;
use crate::sqlite::presence::has_present_customer;
use crate::sqlite::search::index::NewDocuments;

/// Creates the comments of a batch.
pub(super) fn create(
    connection: &mut SqliteConnection,
    batch: Vec<CommentCreation>,
) -> anyhow::Result<Vec<IdempotentOutcome<CreateCommentOutcome>>> {
    let (mut log, mut documents) = (EventLog::default(), NewDocuments::default());
    let attempts = batch.into_iter().map(|CommentCreation { comment, stamp, claim }| {
        attempt(connection, comment.shop_id, claim.as_ref(), |connection| {
            create_one(connection, &mut log, &mut documents, comment, stamp)
        })
    });
    let attempts = attempts.collect::<anyhow::Result<_>>()?;
    documents.add(connection)?;
    Ok(attempts)
}

/// The changes of a comment to its ticket. `None` leaves a column unchanged.
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

/// Creates one comment of a batch. Every refusal comes before the first write.
fn create_one(
    connection: &mut SqliteConnection,
    log: &mut EventLog,
    documents: &mut NewDocuments,
    comment: NewComment,
    stamp: AuditStamp,
) -> anyhow::Result<CreateCommentOutcome> {
    let shop = comment.shop_id;
    let key = (shop.get(), comment.ticket_id.get());
    let found: Option<(TicketRow, CustomerRow)> = queries::ticket_view(key.0, key.1)
        .filter(has_present_customer())
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
