//! Drafts of users and their rules.

use validator::Validate;

use crate::limits::{MAX_EMAIL_CHARS, MAX_PERSON_NAME_CHARS};
use crate::person::joined_name;
use crate::validation::email::email_address;
use crate::validation::text_rules::no_nul;
use crate::validation::violation::{Violations, check, required};
use crate::{AuditStamp, Field, NewUser, UserId, Violation};

/// A requested user: unchecked, without defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Validate)]
pub struct UserDraft {
    /// The number to use. Default: the store assigns one.
    pub id: Option<UserId>,
    /// Required: an e-mail address of at most [`MAX_EMAIL_CHARS`].
    #[validate(required, custom(function = "email_address"), length(max = MAX_EMAIL_CHARS), custom(function = "no_nul"))]
    pub email: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`].
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub first_name: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`].
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub last_name: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`]. Default: first and last name, joined.
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub full_name: Option<String>,
}

impl UserDraft {
    /// Returns every violation, as [`TicketDraft::violations`](crate::TicketDraft::violations).
    pub fn violations(&self) -> Vec<Violation> {
        check(self).err().map(Into::into).unwrap_or_default()
    }

    /// Returns the complete user.
    ///
    /// # Errors
    /// The violations that [`UserDraft::violations`] returns.
    pub fn into_new(self, stamp: AuditStamp) -> Result<NewUser, Violations> {
        check(&self)?;
        let full_name =
            self.full_name.or_else(|| joined_name(self.first_name.as_deref(), self.last_name.as_deref()));
        Ok(NewUser {
            id: self.id,
            email: required(Field::Email, self.email)?,
            first_name: self.first_name,
            last_name: self.last_name,
            full_name,
            stamp,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Rule, Timestamp};

    const STAMP: AuditStamp = AuditStamp { actor: Actor::Operator, time: Timestamp::MIN, request_id: None };

    #[test]
    fn a_user_needs_an_email_address() {
        let rules = |email: Option<&str>| {
            let draft = UserDraft { email: email.map(Into::into), ..UserDraft::default() };
            draft.into_new(STAMP).map_err(|found| found[0].rule).err()
        };
        assert_eq!(rules(None), Some(Rule::Required));
        assert_eq!(rules(Some("nobody")), Some(Rule::Email));
        assert_eq!(rules(Some("agent@example.com")), None);
    }
}
