//! Comments: the messages of a conversation.

mod comment;
mod create;
mod draft;

pub use comment::{Comment, CommentView, NewComment};
pub use create::{CreateComment, CreateCommentError};
pub use draft::CommentDraft;
