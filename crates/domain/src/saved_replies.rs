//! Saved replies: texts that the agents of a shop insert into replies.

mod manage;
mod saved_reply;

pub use manage::{CreateSavedReplyError, ManageSavedReplies};
pub use saved_reply::{NewSavedReply, SavedReply, SavedReplyDraft};
