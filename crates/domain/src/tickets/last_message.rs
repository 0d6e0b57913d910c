//! The last message of a ticket after one of its comments was changed or deleted.

use crate::{Comment, CommentPosition, InitialMessage, Ticket, Timestamp};

/// A comment that is not a note, as the last message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its position in the list of the ticket's comments.
    pub position: CommentPosition,
    /// Its text.
    pub text: String,
}

impl Message {
    /// Returns the message of a comment, unless it is a note.
    pub fn of(comment: &Comment) -> Option<Self> {
        (!comment.is_note).then(|| Self { position: comment.position(), text: comment.text.clone() })
    }

    /// Its place among messages: the largest is the last message of the ticket. A message from the
    /// future comes after the others.
    pub fn rank(&self, now: Timestamp) -> (bool, CommentPosition) {
        (self.position.time <= now, self.position)
    }
}

impl Ticket {
    /// Whether this comment of it may be its last message. The time does not count, because it may
    /// have been corrected.
    pub fn may_show(&self, comment: &Comment) -> bool {
        let is_same_text = self.last_message.as_ref() == Some(&comment.text);
        self.initial_message.is_some() && !comment.is_note && is_same_text
    }

    /// Returns the ticket after an update or a deletion of this comment of it, at `now` (COMMENT-17).
    /// `after` is the updated comment. `latest_other` is the message of the largest
    /// [rank](Message::rank) among the ticket's other comments. It is not used unless the ticket
    /// [may show](Self::may_show) the comment.
    #[must_use]
    pub fn after_changed_comment(
        &self,
        before: &Comment,
        after: Option<&Comment>,
        latest_other: Option<Message>,
        now: Timestamp,
    ) -> Self {
        let mut ticket = self.clone();
        ticket.version += 1;
        let message = after.and_then(Message::of);
        if !self.may_show(before) {
            // A note that becomes a message follows the others like a new comment.
            if let Some(Message { position, text }) = message.filter(|_| before.is_note)
                && ticket.is_followed_by(position.time, now)
            {
                ticket.replace_last_message(Some(text), position.time);
            }
            return ticket;
        }
        let latest = [message, latest_other].into_iter().flatten().max_by_key(|message| message.rank(now));
        let Some(InitialMessage { text, time }) = &self.initial_message else { return ticket };
        let is_after_first = |message: &Message| {
            let (is_past, position) = message.rank(now);
            (is_past, position.time) >= (*time <= now, *time)
        };
        match latest.filter(is_after_first) {
            Some(Message { position, text }) => {
                // The comment itself keeps a corrected time.
                if position != before.position() {
                    ticket.last_message_time = position.time;
                }
                ticket.last_message = Some(text);
            }
            None => {
                ticket.last_message.clone_from(text);
                ticket.last_message_time = *time;
                ticket.initial_message = None;
            }
        }
        ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommentId, samples};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn comment(id: i64, time: i64, text: &str) -> Comment {
        let id = CommentId::new(id).unwrap();
        Comment { id, time: at(time), text: text.into(), ..samples::comment() }
    }

    fn ticket(first: i64) -> Ticket {
        let last_message = Some("first".into());
        Ticket { last_message, last_message_time: at(first), ..samples::ticket() }
    }

    fn shown(ticket: &Ticket) -> (Option<&str>, i64) {
        (ticket.last_message.as_deref(), ticket.last_message_time.unix_millis())
    }

    #[test]
    fn the_message_before_is_shown_after_a_deletion() {
        let (one, two) = (comment(1, 11, "one"), comment(2, 12, "two"));
        let before = ticket(10).after_comment(&one, at(20), false).after_comment(&two, at(20), false);
        let after = before.after_changed_comment(&two, None, Message::of(&one), at(20));
        assert_eq!((shown(&after), after.version), ((Some("one"), 11), 4));
        let after = after.after_changed_comment(&one, None, None, at(20));
        assert_eq!(after, Ticket { version: 5, ..ticket(10) });
        // Another comment was not the last one.
        let after = before.after_changed_comment(&one, None, Message::of(&two), at(20));
        assert_eq!(after, Ticket { version: 4, ..before });
    }

    #[test]
    fn a_comment_older_than_the_first_message_does_not_replace_it() {
        let (old, new) = (comment(1, 5, "old"), comment(2, 12, "new"));
        let before = ticket(10).after_comment(&old, at(20), false).after_comment(&new, at(20), false);
        let after = before.after_changed_comment(&new, None, Message::of(&old), at(20));
        assert_eq!(after, Ticket { version: 4, ..ticket(10) });
        // Unless the first message lies in the future.
        let before = ticket(100).after_comment(&old, at(20), false).after_comment(&new, at(20), false);
        let after = before.after_changed_comment(&new, None, Message::of(&old), at(20));
        assert_eq!(shown(&after), (Some("old"), 5));
    }

    #[test]
    fn a_changed_text_is_shown_and_keeps_a_corrected_time() {
        let said = comment(1, 11, "said");
        let mut before = ticket(10).after_comment(&said, at(20), false);
        before.replace_last_message(Some("said".into()), at(9));
        let meant = Comment { text: "meant".into(), ..said.clone() };
        let after = before.after_changed_comment(&said, Some(&meant), None, at(20));
        assert_eq!(shown(&after), (Some("meant"), 9));
        assert_eq!(after.first_message(), Some(("first", at(10))));
        let note = Comment { is_note: true, ..said.clone() };
        let after = before.after_changed_comment(&said, Some(&note), None, at(20));
        assert_eq!(shown(&after), (Some("first"), 10));
        let after = after.after_changed_comment(&note, Some(&said), None, at(20));
        assert_eq!(shown(&after), (Some("said"), 11));
        // Tags do not matter.
        let tagged = Comment { tags: vec![], ..said.clone() };
        let after = after.after_changed_comment(&said, Some(&tagged), None, at(20));
        assert_eq!(shown(&after), (Some("said"), 11));
    }
}
