//! The obligations of [`CommentStore`](hexdesk_domain::CommentStore), except idempotency keys.

mod changes;
mod effects;
mod lists;
mod taken_ids;
mod versions;

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_COMMENT_CHARS, MAX_COMMENT_SUBJECT_CHARS, MAX_TAG_CHARS, MAX_TAGS, MAX_TO_EMAILS,
};
use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::ports::CreateCommentOutcome::{AuthorNotFound, Created, TicketNotFound};
use hexdesk_domain::{
    CommentId, CommentView, Customer, IdempotentOutcome, NewComment, NewCustomer, NewUser, PageSize, ShopId,
    Storage, Ticket, TicketId, TicketView, Timestamp, User, UserId,
};

use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, TRICKY_TEXTS, at, attempt_comment, comment_creation, comment_id, create_comment,
    create_customer, create_ticket, create_user, creation, customer_by_email, customer_id, deferred_claim,
    extreme_times, heavy_text_of, longest_email, new_comment, plain_ticket, stamp, text_of, ticket_id,
    user_by_email, user_id,
};

pub use changes::{
    comment_15_update_changes_what_it_says, comment_17_message_before_is_shown,
    comment_18_refused_change_changes_nothing, comment_19_old_text_leaves_log_and_records,
};
pub use effects::{
    comment_4_last_message_follows, comment_5_customers_comment_is_unread,
    comment_6_version_counts_every_comment, comment_14_note_moves_nothing,
};
pub use lists::{
    comment_7_list_is_earliest_first, comment_8_pages_hold_every_comment_once,
    comment_9_other_shops_ticket_has_no_list,
};
pub use taken_ids::comment_12_taken_id_fails_the_batch;
pub use versions::comment_21_version_is_checked;

/// COMMENT-1: returned and listed with every field as passed in, and with channel, customer and
/// author.
pub async fn comment_1_is_listed_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    // Both shops have people and tickets with the same numbers. They differ otherwise.
    let mut tickets = Vec::new();
    for fixture in [&one, &two] {
        let of_shop = |what: &str| Some(format!("{what} of {}", fixture.shop.domain));
        let new = NewCustomer {
            id: Some(customer_id(60)?),
            phone_number: of_shop("phone"),
            full_name: of_shop("customer"),
            stamp: stamp(Timestamp::MIN),
            ..customer_by_email("60@example.com")
        };
        let customer = create_customer(&*storage, fixture.shop.id, new).await?;
        let new = NewUser {
            id: Some(user_id(60)?),
            full_name: of_shop("agent"),
            stamp: stamp(Timestamp::MAX),
            ..user_by_email("60@example.com")
        };
        let author = create_user(&*storage, fixture.shop.id, new).await?;
        let ticket = Ticket {
            channel: format!("channel of {}", fixture.shop.domain),
            // Neither person wrote the comment.
            assigned_to: Some(fixture.user.id),
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
        // Half of them in one batch, half of them one by one.
        let (together, alone) = comments.split_at(comments.len() / 2);
        let mut attempts =
            storage.create_comments(together.iter().cloned().map(comment_creation).collect()).await?;
        for new in alone {
            attempts.push(attempt_comment(&*storage, comment_creation(new.clone())).await?);
        }
        same("the number of attempts", &attempts.len(), &comments.len())?;
        for (attempt, expected) in attempts.into_iter().zip(&expected) {
            same(
                "the outcome of a new comment",
                &attempt,
                &IdempotentOutcome::Ran(Created(Box::new(expected.clone()))),
            )?;
        }
        expected.sort_by_key(|view| (view.comment.time, view.comment.id));
        let list = whole_list(&*storage, ticket.shop_id, ticket.id).await?;
        same("the number of listed comments", &list.len(), &expected.len())?;
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
    CommentView { comment: new.into_comment(ticket), customer: customer.clone(), author }
}

/// Every field at its extremes, all together and each alone.
fn various_comments(ticket: &Ticket, author: UserId) -> anyhow::Result<Vec<NewComment>> {
    let plain = new_comment(1, ticket)?;
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    let mut comments = vec![
        plain.clone(),
        // All fields differ, so that no field can be mistaken for another.
        NewComment {
            text: "text".into(),
            time: at(1),
            channel: Some("Website".into()),
            is_from_shop: false,
            is_note: true,
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
        NewComment { text: String::new(), attachments: Some("[{}]".into()), ..plain.clone() },
        NewComment { is_from_shop: false, ..plain.clone() },
        NewComment { is_note: true, ..plain.clone() },
        NewComment { author_id: Some(author), ..plain.clone() },
        NewComment { channel: Some("Website".into()), ..plain.clone() },
        NewComment { subject: Some("subject".into()), ..plain.clone() },
        NewComment { subject: Some(String::new()), ..plain.clone() },
        NewComment { from_email: Some("from@example.com".into()), ..plain.clone() },
        NewComment { to_emails: texts(&["b@example.com", "a@example.com"]), ..plain.clone() },
        // Order, repetition, empty tags, and characters that serialized lists use.
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
    // Ids across their whole range.
    let count = i64::try_from(comments.len())?;
    for (comment, index) in comments.iter_mut().zip(0..) {
        comment.id = comment_id(1 + (CommentId::MAX - 1) / (count - 1) * index)?;
    }
    if let Some(last) = comments.last_mut() {
        last.id = comment_id(CommentId::MAX)?;
    }
    Ok(comments)
}

/// JSON that a store changes if it parses it and writes it again: white space, the order of
/// members, duplicate members, escapes, numbers.
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

/// COMMENT-2: one attempt for each item, in order. A refused item fails alone.
pub async fn comment_2_attempts_are_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    same("an empty batch in an empty store", &storage.create_comments(Vec::new()).await?, &Vec::new())?;
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let mut tickets = Vec::new();
    for fixture in [&one, &two] {
        for id in 1..=3 {
            let ticket = fixture.ticket(id)?;
            create_ticket(&*storage, creation(ticket.clone())).await?;
            tickets.push((ticket, fixture));
        }
    }
    same("an empty batch", &storage.create_comments(Vec::new()).await?, &Vec::new())?;
    let (ticket, _) = &tickets[0];
    let first = CommentCreation {
        comment: new_comment(1, ticket)?,
        stamp: stamp(at(8)),
        expected_version: None,
        claim: Some(deferred_claim("key", 1, b"first")?),
    };
    create_comment(&*storage, first).await?;

    // Ids, outcomes and tickets are not sorted.
    let mut batch = Vec::new();
    let mut expected = Vec::new();
    for index in 0..120_i64 {
        let (ticket, fixture) = &tickets[usize::try_from(index)? * 5 % tickets.len()];
        let new = NewComment {
            author_id: (index % 2 == 0).then_some(fixture.user.id),
            time: at(index * 31 % 17),
            ..new_comment(1_000 + index * 77 % 120, ticket)?
        };
        let item = |comment: NewComment| CommentCreation {
            comment,
            stamp: stamp(at(8)),
            expected_version: None,
            claim: None,
        };
        let of_first = fixture.shop.id == one.shop.id;
        let (item, attempt) = match index * index % 7 {
            0 => (
                item(NewComment { ticket_id: ticket_id(99)?, ..new }),
                IdempotentOutcome::Ran(TicketNotFound),
            ),
            1 => (
                item(NewComment { author_id: Some(user_id(UserId::MAX)?), ..new }),
                IdempotentOutcome::Ran(AuthorNotFound),
            ),
            2 if of_first && index % 2 == 0 => (
                CommentCreation {
                    comment: new,
                    stamp: stamp(at(8)),
                    expected_version: None,
                    claim: Some(deferred_claim("key", 1, b"later")?),
                },
                IdempotentOutcome::Replayed(b"first".to_vec()),
            ),
            2 if of_first => (
                CommentCreation {
                    comment: new,
                    stamp: stamp(at(8)),
                    expected_version: None,
                    claim: Some(deferred_claim("key", 2, b"later")?),
                },
                IdempotentOutcome::KeyReused,
            ),
            _ => {
                let view = view_of(new.clone(), ticket, &fixture.customer, &fixture.user);
                (item(new), IdempotentOutcome::Ran(Created(Box::new(view))))
            }
        };
        batch.push(item);
        expected.push(attempt);
    }
    let attempts = storage.create_comments(batch.clone()).await?;
    same("the number of attempts of a batch", &attempts.len(), &expected.len())?;
    for (place, (attempt, expected)) in attempts.iter().zip(&expected).enumerate() {
        same(&format!("the attempt of item {place}"), attempt, expected)?;
    }
    for (ticket, _) in &tickets {
        let of_ticket = |creation: &CommentCreation| {
            creation.comment.shop_id == ticket.shop_id && creation.comment.ticket_id == ticket.id
        };
        let accepted = batch.iter().zip(&expected).filter(|(item, attempt)| {
            of_ticket(item) && matches!(attempt, IdempotentOutcome::Ran(Created(_)))
        });
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

/// COMMENT-3: a ticket or author outside the shop is refused. Nothing is written.
pub async fn comment_3_unknown_ticket_or_author_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let new = NewUser { id: Some(user_id(700)?), ..user_by_email("700@example.com") };
    let of_other = create_user(&*storage, other.shop.id, new).await?;
    // A customer's number is not a user's number.
    let new = NewCustomer { id: Some(customer_id(800)?), ..customer_by_email("800@example.com") };
    create_customer(&*storage, fixture.shop.id, new).await?;
    let (ticket, of_other_shop) = (fixture.ticket(5)?, other.ticket(6)?);
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
        // If both are missing, the outcome names the ticket.
        (
            NewComment { ticket_id: ticket_id(7)?, author_id: Some(user_id(UserId::MAX)?), ..plain.clone() },
            TicketNotFound,
        ),
        (NewComment { author_id: Some(user_id(UserId::MAX)?), ..plain.clone() }, AuthorNotFound),
        (NewComment { author_id: Some(of_other.id), ..plain.clone() }, AuthorNotFound),
        (NewComment { author_id: Some(user_id(800)?), ..plain.clone() }, AuthorNotFound),
    ];
    for (refused, outcome) in refused {
        let attempt = attempt_comment(&*storage, comment_creation(refused.clone())).await?;
        same("a comment to refuse", &attempt, &IdempotentOutcome::Ran(outcome.clone()))?;
        same("the ticket after a refusal", &look(&*storage, &ticket).await?, &before)?;
        same("the other shop's ticket", &look(&*storage, &of_other_shop).await?, &before_other)?;
        let found = storage.count_comments(refused.shop_id, ticket_id(7)?).await?;
        same("the comments of a missing ticket", &found, &None)?;
    }
    // Refused comments do not block their ids.
    create_comment(&*storage, comment_creation(plain.clone())).await?;
    same("the ticket's comments", &storage.count_comments(ticket.shop_id, ticket.id).await?, &Some(1))?;
    // A refused comment does not block the same id in its own batch either.
    let neighbour = NewComment { id: comment_id(2)?, ..plain.clone() };
    let twin = NewComment { author_id: Some(of_other.id), text: "refused".into(), ..neighbour.clone() };
    let attempts =
        storage.create_comments(vec![comment_creation(twin), comment_creation(neighbour.clone())]).await?;
    let view = view_of(neighbour, &ticket, &fixture.customer, &fixture.user);
    let expected = [IdempotentOutcome::Ran(AuthorNotFound), IdempotentOutcome::Ran(Created(Box::new(view)))];
    same("a refused comment and one with the same id", &attempts.as_slice(), &expected.as_slice())
}

/// Returns a ticket with its comments.
async fn look(
    storage: &dyn Storage,
    ticket: &Ticket,
) -> anyhow::Result<(TicketView, Vec<CommentView>, Option<u64>)> {
    let view = storage.find_ticket(ticket.shop_id, ticket.id).await?.context("the ticket is not found")?;
    let comments = whole_list(storage, ticket.shop_id, ticket.id).await?;
    Ok((view, comments, storage.count_comments(ticket.shop_id, ticket.id).await?))
}

/// Returns the whole list of the ticket's comments, read in pages of the largest size.
async fn whole_list(
    storage: &dyn Storage,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<Vec<CommentView>> {
    let mut list = Vec::new();
    let mut after = None;
    // Far more pages than any case fills. A list that never ends is a failure.
    for _ in 0..100 {
        let page = storage.list_comments(shop, ticket, after, PageSize::MAX).await?;
        let page = page.context("the ticket has no list")?;
        list.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(list);
        }
    }
    anyhow::bail!("the list of comments does not end")
}
