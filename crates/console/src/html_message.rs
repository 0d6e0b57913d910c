//! HTML messages. Each has a response of its own, in which nothing runs and nothing is fetched.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{CommentId, CommentPosition, PageSize, Ticket, TicketId, Timestamp};

use crate::form::Form;
use crate::message::is_html;
use crate::{Agent, Console, Failure};

/// Sandboxed: no scripts, no forms, no navigation, an origin of its own.
const POLICY: &str =
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// The same, with the images of other servers.
const POLICY_WITH_IMAGES: &str = "sandbox; default-src 'none'; img-src data: http: https:; style-src 'unsafe-inline'; \
                                  frame-ancestors 'self'";

/// Makes the message readable on both colour schemes, and as wide as its frame.
const HEAD: &str = "<!doctype html><meta charset=\"utf-8\"><style>html{background:#fff;color:#111;\
                    font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}body{margin:8px}\
                    img,table{max-width:100%;height:auto}</style>";

/// `GET /tickets/{ticket}/messages/{message}`: an HTML message, for its frame. `images=1` allows images
/// of other servers. They learn no address of this server.
///
/// # Errors
/// 404 for a ticket or message that the shop does not have, and for a message that is not HTML.
pub(crate) async fn serve(
    console: Console,
    agent: Agent,
    path: web::Path<(i64, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let (ticket, message) = path.into_inner();
    let ticket = TicketId::new(ticket).ok_or_else(Failure::ticket_not_found)?;
    let view = console.tickets.find_ticket(agent.shop(), ticket).await?;
    let ticket = view.ok_or_else(Failure::ticket_not_found)?.ticket;
    let html = text_of(&console, &ticket, &message).await?.filter(|text| is_html(text));
    let html = html.ok_or_else(Failure::page_not_found)?;
    let policy = if Form::of_query(&request).text("images") == "1" { POLICY_WITH_IMAGES } else { POLICY };
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .body(format!("{HEAD}{html}")))
}

/// Returns the text of a message of the ticket.
async fn text_of(console: &Console, ticket: &Ticket, message: &str) -> Result<Option<String>, Failure> {
    if message == "first" {
        return Ok(ticket.first_message().map(|(text, _)| text.to_owned()));
    }
    let Some(position) = position(message) else { return Ok(None) };
    // The position just before it: at the same time, ids are in order.
    let before = CommentId::new(position.id.get() - 1).map(|id| CommentPosition { id, ..position });
    let page = console.comments.list_comments(ticket.shop_id, ticket.id, before, PageSize::of(1)).await?;
    let view = page.and_then(|page| page.entries.into_iter().next());
    Ok(view.filter(|view| view.comment.position() == position).map(|view| view.comment.text))
}

/// Reads the position of a comment, as the paths of frames spell it.
pub(crate) fn position(text: &str) -> Option<CommentPosition> {
    let (time, id) = text.split_once('.')?;
    let time = Timestamp::from_unix_millis(time.parse().ok()?).ok()?;
    Some(CommentPosition { time, id: CommentId::new(id.parse().ok()?)? })
}
