//! The tickets and authors that a batch of comments locks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, CommentView, Customer, EventKind, HumanTicket, HumanTicketId, ShopId, Snapshot,
    Ticket, TicketId, TicketSnapshot, User, UserId,
};

use crate::postgres::errors::Failure;
use crate::postgres::search::vectors::Words;
use crate::postgres::tickets::locks::lock_tickets;
use crate::postgres::unnest::{Lookup, Rows, column};
use crate::sql::comments::CommentRow;
use crate::sql::events::NewEventRow;
use crate::sql::users::UserRow;

/// The locked tickets and authors of a batch, and the rows to write.
pub(super) struct LockedBatch {
    pub(super) tickets: BTreeMap<(ShopId, TicketId), LockedTicket>,
    authors: HashMap<(ShopId, UserId), User>,
    pub(super) comments: Vec<(CommentRow, Words)>,
    /// The comments to apply to the tickets.
    pub(super) added: Vec<(Comment, AuditStamp)>,
    pub(super) events: Vec<NewEventRow>,
}

/// A locked ticket.
pub(super) struct LockedTicket {
    /// The ticket as it is stored.
    pub(super) before: Ticket,
    /// The human ticket from the first comment on that opens it, if one does.
    pub(super) opened_as: Option<HumanTicketId>,
    /// The ticket with the changes by the comments added so far.
    pub(super) now: TicketSnapshot,
    /// The number of comments that are not applied yet.
    added: i64,
    customer: Customer,
}

impl LockedBatch {
    /// Locks the existing tickets and authors of these comments until the transaction ends.
    pub(super) async fn lock(
        connection: &mut AsyncPgConnection,
        items: impl Iterator<Item = &CommentCreation> + Clone,
    ) -> Result<Self, Failure> {
        let ids = items.clone().map(|item| (item.comment.shop_id, item.comment.ticket_id)).collect();
        let mut tickets = BTreeMap::new();
        for (ticket, customer) in lock_tickets(connection, &ids).await? {
            let customer: Customer = customer.try_into()?;
            let now: TicketSnapshot = ticket.try_into()?;
            let before = now.ticket.clone();
            tickets.insert(
                (customer.shop_id, before.id),
                LockedTicket { before, opened_as: None, now, added: 0, customer },
            );
        }
        let ids = items.filter_map(|item| Some((item.comment.shop_id, item.comment.author_id?))).collect();
        let authors = lock_users(connection, &ids).await?;
        Ok(Self { tickets, authors, comments: Vec::new(), added: Vec::new(), events: Vec::new() })
    }

    /// Adds a comment.
    pub(super) fn add(&mut self, item: &CommentCreation) -> Result<CreateCommentOutcome, Failure> {
        let CommentCreation { comment, expected_version, stamp, claim: _ } = item;
        let shop = comment.shop_id;
        let Some(LockedTicket { now, customer, added, .. }) =
            self.tickets.get_mut(&(shop, comment.ticket_id))
        else {
            return Ok(CreateCommentOutcome::TicketNotFound);
        };
        // Every added comment raises the version by one (COMMENT-6).
        if expected_version.is_some_and(|expected| expected != now.ticket.version + *added) {
            return Ok(CreateCommentOutcome::VersionMismatch);
        }
        let author = comment.author_id.map(|author| self.authors.get(&(shop, author)));
        if author == Some(None) {
            return Ok(CreateCommentOutcome::AuthorNotFound);
        }
        let row = CommentRow::new(comment.clone(), now.ticket.channel.clone());
        let view = CommentView {
            comment: row.clone().into_comment(customer.id)?,
            customer: customer.clone(),
            author: author.flatten().cloned(),
        };
        *added += 1;
        self.added.push((view.comment.clone(), *stamp));
        self.comments.push((row, Words::of_comment(comment)));
        Ok(CreateCommentOutcome::Created(Box::new(view)))
    }

    /// Applies the added comments to their tickets, in order, and makes their events.
    pub(super) fn change_tickets(&mut self) -> Result<(), Failure> {
        for (comment, stamp) in std::mem::take(&mut self.added) {
            let shop = comment.shop_id;
            let Some(locked) = self.tickets.get_mut(&(shop, comment.ticket_id)) else { continue };
            let LockedTicket { opened_as, now, .. } = locked;
            let number = opened_as.filter(|_| now.ticket.may_be_reopened_by(&comment));
            now.ticket = now.ticket.after_comment(&comment, stamp.time, number.is_some());
            now.human_ticket =
                number.map(|id| HumanTicket::opened(id, stamp.time)).or(now.human_ticket.take());
            let (created, updated) =
                (Snapshot::Comment(Box::new(comment)), Snapshot::Ticket(Box::new(now.clone())));
            self.events.push(NewEventRow::new(shop, EventKind::CommentCreated, created, stamp)?);
            self.events.push(NewEventRow::new(shop, EventKind::TicketUpdated, updated, stamp)?);
        }
        Ok(())
    }
}

/// Locks the existing users until the transaction ends.
async fn lock_users(
    connection: &mut AsyncPgConnection,
    users: &BTreeSet<(ShopId, UserId)>,
) -> Result<HashMap<(ShopId, UserId), User>, Failure> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let lookup = Lookup {
        selection: UserRow::as_select(),
        from: " FROM ",
        rows: Rows {
            shops: users.iter().map(|(shop, _)| shop.get()).collect(),
            columns: column::<BigInt, _>(users.iter().map(|(_, id)| id.get())),
        },
        after: " AS wanted (shop_id, id)
            CROSS JOIN LATERAL (
                SELECT * FROM users WHERE shop_id = wanted.shop_id AND id = wanted.id FOR KEY SHARE
            ) AS users",
    };
    let mut found = HashMap::new();
    for row in lookup.load::<UserRow>(connection).await? {
        let user: User = row.try_into()?;
        found.insert((user.shop_id, user.id), user);
    }
    Ok(found)
}
