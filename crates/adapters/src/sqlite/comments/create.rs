//! Creates comments and changes their tickets.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, EventKind, HumanTicket, IdempotentOutcome, NewComment, ShopId, Snapshot, TicketSnapshot,
};

use crate::sql::comments::{CommentRow, comment_view};
use crate::sql::customers::CustomerRow;
use crate::sql::queries;
use crate::sql::schema::{comments, shops, tickets, users};
use crate::sql::tickets::{MessageChangeset, OpenedTicket, TicketRow};
use crate::sql::users::UserRow;
use crate::sqlite::events::append::EventLog;
use crate::sqlite::idempotency::attempt;
use crate::sqlite::presence::has_present_customer;
use crate::sqlite::search::index::NewDocuments;
use crate::sqlite::tickets::next_human_ticket_id;

/// Creates the comments of a batch.
pub(super) fn create(
    connection: &mut SqliteConnection,
    batch: Vec<CommentCreation>,
) -> anyhow::Result<Vec<IdempotentOutcome<CreateCommentOutcome>>> {
    let (mut log, mut documents) = (EventLog::default(), NewDocuments::default());
    let attempts = batch.into_iter().map(|CommentCreation { comment, stamp, expected_version, claim }| {
        attempt(connection, comment.shop_id, claim.as_ref(), |connection| {
            create_one(connection, (&mut log, &mut documents), comment, expected_version, stamp)
        })
    });
    let attempts = attempts.collect::<anyhow::Result<_>>()?;
    documents.add(connection)?;
    Ok(attempts)
}

/// Creates one comment of a batch. Every refusal comes before the first write.
fn create_one(
    connection: &mut SqliteConnection,
    (log, documents): (&mut EventLog, &mut NewDocuments),
    comment: NewComment,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<CreateCommentOutcome> {
    let shop = comment.shop_id;
    let key = (shop.get(), comment.ticket_id.get());
    let found: Option<(TicketRow, CustomerRow)> = queries::ticket_view(key.0, key.1)
        .filter(has_present_customer())
        .select((TicketRow::as_select(), CustomerRow::as_select()))
        .get_result(connection)
        .optional()?;
    let Some((ticket, customer)) = found else {
        return Ok(CreateCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|expected| expected != ticket.version) {
        return Ok(CreateCommentOutcome::VersionMismatch);
    }
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
    documents.push_comment(&comment);
    let TicketSnapshot { ticket: before, human_ticket } = ticket.try_into()?;
    let row = CommentRow::new(comment, before.channel.clone());
    diesel::insert_into(comments::table).values(row.clone()).execute(connection)?;
    let view = comment_view((row, customer, author))?;
    let opens = before.may_be_reopened_by(&view.comment) && reopens_on_reply(connection, shop)?;
    let ticket = before.after_comment(&view.comment, stamp.time, opens);
    let human_ticket = if opens {
        let next_id = || next_human_ticket_id(connection, shop);
        HumanTicket::transition(human_ticket, true, stamp.time, next_id)?
    } else {
        human_ticket
    };
    let opened = opens.then(|| OpenedTicket::new(human_ticket.as_ref()));
    diesel::update(tickets::table.find(key))
        .set((MessageChangeset::between(&before, &ticket), opened))
        .execute(connection)?;
    let created = Snapshot::Comment(Box::new(view.comment.clone()));
    log.append(connection, shop, EventKind::CommentCreated, created, stamp)?;
    let updated = Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }));
    log.append(connection, shop, EventKind::TicketUpdated, updated, stamp)?;
    Ok(CreateCommentOutcome::Created(Box::new(view)))
}

/// Whether a customer's comment opens a closed ticket of the shop.
fn reopens_on_reply(connection: &mut SqliteConnection, shop: ShopId) -> QueryResult<bool> {
    shops::table.find(shop.get()).select(shops::reopen_on_reply).get_result(connection)
}
