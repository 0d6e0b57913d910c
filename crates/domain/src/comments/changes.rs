//! Requested changes to a comment.

use crate::changes::set;
use crate::validation::violation::Violations;
use crate::{Comment, CommentDraft, Field, Violation};

/// Requested changes to a comment. `None` keeps a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommentChanges {
    /// At most [`MAX_COMMENT_CHARS`](crate::limits::MAX_COMMENT_CHARS). The store checks that a
    /// comment without attachments keeps a text: [`Comment::lacks_text`].
    pub text: Option<String>,
    /// As in [`CommentDraft`].
    pub tags: Option<Vec<String>>,
    /// As in [`CommentDraft`].
    pub is_note: Option<bool>,
}

impl CommentChanges {
    /// Makes the changes (COMMENT-15).
    pub fn apply(self, comment: &mut Comment) {
        let Self { text, tags, is_note } = self;
        set(&mut comment.text, text);
        set(&mut comment.tags, tags);
        set(&mut comment.is_note, is_note);
    }

    /// Returns every violation of the changes, as [`CommentDraft::violations`]. A new value must
    /// keep the rules of a new comment.
    pub fn violations(&self) -> Vec<Violation> {
        let Self { text, tags, is_note } = self.clone();
        let mut found = CommentDraft { text, tags, is_note, ..CommentDraft::default() }.violations();
        // Whether the text may be missing depends on the comment.
        found.retain(|found| found.field != Field::Text || !found.is_missing());
        found
    }

    pub(crate) fn check(&self) -> Result<(), Violations> {
        Violations::none_of(self.violations())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_COMMENT_CHARS, MAX_TAGS};
    use crate::{Rule, samples};

    #[test]
    fn every_change_is_made_alone() {
        let (none, before) = (CommentChanges::default, samples::comment());
        for (changes, expected) in [
            (none(), before.clone()),
            (
                CommentChanges { text: Some("Sorry".into()), ..none() },
                Comment { text: "Sorry".into(), ..before.clone() },
            ),
            (CommentChanges { tags: Some(vec![]), ..none() }, Comment { tags: vec![], ..before.clone() }),
            (CommentChanges { is_note: Some(true), ..none() }, Comment { is_note: true, ..before.clone() }),
        ] {
            assert_eq!(changes.violations(), []);
            let mut comment = before.clone();
            changes.apply(&mut comment);
            assert_eq!(comment, expected);
        }
    }

    #[test]
    fn new_values_keep_the_rules_of_new_comments() {
        let changes = CommentChanges {
            text: Some("x".repeat(MAX_COMMENT_CHARS as usize + 1)),
            tags: Some(vec!["x".into(); MAX_TAGS as usize + 1]),
            is_note: None,
        };
        let rules: Vec<_> = changes.violations().iter().map(|found| (found.field, found.rule)).collect();
        let expected =
            [(Field::Tags, Rule::MaxLength(MAX_TAGS)), (Field::Text, Rule::MaxLength(MAX_COMMENT_CHARS))];
        assert_eq!(rules, expected);
        let changes = CommentChanges { text: Some("a\0".into()), ..CommentChanges::default() };
        assert_eq!(changes.violations()[0].rule, Rule::NoNul);
    }

    #[test]
    fn whether_a_text_may_be_empty_depends_on_the_comment() {
        let emptied = CommentChanges { text: Some(String::new()), ..CommentChanges::default() };
        assert_eq!(emptied.violations(), []);
        let mut comment = samples::comment();
        emptied.apply(&mut comment);
        assert!(!comment.lacks_text());
        assert!(Comment { attachments: None, ..comment }.lacks_text());
    }
}
