//! Creates the comments of a batch, one after another, in one transaction.

use anyhow::Context;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{AuditStamp, CommentView, IdempotentOutcome, NewComment, NewEvent, TicketSnapshot};
use redb::{Table, TableError, WriteTransaction};

use super::add;
use crate::encoding::find;
use crate::events::EventLog;
use crate::tables::{
    COMMENT_IDS, COMMENTS, CUSTOMERS, CommentKey, IDEMPOTENCY_RECORDS, Json, NumberInShop, Record, RecordKey,
    SHOPS, USERS,
};
use crate::tickets::{HumanTicketTables, TicketTables};
use crate::{idempotency, shops};

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
                shops: transaction.open_table(SHOPS)?,
                customers: transaction.open_table(CUSTOMERS)?,
                users: transaction.open_table(USERS)?,
                tickets: TicketTables::open(transaction)?,
                human_tickets: HumanTicketTables::open(transaction)?,
                comments: transaction.open_table(COMMENTS)?,
                ids: transaction.open_table(COMMENT_IDS)?,
                log: EventLog::open(transaction)?,
            },
        })
    }

    /// Creates one comment. It sees the writes of earlier items.
    pub(super) fn create(
        &mut self,
        item: CommentCreation,
    ) -> anyhow::Result<IdempotentOutcome<CreateCommentOutcome>> {
        let CommentCreation { comment, stamp, expected_version, claim } = item;
        let creation = &mut self.creation;
        idempotency::run(&mut self.records, comment.shop_id, claim, || {
            creation.run(comment, expected_version, stamp)
        })
    }
}

struct Creation<'transaction> {
    shops: Table<'transaction, i64, Json>,
    customers: Table<'transaction, NumberInShop, Json>,
    users: Table<'transaction, NumberInShop, Json>,
    tickets: TicketTables<'transaction>,
    human_tickets: HumanTicketTables<'transaction>,
    comments: Table<'transaction, CommentKey, Json>,
    ids: Table<'transaction, NumberInShop, (i64, i64)>,
    log: EventLog<'transaction>,
}

impl Creation<'_> {
    /// All checks come before all writes, so that a refused comment writes nothing.
    fn run(
        &mut self,
        new: NewComment,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> anyhow::Result<CreateCommentOutcome> {
        let shop = new.shop_id;
        let Some(ticket) = self.tickets.find(shop, new.ticket_id)? else {
            return Ok(CreateCommentOutcome::TicketNotFound);
        };
        if expected_version.is_some_and(|expected| expected != ticket.version) {
            return Ok(CreateCommentOutcome::VersionMismatch);
        }
        let author = match new.author_id {
            Some(user) => match find(&self.users, shop, user.get())? {
                Some(user) => Some(user),
                None => return Ok(CreateCommentOutcome::AuthorNotFound),
            },
            None => None,
        };
        let customer = find(&self.customers, shop, ticket.customer_id.get())?
            .context("a ticket's customer is missing")?;
        let comment = new.into_comment(&ticket);
        let reopen_on_reply = ticket.may_be_reopened_by(&comment)
            && shops::find(&self.shops, shop)?.is_some_and(|shop| shop.reopen_on_reply);
        let after = ticket.after_comment(&comment, stamp.time, reopen_on_reply);
        self.tickets.replace(&ticket, &after)?;
        // A repeated request with an idempotency key is replayed before this.
        add(&mut self.comments, &mut self.ids, &comment)?;
        let human_ticket = self.human_tickets.set(&ticket, after.is_opened, stamp.time)?;
        let events = [
            NewEvent::comment_created(comment.clone()),
            NewEvent::ticket_updated(TicketSnapshot { ticket: after, human_ticket }),
        ];
        self.log.append(shop, stamp, events)?;
        Ok(CreateCommentOutcome::Created(Box::new(CommentView { comment, customer, author })))
    }
}
