mod batch;
mod change;

use std::collections::BTreeSet;
use std::ops::Bound;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, UpdateCommentOutcome,
};
use hexdesk_domain::{
    AuditStamp, Comment, CommentId, CommentPosition, CommentStore, CommentView, Customer, CustomerId,
    DeferredClaim, IdempotentOutcome, Page, PageSize, ShopId, StorageError, Subject, Ticket, TicketId,
};
use redb::{ReadTransaction, ReadableTable, Table, WriteTransaction};

use crate::encoding::{decode, encode, find};
use crate::tables::{
    COMMENTS, CUSTOMERS, CommentKey, IDEMPOTENCY_RECORDS, Json, NumberInShop, TICKETS, USERS,
};
use crate::{RedbStorage, idempotency};
use batch::Batch;

#[async_trait]
impl CommentStore for RedbStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        self.write("create_comments", move |transaction| {
            let mut tables = Batch::open(transaction)?;
            // The first error ends the batch, and its transaction is rolled back.
            batch.into_iter().map(|creation| tables.create(creation)).collect()
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
        self.write("update_comment", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run_with_records(&mut records, shop, claim, |records| {
                change::update(transaction, records, (shop, ticket, id), update)
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
        self.write("delete_comment", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            change::delete(transaction, &mut records, (shop, ticket, id), expected_version, stamp)
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
        self.read("list_comments", move |transaction| list(transaction, shop, ticket, after, size)).await
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        self.read("count_comments", move |transaction| {
            if transaction.open_table(TICKETS)?.get((shop.get(), ticket.get()))?.is_none() {
                return Ok(None);
            }
            let mut comments = transaction.open_table(COMMENTS)?.range(range(shop, ticket, None))?;
            Ok(Some(comments.try_fold(0, |count, entry| entry.map(|_| count + 1))?))
        })
        .await
    }
}

/// Adds a comment. A duplicate is an error, so that it does not count twice (COMMENT-12).
pub(crate) fn add(
    comments: &mut Table<'_, CommentKey, Json>,
    ids: &mut Table<'_, NumberInShop, (i64, i64)>,
    comment: &Comment,
) -> anyhow::Result<()> {
    let key @ (shop, ticket, time, id) = key_of(comment);
    let is_new = ids.insert((shop, id), (ticket, time))?.is_none();
    ensure!(is_new, "the shop {shop} has a comment {id} already");
    comments.insert(key, encode(comment)?.as_slice())?;
    Ok(())
}

fn key_of(comment: &Comment) -> CommentKey {
    let Comment { shop_id, ticket_id, time, id, .. } = comment;
    (shop_id.get(), ticket_id.get(), time.unix_millis(), id.get())
}

/// Moves the comments of a ticket to this customer in this transaction, and returns them.
pub(crate) fn move_to(
    transaction: &WriteTransaction,
    shop: ShopId,
    ticket: TicketId,
    customer: CustomerId,
) -> anyhow::Result<BTreeSet<Subject>> {
    let mut table = transaction.open_table(COMMENTS)?;
    let mut comments = Vec::new();
    for entry in table.range(range(shop, ticket, None))? {
        let (key, stored) = entry?;
        comments.push((key.value(), decode::<Comment>(stored.value())?));
    }
    let mut moved = BTreeSet::new();
    for (key, comment) in comments {
        moved.insert(Subject::Comment(comment.id));
        table.insert(key, encode(&Comment { customer_id: customer, ..comment })?.as_slice())?;
    }
    Ok(moved)
}

fn list(
    transaction: &ReadTransaction,
    shop: ShopId,
    ticket: TicketId,
    after: Option<CommentPosition>,
    size: PageSize,
) -> anyhow::Result<Option<Page<CommentView, CommentPosition>>> {
    let users = transaction.open_table(USERS)?;
    let Some(ticket): Option<Ticket> = find(&transaction.open_table(TICKETS)?, shop, ticket.get())? else {
        return Ok(None);
    };
    let customer: Customer = find(&transaction.open_table(CUSTOMERS)?, shop, ticket.customer_id.get())?
        .context("a ticket's customer is missing")?;

    let comments = transaction.open_table(COMMENTS)?.range(range(shop, ticket.id, after))?;
    let views = comments.map(|entry| {
        let comment: Comment = decode(entry?.1.value())?;
        let author = match comment.author_id {
            Some(user) => Some(find(&users, shop, user.get())?.context("a comment's author is missing")?),
            None => None,
        };
        Ok(CommentView { comment, customer: customer.clone(), author })
    });
    Page::try_from_list(views, size, |view: &CommentView| view.comment.position()).map(Some)
}

/// Returns the comments of a ticket, in list order.
pub(crate) fn comments_of(
    comments: &impl ReadableTable<CommentKey, Json>,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Comment>>> {
    let comments = comments.range(range(shop, ticket, None))?;
    Ok(comments.map(|entry| decode(entry?.1.value())))
}

/// Returns the range of the ticket's comments after this position.
fn range(
    shop: ShopId,
    ticket: TicketId,
    after: Option<CommentPosition>,
) -> (Bound<CommentKey>, Bound<CommentKey>) {
    let (shop, ticket) = (shop.get(), ticket.get());
    let after = after.map_or((i64::MIN, i64::MIN), |place| (place.time.unix_millis(), place.id.get()));
    (Bound::Excluded((shop, ticket, after.0, after.1)), Bound::Included((shop, ticket, i64::MAX, i64::MAX)))
}
