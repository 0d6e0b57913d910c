//! The obligations of [`CommentStore`](hexdesk_domain::CommentStore), but for idempotency
//! keys.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_COMMENT_CHARS, MAX_COMMENT_SUBJECT_CHARS, MAX_PAGE_ENTRIES, MAX_TAG_CHARS,
    MAX_TAGS, MAX_TO_EMAILS,
};
use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::ports::CreateCommentOutcome::{AuthorNotFound, Created, TicketNotFound};
use hexdesk_domain::{
    Attempt, CommentId, CommentPosition, CommentView, Customer, NewComment, NewCustomer, NewUser, Page,
    ShopId, Storage, Ticket, TicketId, TicketView, Timestamp, User, UserId,
};

use crate::comparison::same;
use crate::memory::comment_from;
use crate::samples::{
    Stage, TRICKY_TEXTS, at, attempt_comment, comment_creation, comment_id, create_comment, create_customer,
    create_ticket, create_user, creation, customer_by_email, customer_id, extreme_times, heavy_text_of,
    longest_email, new_comment, once, plain_ticket, text_of, ticket_id, user_by_email, user_id,
};

/// COMMENT-1: answered and listed with every field as handed in, channel, customer and
/// author.
pub async fn comment_1_is_listed_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = Stage::set(&*storage, "one.example.com").await?;
    let two = Stage::set(&*storage, "two.example.com").await?;
    // In both shops people and tickets of the same numbers, who are not the same.
    let mut tickets = Vec::new();
    for stage in [&one, &two] {
        let of_shop = |what: &str| Some(format!("{what} of {}", stage.shop.domain));
        let new = NewCustomer {
            id: Some(customer_id(60)?),
            phone_number: of_shop("phone"),
            full_name: of_shop("customer"),
            created_at: Timestamp::MIN,
            ..customer_by_email("60@example.com")
        };
        let customer = create_customer(&*storage, stage.shop.id, new).await?;
        let new = NewUser {
            id: Some(user_id(60)?),
            full_name: of_shop("agent"),
            created_at: Timestamp::MAX,
            ..user_by_email("60@example.com")
        };
        let author = create_user(&*storage, stage.shop.id, new).await?;
        let ticket = Ticket {
            channel: format!("channel of {}", stage.shop.domain),
            // Neither is whose comment it is.
            assigned_to: Some(stage.user.id),
            ..plain_ticket(ticket_id(7)?, &customer)
        };
        same("a ticket", &create_ticket(&*storage, creation(ticket.clone())).await?, &created_ticket())?;
        tickets.push((ticket, customer, author));
    }
    for (ticket, customer, author) in &tickets {
        let comments = various_comments(ticket, author.id)?;
        let mut expected = Vec::new();
        for new in &comments {
            expected.push(view_of(new.clone(), ticket, customer, author));
        }
        // Half of them in one batch, half of them alone.
        let (together, alone) = comments.split_at(comments.len() / 2);
        let mut attempts =
            storage.create_comments(together.iter().cloned().map(comment_creation).collect()).await?;
        for new in alone {
            attempts.push(attempt_comment(&*storage, comment_creation(new.clone())).await?);
        }
        same("how many attempts are answered", &attempts.len(), &comments.len())?;
        for (attempt, expected) in attempts.into_iter().zip(&expected) {
            same(
                "the answer to a new comment",
                &attempt,
                &Attempt::Ran(Created(Box::new(expected.clone()))),
            )?;
        }
        expected.sort_by_key(|view| (view.comment.time, view.comment.id));
        let list = whole_list(&*storage, ticket.shop_id, ticket.id).await?;
        same("how many comments are listed", &list.len(), &expected.len())?;
        for (listed, expected) in list.iter().zip(&expected) {
            same("a listed comment", listed, expected)?;
        }
    }
    Ok(())
}

fn created_ticket() -> hexdesk_domain::ports::CreateTicketOutcome {
    hexdesk_domain::ports::CreateTicketOutcome::Created
}

fn view_of(new: NewComment, ticket: &Ticket, customer: &Customer, author: &User) -> CommentView {
    let author = new.author_id.map(|_| author.clone());
    CommentView { comment: comment_from(new, ticket), customer: customer.clone(), author }
}

/// Every field at its extremes, together and each on its own.
fn various_comments(ticket: &Ticket, author: UserId) -> anyhow::Result<Vec<NewComment>> {
    let plain = new_comment(1, ticket)?;
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    let mut comments = vec![
        plain.clone(),
        // All fields differ, so that none can stand in for another.
        NewComment {
            text: "text".into(),
            time: at(1),
            channel: Some("Website".into()),
            is_from_shop: false,
            author_id: Some(author),
            subject: Some("subject".into()),
            from_email: Some("From@Example.com".into()),
            to_emails: texts(&["to@example.com", "A@example.com", "to@example.com"]),
            attachments: Some("[{\"name\": \"a.pdf\"}]".into()),
            tags: texts(&["zulu", "alpha", "mike"]),
            ..plain.clone()
        },
        NewComment {
            text: text_of(MAX_COMMENT_CHARS),
            channel: Some(text_of(MAX_CHANNEL_CHARS)),
            subject: Some(text_of(MAX_COMMENT_SUBJECT_CHARS)),
            from_email: Some(longest_email()),
            to_emails: vec![longest_email(); usize::try_from(MAX_TO_EMAILS)?],
            tags: (0..MAX_TAGS).map(|index| text_of(MAX_TAG_CHARS - index % 2)).collect(),
            attachments: Some(format!("[\"{}\"]", text_of(300_000))),
            ..plain.clone()
        },
        NewComment {
            text: heavy_text_of(MAX_COMMENT_CHARS),
            channel: Some(heavy_text_of(MAX_CHANNEL_CHARS)),
            subject: Some(heavy_text_of(MAX_COMMENT_SUBJECT_CHARS)),
            tags: vec![heavy_text_of(MAX_TAG_CHARS); usize::try_from(MAX_TAGS)?],
            ..plain.clone()
        },
        NewComment { is_from_shop: false, ..plain.clone() },
        NewComment { author_id: Some(author), ..plain.clone() },
        NewComment { channel: Some("Website".into()), ..plain.clone() },
        NewComment { subject: Some("subject".into()), ..plain.clone() },
        NewComment { subject: Some(String::new()), ..plain.clone() },
        NewComment { from_email: Some("from@example.com".into()), ..plain.clone() },
        NewComment { to_emails: texts(&["b@example.com", "a@example.com"]), ..plain.clone() },
        // Order, repetition, empty tags, and what lists are written with.
        NewComment { tags: texts(&["b", "a", "b", "", "B", ""]), ..plain.clone() },
        NewComment { tags: vec![String::new()], ..plain.clone() },
        NewComment { tags: texts(TRICKY_TEXTS), ..plain.clone() },
        NewComment {
            tags: texts(&["a,b", "{c}", "[d]", "\"e\"", "\\", "'", "NULL", " f "]),
            ..plain.clone()
        },
    ];
    for text in TRICKY_TEXTS.iter().filter(|text| !text.trim().is_empty()) {
        comments.push(NewComment {
            text: (*text).to_owned(),
            channel: Some(format!("channel {text:?}")),
            subject: Some((*text).to_owned()),
            ..plain.clone()
        });
    }
    for json in JSON_TEXTS {
        comments.push(NewComment { attachments: Some((*json).to_owned()), ..plain.clone() });
    }
    for time in extreme_times() {
        comments.push(NewComment { time, ..plain.clone() });
    }
    // Ids from one end of their range to the other.
    let count = i64::try_from(comments.len())?;
    for (comment, index) in comments.iter_mut().zip(0..) {
        comment.id = comment_id(1 + (CommentId::MAX - 1) / (count - 1) * index)?;
    }
    if let Some(last) = comments.last_mut() {
        last.id = comment_id(CommentId::MAX)?;
    }
    Ok(comments)
}

/// JSON that a store which reads it writes otherwise: white space, the order of members,
/// members twice, escapes, numbers.
const JSON_TEXTS: &[&str] = &[
    "[]",
    "{}",
    "null",
    "\"\"",
    "0",
    " [ ]\r\n",
    "{\"b\": 1, \"a\": 2, \"aa\": 3}",
    "{\"a\": 1, \"a\": 2}",
    "[1.0, 1e3, 1E+3, -0, -0.0, 0.10, 12345678901234567890123, 1e400]",
    "[\"\\u00e9\", \"\\u0000\", \"\\/\", \"é\", \"\\ud83e\\udd80\", \"🦀\", \"\\ud800\"]",
    "{\"url\":\"https://example.com/a?b=1&c='\\\"\\\\\"}",
    "[[[[[[[[]]]]]]]]",
    "\t[true,\tfalse]\n",
];

/// COMMENT-2: one attempt for each item, in order; a refused item fails alone.
pub async fn comment_2_attempts_are_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    same("an empty batch in an empty store", &storage.create_comments(Vec::new()).await?, &Vec::new())?;
    let one = Stage::set(&*storage, "one.example.com").await?;
    let two = Stage::set(&*storage, "two.example.com").await?;
    let mut tickets = Vec::new();
    for stage in [&one, &two] {
        for id in 1..=3 {
            let ticket = stage.ticket(id)?;
            create_ticket(&*storage, creation(ticket.clone())).await?;
            tickets.push((ticket, stage));
        }
    }
    same("an empty batch", &storage.create_comments(Vec::new()).await?, &Vec::new())?;
    let (ticket, _) = &tickets[0];
    let first = CommentCreation { comment: new_comment(1, ticket)?, once: Some(once("key", 1, b"first")?) };
    create_comment(&*storage, first).await?;

    // Neither the ids nor the outcomes are sorted in any way, nor are the tickets.
    let mut batch = Vec::new();
    let mut expected = Vec::new();
    for index in 0..120_i64 {
        let (ticket, stage) = &tickets[usize::try_from(index)? * 5 % tickets.len()];
        let new = NewComment {
            author_id: (index % 2 == 0).then_some(stage.user.id),
            time: at(index * 31 % 17),
            ..new_comment(1_000 + index * 77 % 120, ticket)?
        };
        let item = |comment: NewComment| CommentCreation { comment, once: None };
        let of_first = stage.shop.id == one.shop.id;
        let (item, attempt) = match index * index % 7 {
            0 => (item(NewComment { ticket_id: ticket_id(99)?, ..new }), Attempt::Ran(TicketNotFound)),
            1 => (
                item(NewComment { author_id: Some(user_id(UserId::MAX)?), ..new }),
                Attempt::Ran(AuthorNotFound),
            ),
            2 if of_first && index % 2 == 0 => (
                CommentCreation { comment: new, once: Some(once("key", 1, b"later")?) },
                Attempt::Replayed(b"first".to_vec()),
            ),
            2 if of_first => {
                (CommentCreation { comment: new, once: Some(once("key", 2, b"later")?) }, Attempt::KeyReused)
            }
            _ => {
                let view = view_of(new.clone(), ticket, &stage.customer, &stage.user);
                (item(new), Attempt::Ran(Created(Box::new(view))))
            }
        };
        batch.push(item);
        expected.push(attempt);
    }
    let attempts = storage.create_comments(batch.clone()).await?;
    same("how many attempts a batch is answered", &attempts.len(), &expected.len())?;
    for (place, (attempt, expected)) in attempts.iter().zip(&expected).enumerate() {
        same(&format!("the attempt of item {place}"), attempt, expected)?;
    }
    for (ticket, _) in &tickets {
        let of_ticket = |creation: &CommentCreation| {
            creation.comment.shop_id == ticket.shop_id && creation.comment.ticket_id == ticket.id
        };
        let accepted = batch
            .iter()
            .zip(&expected)
            .filter(|(item, attempt)| of_ticket(item) && matches!(attempt, Attempt::Ran(Created(_))));
        let mut ids: Vec<_> = accepted.map(|(item, _)| item.comment.id).collect();
        if (ticket.shop_id, ticket.id) == (one.shop.id, ticket_id(1)?) {
            ids.push(comment_id(1)?);
        }
        ids.sort_unstable();
        let mut listed: Vec<_> = whole_list(&*storage, ticket.shop_id, ticket.id)
            .await?
            .iter()
            .map(|view| view.comment.id)
            .collect();
        listed.sort_unstable();
        same("the comments of a ticket after the batch", &listed, &ids)?;
    }
    Ok(())
}

/// COMMENT-3: a ticket or author that is not the shop's is refused and leaves nothing.
pub async fn comment_3_unknown_ticket_or_author_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let stage = Stage::set(&*storage, "shop.example.com").await?;
    let other = Stage::set(&*storage, "other.example.com").await?;
    let new = NewUser { id: Some(user_id(700)?), ..user_by_email("700@example.com") };
    let of_other = create_user(&*storage, other.shop.id, new).await?;
    // A customer's number is no user's.
    let new = NewCustomer { id: Some(customer_id(800)?), ..customer_by_email("800@example.com") };
    create_customer(&*storage, stage.shop.id, new).await?;
    let (ticket, of_other_shop) = (stage.ticket(5)?, other.ticket(6)?);
    for ticket in [&ticket, &of_other_shop] {
        create_ticket(&*storage, creation(ticket.clone())).await?;
    }
    let before = look(&*storage, &ticket).await?;
    let before_other = look(&*storage, &of_other_shop).await?;

    let plain = NewComment { is_from_shop: false, ..new_comment(1, &ticket)? };
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    let refused = [
        (NewComment { ticket_id: ticket_id(7)?, ..plain.clone() }, TicketNotFound),
        (NewComment { ticket_id: ticket_id(TicketId::MAX)?, ..plain.clone() }, TicketNotFound),
        (NewComment { ticket_id: of_other_shop.id, ..plain.clone() }, TicketNotFound),
        (NewComment { shop_id: other.shop.id, ..plain.clone() }, TicketNotFound),
        (NewComment { shop_id: no_shop, ..plain.clone() }, TicketNotFound),
        (NewComment { author_id: Some(user_id(UserId::MAX)?), ..plain.clone() }, AuthorNotFound),
        (NewComment { author_id: Some(of_other.id), ..plain.clone() }, AuthorNotFound),
        (NewComment { author_id: Some(user_id(800)?), ..plain.clone() }, AuthorNotFound),
    ];
    for (refused, outcome) in refused {
        let attempt = attempt_comment(&*storage, comment_creation(refused.clone())).await?;
        same("a comment to refuse", &attempt, &Attempt::Ran(outcome.clone()))?;
        same("the ticket after a refusal", &look(&*storage, &ticket).await?, &before)?;
        same("the other shop's ticket", &look(&*storage, &of_other_shop).await?, &before_other)?;
        let found = storage.count_comments(refused.shop_id, ticket_id(7)?).await?;
        same("the comments of a ticket that is not there", &found, &None)?;
    }
    // Nothing of the refused ones is in the way of the same id.
    create_comment(&*storage, comment_creation(plain.clone())).await?;
    same("the ticket's comments", &storage.count_comments(ticket.shop_id, ticket.id).await?, &Some(1))?;
    // Nor on a neighbour of the same id in one batch.
    let neighbour = NewComment { id: comment_id(2)?, ..plain.clone() };
    let twin = NewComment { author_id: Some(of_other.id), text: "refused".into(), ..neighbour.clone() };
    let attempts =
        storage.create_comments(vec![comment_creation(twin), comment_creation(neighbour.clone())]).await?;
    let view = view_of(neighbour, &ticket, &stage.customer, &stage.user);
    let expected = [Attempt::Ran(AuthorNotFound), Attempt::Ran(Created(Box::new(view)))];
    same("a refused comment and one of the same id", &attempts.as_slice(), &expected.as_slice())
}

/// A ticket with its comments.
async fn look(
    storage: &dyn Storage,
    ticket: &Ticket,
) -> anyhow::Result<(TicketView, Vec<CommentView>, Option<u64>)> {
    let view = storage.find_ticket(ticket.shop_id, ticket.id).await?.context("the ticket is not found")?;
    let comments = whole_list(storage, ticket.shop_id, ticket.id).await?;
    Ok((view, comments, storage.count_comments(ticket.shop_id, ticket.id).await?))
}

/// Fails unless the ticket is this, with the people and human ticket it had.
async fn expect_ticket_is(
    storage: &dyn Storage,
    what: &str,
    ticket: &Ticket,
    before: &TicketView,
) -> anyhow::Result<()> {
    let found = storage.find_ticket(ticket.shop_id, ticket.id).await?;
    same(what, &found, &Some(TicketView { ticket: ticket.clone(), ..before.clone() }))
}

/// COMMENT-4: the last message follows, unless the comment is older.
pub async fn comment_4_last_message_follows(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let stage = Stage::set(&*storage, "shop.example.com").await?;
    let neighbour = stage.ticket(1)?;
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
                assigned_to: Some(stage.user.id),
                ..stage.ticket(10 + index * 10 + place)?
            };
            create_ticket(&*storage, creation(ticket.clone())).await?;
            let (before, ..) = look(&*storage, &ticket).await?;
            // Older, equal and newer, by one millisecond and by as much as there is.
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
                create_comment(&*storage, comment_creation(new)).await?;
                ticket.version += 1;
                if time >= ticket.last_message_time {
                    ticket.last_message = Some(text);
                    ticket.last_message_time = time;
                }
                expect_ticket_is(
                    &*storage,
                    &format!("the ticket after a comment of {time}"),
                    &ticket,
                    &before,
                )
                .await?;
            }
        }
    }
    // In one batch, one after the other.
    let mut ticket = Ticket { last_message_time: at(0), ..stage.ticket(50)? };
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let (before, ..) = look(&*storage, &ticket).await?;
    for times in [&[at(5), at(7), at(6)][..], &[at(7), at(7)], &[at(6), at(9), at(8), at(9), at(2)], &[at(1)]]
    {
        let mut batch = Vec::new();
        for time in times {
            next_id += 1;
            let new = NewComment { time: *time, ..new_comment(next_id, &ticket)? };
            if *time >= ticket.last_message_time {
                ticket.last_message = Some(new.text.clone());
                ticket.last_message_time = *time;
            }
            ticket.version += 1;
            batch.push(comment_creation(new));
        }
        storage.create_comments(batch).await?;
        expect_ticket_is(&*storage, "the ticket after a batch", &ticket, &before).await?;
    }
    // The longest that a message can be.
    let text = heavy_text_of(MAX_COMMENT_CHARS);
    let new = NewComment { text: text.clone(), time: at(10), ..new_comment(next_id + 1, &ticket)? };
    create_comment(&*storage, comment_creation(new)).await?;
    ticket =
        Ticket { last_message: Some(text), last_message_time: at(10), version: ticket.version + 1, ..ticket };
    expect_ticket_is(&*storage, "the ticket after a long comment", &ticket, &before).await?;
    same("a ticket without comments", &look(&*storage, &neighbour).await?, &neighbour_before)
}

/// COMMENT-5: one that is not from the shop makes the ticket's unread count 1.
pub async fn comment_5_customers_comment_is_unread(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let stage = Stage::set(&*storage, "shop.example.com").await?;
    let mut next_id = 0;
    for (unread_count, id) in [0, 1, 2, 7, i32::MAX].into_iter().zip(1..) {
        let ticket = Ticket { unread_count, last_message_time: at(0), ..stage.ticket(id)? };
        create_ticket(&*storage, creation(ticket.clone())).await?;
        let mut expected = unread_count;
        // Newer and older ones; also from a user's hand, which does not make it the shop's.
        for (is_from_shop, time, author_id) in [
            (true, at(1), Some(stage.user.id)),
            (true, at(2), None),
            (true, at(-1), None),
            (false, at(-1), None),
            (true, at(3), None),
            (false, at(4), Some(stage.user.id)),
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
    // An old one at once, in a batch with one of the shop's after it.
    let ticket = stage.ticket(100)?;
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let old = NewComment { is_from_shop: false, time: Timestamp::MIN, ..new_comment(1_000, &ticket)? };
    let batch = vec![comment_creation(old), comment_creation(new_comment(1_001, &ticket)?)];
    storage.create_comments(batch).await?;
    let found = storage.find_ticket(ticket.shop_id, ticket.id).await?;
    same("the unread count after a batch", &found.map(|view| view.ticket.unread_count), &Some(1))
}

/// COMMENT-6: every comment raises the version; nothing else changes, and nothing at all
/// when it is refused or replayed.
pub async fn comment_6_version_counts_every_comment(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let stage = Stage::set(&*storage, "shop.example.com").await?;
    let other = Stage::set(&*storage, "other.example.com").await?;
    let full = |stage: &Stage| -> anyhow::Result<Ticket> {
        Ok(Ticket {
            channel: "Website".into(),
            name: Some("name".into()),
            thread_id: Some("<thread@example.com>".into()),
            email_used: Some("used@example.com".into()),
            date: at(-9),
            last_message: Some("before".into()),
            last_message_time: at(0),
            contact_reason: Some("reason".into()),
            assigned_to: Some(stage.user.id),
            is_opened: true,
            unread_count: 3,
            tags: ["b", "a", "b"].map(Into::into).to_vec(),
            language_code: Some("pt_BR".into()),
            via: Some("via".into()),
            ..stage.ticket(1)?
        })
    };
    let (mut ticket, same_id) = (full(&stage)?, full(&other)?);
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
        create_comment(&*storage, comment_creation(new)).await?;
        ticket.version += 1;
        if time >= ticket.last_message_time {
            (ticket.last_message, ticket.last_message_time) = (Some(text), time);
        }
        if !is_from_shop {
            ticket.unread_count = 1;
        }
        expect_ticket_is(&*storage, "the ticket after a comment", &ticket, &before).await?;
    }
    // Several in one batch, with refused and replayed ones among them.
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
    let ran = attempts.iter().filter(|it| matches!(it, Attempt::Ran(Created(_)))).count();
    same("how many of the batch were created", &ran, &1)?;
    ticket =
        Ticket { version: ticket.version + 1, last_message: Some(text), last_message_time: at(7), ..ticket };
    expect_ticket_is(&*storage, "the ticket after a batch with one to create", &ticket, &before).await?;
    for (creation, expected) in [
        (with_key(&ticket, 30, 1)?, Attempt::Replayed(b"receipt of 21".to_vec())),
        (with_key(&ticket, 31, 2)?, Attempt::KeyReused),
        (of_nobody(&ticket, 32)?, Attempt::Ran(AuthorNotFound)),
    ] {
        same("one that is not created", &attempt_comment(&*storage, creation).await?, &expected)?;
        expect_ticket_is(&*storage, "the ticket after it", &ticket, &before).await?;
    }
    same("another shop's ticket of the same id", &look(&*storage, &same_id).await?, &same_id_before)
}

/// A comment with an idempotency key that would change all of its ticket that it can.
fn with_key(ticket: &Ticket, id: i64, request: u8) -> anyhow::Result<CommentCreation> {
    let comment = NewComment { time: at(100), is_from_shop: false, ..new_comment(id, ticket)? };
    let receipt = format!("receipt of {id}");
    Ok(CommentCreation { comment, once: Some(once("key", request, receipt.as_bytes())?) })
}

/// The same without a key and with an author who is not there.
fn of_nobody(ticket: &Ticket, id: i64) -> anyhow::Result<CommentCreation> {
    let comment = with_key(ticket, id, 0)?.comment;
    Ok(comment_creation(NewComment { author_id: Some(user_id(UserId::MAX)?), ..comment }))
}

/// COMMENT-7: by time, earliest first, then by id, smallest first; none of another ticket.
pub async fn comment_7_list_is_earliest_first(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = Stage::set(&*storage, "one.example.com").await?;
    let two = Stage::set(&*storage, "two.example.com").await?;
    let mut tickets = vec![one.ticket(1)?, one.ticket(2)?, two.ticket(1)?, one.ticket(TicketId::MAX)?];
    for ticket in &mut tickets {
        create_ticket(&*storage, creation(ticket.clone())).await?;
        let list = storage.list_comments(ticket.shop_id, ticket.id, None, None).await?;
        same("the list without comments", &list, &Some(Page { entries: Vec::new(), next: None }))?;
    }
    let mut times = extreme_times();
    times.extend([at(1), at(0), at(1), at(1)]);
    let mut expected = vec![Vec::new(); tickets.len()];
    // Ids out of order as texts and as doubles, given out against the times, in turn to
    // the tickets.
    for (index, time) in (0_i64..).zip(times.iter().chain(times.iter().rev()).cycle().take(times.len() * 4)) {
        let id = match index % 3 {
            0 => 10 + index * 7 % 97,
            1 => CommentId::MAX - index,
            _ => (1 << 53) + index * 5 % 89,
        };
        let place = usize::try_from(index * index % 5)? % tickets.len();
        let new = NewComment { time: *time, ..new_comment(id, &tickets[place])? };
        create_comment(&*storage, comment_creation(new)).await?;
        expected[place].push((*time, comment_id(id)?));
    }
    for (ticket, mut expected) in tickets.iter().zip(expected) {
        expected.sort_unstable();
        let list = whole_list(&*storage, ticket.shop_id, ticket.id).await?;
        let listed: Vec<_> = list.iter().map(|view| (view.comment.time, view.comment.id)).collect();
        same("the order of a ticket's comments", &listed, &expected)?;
        let count = storage.count_comments(ticket.shop_id, ticket.id).await?;
        same("the count of a ticket's comments", &count, &Some(u64::try_from(expected.len())?))?;
    }
    Ok(())
}

/// COMMENT-8: a limit cuts the list; following `next` answers every comment once.
pub async fn comment_8_pages_hold_every_comment_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let stage = Stage::set(&*storage, "shop.example.com").await?;
    let (ticket, neighbour, empty) = (stage.ticket(1)?, stage.ticket(2)?, stage.ticket(3)?);
    for ticket in [&ticket, &neighbour, &empty] {
        create_ticket(&*storage, creation(ticket.clone())).await?;
    }
    // Runs of one, of several and of all but one of the same time.
    for (index, time) in (0..).zip([0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4, 5, 5]) {
        let new = NewComment { time: at(time), ..new_comment(20 + index * 5 % 14, &ticket)? };
        create_comment(&*storage, comment_creation(new)).await?;
        let new = NewComment { time: at(time), ..new_comment(60 - index, &neighbour)? };
        create_comment(&*storage, comment_creation(new)).await?;
    }
    let list = whole_list(&*storage, ticket.shop_id, ticket.id).await?;
    same("how many comments are listed", &list.len(), &14)?;
    for limit in (1..=16).chain([MAX_PAGE_ENTRIES, u32::MAX]) {
        expect_pages(&*storage, &ticket, &list, limit).await?;
        expect_pages(&*storage, &empty, &[], limit).await?;
    }
    // From any place, whether a comment is there or not.
    for time in [Timestamp::MIN, at(-1), at(0), at(1), at(2), at(3), at(5), at(6), Timestamp::MAX] {
        for id in [1, 20, 24, 29, 33, 34, CommentId::MAX] {
            let after = CommentPosition { time, id: comment_id(id)? };
            let rest: Vec<_> = list
                .iter()
                .filter(|view| (view.comment.time, view.comment.id) > (time, after.id))
                .cloned()
                .collect();
            for limit in [None, Some(MAX_PAGE_ENTRIES)] {
                let page = storage.list_comments(ticket.shop_id, ticket.id, Some(after), limit).await?;
                let expected = Page { entries: rest.clone(), next: None };
                same(&format!("the list after {after:?}"), &page, &Some(expected))?;
            }
        }
    }
    // Without a limit a long list is complete, too.
    let many = stage.ticket(4)?;
    create_ticket(&*storage, creation(many.clone())).await?;
    let batch: Vec<_> = (1_000..1_260)
        .map(|id| Ok(comment_creation(NewComment { time: at(id / 7), ..new_comment(id, &many)? })))
        .collect::<anyhow::Result<_>>()?;
    let count = batch.len();
    storage.create_comments(batch).await?;
    let list = whole_list(&*storage, many.shop_id, many.id).await?;
    same("the length of a long list", &list.len(), &count)?;
    let counted = storage.count_comments(many.shop_id, many.id).await?;
    same("the count of many comments", &counted, &Some(u64::try_from(count)?))?;
    for limit in [41, MAX_PAGE_ENTRIES, 259, 260, 261] {
        expect_pages(&*storage, &many, &list, limit).await?;
    }
    Ok(())
}

/// Fails unless the pages of `limit` are those of the list.
async fn expect_pages(
    storage: &dyn Storage,
    ticket: &Ticket,
    list: &[CommentView],
    limit: u32,
) -> anyhow::Result<()> {
    let mut after = None;
    let mut pages = list.chunks(usize::try_from(limit)?).peekable();
    loop {
        let entries = pages.next().unwrap_or_default().to_vec();
        let last = entries.last().filter(|_| pages.peek().is_some());
        let next = last.map(|view| CommentPosition { time: view.comment.time, id: view.comment.id });
        let page = storage.list_comments(ticket.shop_id, ticket.id, after, Some(limit)).await?;
        same(&format!("a page of {limit} after {after:?}"), &page, &Some(Page { entries, next }))?;
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

/// COMMENT-9: the list and the count of a ticket that is not the shop's are `None`.
pub async fn comment_9_other_shops_ticket_has_no_list(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = Stage::set(&*storage, "one.example.com").await?;
    let two = Stage::set(&*storage, "two.example.com").await?;
    let ticket = one.ticket(1)?;
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    for with_comment in [false, true] {
        if with_comment {
            create_comment(&*storage, comment_creation(new_comment(1, &ticket)?)).await?;
        }
        let after = CommentPosition { time: Timestamp::MIN, id: comment_id(1)? };
        for (shop, id) in [
            (two.shop.id, ticket.id),
            (no_shop, ticket.id),
            (one.shop.id, ticket_id(2)?),
            (one.shop.id, ticket_id(TicketId::MAX)?),
        ] {
            for after in [None, Some(after)] {
                for limit in [None, Some(1), Some(MAX_PAGE_ENTRIES)] {
                    let page = storage.list_comments(shop, id, after, limit).await?;
                    same("the comments of a ticket that is not there", &page, &None)?;
                }
            }
            let count = storage.count_comments(shop, id).await?;
            same("the count of a ticket that is not there", &count, &None)?;
        }
        let count = storage.count_comments(one.shop.id, ticket.id).await?;
        same("the count of the shop's own ticket", &count, &Some(u64::from(with_comment)))?;
        let page = storage.list_comments(one.shop.id, ticket.id, None, None).await?;
        same(
            "how long the own list is",
            &page.map(|page| page.entries.len()),
            &Some(usize::from(with_comment)),
        )?;
    }
    Ok(())
}

/// The ticket's comments, without a limit.
async fn whole_list(
    storage: &dyn Storage,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<Vec<CommentView>> {
    let page = storage.list_comments(shop, ticket, None, None).await?.context("the ticket has no list")?;
    same("where the list without a limit goes on", &page.next, &None)?;
    Ok(page.entries)
}
