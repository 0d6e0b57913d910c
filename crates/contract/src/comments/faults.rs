use std::collections::BTreeSet;

use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, UpdateCommentOutcome,
};
use hexdesk_domain::{
    CommentId, CommentPosition, CommentView, Event, EventKind, IdempotentOutcome, InitialMessage, NewComment,
    Page, PageSize, ShopId, StorageError, Subject, TextBytes, Ticket, TicketId, Timestamp,
};

use crate::faulty::{Fault, fault, full_page_goes_on, rest};
use crate::memory::State;
use crate::page_faults::page_faults;

type Listed = Vec<(CommentPosition, CommentView)>;
type Outcomes = Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError>;

/// An item of a batch, with its ticket.
struct Item<'a> {
    comment: &'a NewComment,
    outcome: &'a IdempotentOutcome<CreateCommentOutcome>,
    before: &'a Ticket,
    ticket: &'a mut Ticket,
}

impl Item<'_> {
    fn is_created(&self) -> bool {
        matches!(self.outcome, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))
    }
}

/// Creates the comments in order and applies further changes to their tickets.
fn create_and(state: &mut State, batch: Vec<CommentCreation>, mut change: impl FnMut(Item<'_>)) -> Outcomes {
    let mut outcomes = Vec::new();
    for item in batch {
        let comment = item.comment.clone();
        let place = (comment.shop_id, comment.ticket_id);
        let before = state.tickets.get(&place).map(|stored| stored.ticket.clone());
        let created = state.create_comments(vec![item])?;
        if let (Some(before), Some(stored), Some(outcome)) =
            (before, state.tickets.get_mut(&place), created.first())
        {
            change(Item { comment: &comment, outcome, before: &before, ticket: &mut stored.ticket });
        }
        outcomes.extend(created);
    }
    Ok(outcomes)
}

fn order(position: &CommentPosition) -> (Timestamp, CommentId) {
    (position.time, position.id)
}

fn is_after(position: &CommentPosition, after: &CommentPosition) -> bool {
    order(position) > order(after)
}

impl Fault {
    /// Changes each comment before it is created.
    fn new_comments(self, change: fn(&State, &mut NewComment)) -> Self {
        self.create_comments(move |store, mut batch| {
            batch.iter_mut().for_each(|item| change(store, &mut item.comment));
            store.create_comments(batch)
        })
    }

    /// Applies further changes to the ticket of each item.
    fn commented_tickets(self, change: fn(Item<'_>)) -> Self {
        self.create_comments(move |store, batch| create_and(store, batch, change))
    }

    /// Changes the list of a ticket's comments.
    fn comment_list(self, change: fn(&State, (ShopId, TicketId), &mut Listed)) -> Self {
        self.list_comments(move |store, shop, ticket, after, size| {
            let Some(mut comments) = store.comments_of(shop, ticket) else { return Ok(None) };
            change(store, (shop, ticket), &mut comments);
            Ok(Some(Page::cut(rest(comments, after, is_after), size)))
        })
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_comments(), of_tickets(), of_replies(), of_versions(), of_changes(), of_lists(), of_sizes()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_comments() -> Vec<Fault> {
    vec![
        fault("COMMENT-1", "Attachments lose the white space around them.")
            .new_comments(|_, comment| {
                comment.attachments.iter_mut().for_each(|text| *text = text.trim().to_owned());
            })
            .found_by_the_model(),
        fault("COMMENT-1", "An empty text becomes a space.").new_comments(|_, comment| {
            if comment.text.is_empty() {
                comment.text.push(' ');
            }
        }),
        fault("COMMENT-1", "The addresses of a comment are stored as a set.").new_comments(|_, comment| {
            comment.to_emails.sort();
            comment.to_emails.dedup();
        }),
        fault("COMMENT-1", "A comment always gets the channel of its ticket.")
            .new_comments(|_, comment| comment.channel = None),
        fault("COMMENT-1", "Lists show an author of another shop.").comment_list(|state, _, comments| {
            for (_, view) in comments {
                let author = view.comment.author_id;
                view.author = state.users.values().find(|there| Some(there.id) == author).cloned();
            }
        }),
        fault("COMMENT-2", "The outcomes of a large batch of comments are in the order of ids.")
            .create_comments(|store, batch| {
                let ids: Vec<_> = batch.iter().map(|item| item.comment.id).collect();
                let mut outcomes: Vec<_> = ids.into_iter().zip(store.create_comments(batch)?).collect();
                if outcomes.len() >= 20 {
                    outcomes.sort_by_key(|(id, _)| *id);
                }
                Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
            }),
        fault("COMMENT-2", "The items after a refused comment are refused.")
            .create_comments(|store, batch| {
                let mut outcomes: Vec<IdempotentOutcome<CreateCommentOutcome>> = Vec::new();
                for item in batch {
                    let refusal = outcomes.iter().find(|outcome| {
                        matches!(
                            outcome,
                            IdempotentOutcome::Ran(
                                CreateCommentOutcome::TicketNotFound
                                    | CreateCommentOutcome::VersionMismatch
                                    | CreateCommentOutcome::AuthorNotFound
                            )
                        )
                    });
                    match refusal.cloned() {
                        Some(refusal) => outcomes.push(refusal),
                        None => outcomes.extend(store.create_comments(vec![item])?),
                    }
                }
                Ok(outcomes)
            })
            .found_by_the_model(),
        fault("COMMENT-3", "A user of another shop can be the author of a comment.").new_comments(
            |state, comment| {
                let mut users = state.users.keys();
                let is_anywhere = users.any(|(_, user)| Some(*user) == comment.author_id);
                comment
                    .author_id
                    .take_if(|user| is_anywhere && !state.users.contains_key(&(comment.shop_id, *user)));
            },
        ),
        fault("COMMENT-3", "A comment refused because of its author raises the version.").commented_tickets(
            |Item { outcome, ticket, .. }| {
                if matches!(outcome, IdempotentOutcome::Ran(CreateCommentOutcome::AuthorNotFound)) {
                    ticket.version += 1;
                }
            },
        ),
    ]
}

/// Creates the comments in a state in which other shops want tickets to be reopened.
fn with_settings(state: &mut State, batch: Vec<CommentCreation>, change: fn(bool, bool) -> bool) -> Outcomes {
    let before = state.shops.clone();
    let any = state.shops.values().any(|shop| shop.reopen_on_reply);
    for shop in state.shops.values_mut() {
        shop.reopen_on_reply = change(shop.reopen_on_reply, any);
    }
    let outcomes = state.create_comments(batch);
    state.shops = before;
    outcomes
}

/// Creates each item of a batch, with a changed expected version.
fn expecting(
    state: &mut State,
    batch: Vec<CommentCreation>,
    change: impl Fn(&State, &CommentCreation) -> Option<i64>,
) -> Outcomes {
    let mut outcomes = Vec::new();
    for mut item in batch {
        item.expected_version = change(state, &item);
        outcomes.extend(state.create_comments(vec![item])?);
    }
    Ok(outcomes)
}

fn version_of(state: &State, item: &CommentCreation) -> Option<i64> {
    let stored = state.tickets.get(&(item.comment.shop_id, item.comment.ticket_id))?;
    Some(stored.ticket.version)
}

fn of_versions() -> Vec<Fault> {
    vec![
        fault("COMMENT-21", "The expected version of a comment is ignored.")
            .create_comments(|store, batch| expecting(store, batch, |_, _| None))
            .found_by_the_model(),
        fault("COMMENT-21", "A later version than the expected one is accepted.").create_comments(
            |store, batch| {
                expecting(store, batch, |state, item| {
                    let version = version_of(state, item);
                    item.expected_version
                        .map(|expected| version.filter(|it| *it > expected).unwrap_or(expected))
                })
            },
        ),
        fault("COMMENT-21", "All items of a batch see the versions before the batch.").create_comments(
            |store, batch| {
                let before = store.state.clone();
                expecting(store, batch, |state, item| {
                    let is_expected = version_of(&before, item) == item.expected_version;
                    if is_expected { version_of(state, item) } else { item.expected_version.map(|_| 0) }
                })
            },
        ),
        fault("COMMENT-21", "A missing author comes before the version.").create_comments(|store, batch| {
            expecting(store, batch, |state, item| {
                let author = item.comment.author_id?;
                let is_there = state.users.contains_key(&(item.comment.shop_id, author));
                item.expected_version.filter(|_| is_there)
            })
        }),
    ]
}

fn of_replies() -> Vec<Fault> {
    vec![
        fault("COMMENT-20", "A reply opens a ticket in every shop.")
            .create_comments(|store, batch| with_settings(store, batch, |_, _| true)),
        fault("COMMENT-20", "A reply opens no ticket.")
            .create_comments(|store, batch| with_settings(store, batch, |_, _| false))
            .found_by_the_model(),
        fault("COMMENT-20", "A shop has the setting of another.")
            .create_comments(|store, batch| with_settings(store, batch, |_, any| any)),
        fault("COMMENT-20", "Any comment opens a ticket.").create_comments(|store, mut batch| {
            let (mut outcomes, opens) = (Vec::new(), store.shops.clone());
            for item in batch.drain(..) {
                let place = (item.comment.shop_id, item.comment.ticket_id);
                let at = item.stamp.time;
                outcomes.extend(store.create_comments(vec![item])?);
                let is_wanted = opens.get(&place.0).is_some_and(|shop| shop.reopen_on_reply);
                if let Some(mut stored) = store.tickets.get(&place).filter(|_| is_wanted).cloned() {
                    stored.ticket.is_opened = true;
                    stored.human_ticket = store.set_human_ticket(place.0, stored.human_ticket, true, at)?;
                    store.tickets.insert(place, stored);
                }
            }
            Ok(outcomes)
        }),
        fault("COMMENT-20", "A ticket that was never opened stays closed.").create_comments(
            |store, batch| {
                let before = store.tickets.clone();
                let outcomes = store.create_comments(batch)?;
                for (place, stored) in &mut store.tickets {
                    if before.get(place).is_some_and(|before| before.human_ticket.is_none()) {
                        (stored.ticket.is_opened, stored.human_ticket) = (false, None);
                    }
                }
                Ok(outcomes)
            },
        ),
        fault("COMMENT-20", "An opened ticket keeps its closed human ticket.").create_comments(
            |store, batch| {
                let human_tickets = store.human_tickets.clone();
                let outcomes = store.create_comments(batch)?;
                store.human_tickets.extend(human_tickets);
                Ok(outcomes)
            },
        ),
        fault("COMMENT-20", "Opening a ticket raises the version once more.").commented_tickets(
            |Item { before, ticket, .. }| {
                if ticket.is_opened && !before.is_opened {
                    ticket.version += 1;
                }
            },
        ),
        fault("COMMENT-20", "Opening a ticket has an event of its own.").create_comments(|store, batch| {
            let stamps: Vec<_> = batch.iter().map(|item| item.stamp).collect();
            let places: Vec<_> =
                batch.iter().map(|item| (item.comment.shop_id, item.comment.ticket_id)).collect();
            let is_open =
                |state: &State, place| state.tickets.get(place).is_some_and(|stored| stored.ticket.is_opened);
            let before = store.state.clone();
            let outcomes = store.create_comments(batch)?;
            for (place, stamp) in places.iter().zip(stamps) {
                if is_open(store, place) && !is_open(&before, place) {
                    let updated = (EventKind::TicketUpdated, Subject::Ticket(place.1));
                    store.append_events(place.0, stamp, [updated]);
                }
            }
            Ok(outcomes)
        }),
    ]
}

fn of_tickets() -> Vec<Fault> {
    vec![
        fault("COMMENT-4", "A comment with the same time as the last message counts as older.")
            .commented_tickets(|Item { comment, before, ticket, .. }| {
                if comment.time == before.last_message_time {
                    ticket.last_message.clone_from(&before.last_message);
                }
            })
            .found_by_the_model(),
        fault("COMMENT-4", "An older comment becomes the last message.").commented_tickets(|item| {
            if item.is_created() {
                item.ticket.last_message = Some(item.comment.text.clone());
                item.ticket.last_message_time = item.comment.time;
            }
        }),
        fault("COMMENT-4", "A message from the future stays the last one.").create_comments(
            |store, batch| {
                let mut stamps = batch.clone().into_iter().map(|item| item.stamp.time);
                create_and(store, batch, |Item { comment, before, ticket, .. }| {
                    let is_pinned = stamps.next().is_some_and(|now| before.last_message_time > now);
                    if is_pinned && comment.time < before.last_message_time {
                        ticket.last_message.clone_from(&before.last_message);
                        ticket.last_message_time = before.last_message_time;
                        ticket.initial_message.clone_from(&before.initial_message);
                    }
                })
            },
        ),
        fault("TICKET-26", "The second message takes the place of the first.").commented_tickets(|item| {
            if let Some(initial) = &mut item.ticket.initial_message {
                initial.text.clone_from(&item.before.last_message);
                initial.time = item.before.last_message_time;
            }
        }),
        fault("TICKET-26", "A first message that is missing is the first comment.").commented_tickets(
            |item| {
                if let Some(initial) = &mut item.ticket.initial_message {
                    initial.text.get_or_insert(item.comment.text.clone());
                }
            },
        ),
        fault("TICKET-26", "An older comment keeps the first message.").commented_tickets(|item| {
            let (text, time) = (item.before.last_message.clone(), item.before.last_message_time);
            if item.is_created() {
                item.ticket.initial_message.get_or_insert(InitialMessage { text, time });
            }
        }),
        fault("COMMENT-5", "An older comment does not count as unread.").commented_tickets(
            |Item { comment, before, ticket, .. }| {
                if comment.time < before.last_message_time {
                    ticket.unread_count = before.unread_count;
                }
            },
        ),
        fault("COMMENT-5", "Every unread comment is counted.")
            .commented_tickets(|item| {
                if item.is_created() && !item.comment.is_from_shop {
                    item.ticket.unread_count = item.before.unread_count.saturating_add(1);
                }
            })
            .found_by_the_model(),
        fault("COMMENT-5", "A comment from the shop clears the unread count.").commented_tickets(|item| {
            if item.is_created() && item.comment.is_from_shop {
                item.ticket.unread_count = 0;
            }
        }),
        fault("COMMENT-14", "A note of the customer counts as unread.").commented_tickets(|item| {
            if item.is_created() && item.comment.is_note && !item.comment.is_from_shop {
                item.ticket.unread_count = 1;
            }
        }),
        fault("COMMENT-14", "A note is the last message.")
            .commented_tickets(|item| {
                if item.is_created() && item.comment.is_note {
                    item.ticket.replace_last_message(Some(item.comment.text.clone()), item.comment.time);
                }
            })
            .found_by_the_model(),
        fault("COMMENT-14", "A note moves the time of the last message.").commented_tickets(|item| {
            if item.is_created() && item.comment.is_note {
                item.ticket.last_message_time = item.ticket.last_message_time.max(item.comment.time);
            }
        }),
        fault("COMMENT-14", "A note does not raise the version.").commented_tickets(|item| {
            if item.comment.is_note {
                item.ticket.version = item.before.version;
            }
        }),
        fault("COMMENT-6", "A batch of comments raises the version once.").create_comments(|store, batch| {
            let mut raised = BTreeSet::new();
            create_and(store, batch, |Item { before, ticket, .. }| {
                if !raised.insert((ticket.shop_id, ticket.id)) {
                    ticket.version = before.version;
                }
            })
        }),
        fault("COMMENT-6", "A replayed comment raises the version.")
            .commented_tickets(|Item { outcome, ticket, .. }| {
                ticket.version += i64::from(matches!(outcome, IdempotentOutcome::Replayed(_)));
            })
            .found_by_the_model(),
        fault("COMMENT-6", "A ticket gets the channel of its last comment.").commented_tickets(|item| {
            if item.is_created() {
                item.ticket.channel = item.comment.channel.clone().unwrap_or(item.before.channel.clone());
            }
        }),
    ]
}

fn of_changes() -> Vec<Fault> {
    let is_updated = |outcome: &UpdateCommentOutcome| matches!(outcome, UpdateCommentOutcome::Updated(_));
    vec![
        fault("COMMENT-15", "An update of a comment removes its tags.").comment_update(
            |store, shop, ticket, id, mut update| {
                update.changes.tags.get_or_insert_default();
                store.update_comment(shop, ticket, id, update)
            },
        ),
        fault("COMMENT-15", "An update of a comment to the same values raises the version.").comment_update(
            move |store, shop, ticket, id, update| {
                let before = store.tickets.get(&(shop, ticket)).map(|stored| stored.ticket.version);
                let outcome = store.update_comment(shop, ticket, id, update)?;
                if is_updated(&outcome)
                    && let Some(stored) = store.tickets.get_mut(&(shop, ticket))
                    && Some(stored.ticket.version) == before
                {
                    stored.ticket.version += 1;
                }
                Ok(outcome)
            },
        ),
        fault("COMMENT-15", "An update of a comment returns the former comment.").comment_update(
            move |store, shop, ticket, id, update| {
                let before = store.comments.get(&(shop, id)).cloned();
                let outcome = store.update_comment(shop, ticket, id, update)?;
                Ok(match (outcome, before) {
                    (UpdateCommentOutcome::Updated(mut view), Some(before)) => {
                        view.comment = before;
                        UpdateCommentOutcome::Updated(view)
                    }
                    (outcome, _) => outcome,
                })
            },
        ),
        fault("COMMENT-17", "A deleted comment stays the last message.").delete_comment(
            |store, shop, ticket, id, version, stamp| {
                let before = store.tickets.get(&(shop, ticket)).map(|stored| stored.ticket.clone());
                let outcome = store.delete_comment(shop, ticket, id, version, stamp);
                if let (Some(before), Some(stored)) = (before, store.tickets.get_mut(&(shop, ticket))) {
                    stored.ticket = Ticket { version: stored.ticket.version, ..before };
                }
                Ok(outcome)
            },
        ),
        fault("COMMENT-17", "A deletion of the last message always shows the first one.").delete_comment(
            |store, shop, ticket, id, version, stamp| {
                let hidden = store.comments.clone();
                store.comments.retain(|(_, other), comment| *other == id || comment.ticket_id != ticket);
                let outcome = store.delete_comment(shop, ticket, id, version, stamp);
                let is_deleted = outcome == DeleteCommentOutcome::Deleted;
                store.comments = hidden;
                if is_deleted {
                    store.comments.remove(&(shop, id));
                }
                Ok(outcome)
            },
        ),
        fault("COMMENT-17", "A note becomes the last message when another is deleted.").delete_comment(
            |store, shop, ticket, id, version, stamp| {
                let kept = store.comments.clone();
                for comment in store.comments.values_mut().filter(|comment| comment.id != id) {
                    comment.is_note = false;
                }
                let outcome = store.delete_comment(shop, ticket, id, version, stamp);
                let is_deleted = outcome == DeleteCommentOutcome::Deleted;
                store.comments = kept;
                if is_deleted {
                    store.comments.remove(&(shop, id));
                }
                Ok(outcome)
            },
        ),
        fault("COMMENT-18", "A comment of another ticket can be deleted.").delete_comment(
            |store, shop, ticket, id, version, stamp| {
                let of = store.comments.get(&(shop, id)).map_or(ticket, |comment| comment.ticket_id);
                Ok(store.delete_comment(shop, of, id, version, stamp))
            },
        ),
        fault("COMMENT-18", "The expected version of an update of a comment is ignored.").comment_update(
            |store, shop, ticket, id, update| {
                store.update_comment(shop, ticket, id, CommentUpdate { expected_version: None, ..update })
            },
        ),
        fault("COMMENT-18", "A comment without attachments can lose its text.").comment_update(
            move |store, shop, ticket, id, update| {
                let attachments = store.comments.get(&(shop, id)).map(|comment| comment.attachments.clone());
                if let Some(comment) = store.comments.get_mut(&(shop, id)) {
                    comment.attachments.get_or_insert("[1]".into());
                }
                let outcome = store.update_comment(shop, ticket, id, update);
                if let (Some(comment), Some(attachments)) = (store.comments.get_mut(&(shop, id)), attachments)
                {
                    comment.attachments = attachments;
                }
                outcome
            },
        ),
        fault("COMMENT-19", "The log keeps the text of a deleted comment.").delete_comment(
            |store, shop, ticket, id, version, stamp| {
                let before = store.events.clone();
                let outcome = store.delete_comment(shop, ticket, id, version, stamp);
                restore_snapshots(store, before);
                Ok(outcome)
            },
        ),
        fault("COMMENT-19", "The log keeps a text that was changed.").comment_update(
            |store, shop, ticket, id, update| {
                let before = store.events.clone();
                let outcome = store.update_comment(shop, ticket, id, update);
                restore_snapshots(store, before);
                outcome
            },
        ),
        fault("COMMENT-19", "Responses keep a text that was changed.").comment_update(
            |store, shop, ticket, id, update| {
                let before = store.idempotency_records.clone();
                let outcome = store.update_comment(shop, ticket, id, update);
                store.idempotency_records = before;
                outcome
            },
        ),
        fault("COMMENT-19", "A change of tags removes the text from the log.").comment_update(
            |store, shop, ticket, id, update| {
                if let Some(comment) = store.comments.get(&(shop, id)).cloned() {
                    store.scrub_text(&comment);
                }
                store.update_comment(shop, ticket, id, update)
            },
        ),
    ]
}

/// Gives the events the snapshots that they had.
fn restore_snapshots(state: &mut State, before: std::collections::BTreeMap<ShopId, Vec<Event>>) {
    for (shop, events) in before {
        for (now, before) in state.events.entry(shop).or_default().iter_mut().zip(events) {
            now.snapshot = before.snapshot;
        }
    }
}

/// Pages that end by bytes.
fn of_sizes() -> Vec<Fault> {
    let faults = page_faults!("comments").map(|(broken, sentence)| {
        fault("COMMENT-8", sentence).list_comments(move |store, shop, ticket, after, size| {
            let comments = store.comments_of(shop, ticket).map(|comments| rest(comments, after, is_after));
            Ok(comments.map(|comments| broken.page_of(comments, size)))
        })
    });
    faults.into()
}

fn of_lists() -> Vec<Fault> {
    vec![
        fault("COMMENT-7", "Comments are in the order of ids.")
            .comment_list(|_, _, comments| comments.sort_by_key(|(position, _)| position.id))
            .found_by_the_model(),
        fault("COMMENT-7", "The list of a ticket holds all comments of the shop.").comment_list(
            |state, (shop, ticket), comments| {
                let others = state.tickets.keys().filter(|(owner, other)| *owner == shop && *other != ticket);
                comments.extend(others.flat_map(|(_, it)| state.comments_of(shop, *it).unwrap_or_default()));
            },
        ),
        fault("COMMENT-8", "A list of comments ends with its first full page.").list_comments(
            |store, shop, ticket, after, size| {
                let comments = store.comments_of(shop, ticket);
                let page = comments.map(|comments| Page::cut(rest(comments, after, is_after), size));
                Ok(page.map(|page| Page { next: None, ..page }))
            },
        ),
        fault("COMMENT-8", "A page of comments ends by characters instead of bytes.").list_comments(
            |store, shop, ticket, after, size| {
                let Some(comments) = store.comments_of(shop, ticket) else { return Ok(None) };
                let comments = rest(comments, after, is_after);
                let more: usize = comments
                    .iter()
                    .scan(0, |chars, (_, view)| {
                        let text = &view.comment.text;
                        *chars += view.text_bytes() - text.len() + text.chars().count();
                        Some(*chars)
                    })
                    .position(|chars| chars >= size.bytes)
                    .map_or(comments.len(), |place| place + 1);
                let entries = size.entries.min(u32::try_from(more).unwrap_or(u32::MAX));
                Ok(Some(Page::cut(comments, PageSize { entries, bytes: usize::MAX })))
            },
        ),
        fault("COMMENT-8", "A full page of comments always has a next one.").list_comments(
            |store, shop, ticket, after, size| {
                let comments = store.comments_of(shop, ticket);
                let comments = comments.map(|comments| rest(comments, after, is_after));
                Ok(comments.map(|comments| full_page_goes_on(comments, size)))
            },
        ),
        fault("COMMENT-8", "The next page of comments skips those with the same time.").list_comments(
            |store, shop, ticket, after, size| {
                let Some(mut comments) = store.comments_of(shop, ticket) else { return Ok(None) };
                comments.retain(|(position, _)| after.is_none_or(|after| position.time > after.time));
                Ok(Some(Page::cut(comments, size)))
            },
        ),
        fault("COMMENT-9", "A missing ticket has a list.").list_comments(
            |store, shop, ticket, after, size| {
                let comments = store.comments_of(shop, ticket);
                let comments = comments.map(|comments| Page::cut(rest(comments, after, is_after), size));
                Ok(comments.or(Some(Page { entries: Vec::new(), next: None })))
            },
        ),
        fault("COMMENT-9", "Comments of other shops are counted.").count_comments(|store, shop, ticket| {
            let shops = store.shops.keys().filter(|owner| **owner != shop);
            let comments = [shop].iter().chain(shops).find_map(|shop| store.comments_of(*shop, ticket));
            Ok(comments.map(|comments| comments.len() as u64).or(Some(0)))
        }),
    ]
}
