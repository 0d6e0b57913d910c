//! Comments: the messages of a conversation.

mod changes;
mod comment;
mod create;
mod draft;
mod update;

pub use changes::CommentChanges;
pub use comment::{Comment, CommentView, NewComment};
pub use create::{CreateComment, CreateCommentError};
pub use draft::CommentDraft;
pub use update::UpdateComment;
