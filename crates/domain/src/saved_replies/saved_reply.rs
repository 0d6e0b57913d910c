use validator::Validate;

use crate::limits::{MAX_SAVED_REPLY_CHARS, MAX_SAVED_REPLY_TITLE_CHARS};
use crate::validation::text_rules::{no_nul, not_blank};
use crate::validation::violation::{Violations, check, required};
use crate::{Field, SavedReplyId, ShopId, Timestamp};

/// A text that agents insert into replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedReply {
    /// The shop.
    pub shop_id: ShopId,
    /// Its id, unique within the shop.
    pub id: SavedReplyId,
    /// The name by which agents choose it.
    pub title: String,
    /// The text.
    pub text: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

impl SavedReply {
    /// The maximum number of saved replies of a shop.
    pub const MAX_OF_SHOP: usize = 200;
}

/// A requested saved reply, unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Validate)]
pub struct SavedReplyDraft {
    /// Required, not blank, at most [`MAX_SAVED_REPLY_TITLE_CHARS`].
    #[validate(required, custom(function = "not_blank"), length(max = MAX_SAVED_REPLY_TITLE_CHARS), custom(function = "no_nul"))]
    pub title: Option<String>,
    /// Required, not blank, at most [`MAX_SAVED_REPLY_CHARS`].
    #[validate(required, custom(function = "not_blank"), length(max = MAX_SAVED_REPLY_CHARS), custom(function = "no_nul"))]
    pub text: Option<String>,
}

/// The checked title and text of a saved reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSavedReply {
    /// As in [`SavedReply`].
    pub title: String,
    /// As in [`SavedReply`].
    pub text: String,
}

impl SavedReplyDraft {
    /// Returns the checked values.
    ///
    /// # Errors
    /// Every violation of the draft.
    pub fn into_new(self) -> Result<NewSavedReply, Violations> {
        check(&self)?;
        Ok(NewSavedReply {
            title: required(Field::Title, self.title)?,
            text: required(Field::Text, self.text)?,
        })
    }
}

impl NewSavedReply {
    /// Returns the reply of the shop with this id, created now.
    pub fn into_reply(self, shop_id: ShopId, id: SavedReplyId, now: Timestamp) -> SavedReply {
        let Self { title, text } = self;
        SavedReply { shop_id, id, title, text, created_at: now, changed_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;

    #[test]
    fn title_and_text_are_required_and_bounded() {
        let rules = |title: &str, text: &str| {
            let draft = SavedReplyDraft { title: Some(title.into()), text: Some(text.into()) };
            let found = draft.into_new().map_err(Vec::from).err().unwrap_or_default();
            found.iter().map(|found| (found.field, found.rule)).collect::<Vec<_>>()
        };
        assert_eq!(rules("Hello", "Dear customer,\n"), []);
        assert_eq!(rules(" ", "\0"), [(Field::Text, Rule::NoNul), (Field::Title, Rule::NotBlank)]);
        assert_eq!(
            rules(&"x".repeat(101), &"x".repeat(20_001)),
            [(Field::Text, Rule::MaxLength(20_000)), (Field::Title, Rule::MaxLength(100))]
        );
        assert!(SavedReplyDraft::default().into_new().is_err_and(|found| found.len() == 2));
    }
}
