use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::{CommentViewJson, CommentsAnswer};
use crate::cursor::CursorSeal;
use crate::list_query::{self, QueryParameters};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

/// `GET /api/v1/tickets/{ticketId}/comments`: the messages of a ticket of the key's shop,
/// oldest first; all of them, or a page if `limit` or `cursor` is given.
///
/// # Errors
/// 400 for a ticket id or a parameter that is none, 404 for a ticket that the shop does
/// not have.
pub(crate) async fn list(
    services: Started,
    principal: web::ReqData<Principal>,
    ticket: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ticket = wire_id::ticket_in_path(&ticket)?;
    let mut parameters = QueryParameters::parse(&request, ["limit", "cursor"])?;
    let shop = principal.shop.id;
    let seal = CursorSeal::new("comments", shop, &ticket.to_string());
    let limit = parameters.limit()?;
    let after = parameters.cursor(&seal)?;
    let limit = match (limit, after) {
        (None, None) => None,
        (limit, _) => Some(limit.unwrap_or(list_query::DEFAULT_LIMIT)),
    };

    let page = services.comments.list_comments(shop, ticket, after, limit).await.map_err(storage_problem)?;
    let page = page.ok_or_else(Problem::ticket_not_found)?;
    let total_count = match limit {
        None => page.entries.len() as u64,
        Some(_) => services
            .comments
            .count_comments(shop, ticket)
            .await
            .map_err(storage_problem)?
            .ok_or_else(Problem::ticket_not_found)?,
    };
    let next = page.next.map(|place| seal.seal(&place));
    let answer = CommentsAnswer {
        success: true,
        comments: page.entries.iter().map(CommentViewJson::new).collect(),
        total_count,
        next_cursor: next.as_deref(),
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(answer))
}
