//! What a caller wants to be otherwise about a user, and the checks it must pass.

use crate::{UserDraft, Violation};

/// Changes to a user. What is `None` stays as it is; of the fields that a user may lack,
/// `Some(None)` takes the value away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// As in [`UserDraft`].
    pub email: Option<String>,
    /// As in [`UserDraft`].
    pub first_name: Option<Option<String>>,
    /// As in [`UserDraft`].
    pub last_name: Option<Option<String>>,
    /// As in [`UserDraft`].
    pub full_name: Option<Option<String>>,
    /// Whether the user works there.
    pub is_active: Option<bool>,
}

impl UserChanges {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything that is wrong with the changes, as [`UserDraft::violations`]: a value must
    /// be such as a new user may have.
    pub fn violations(&self) -> Vec<Violation> {
        let draft = UserDraft {
            id: None,
            // What a new user needs is taken for given.
            email: self.email.clone().or_else(|| Some("user@example.com".to_owned())),
            first_name: self.first_name.clone().flatten(),
            last_name: self.last_name.clone().flatten(),
            full_name: self.full_name.clone().flatten(),
        };
        draft.violations()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PERSON_NAME_CHARS;
    use crate::{Field, Rule};

    #[test]
    fn values_are_held_to_the_rules_of_new_users() {
        assert_eq!(UserChanges::default().violations(), []);
        let cleared = UserChanges { full_name: Some(None), is_active: Some(false), ..UserChanges::default() };
        assert_eq!(cleared.violations(), []);
        let changes = UserChanges {
            email: Some("nobody".into()),
            first_name: Some(Some("a\0".into())),
            full_name: Some(Some("x".repeat(MAX_PERSON_NAME_CHARS as usize + 1))),
            ..UserChanges::default()
        };
        let rules: Vec<_> = changes.violations().iter().map(|found| (found.field, found.rule)).collect();
        assert_eq!(
            rules,
            [
                (Field::Email, Rule::Email),
                (Field::FirstName, Rule::NoNul),
                (Field::FullName, Rule::MaxLength(MAX_PERSON_NAME_CHARS)),
            ]
        );
    }
}
