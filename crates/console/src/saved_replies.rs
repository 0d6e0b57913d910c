//! Saved replies: texts that agents insert into answers.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use hexdesk_domain::limits::{MAX_SAVED_REPLY_CHARS, MAX_SAVED_REPLY_TITLE_CHARS};
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{
    CommandError, CreateSavedReplyError, SavedReply, SavedReplyDraft, SavedReplyId, TicketIdsExhausted,
};

use crate::form::Form;
use crate::inbox::see_other;
use crate::shell::{self, Shell};
use crate::{Agent, Console, Failure, labels};

/// The most characters of a text in the list.
const PREVIEW_CHARS: usize = 200;

#[derive(Template)]
#[template(path = "saved-replies.html")]
struct SavedRepliesPage {
    shell: Shell,
    replies: Vec<Entry>,
    editor: Editor,
}

struct Entry {
    id: SavedReplyId,
    title: String,
    preview: String,
}

/// The form for a new reply, or for one that exists.
struct Editor {
    id: SavedReplyId,
    exists: bool,
    title: String,
    text: String,
    refusal: String,
}

/// Returns the saved replies, by title.
pub(crate) async fn all(console: &Console, agent: &Agent) -> Result<Vec<SavedReply>, Failure> {
    let mut replies = console.saved_replies.list_saved_replies(agent.shop()).await?;
    replies.sort_by_cached_key(|reply| (reply.title.to_lowercase(), reply.id));
    Ok(replies)
}

async fn page(
    console: &Console,
    agent: &Agent,
    editor: Editor,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let replies = all(console, agent).await?;
    let shell = Shell::load(console, agent, place, None, "").await?;
    let replies = replies.into_iter().map(|reply| Entry {
        id: reply.id,
        title: reply.title,
        preview: labels::beginning(&reply.text, PREVIEW_CHARS),
    });
    let page = SavedRepliesPage { shell: shell.at("/saved-replies"), replies: replies.collect(), editor };
    shell::page(HttpResponse::build(status), &page)
}

/// `GET /saved-replies`: the list, and a form for another.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn list(console: Console, agent: Agent) -> Result<HttpResponse, Failure> {
    // The id is the form's: sent twice, it adds one reply.
    let id = console.manage_saved_replies.next_id().map_err(no_id)?;
    let (title, text, refusal) = Default::default();
    page(&console, &agent, Editor { id, exists: false, title, text, refusal }, StatusCode::OK).await
}

/// `GET /saved-replies/{reply}`: the list, and a form for this one.
///
/// # Errors
/// 404 for a reply that the shop does not have.
pub(crate) async fn edit(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let id = SavedReplyId::new(*path).ok_or_else(not_found)?;
    let reply = console.saved_replies.find_saved_reply(agent.shop(), id).await?.ok_or_else(not_found)?;
    let SavedReply { title, text, .. } = reply;
    let editor = Editor { id, exists: true, title, text, refusal: String::new() };
    page(&console, &agent, editor, StatusCode::OK).await
}

/// `POST /saved-replies/{reply}`: adds a reply, or changes one.
///
/// # Errors
/// 404 for a reply that was deleted meanwhile, 400 for a text that is not allowed.
pub(crate) async fn save(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let id = SavedReplyId::new(*path).ok_or_else(not_found)?;
    let (title, text) = (form.text("title").to_owned(), form.text("text").to_owned());
    let exists = form.text("exists") == "true";
    let draft = SavedReplyDraft { title: Some(title.clone()), text: Some(text.clone()) };
    let saved = if exists {
        match console.manage_saved_replies.update(agent.shop(), id, draft).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => return Err(not_found().with_unsent(&text)),
            Err(CommandError::Invalid(_)) => Err(invalid()),
            Err(CommandError::Storage(error)) => return Err(Failure::from(error).with_unsent(&text)),
        }
    } else {
        match console.manage_saved_replies.create(agent.shop(), Some(id), draft).await {
            Ok(CreateSavedReplyOutcome::Created(_) | CreateSavedReplyOutcome::Exists(_)) => Ok(()),
            Ok(CreateSavedReplyOutcome::TooMany) => Err(format!(
                "A shop has at most {} saved replies. Delete one first.",
                SavedReply::MAX_OF_SHOP
            )),
            Err(CreateSavedReplyError::Invalid(_)) => Err(invalid()),
            Err(CreateSavedReplyError::Ids(error)) => return Err(no_id(error).with_unsent(&text)),
            Err(CreateSavedReplyError::Storage(error)) => {
                return Err(Failure::from(error).with_unsent(&text));
            }
        }
    };
    match saved {
        Ok(()) => Ok(see_other("/saved-replies")),
        Err(refusal) => {
            let editor = Editor { id, exists, title, text, refusal };
            page(&console, &agent, editor, StatusCode::BAD_REQUEST).await
        }
    }
}

/// `POST /saved-replies/{reply}/delete`: deletes a reply.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn delete(
    console: Console,
    agent: Agent,
    path: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let id = SavedReplyId::new(*path).ok_or_else(not_found)?;
    // Sent twice, it has deleted the reply before.
    console.saved_replies.delete_saved_reply(agent.shop(), id).await?;
    Ok(see_other("/saved-replies"))
}

fn invalid() -> String {
    format!(
        "A saved reply has a title of at most {MAX_SAVED_REPLY_TITLE_CHARS} characters and a text of at most \
         {MAX_SAVED_REPLY_CHARS}."
    )
}

fn not_found() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "Saved reply not found",
        "This saved reply does not exist, or was deleted meanwhile.",
    )
}

fn no_id(error: TicketIdsExhausted) -> Failure {
    tracing::error!(%error, "no id is left");
    Failure::overloaded()
}
