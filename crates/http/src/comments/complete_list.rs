//! The complete list of a ticket's comments. It is sent while it is read, so that it takes the memory
//! of one piece, however long it is.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use hexdesk_domain::{
    CommentPosition, CommentStore, CommentView, Page, PageSize, ShopId, StorageError, TicketId,
};

use super::wire::{CommentViewJson, CommentsAnswer};
use crate::list_query::page_response;
use crate::problem::Problem;
use crate::response_body::end_with_connection;
use crate::services::{Services, storage_problem};

/// The size of a piece. Most lists are one piece, so that they take one read.
const PIECE: PageSize = PageSize { entries: 500, bytes: 256 * 1024 };

type Piece = Page<CommentView, CommentPosition>;

/// Responds with every comment of the ticket. A list of one piece has a length. A longer one is sent
/// in chunks. If the store fails then, the connection ends without the last chunk.
///
/// # Errors
/// 404 if the shop has no such ticket; the errors of the store before the response begins.
pub(super) async fn respond(
    services: &Services,
    shop: ShopId,
    ticket: TicketId,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let comments = services.comments.clone();
    let first = comments.list_comments(shop, ticket, None, PIECE).await.map_err(storage_problem)?;
    let first = first.ok_or_else(Problem::ticket_not_found)?;
    let mut response = page_response(request, None);
    if first.next.is_none() {
        return Ok(response.json(CommentsAnswer {
            success: true,
            comments: first.entries.iter().map(CommentViewJson::new).collect(),
            total_count: first.entries.len() as u64,
            next_cursor: None,
        }));
    }
    response.content_type("application/json");
    let mut response = if request.method() == Method::HEAD {
        // The framework would read the whole list to discard it.
        response.streaming(stream::empty::<Result<Bytes, BrokenOff>>())
    } else {
        let list = CompleteList { comments, shop, ticket, sent: 0, rest: Rest::Read(first) };
        response.streaming(stream::try_unfold(list, CompleteList::next))
    };
    end_with_connection(request, &mut response);
    Ok(response)
}

/// The list ended before its last comment.
#[derive(Debug, thiserror::Error)]
enum BrokenOff {
    #[error(transparent)]
    Store(#[from] StorageError),
    #[error("the ticket was deleted")]
    TicketDeleted,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A list that is being sent.
struct CompleteList {
    comments: Arc<dyn CommentStore>,
    shop: ShopId,
    ticket: TicketId,
    sent: u64,
    rest: Rest,
}

/// The part of a list that is not sent yet.
enum Rest {
    /// This piece and what follows it.
    Read(Piece),
    /// The comments after this position.
    After(CommentPosition),
    Nothing,
}

impl CompleteList {
    /// Returns the JSON of the next piece, and the list after it.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, BrokenOff> {
        let rest = std::mem::replace(&mut self.rest, Rest::Nothing);
        let piece = match rest {
            Rest::Read(piece) => Ok(piece),
            Rest::After(position) => self.read(position).await,
            Rest::Nothing => return Ok(None),
        };
        let json = piece.and_then(|piece| self.json(&piece));
        // The client sees only that the connection ends.
        let json = json.inspect_err(|error| tracing::error!(%error, "a list of comments broke off"))?;
        Ok(Some((json.into(), self)))
    }

    async fn read(&self, after: CommentPosition) -> Result<Piece, BrokenOff> {
        let piece = self.comments.list_comments(self.shop, self.ticket, Some(after), PIECE).await?;
        piece.ok_or(BrokenOff::TicketDeleted)
    }

    /// Writes a piece as a part of a [`CommentsAnswer`].
    fn json(&mut self, piece: &Piece) -> Result<Vec<u8>, BrokenOff> {
        let mut json = Vec::new();
        for view in &piece.entries {
            json.extend_from_slice(if self.sent == 0 { br#"{"success":true,"comments":["# } else { b"," });
            serde_json::to_writer(&mut json, &CommentViewJson::new(view))?;
            self.sent += 1;
        }
        match piece.next {
            Some(position) => self.rest = Rest::After(position),
            None => json.extend_from_slice(
                format!(r#"],"totalCount":{},"next_cursor":null}}"#, self.sent).as_bytes(),
            ),
        }
        Ok(json)
    }
}
