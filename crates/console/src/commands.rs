//! What agents do with a ticket: answer, note, assign, tag, open and close.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use hexdesk_domain::limits::{MAX_COMMENT_CHARS, MAX_TAG_CHARS, MAX_TAGS};
use hexdesk_domain::ports::{CreateCommentOutcome, UpdateTicketOutcome};
use hexdesk_domain::{
    CommandError, CommentDraft, CommentId, CreateCommentError, Fingerprint, IdempotencyKey,
    IdempotencyRequest, IdempotentOutcome, Receipt, TicketChanges, TicketId, TicketView, UserId,
};
use sha2::{Digest, Sha256};

use crate::form::{self, Form};
use crate::inbox::see_other;
use crate::ticket::{self, Case, Composer, Origin, Part};
use crate::{Agent, Console, Failure, labels};

/// How often a command that checked a ticket is tried again if the ticket changed meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// An answer to a customer, or a note.
struct Answer<'a> {
    text: &'a str,
    is_note: bool,
    /// Whether the ticket is closed afterwards.
    closes: bool,
    key: &'a str,
    version: Option<i64>,
    seen: i64,
}

/// Outcome of sending an answer.
enum Sent {
    /// The answer was written, now or by an earlier use of the form.
    Done(Written),
    /// The form was used before with another text.
    KeyReused,
    /// Somebody wrote what the user has not seen.
    NotSeen,
}

/// An answer that was written.
struct Written {
    /// The version in which it left the ticket. `None` for a note.
    version: Option<i64>,
    /// The comment. `None` if an earlier use of the form wrote it.
    comment: Option<CommentId>,
}

/// `POST /tickets/{ticket}/answer`: sends a reply, or adds a note. A reply that was written without
/// seeing the latest messages is not sent: the page shows them and keeps the text.
///
/// # Errors
/// 404 for a ticket that the shop does not have, and the errors of the store.
pub(crate) async fn answer(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let ticket = ticket_id(*path)?;
    let answer = Answer {
        text: form.text("text"),
        is_note: form.text("kind") == "note",
        closes: form.text("then") == "close",
        key: form.text("key"),
        version: form.number("version"),
        seen: form.number("seen").unwrap_or(0),
    };
    let refused = |refusal: String, key: &str| Composer {
        text: answer.text.to_owned(),
        is_note: answer.is_note,
        key: key.to_owned(),
        seen: answer.seen,
        refusal,
        ..Composer::default()
    };
    if let Some(refusal) = invalid(answer.text) {
        let case = Case::load(&console, &agent, ticket, Part::Latest).await?;
        let composer = Composer { seen: i64::MAX, ..refused(refusal, answer.key) };
        return ticket::page(&console, &agent, &form, case, composer, StatusCode::BAD_REQUEST).await;
    }
    let sent = send(&console, &agent, ticket, &answer).await;
    let sent = sent.map_err(|failure| failure.with_unsent(answer.text))?;
    let (refusal, key) = match sent {
        Sent::Done(written) => {
            let is_marked = mark_answered(&console, &agent, ticket, &answer, &written).await?;
            let done = match (answer.is_note, is_marked || !answer.closes) {
                (true, _) => "note",
                (false, true) => "reply",
                (false, false) => "open-reply",
            };
            let sent: String = form_urlencoded::byte_serialize(answer.key.as_bytes()).collect();
            return Ok(done_with(ticket, &form, &format!("{done}&sent={sent}")));
        }
        Sent::KeyReused => {
            let refusal = "This form was already sent with another text. That text is in the conversation. Send \
                           this one if you mean both.";
            (refusal.to_owned(), form::new_key()?)
        }
        Sent::NotSeen => (String::new(), answer.key.to_owned()),
    };
    let case = Case::load(&console, &agent, ticket, Part::Latest).await?;
    let refusal = if refusal.is_empty() {
        let authors = case.conversation.authors_since(answer.seen).join(" and ");
        format!("Not sent yet: {authors} wrote while you did. Read the new messages above, then send again.")
    } else {
        refusal
    };
    let composer = refused(refusal, &key);
    ticket::page(&console, &agent, &form, case, composer, StatusCode::PRECONDITION_FAILED).await
}

/// Why a text cannot be sent.
fn invalid(text: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    if text.trim().is_empty() {
        Some("Write a text first.".to_owned())
    } else if length > MAX_COMMENT_CHARS {
        Some(format!("A message has at most {MAX_COMMENT_CHARS} characters, and this one has {length}."))
    } else if text.contains('\0') {
        Some("A message cannot hold the character U+0000.".to_owned())
    } else {
        None
    }
}

async fn send(
    console: &Console,
    agent: &Agent,
    ticket: TicketId,
    answer: &Answer<'_>,
) -> Result<Sent, Failure> {
    // A reply goes against a version. No ticket has version 0, so a form without one is checked first.
    let mut expected = (!answer.is_note).then(|| answer.version.unwrap_or(0));
    for _ in 0..MAX_ATTEMPTS {
        match write(console, agent, ticket, answer, expected).await? {
            IdempotentOutcome::Ran(CreateCommentOutcome::Created(view)) => {
                let version = expected.map(after_comment);
                return Ok(Sent::Done(Written { version, comment: Some(view.comment.id) }));
            }
            IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound) => {
                return Err(Failure::ticket_not_found());
            }
            IdempotentOutcome::Ran(CreateCommentOutcome::AuthorNotFound) => return Err(Failure::internal()),
            IdempotentOutcome::Ran(CreateCommentOutcome::VersionMismatch) => {
                // Only messages count: tags or an assignee change no answer.
                let case = Case::load(console, agent, ticket, Part::Latest).await?;
                if case.conversation.latest() > answer.seen {
                    return Ok(Sent::NotSeen);
                }
                expected = Some(case.view.ticket.version);
            }
            IdempotentOutcome::Replayed(receipt) => {
                let version = form::number_of(&receipt);
                return Ok(Sent::Done(Written { version, comment: None }));
            }
            IdempotentOutcome::KeyReused => return Ok(Sent::KeyReused),
            IdempotentOutcome::InProgress => return Err(busy()),
        }
    }
    Err(busy())
}

/// The version of a ticket after a comment on this version (COMMENT-6).
const fn after_comment(version: i64) -> i64 {
    version.saturating_add(1)
}

async fn write(
    console: &Console,
    agent: &Agent,
    ticket: TicketId,
    answer: &Answer<'_>,
    expected_version: Option<i64>,
) -> Result<IdempotentOutcome<CreateCommentOutcome>, Failure> {
    let draft = CommentDraft {
        text: Some(answer.text.to_owned()),
        is_note: Some(answer.is_note),
        is_from_shop: Some(true),
        ..CommentDraft::default()
    };
    let idempotency = IdempotencyKey::parse(answer.key).ok().map(|key| IdempotencyRequest {
        operation: format!("console answer {ticket}"),
        key,
        fingerprint: fingerprint(answer),
    });
    // Says what to do if the form is sent again before the ticket was marked as answered.
    let version = expected_version.map_or_else(String::new, |version| after_comment(version).to_string());
    let receipt = Arc::new(move |outcome: &CreateCommentOutcome| match outcome {
        CreateCommentOutcome::Created(view) => {
            let response = version.clone().into_bytes();
            Some(Receipt { response, customer_id: Some(view.comment.customer_id) })
        }
        _ => None,
    });
    let caller = agent.principal.caller();
    console
        .create_comment
        .execute(caller, ticket, draft, expected_version, idempotency, receipt)
        .await
        .map_err(|error| match error {
            CreateCommentError::Invalid(_) => {
                Failure::new(StatusCode::BAD_REQUEST, "Not sent", "This text cannot be sent.")
            }
            CreateCommentError::IdsExhausted(error) => {
                tracing::error!(%error, "no id is left");
                Failure::overloaded()
            }
            CreateCommentError::Storage(error) => error.into(),
        })
}

/// The digest of what an answer says, without the version it was written against.
fn fingerprint(answer: &Answer<'_>) -> Fingerprint {
    let kind: &[u8] = if answer.is_note { b"note\n" } else { b"reply\n" };
    Fingerprint(Sha256::new().chain_update(kind).chain_update(answer.text).finalize().into())
}

fn busy() -> Failure {
    Failure::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "Busy",
        "Others are changing this ticket right now. Go back and send the form again: it takes effect once.",
    )
}

/// Marks a ticket as read, because the shop has answered it. Closes it if requested. A message that the
/// user has not seen leaves the ticket as it is. So does any change, if an earlier use of the form has
/// written the answer. Returns whether the ticket is marked now.
async fn mark_answered(
    console: &Console,
    agent: &Agent,
    ticket: TicketId,
    answer: &Answer<'_>,
    written: &Written,
) -> Result<bool, Failure> {
    let Some(mut version) = written.version else { return Ok(true) };
    let is_opened = answer.closes.then_some(false);
    for _ in 0..MAX_ATTEMPTS {
        let changes = TicketChanges { unread_count: Some(0), is_opened, ..TicketChanges::default() };
        if update(console, agent, ticket, changes, version).await? {
            return Ok(true);
        }
        // Its first use has told the user, or the user has seen the ticket since.
        let Some(comment) = written.comment else { return Ok(true) };
        let case = Case::load(console, agent, ticket, Part::Latest).await?;
        if case.conversation.latest() > comment.get() {
            return Ok(false);
        }
        version = case.view.ticket.version;
    }
    Err(busy())
}

/// Changes a ticket as `changes` says, for the state that the ticket has then.
async fn change(
    console: &Console,
    agent: &Agent,
    ticket: TicketId,
    changes: impl Fn(&TicketView) -> Result<TicketChanges, Failure>,
) -> Result<(), Failure> {
    for _ in 0..MAX_ATTEMPTS {
        let view = console.tickets.find_ticket(agent.shop(), ticket).await?;
        let view = view.ok_or_else(Failure::ticket_not_found)?;
        let changes = changes(&view)?;
        if changes.is_empty() {
            return Ok(());
        }
        if update(console, agent, ticket, changes, view.ticket.version).await? {
            return Ok(());
        }
    }
    Err(busy())
}

/// Changes this version of a ticket. Returns `false` if it has another one.
async fn update(
    console: &Console,
    agent: &Agent,
    ticket: TicketId,
    changes: TicketChanges,
    version: i64,
) -> Result<bool, Failure> {
    let receipt = Arc::new(|_: &UpdateTicketOutcome| None);
    let caller = agent.principal.caller();
    let outcome = console.update_ticket.execute(caller, ticket, changes, Some(version), None, receipt).await;
    match outcome.map_err(failed)? {
        IdempotentOutcome::Ran(UpdateTicketOutcome::VersionMismatch) => Ok(false),
        IdempotentOutcome::Ran(UpdateTicketOutcome::TicketNotFound) => Err(Failure::ticket_not_found()),
        IdempotentOutcome::Ran(
            UpdateTicketOutcome::AssigneeNotFound | UpdateTicketOutcome::AssigneeDeactivated,
        ) => Err(conflict("This user cannot be assigned tickets any longer. Nothing was changed.")),
        _ => Ok(true),
    }
}

fn failed(error: CommandError) -> Failure {
    match error {
        CommandError::Invalid(_) => {
            Failure::new(StatusCode::BAD_REQUEST, "Not changed", "This value is not allowed.")
        }
        CommandError::Storage(error) => error.into(),
    }
}

fn conflict(sentence: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::new(StatusCode::CONFLICT, "Changed meanwhile", sentence)
}

/// `POST /tickets/{ticket}/assign`: assigns a ticket, unless somebody else did so meanwhile.
///
/// # Errors
/// 404 for a ticket that the shop does not have, 409 if the assignee has changed.
pub(crate) async fn assign(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let ticket = ticket_id(*path)?;
    let assignee = form.number("assignee").and_then(UserId::new);
    let before = form.number("before").and_then(UserId::new);
    change(&console, &agent, ticket, |view| {
        let present = view.ticket.assigned_to;
        if present != before && present != assignee {
            let name = view.assignee.as_ref().map_or_else(|| "nobody".to_owned(), labels::user);
            return Err(conflict(format!(
                "This ticket was assigned to {name} meanwhile, so it was not assigned again."
            )));
        }
        let assigned_to = (present != assignee).then_some(assignee);
        Ok(TicketChanges { assigned_to, ..TicketChanges::default() })
    })
    .await?;
    Ok(done_with(ticket, &form, "assigned"))
}

/// `POST /tickets/{ticket}/state`: opens or closes a ticket. A ticket with messages that the user has
/// not seen is not closed.
///
/// # Errors
/// 404 for a ticket that the shop does not have.
pub(crate) async fn state(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let ticket = ticket_id(*path)?;
    let opens = form.text("state") == "open";
    let case = Case::load(&console, &agent, ticket, Part::Latest).await?;
    let seen = form.number("seen").unwrap_or(0);
    if !opens && case.view.ticket.is_opened && case.conversation.latest() > seen {
        let authors = case.conversation.authors_since(seen).join(" and ");
        let refusal = format!("Not closed: {authors} wrote meanwhile. Read the new messages above.");
        let composer = Composer { refusal, seen, ..Composer::default() };
        return ticket::page(&console, &agent, &form, case, composer, StatusCode::PRECONDITION_FAILED).await;
    }
    change(&console, &agent, ticket, |view| {
        // Who closes a ticket has read it.
        let unread_count = (!opens && view.ticket.unread_count > 0).then_some(0);
        let is_opened = (view.ticket.is_opened != opens).then_some(opens);
        Ok(TicketChanges { is_opened, unread_count, ..TicketChanges::default() })
    })
    .await?;
    Ok(done_with(ticket, &form, if opens { "opened" } else { "closed" }))
}

/// `POST /tickets/{ticket}/read`: marks a ticket as read.
///
/// # Errors
/// 404 for a ticket that the shop does not have.
pub(crate) async fn read(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let ticket = ticket_id(*path)?;
    change(&console, &agent, ticket, |view| {
        let unread_count = (view.ticket.unread_count > 0).then_some(0);
        Ok(TicketChanges { unread_count, ..TicketChanges::default() })
    })
    .await?;
    Ok(done_with(ticket, &form, "read"))
}

/// `POST /tickets/{ticket}/tags`: adds a tag, or removes one.
///
/// # Errors
/// 404 for a ticket that the shop does not have, 400 for a tag that is too long or one too many.
pub(crate) async fn tags(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let ticket = ticket_id(*path)?;
    let (added, removed) = (form.text("add").trim(), form.text("remove"));
    change(&console, &agent, ticket, |view| {
        let mut tags = view.ticket.tags.clone();
        tags.retain(|tag| tag != removed || removed.is_empty());
        if !added.is_empty() && !tags.iter().any(|tag| tag == added) {
            tags.push(added.to_owned());
        }
        if tags.len() as u64 > MAX_TAGS || added.chars().count() as u64 > MAX_TAG_CHARS {
            let limits =
                format!("A ticket has at most {MAX_TAGS} tags, each of at most {MAX_TAG_CHARS} characters.");
            return Err(Failure::new(StatusCode::BAD_REQUEST, "Tag not added", limits));
        }
        let tags = (tags != view.ticket.tags).then_some(tags);
        Ok(TicketChanges { tags, ..TicketChanges::default() })
    })
    .await?;
    Ok(done_with(ticket, &form, "tags"))
}

fn ticket_id(number: i64) -> Result<TicketId, Failure> {
    TicketId::new(number).ok_or_else(Failure::ticket_not_found)
}

/// Sends the browser back to the ticket.
fn done_with(ticket: TicketId, form: &Form, done: &str) -> HttpResponse {
    see_other(&format!("/tickets/{ticket}{}&done={done}", Origin::of(form).query()))
}
