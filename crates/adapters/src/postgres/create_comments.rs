//! A batch of comments, with what they do to their tickets: one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{Attempt, EventKind, NewComment, Once, ShopId, Snapshot, TicketId, UserId};

use super::append_events::append;
use super::errors::Failure;
use super::once::{RecordKey, answer, claim, complete, is_held, release};
use super::ticket_locks::lock_tickets;
use super::words::{Words, WordsOf};
use crate::event_rows::NewEventRow;
use crate::queries;
use crate::rows::{CommentRow, CustomerRow, RecordedAnswer, TicketRow, UserRow, comment_view};
use crate::schema::{comments, tickets, users};
use crate::sql_types::{Instant, StoredTimestamp};

/// Creates the comments of a batch. If another transaction holds the key of some for too
/// long, these are left out.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    batch: &[CommentCreation],
) -> Result<Vec<Attempt<CreateCommentOutcome>>, Failure> {
    let mut held = HashSet::new();
    loop {
        let attempted =
            connection.transaction(async |connection| create_unless(&held, connection, batch).await).await;
        match attempted {
            Err(Failure::NotClaimed { key, cause }) if is_held(&key, &cause, connection).await => {
                held.insert(*key);
            }
            attempted => return attempted,
        }
    }
}

/// Creates the comments whose key is not held by another. All batches take their locks in
/// the same order, keys before customers and those before tickets, so that no two wait each for the other.
async fn create_unless(
    held: &HashSet<RecordKey>,
    connection: &mut AsyncPgConnection,
    batch: &[CommentCreation],
) -> Result<Vec<Attempt<CreateCommentOutcome>>, Failure> {
    let mut keys = Keys::claim(connection, batch, held).await?;
    let open = batch
        .iter()
        .filter(|item| key(item).is_none_or(|key| !held.contains(&key) && !keys.recorded.contains_key(&key)));
    let places = Places::lock(connection, open.map(|item| &item.comment)).await?;
    let mut attempts = Vec::with_capacity(batch.len());
    let mut events = Vec::with_capacity(2 * batch.len());
    for item in batch {
        let attempt = match (&item.once, key(item)) {
            (_, Some(key)) if held.contains(&key) => Attempt::InProgress,
            (Some(once), Some(key)) => match keys.recorded.get(&key) {
                Some(recorded) => answer(recorded, &once.request),
                None => {
                    let outcome = places.add(connection, item, &mut events).await?;
                    keys.record(connection, key, once, &outcome).await?;
                    Attempt::Ran(outcome)
                }
            },
            _ => Attempt::Ran(places.add(connection, item, &mut events).await?),
        };
        attempts.push(attempt);
    }
    keys.release_unused(connection).await?;
    append(connection, events).await?;
    Ok(attempts)
}

fn key(item: &CommentCreation) -> Option<RecordKey> {
    item.once.as_ref().map(|once| RecordKey::new(item.comment.shop_id, &once.request))
}

/// The keys of a batch.
struct Keys {
    /// Claimed, and not used yet.
    unused: BTreeSet<RecordKey>,
    /// Used, before or in this batch.
    recorded: HashMap<RecordKey, RecordedAnswer>,
}

impl Keys {
    async fn claim(
        connection: &mut AsyncPgConnection,
        batch: &[CommentCreation],
        held: &HashSet<RecordKey>,
    ) -> Result<Self, Failure> {
        // In order, and once each.
        let wanted: BTreeMap<RecordKey, &CommentCreation> =
            batch.iter().filter_map(|item| Some((key(item)?, item))).collect();
        let mut keys = Self { unused: BTreeSet::new(), recorded: HashMap::new() };
        for (key, item) in wanted {
            let Some(once) = item.once.as_ref().filter(|_| !held.contains(&key)) else { continue };
            match claim(connection, item.comment.shop_id, &once.request, once.requested_at).await? {
                Some(recorded) => {
                    keys.recorded.insert(key, recorded);
                }
                None => {
                    keys.unused.insert(key);
                }
            }
        }
        Ok(keys)
    }

    /// Keeps the receipt of an outcome that has one.
    async fn record(
        &mut self,
        connection: &mut AsyncPgConnection,
        key: RecordKey,
        once: &Once<CreateCommentOutcome>,
        outcome: &CreateCommentOutcome,
    ) -> Result<(), Failure> {
        if let Some(receipt) = (once.receipt)(outcome) {
            let fingerprint = once.request.fingerprint.0.to_vec();
            let recorded = RecordedAnswer { fingerprint, receipt: receipt.answer.clone() };
            complete(connection, &key, once, receipt).await?;
            self.unused.remove(&key);
            self.recorded.insert(key, recorded);
        }
        Ok(())
    }

    async fn release_unused(self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        for key in &self.unused {
            release(connection, key).await?;
        }
        Ok(())
    }
}

/// A comment with the people it names, and its ticket as the comment left it.
type AddedRow = (CommentRow, CustomerRow, Option<UserRow>, TicketRow);

/// Where comments can be added, and by whom.
#[derive(Default)]
struct Places {
    /// The channels of the tickets.
    channels: HashMap<(ShopId, TicketId), String>,
    authors: HashSet<(ShopId, UserId)>,
}

impl Places {
    /// Keeps the tickets of these comments to the transaction until it ends.
    async fn lock(
        connection: &mut AsyncPgConnection,
        comments: impl Iterator<Item = &NewComment>,
    ) -> Result<Self, Failure> {
        let mut of_shops: BTreeMap<ShopId, (Vec<TicketId>, Vec<i64>)> = BTreeMap::new();
        for comment in comments {
            let (tickets, authors) = of_shops.entry(comment.shop_id).or_default();
            tickets.push(comment.ticket_id);
            authors.extend(comment.author_id.map(UserId::get));
        }
        let mut places = Self::default();
        for (shop, (ticket_ids, author_ids)) in of_shops {
            let found = lock_tickets(connection, shop, ticket_ids).await?.into_iter();
            let found = found.filter_map(|ticket| Some(((shop, TicketId::new(ticket.id)?), ticket.channel)));
            places.channels.extend(found);
            if author_ids.is_empty() {
                continue;
            }
            let found: Vec<i64> = users::table
                .filter(users::shop_id.eq(shop.get()).and(users::id.eq_any(author_ids)))
                .order(users::id)
                .select(users::id)
                .for_key_share()
                .load(connection)
                .await?;
            places.authors.extend(found.into_iter().filter_map(|id| Some((shop, UserId::new(id)?))));
        }
        Ok(places)
    }

    /// Adds a comment to its ticket, and to the events what it made of both.
    async fn add(
        &self,
        connection: &mut AsyncPgConnection,
        item: &CommentCreation,
        events: &mut Vec<NewEventRow>,
    ) -> Result<CreateCommentOutcome, Failure> {
        let CommentCreation { comment, stamp, .. } = item;
        let shop = comment.shop_id;
        let Some(channel) = self.channels.get(&(shop, comment.ticket_id)) else {
            return Ok(CreateCommentOutcome::TicketNotFound);
        };
        if comment.author_id.is_some_and(|author| !self.authors.contains(&(shop, author))) {
            return Ok(CreateCommentOutcome::AuthorNotFound);
        }
        diesel::insert_into(comments::table)
            .values((
                CommentRow::new(comment.clone(), channel.clone()),
                WordsOf(comments::table).eq(Words::of_comment(comment)),
            ))
            .execute(connection)
            .await?;
        touch_ticket(connection, comment).await?;
        let (comment, customer, author, ticket): AddedRow =
            queries::comment_list(shop.get(), comment.ticket_id.get())
                .filter(comments::id.eq(comment.id.get()))
                .select((
                    CommentRow::as_select(),
                    CustomerRow::as_select(),
                    Option::<UserRow>::as_select(),
                    TicketRow::as_select(),
                ))
                .get_result(connection)
                .await?;
        let view = comment_view((comment, customer, author))?;
        let ticket = Snapshot::Ticket(Box::new(ticket.try_into()?));
        let created = Snapshot::Comment(Box::new(view.comment.clone()));
        events.push(NewEventRow::new(shop, EventKind::CommentCreated, created, *stamp)?);
        events.push(NewEventRow::new(shop, EventKind::TicketUpdated, ticket, *stamp)?);
        Ok(CreateCommentOutcome::Created(Box::new(view)))
    }
}

/// What a comment does to its ticket.
async fn touch_ticket(connection: &mut AsyncPgConnection, comment: &NewComment) -> Result<(), Failure> {
    let time = StoredTimestamp(comment.time);
    let is_latest = tickets::last_message_time.le(time);
    diesel::update(tickets::table.find((comment.shop_id.get(), comment.ticket_id.get())))
        .set((
            tickets::version.eq(tickets::version + 1),
            tickets::last_message.eq(case_when::<_, _, Nullable<Text>>(is_latest, Some(&comment.text))
                .otherwise(tickets::last_message)),
            tickets::last_message_time
                .eq(case_when::<_, _, Instant>(is_latest, time).otherwise(tickets::last_message_time)),
            (!comment.is_from_shop).then_some(tickets::unread_count.eq(1)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
