//! Creating the comments of a batch, one by one, in one transaction.

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{Attempt, CommentView, NewComment, Ticket};
use redb::{Table, TableError, WriteTransaction};

use super::stored::StoredComment;
use crate::encoding::encode;
use crate::tables::{
    COMMENTS, CUSTOMERS, CommentKey, IDEMPOTENCY_RECORDS, Json, NumberInShop, Record, RecordKey, USERS,
};
use crate::tickets::TicketTables;
use crate::{customers, once, users};

/// The tables that a batch reads and writes.
pub(super) struct Batch<'transaction> {
    records: Table<'transaction, RecordKey, Record>,
    creation: Creation<'transaction>,
}

impl<'transaction> Batch<'transaction> {
    pub(super) fn open(transaction: &'transaction WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            records: transaction.open_table(IDEMPOTENCY_RECORDS)?,
            creation: Creation {
                customers: transaction.open_table(CUSTOMERS)?,
                users: transaction.open_table(USERS)?,
                tickets: TicketTables::open(transaction)?,
                comments: transaction.open_table(COMMENTS)?,
            },
        })
    }

    /// Creates one comment. What earlier items wrote is seen.
    pub(super) fn create(&mut self, item: CommentCreation) -> anyhow::Result<Attempt<CreateCommentOutcome>> {
        let CommentCreation { comment, stamp: _, once } = item;
        let creation = &mut self.creation;
        once::attempt(&mut self.records, comment.shop_id, once, || creation.run(comment))
    }
}

struct Creation<'transaction> {
    customers: Table<'transaction, NumberInShop, Json>,
    users: Table<'transaction, NumberInShop, Json>,
    tickets: TicketTables<'transaction>,
    comments: Table<'transaction, CommentKey, Json>,
}

impl Creation<'_> {
    /// First come all the checks and then all the writes, so that a refused comment has
    /// written nothing.
    fn run(&mut self, new: NewComment) -> anyhow::Result<CreateCommentOutcome> {
        let (shop, time, id) = (new.shop_id, new.time, new.id);
        let Some(ticket) = self.tickets.find(shop, new.ticket_id)? else {
            return Ok(CreateCommentOutcome::TicketNotFound);
        };
        let author = match new.author_id {
            Some(user) => match users::find(&self.users, shop, user)? {
                Some(user) => Some(user),
                None => return Ok(CreateCommentOutcome::AuthorNotFound),
            },
            None => None,
        };
        let customer = customers::find(&self.customers, shop, ticket.customer_id)?
            .context("a ticket's customer is missing")?;

        self.tickets.replace(&ticket, commented(&ticket, &new)?)?;
        let stored = StoredComment::of(new, &ticket);
        let key = (shop.get(), ticket.id.get(), time.unix_millis(), id.get());
        // Whoever hands the same comment in again has no idempotency key, or it would not
        // come here. An error, so that it does not count twice.
        let is_new = self.comments.insert(key, encode(&stored)?.as_slice())?.is_none();
        ensure!(is_new, "the ticket {} has a comment {id} already", ticket.id);
        let comment = stored.into_comment(&ticket, time, id)?;
        Ok(CreateCommentOutcome::Created(Box::new(CommentView { comment, customer, author })))
    }
}

/// What a comment makes of its ticket.
fn commented(ticket: &Ticket, comment: &NewComment) -> anyhow::Result<Ticket> {
    let mut after = ticket.clone();
    // Of the same time, the one that comes in later is the later one (COMMENT-4).
    if comment.time >= ticket.last_message_time {
        after.last_message = Some(comment.text.clone());
        after.last_message_time = comment.time;
    }
    if !comment.is_from_shop {
        after.unread_count = 1;
    }
    after.version = ticket.version.checked_add(1).context("no version of the ticket is left")?;
    Ok(after)
}
