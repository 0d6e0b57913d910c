use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::complete_list;
#[cfg(test)]
use super::examples;
use super::wire::{CommentViewJson, CommentsAnswer};
use crate::cursor::CursorSeal;
use crate::list_query::{self, ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::wire_id;

static QUERY: ListQuery<(Option<u32>, Option<String>)> = ListQuery::new("comments", Pages::Own, page);

/// `GET /api/v1/tickets/{ticketId}/comments`: the messages of a ticket of the key's shop,
/// oldest first. Returns all of them, or one page with `limit` or `cursor`.
///
/// # Errors
/// 400 for an invalid ticket id or parameter, 404 for a ticket that the shop does not have.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    ticket: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let ticket = wire_id::ticket_in_path(&ticket)?;
    let mut parameters = QUERY.parse(&request)?;
    let shop = principal.shop.id;
    let seal = CursorSeal::new("comments", shop, &ticket.to_string());
    let (limit, cursor) = page(&mut parameters)?;
    let after = list_query::open(&seal, cursor)?;
    if limit.is_none() && after.is_none() {
        return complete_list::respond(&services, shop, ticket, &request).await;
    }
    let size = list_query::page_size(limit);
    let page = services.comments.list_comments(shop, ticket, after, size).await.map_err(storage_problem)?;
    let page = page.ok_or_else(Problem::ticket_not_found)?;
    let total_count = services.comments.count_comments(shop, ticket).await.map_err(storage_problem)?;
    let total_count = total_count.ok_or_else(Problem::ticket_not_found)?;
    let next = page.next.map(|place| seal.seal(&place));
    let body = CommentsAnswer {
        success: true,
        comments: page.entries.iter().map(CommentViewJson::new).collect(),
        total_count,
        next_cursor: next.as_deref(),
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

fn page(query: &mut QueryParameters) -> Result<(Option<u32>, Option<String>), Problem> {
    let limit = "How many entries the page may have. A page whose texts reach 4 MiB ends earlier. Without `limit` and \
                 `cursor` the response holds every comment; with `cursor` alone the default is 50.";
    Ok((query.limit(limit)?, query.cursor(Pages::Plain)))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listComments",
        COMMENTS,
        "List the comments of a ticket",
        "The messages of a ticket, oldest first: all of them, or a page with `limit` or `cursor`. Unknown and \
         repeated parameters are errors.",
    )
    .parameters([parameters::ticket_id()])
    .parameters(QUERY.parameters())
    .returns::<CommentsAnswer<'static>>(
        StatusCode::OK,
        "The comments.",
        &[headers::LINK],
        [(
            "all",
            json!({"success": true, "comments": [examples::comment()], "totalCount": 1, "next_cursor": null}),
        )],
    )
    .fails_with([Problem::ticket_not_found()])
}
