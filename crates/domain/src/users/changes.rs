//! Requested changes to a user.

use crate::changes::set;
use crate::validation::violation::{Violations, check};
use crate::{Timestamp, User, UserDraft, Violation};

/// Requested changes to a user. `None` keeps a field as it is. `Some(None)` clears an optional
/// field.
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
    /// Activates or deactivates the user.
    pub is_active: Option<bool>,
}

impl UserChanges {
    /// Whether no change is requested.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes the changes at this time (USER-8). The full name follows as that of a customer does. A user that is already deactivated keeps its first
    /// time.
    pub fn apply(self, user: &mut User, at: Timestamp) {
        let Self { email, first_name, last_name, full_name, is_active } = self;
        set(&mut user.email, email);
        user.names().change(|first, last| {
            set(first, first_name);
            set(last, last_name);
        });
        set(&mut user.full_name, full_name);
        match is_active {
            Some(true) => user.deactivated_at = None,
            Some(false) => user.deactivated_at = user.deactivated_at.or(Some(at)),
            None => {}
        }
    }

    /// Whether the user lacks one of the values.
    pub fn is_change_of(&self, user: &User) -> bool {
        let mut after = user.clone();
        self.clone().apply(&mut after, Timestamp::MIN);
        after != *user
    }

    /// Returns every violation of the changes, as [`UserDraft::violations`]. A new value must keep
    /// the rules of a new user.
    pub fn violations(&self) -> Vec<Violation> {
        self.check().err().map(Into::into).unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<(), Violations> {
        // `is_active` has no rules.
        let Self { email, first_name, last_name, full_name, is_active: _ } = self.clone();
        check(&UserDraft {
            id: None,
            // An existing user already has the required values.
            email: email.or_else(|| Some("user@example.com".to_owned())),
            first_name: first_name.flatten(),
            last_name: last_name.flatten(),
            full_name: full_name.flatten(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PERSON_NAME_CHARS;
    use crate::samples::user;
    use crate::{Field, Rule};

    fn changed(before: User, changes: UserChanges, at: i64) -> User {
        let mut changed = before;
        changes.apply(&mut changed, Timestamp::from_unix_millis(at).unwrap());
        changed
    }

    #[test]
    fn every_change_is_made_alone() {
        let none = UserChanges::default;
        let text = |text: &str| Some(text.to_owned());
        let user = || User { full_name: text("Amazing Grace"), ..user() };
        for (changes, expected) in [
            (none(), user()),
            (
                UserChanges { email: text("g@example.com"), ..none() },
                User { email: "g@example.com".into(), ..user() },
            ),
            (
                UserChanges { first_name: Some(text("G.")), ..none() },
                User { first_name: text("G."), ..user() },
            ),
            (UserChanges { first_name: Some(None), ..none() }, User { first_name: None, ..user() }),
            (UserChanges { last_name: Some(text("H.")), ..none() }, User { last_name: text("H."), ..user() }),
            (UserChanges { last_name: Some(None), ..none() }, User { last_name: None, ..user() }),
            (
                UserChanges { full_name: Some(text("G. H.")), ..none() },
                User { full_name: text("G. H."), ..user() },
            ),
            (UserChanges { full_name: Some(None), ..none() }, User { full_name: None, ..user() }),
        ] {
            assert_eq!(changed(user(), changes.clone(), 1), expected, "{changes:?}");
        }
    }

    #[test]
    fn the_full_name_follows_until_it_was_set_itself() {
        let named =
            |name: &str| UserChanges { first_name: Some(Some(name.into())), ..UserChanges::default() };
        assert_eq!(changed(user(), named("G."), 1).full_name.as_deref(), Some("G. Hopper"));
        let own = User { full_name: Some("Amazing Grace".into()), ..user() };
        assert_eq!(changed(own, named("G."), 1).full_name.as_deref(), Some("Amazing Grace"));
    }

    #[test]
    fn the_first_deactivation_counts_until_the_user_is_activated() {
        let set = |is_active| UserChanges { is_active: Some(is_active), ..UserChanges::default() };
        assert_eq!(changed(user(), set(true), 1), user());
        let deactivated = changed(user(), set(false), 1);
        assert_eq!(deactivated, User { deactivated_at: Timestamp::from_unix_millis(1).ok(), ..user() });
        assert_eq!(changed(deactivated.clone(), set(false), 2), deactivated);
        assert_eq!(changed(deactivated, set(true), 3), user());
    }

    #[test]
    fn new_values_keep_the_rules_of_new_users() {
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
