use crate::{User, fold_email};

/// Selects the users of a list that meet every given condition. Without conditions, selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserFilter {
    /// The e-mail address, compared after [`fold_email`].
    pub email: Option<String>,
    /// Whether it is active.
    pub is_active: Option<bool>,
}

impl UserFilter {
    /// Whether the user meets every given condition (USER-7).
    pub fn matches(&self, user: &User) -> bool {
        let Self { email, is_active } = self;
        email.as_deref().is_none_or(|email| fold_email(email) == fold_email(&user.email))
            && is_active.is_none_or(|is_active| user.is_active() == is_active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::samples::user;

    #[test]
    fn users_are_active_or_not() {
        let deactivated = User { deactivated_at: Some(Timestamp::MIN), ..user() };
        for (is_active, matches) in
            [(None, (true, true)), (Some(true), (true, false)), (Some(false), (false, true))]
        {
            let filter = UserFilter { is_active, email: None };
            assert_eq!((filter.matches(&user()), filter.matches(&deactivated)), matches, "{filter:?}");
        }
        for (email, matches) in [("GRACE@example.com", true), ("grace@example", false)] {
            let filter = UserFilter { email: Some(email.into()), is_active: Some(true) };
            assert_eq!(filter.matches(&user()), matches, "{email}");
        }
    }
}
