//! The effects of comments on their tickets.

use std::sync::Arc;

use hexdesk_domain::limits::MAX_COMMENT_CHARS;
use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::ports::CreateCommentOutcome::{AuthorNotFound, Created};
use hexdesk_domain::{IdempotentOutcome, NewComment, Storage, Ticket, TicketView, Timestamp, UserId};

use super::look;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, attempt_comment, comment_creation, create_comment, create_ticket, creation,
    deferred_claim, filled_ticket, heavy_text_of, new_comment, stamp, user_id,
};

/// Fails unless the ticket is this one, with the same people and human ticket as before.
async fn expect_ticket_is(
    storage: &dyn Storage,
    what: &str,
    ticket: &Ticket,
    before: &TicketView,
) -> anyhow::Result<()> {
    let found = storage.find_ticket(ticket.shop_id, ticket.id).await?;
    same(what, &found, &Some(TicketView { ticket: ticket.clone(), ..before.clone() }))
}

/// Applies a comment, which is created at `now`, to the last message of its ticket (COMMENT-4).
fn follow(ticket: &mut Ticket, text: &str, time: Timestamp, now: Timestamp) {
    if time >= ticket.last_message_time || ticket.last_message_time > now {
        ticket.replace_last_message(Some(text.to_owned()), time);
    }
    ticket.version += 1;
}

/// COMMENT-4: the last message becomes the comment's text, unless the comment is older.
pub async fn comment_4_last_message_follows(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let neighbour = fixture.ticket(1)?;
    create_ticket(&*storage, creation(neighbour.clone())).await?;
    let neighbour_before = look(&*storage, &neighbour).await?;
    let mut next_id = 1;
    for (index, is_from_shop) in [(0, true), (1, false)] {
        for (last_message, place) in [(None, 0), (Some("before"), 1), (Some(""), 2)] {
            let mut ticket = Ticket {
                last_message: last_message.map(Into::into),
                last_message_time: at(0),
                is_opened: true,
                unread_count: 1,
                assigned_to: Some(fixture.user.id),
                ..fixture.ticket(10 + index * 10 + place)?
            };
            create_ticket(&*storage, creation(ticket.clone())).await?;
            let (before, ..) = look(&*storage, &ticket).await?;
            // Older, equal and newer, by one millisecond and by the maximum.
            for time in [
                at(-1),
                Timestamp::MIN,
                at(0),
                at(0),
                at(-1),
                at(1),
                at(1),
                at(0),
                at(1_000),
                at(999),
                Timestamp::MAX,
                Timestamp::MAX,
                at(1_000),
                Timestamp::MIN,
            ] {
                next_id += 1;
                let text = format!("{next_id} é'\"");
                let new =
                    NewComment { time, is_from_shop, text: text.clone(), ..new_comment(next_id, &ticket)? };
                let creation = comment_creation(new);
                follow(&mut ticket, &text, time, creation.stamp.time);
                create_comment(&*storage, creation).await?;
                expect_ticket_is(
                    &*storage,
                    &format!("the ticket after a comment at {time}"),
                    &ticket,
                    &before,
                )
                .await?;
            }
        }
    }
    // In one batch, in order.
    let mut ticket = Ticket { last_message_time: at(0), ..fixture.ticket(50)? };
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let (before, ..) = look(&*storage, &ticket).await?;
    for times in [&[at(5), at(7), at(6)][..], &[at(7), at(7)], &[at(6), at(9), at(8), at(9), at(2)], &[at(1)]]
    {
        let mut batch = Vec::new();
        for time in times {
            next_id += 1;
            let new = NewComment { time: *time, ..new_comment(next_id, &ticket)? };
            let text = new.text.clone();
            let creation = comment_creation(new);
            follow(&mut ticket, &text, *time, creation.stamp.time);
            batch.push(creation);
        }
        storage.create_comments(batch).await?;
        expect_ticket_is(&*storage, "the ticket after a batch", &ticket, &before).await?;
    }
    // The longest message.
    let text = heavy_text_of(MAX_COMMENT_CHARS);
    let new = NewComment { text: text.clone(), time: at(10), ..new_comment(next_id + 1, &ticket)? };
    let creation = comment_creation(new);
    follow(&mut ticket, &text, at(10), creation.stamp.time);
    create_comment(&*storage, creation).await?;
    expect_ticket_is(&*storage, "the ticket after a long comment", &ticket, &before).await?;
    after_the_future(&*storage, &fixture).await?;
    same("a ticket without comments", &look(&*storage, &neighbour).await?, &neighbour_before)
}

/// A last message from the future gives way to any comment. One that is not, does not.
async fn after_the_future(storage: &dyn Storage, fixture: &ShopWithPeople) -> anyhow::Result<()> {
    for (id, last_message_time) in (60..).zip([at(999), at(1_000), at(1_001), Timestamp::MAX]) {
        let last_message = Some("from the future".into());
        let mut ticket = Ticket { last_message, last_message_time, ..fixture.ticket(id)? };
        create_ticket(storage, creation(ticket.clone())).await?;
        let (before, ..) = look(storage, &ticket).await?;
        // The second and the third come after a message that is not from the future.
        for (comment, time) in (0..).zip([at(900), at(899), Timestamp::MIN, Timestamp::MAX, at(901)]) {
            let new = NewComment { time, ..new_comment(id * 100 + comment, &ticket)? };
            let text = new.text.clone();
            let creation = CommentCreation { stamp: stamp(at(1_000)), ..comment_creation(new) };
            create_comment(storage, creation).await?;
            follow(&mut ticket, &text, time, at(1_000));
            let what = format!("a ticket of {last_message_time} after a comment at {time}");
            expect_ticket_is(storage, &what, &ticket, &before).await?;
        }
    }
    Ok(())
}

/// COMMENT-5: a comment that is not from the shop sets the ticket's unread count to 1.
pub async fn comment_5_customers_comment_is_unread(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let mut next_id = 0;
    for (unread_count, id) in [0, 1, 2, 7, i32::MAX].into_iter().zip(1..) {
        let ticket = Ticket { unread_count, last_message_time: at(0), ..fixture.ticket(id)? };
        create_ticket(&*storage, creation(ticket.clone())).await?;
        let mut expected = unread_count;
        // Newer and older ones. Some have a user as author, which does not make them the shop's.
        for (is_from_shop, time, author_id) in [
            (true, at(1), Some(fixture.user.id)),
            (true, at(2), None),
            (true, at(-1), None),
            (false, at(-1), None),
            (true, at(3), None),
            (false, at(4), Some(fixture.user.id)),
            (false, at(5), None),
            (false, Timestamp::MIN, None),
            (true, Timestamp::MIN, None),
        ] {
            next_id += 1;
            let new = NewComment { is_from_shop, time, author_id, ..new_comment(next_id, &ticket)? };
            create_comment(&*storage, comment_creation(new)).await?;
            expected = if is_from_shop { expected } else { 1 };
            let found = storage.find_ticket(ticket.shop_id, ticket.id).await?;
            let found = found.map(|view| view.ticket.unread_count);
            same("the unread count after a comment", &found, &Some(expected))?;
        }
    }
    // In one batch: first an old comment, then one from the shop.
    let ticket = fixture.ticket(100)?;
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let old = NewComment { is_from_shop: false, time: Timestamp::MIN, ..new_comment(1_000, &ticket)? };
    let batch = vec![comment_creation(old), comment_creation(new_comment(1_001, &ticket)?)];
    storage.create_comments(batch).await?;
    let found = storage.find_ticket(ticket.shop_id, ticket.id).await?;
    same("the unread count after a batch", &found.map(|view| view.ticket.unread_count), &Some(1))
}

/// COMMENT-6: every comment raises the version and changes nothing else. A refused or replayed
/// comment changes nothing.
pub async fn comment_6_version_counts_every_comment(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let full = |fixture: &ShopWithPeople| -> anyhow::Result<Ticket> {
        Ok(Ticket {
            date: at(-9),
            last_message_time: at(0),
            ..filled_ticket(fixture.ticket(1)?, fixture.user.id, ToOwned::to_owned)
        })
    };
    let (mut ticket, same_id) = (full(&fixture)?, full(&other)?);
    for ticket in [&ticket, &same_id] {
        create_ticket(&*storage, creation(ticket.clone())).await?;
    }
    let (before, ..) = look(&*storage, &ticket).await?;
    let same_id_before = look(&*storage, &same_id).await?;
    same("the version of a new ticket", &before.ticket.version, &1)?;
    let mut next_id = 0;
    for (time, is_from_shop) in
        [(at(-5), true), (at(5), true), (at(-5), false), (at(5), false), (at(6), true)]
    {
        next_id += 1;
        let new = NewComment {
            time,
            is_from_shop,
            channel: Some("elsewhere".into()),
            subject: Some("subject".into()),
            tags: vec!["comment's".into()],
            ..new_comment(next_id, &ticket)?
        };
        let text = new.text.clone();
        let creation = comment_creation(new);
        follow(&mut ticket, &text, time, creation.stamp.time);
        create_comment(&*storage, creation).await?;
        if !is_from_shop {
            ticket.unread_count = 1;
        }
        expect_ticket_is(&*storage, "the ticket after a comment", &ticket, &before).await?;
    }
    // Several in one batch, some of them refused or replayed.
    let mut batch = vec![
        of_nobody(&ticket, 20)?,
        with_key(&ticket, 21, 1)?,
        with_key(&ticket, 22, 1)?,
        with_key(&ticket, 23, 2)?,
        of_nobody(&ticket, 24)?,
    ];
    batch[1].comment = NewComment { time: at(7), is_from_shop: true, ..batch[1].comment.clone() };
    let text = batch[1].comment.text.clone();
    let attempts = storage.create_comments(batch).await?;
    let ran = attempts.iter().filter(|it| matches!(it, IdempotentOutcome::Ran(Created(_)))).count();
    same("the number of comments created by the batch", &ran, &1)?;
    follow(&mut ticket, &text, at(7), at(8));
    expect_ticket_is(&*storage, "the ticket after a batch with one to create", &ticket, &before).await?;
    for (creation, expected) in [
        (with_key(&ticket, 30, 1)?, IdempotentOutcome::Replayed(b"receipt of 21".to_vec())),
        (with_key(&ticket, 31, 2)?, IdempotentOutcome::KeyReused),
        (of_nobody(&ticket, 32)?, IdempotentOutcome::Ran(AuthorNotFound)),
    ] {
        same("a comment that is not created", &attempt_comment(&*storage, creation).await?, &expected)?;
        expect_ticket_is(&*storage, "the ticket after it", &ticket, &before).await?;
    }
    same("another shop's ticket with the same id", &look(&*storage, &same_id).await?, &same_id_before)
}

/// COMMENT-14: a note only raises the version.
pub async fn comment_14_note_moves_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixture = ShopWithPeople::create(storage, "shop.example.com").await?;
    let last_message = Some("before".into());
    let mut ticket = Ticket { last_message, last_message_time: at(0), unread_count: 7, ..fixture.ticket(1)? };
    create_ticket(storage, creation(ticket.clone())).await?;
    let (before, ..) = look(storage, &ticket).await?;
    let note = |id, time, is_from_shop| {
        anyhow::Ok(NewComment { is_note: true, time, is_from_shop, ..new_comment(id, &before.ticket)? })
    };
    for (id, (time, is_from_shop)) in
        (1..).zip([(at(1), true), (at(2), false), (at(0), false), (at(-1), false), (Timestamp::MAX, true)])
    {
        create_comment(storage, comment_creation(note(id, time, is_from_shop)?)).await?;
        ticket.version += 1;
        expect_ticket_is(storage, &format!("the ticket after a note at {time}"), &ticket, &before).await?;
    }
    // Around a message in one batch.
    let message = NewComment { time: at(5), is_from_shop: false, ..new_comment(11, &before.ticket)? };
    let text = message.text.clone();
    let batch = [note(10, at(4), false)?, message, note(12, at(6), true)?];
    storage.create_comments(batch.into_iter().map(comment_creation).collect()).await?;
    ticket.replace_last_message(Some(text), at(5));
    (ticket.unread_count, ticket.version) = (1, ticket.version + 3);
    expect_ticket_is(storage, "the ticket after a batch with notes", &ticket, &before).await
}

/// A comment with an idempotency key. Creating it would change every field of the ticket that a
/// comment can change.
fn with_key(ticket: &Ticket, id: i64, request: u8) -> anyhow::Result<CommentCreation> {
    let comment = NewComment { time: at(100), is_from_shop: false, ..new_comment(id, ticket)? };
    let receipt = format!("receipt of {id}");
    Ok(CommentCreation {
        comment,
        stamp: stamp(at(8)),
        expected_version: None,
        claim: Some(deferred_claim("key", request, receipt.as_bytes())?),
    })
}

/// The same without a key and with a missing author.
fn of_nobody(ticket: &Ticket, id: i64) -> anyhow::Result<CommentCreation> {
    let comment = with_key(ticket, id, 0)?.comment;
    Ok(comment_creation(NewComment { author_id: Some(user_id(UserId::MAX)?), ..comment }))
}
