//! Updates and deletions of comments.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::{MAX_COMMENT_CHARS, MAX_TAG_CHARS, MAX_TAGS};
use hexdesk_domain::ports::{CommentUpdate, DeleteCommentOutcome, UpdateCommentOutcome};
use hexdesk_domain::{
    Comment, CommentChanges, CommentId, CommentView, IdempotentOutcome, Message, NewComment, Receipt, ShopId,
    Storage, Ticket, TicketId, Timestamp, json_string,
};

use super::{look, whole_list};
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::samples::{
    ShopWithPeople, TRICKY_TEXTS, at, attempt_comment, comment_creation, comment_id, create_comment,
    create_ticket, creation, deferred_claim, heavy_text_of, new_comment, stamp, ticket_id,
};

/// The time of updates and deletions: later than all times of the samples, except the future.
fn now() -> Timestamp {
    at(100_000_000)
}

fn update(changes: CommentChanges) -> CommentUpdate {
    CommentUpdate { changes, expected_version: None, stamp: stamp(now()) }
}

fn text(text: &str) -> CommentChanges {
    CommentChanges { text: Some(text.to_owned()), ..CommentChanges::default() }
}

async fn attempt(
    storage: &dyn Storage,
    comment: &Comment,
    update: CommentUpdate,
) -> anyhow::Result<UpdateCommentOutcome> {
    let Comment { shop_id, ticket_id, id, .. } = *comment;
    match storage.update_comment(shop_id, ticket_id, id, update, None).await? {
        IdempotentOutcome::Ran(outcome) => Ok(outcome),
        other => anyhow::bail!("an update without a key returned {other:?}"),
    }
}

/// A ticket and its comments as they must be.
struct Expected {
    ticket: Ticket,
    comments: Vec<CommentView>,
}

impl Expected {
    async fn of(storage: &dyn Storage, ticket: &Ticket) -> anyhow::Result<Self> {
        let (view, comments, _) = look(storage, ticket).await?;
        Ok(Self { ticket: view.ticket, comments })
    }

    /// Applies a change of a comment to its ticket.
    fn follow(&mut self, before: &Comment, after: Option<&Comment>) {
        let others = self.comments.iter().filter(|other| other.comment.id != before.id);
        let others = others.filter_map(|other| Message::of(&other.comment));
        let latest = others.max_by_key(|message| message.rank(now()));
        self.ticket = self.ticket.after_changed_comment(before, after, latest, now());
    }

    /// Updates the comment at this place.
    async fn update(
        &mut self,
        storage: &dyn Storage,
        place: usize,
        changes: CommentChanges,
    ) -> anyhow::Result<()> {
        let view = self.comments.get(place).context("a comment")?.clone();
        let mut after = view.comment.clone();
        changes.clone().apply(&mut after);
        if after != view.comment {
            self.follow(&view.comment, Some(&after));
        }
        let after = CommentView { comment: after, ..view.clone() };
        let outcome = attempt(storage, &view.comment, update(changes.clone())).await?;
        let expected = UpdateCommentOutcome::Updated(Box::new(after.clone()));
        same("the outcome of an update", &outcome, &expected)?;
        if let Some(there) = self.comments.get_mut(place) {
            *there = after;
        }
        self.check(storage, &format!("after an update to {changes:?}")).await
    }

    /// Deletes the comment at this place.
    async fn delete(&mut self, storage: &dyn Storage, place: usize) -> anyhow::Result<()> {
        let Comment { shop_id, ticket_id, id, .. } = self.comments.get(place).context("a comment")?.comment;
        let outcome = storage.delete_comment(shop_id, ticket_id, id, None, stamp(now())).await?;
        same("the outcome of a deletion", &outcome, &DeleteCommentOutcome::Deleted)?;
        let before = self.comments.remove(place).comment;
        self.follow(&before, None);
        self.check(storage, "after a deletion").await
    }

    async fn check(&self, storage: &dyn Storage, when: &str) -> anyhow::Result<()> {
        let (view, comments, count) = look(storage, &self.ticket).await?;
        same(&format!("the ticket {when}"), &view.ticket, &self.ticket)?;
        same(&format!("the comments {when}"), &comments, &self.comments)?;
        same(&format!("the count {when}"), &count, &Some(u64::try_from(self.comments.len())?))
    }
}

/// Creates a ticket with comments of these times in every shop, and returns what each shop has. The
/// last is a note.
async fn tickets_with_comments(
    storage: &dyn Storage,
    times: &[i64],
    attachments: Option<&str>,
) -> anyhow::Result<Vec<Expected>> {
    let mut all = Vec::new();
    for name in ["one.example.com", "two.example.com"] {
        let fixture = ShopWithPeople::create(storage, name).await?;
        for number in [1, 2] {
            let last_message = Some("first".into());
            let ticket = Ticket { last_message, last_message_time: at(0), ..fixture.ticket(number)? };
            create_ticket(storage, creation(ticket.clone())).await?;
            for (place, time) in (1..).zip(times) {
                let new = NewComment {
                    time: at(*time),
                    author_id: Some(fixture.user.id),
                    attachments: attachments.map(Into::into),
                    is_note: usize::try_from(place)? == times.len(),
                    ..new_comment(number * 100 + place, &ticket)?
                };
                create_comment(storage, comment_creation(new)).await?;
            }
            all.push(Expected::of(storage, &ticket).await?);
        }
    }
    Ok(all)
}

/// COMMENT-15: an update changes only what it says, and nothing if that is there already.
pub async fn comment_15_update_changes_what_it_says(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let mut all = tickets_with_comments(storage, &[5, 6, 7, 8], Some("[{}]")).await?;
    let nothing = CommentChanges::default;
    let tags = |tags: &[&str]| CommentChanges {
        tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        ..nothing()
    };
    let mut changes = vec![
        nothing(),
        text("new"),
        text(""),
        text(&heavy_text_of(MAX_COMMENT_CHARS)),
        tags(&["b", "a", "b", ""]),
        tags(&[]),
        tags(&[heavy_text_of(MAX_TAG_CHARS).as_str(); MAX_TAGS as usize]),
        CommentChanges { is_note: Some(true), ..nothing() },
        CommentChanges { is_note: Some(false), ..nothing() },
        CommentChanges { text: Some("all".into()), is_note: Some(true), ..tags(TRICKY_TEXTS) },
    ];
    changes.extend(TRICKY_TEXTS.iter().map(|tricky| text(tricky)));
    for (place, changes) in [0, 2, 3, 1].into_iter().cycle().zip(changes) {
        // The second update changes nothing.
        for _ in 0..2 {
            if let Some(first) = all.first_mut() {
                first.update(storage, place, changes.clone()).await?;
            }
        }
    }
    for other in &all {
        other.check(storage, "of another ticket after updates").await?;
    }
    Ok(())
}

/// COMMENT-17: a deletion removes one comment. The ticket shows the message before.
pub async fn comment_17_message_before_is_shown(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let (future, is_note) =
        (200_000_000, |is_note| CommentChanges { is_note: Some(is_note), ..CommentChanges::default() });
    let mut all = tickets_with_comments(storage, &[-3, 5, 5, 7, future, 9, 8], None).await?;
    let mut others = all.split_off(1);
    let mut ticket = all.pop().context("a ticket")?;
    same("the last message", &ticket.ticket.last_message.as_deref(), &Some("comment 106"))?;
    // In the order of the list: -3, 5, 5, 7, 8 (a note), 9, the future.
    for (place, shown) in [(5, "comment 104"), (3, "comment 103"), (1, "comment 103"), (2, "comment 103")] {
        ticket.delete(storage, place).await?;
        same("the last message", &ticket.ticket.last_message.as_deref(), &Some(shown))?;
    }
    // Left are -3, 5 and the future.
    ticket.update(storage, 1, text("changed")).await?;
    same("a changed last message", &ticket.ticket.last_message.as_deref(), &Some("changed"))?;
    ticket.update(storage, 1, is_note(true)).await?;
    same("the first message", &ticket.ticket.last_message.as_deref(), &Some("first"))?;
    ticket.update(storage, 1, is_note(false)).await?;
    same("a note that is a message", &ticket.ticket.last_message.as_deref(), &Some("changed"))?;
    for place in [1, 0, 0] {
        ticket.delete(storage, place).await?;
        same("the first message", &ticket.ticket.first_message(), &Some(("first", at(0))))?;
    }
    same("the last message at the end", &ticket.ticket.last_message.as_deref(), &Some("first"))?;
    for other in &others {
        other.check(storage, "of another ticket after deletions").await?;
    }
    // The id is free, and an old comment does not come back.
    if let Some(other) = others.first_mut() {
        let new = new_comment(105, &other.ticket)?;
        create_comment(storage, comment_creation(new)).await?;
        ticket.check(storage, "after a comment with the same id").await?;
    }
    Ok(())
}

/// COMMENT-18: refusals in their order. Nothing changes.
pub async fn comment_18_refused_change_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let all = tickets_with_comments(storage, &[5, 6, 7], None).await?;
    let [ticket, neighbour, of_other, ..] = all.as_slice() else { anyhow::bail!("too few tickets") };
    let shop = ticket.ticket.shop_id;
    let own = ticket.comments.first().context("a comment")?.comment.id;
    let of_neighbour = neighbour.comments.first().context("a comment")?.comment.id;
    let is_wrong = Some(ticket.ticket.version - 1);
    let (id, missing) = (ticket.ticket.id, ticket_id(TicketId::MAX)?);
    let nobody = comment_id(CommentId::MAX)?;
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    // A text that is missing is the last of the refusals.
    for (shop, ticket_id, comment, version, updated, deleted) in [
        (
            shop,
            missing,
            own,
            is_wrong,
            UpdateCommentOutcome::TicketNotFound,
            DeleteCommentOutcome::TicketNotFound,
        ),
        (no_shop, id, own, None, UpdateCommentOutcome::TicketNotFound, DeleteCommentOutcome::TicketNotFound),
        (
            shop,
            id,
            nobody,
            is_wrong,
            UpdateCommentOutcome::VersionMismatch,
            DeleteCommentOutcome::VersionMismatch,
        ),
        (
            shop,
            id,
            own,
            is_wrong,
            UpdateCommentOutcome::VersionMismatch,
            DeleteCommentOutcome::VersionMismatch,
        ),
        (
            shop,
            id,
            nobody,
            None,
            UpdateCommentOutcome::CommentNotFound,
            DeleteCommentOutcome::CommentNotFound,
        ),
        (
            shop,
            id,
            of_neighbour,
            None,
            UpdateCommentOutcome::CommentNotFound,
            DeleteCommentOutcome::CommentNotFound,
        ),
    ] {
        for changes in [text("new"), text(" \n"), text("")] {
            let update = CommentUpdate { expected_version: version, ..update(changes) };
            let outcome = storage.update_comment(shop, ticket_id, comment, update, None).await?;
            same("a refused update", &outcome, &IdempotentOutcome::Ran(updated.clone()))?;
        }
        let outcome = storage.delete_comment(shop, ticket_id, comment, version, stamp(now())).await?;
        same("a refused deletion", &outcome, &deleted)?;
    }
    let comment = &ticket.comments.first().context("a comment")?.comment;
    for blank in ["", " \n"] {
        let outcome = attempt(storage, comment, update(text(blank))).await?;
        same("an update to a blank text", &outcome, &UpdateCommentOutcome::TextMissing)?;
    }
    for ticket in [ticket, neighbour, of_other] {
        ticket.check(storage, "after refusals").await?;
    }
    // With the version that it has, it is accepted.
    let version = Some(ticket.ticket.version);
    let fits = CommentUpdate { expected_version: version, ..update(text("new")) };
    let outcome = attempt(storage, comment, fits).await?;
    anyhow::ensure!(matches!(outcome, UpdateCommentOutcome::Updated(_)), "it returned {outcome:?}");
    let version = version.map(|version| version + 1);
    let outcome = storage.delete_comment(shop, id, comment.id, version, stamp(now())).await?;
    same("a deletion with the version", &outcome, &DeleteCommentOutcome::Deleted)
}

/// COMMENT-19: an old text leaves the log and the records. Everything else stays.
pub async fn comment_19_old_text_leaves_log_and_records(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let mut log = ExpectedEvents::new(storage)?;
    let one = log.create_shop_with_people("one.example.com").await?;
    let two = log.create_shop_with_people("two.example.com").await?;
    let card = "4111 \"1111\"\n\t1111 é🦀\u{1}";
    let mut comments = Vec::new();
    for (fixture, number) in [(&one, 1), (&one, 2), (&two, 1)] {
        let ticket = Ticket { last_message: Some(card.into()), ..fixture.ticket(number)? };
        log.create_tickets(vec![creation(ticket.clone())]).await??;
        for (place, text) in (1..).zip([card, "other", card]) {
            let time = at(place * 2);
            let new =
                NewComment { text: text.to_owned(), time, ..new_comment(number * 10 + place, &ticket)? };
            log.create_comments(vec![comment_creation(new.clone())]).await??;
            comments.push(new.into_comment(&ticket));
        }
    }
    // Receipts of both customers, with and without the text.
    let receipt = |text: &str| format!("201\n{{\"text\":{},\"a\":1}}", json_string(text)).into_bytes();
    let responses = [receipt(card), receipt("other"), receipt(&format!("{card}!")), card.into()];
    let again = async |fixture: &ShopWithPeople, place: usize, response: &[u8]| {
        let mut claim = deferred_claim(&format!("key {place}"), 1, response)?;
        let customer_id = Some(fixture.customer.id);
        let kept = Receipt { response: response.to_vec(), customer_id };
        claim.receipt = Arc::new(move |_| Some(kept.clone()));
        // Refused outcomes leave the receipt, too.
        let comment = new_comment(900, &fixture.ticket(99)?)?;
        let creation =
            hexdesk_domain::ports::CommentCreation { claim: Some(claim), ..comment_creation(comment) };
        attempt_comment(storage, creation).await
    };
    for fixture in [&one, &two] {
        for (place, response) in responses.iter().enumerate() {
            let first = again(fixture, place, response).await?;
            anyhow::ensure!(matches!(first, IdempotentOutcome::Ran(_)), "the first use returned {first:?}");
        }
    }
    log.check("before the changes").await?;
    // Tags, and a change to the same text, remove nothing.
    let tagged = CommentChanges { tags: Some(vec!["a".into()]), ..text(card) };
    log.update_comment(comments.first().context("a comment")?, tagged).await?;
    log.check("after a change of tags").await?;
    log.delete_comment(comments.get(1).context("a comment")?).await?;
    log.check("after the deletion of another text").await?;
    log.update_comment(comments.get(2).context("a comment")?, text("removed")).await?;
    log.check("after a changed text").await?;
    for (fixture, is_removed) in [(&one, true), (&two, false)] {
        for (place, response) in responses.iter().enumerate() {
            let is_gone = is_removed && place < 2;
            let expected = if is_gone { Vec::new() } else { response.clone() };
            let replayed = again(fixture, place, b"new").await?;
            same("a response", &replayed, &IdempotentOutcome::Replayed(expected))?;
        }
    }
    log.delete_comment(comments.first().context("a comment")?).await?;
    log.check("after a deletion").await?;
    // The ticket still has its first message, and the other comments their text.
    let list = whole_list(storage, one.shop.id, ticket_id(1)?).await?;
    let texts: Vec<_> = list.iter().map(|view| view.comment.text.as_str()).collect();
    same("the texts", &texts, &vec!["removed"])
}
