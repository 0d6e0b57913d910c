//! What a caller wants a new user to be, and the checks it must pass.

use validator::Validate;

use crate::limits::{MAX_EMAIL_CHARS, MAX_PERSON_NAME_CHARS};
use crate::person::joined_name;
use crate::validation::text_rules::no_nul;
use crate::validation::violation;
use crate::{AuditStamp, NewUser, UserId, Violation};

/// A user as a caller asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Validate)]
pub struct UserDraft {
    /// The number to keep; the store hands one out when absent.
    pub id: Option<UserId>,
    /// Required: an e-mail address of at most [`MAX_EMAIL_CHARS`].
    #[validate(required, email, length(max = MAX_EMAIL_CHARS), custom(function = "no_nul"))]
    pub email: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`].
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub first_name: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`].
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub last_name: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`]; first and last name joined when absent.
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub full_name: Option<String>,
}

impl UserDraft {
    /// Everything that is wrong with the draft, as [`TicketDraft::violations`](crate::TicketDraft::violations).
    pub fn violations(&self) -> Vec<Violation> {
        self.validate().err().as_ref().map(violation::violations).unwrap_or_default()
    }

    /// The checked user.
    ///
    /// # Errors
    /// Everything that is wrong with the draft.
    pub fn into_new(self, stamp: AuditStamp) -> Result<NewUser, Vec<Violation>> {
        self.validate().map_err(|errors| violation::violations(&errors))?;
        let full_name = self.full_name.or_else(|| joined_name(&self.first_name, &self.last_name));
        Ok(NewUser {
            id: self.id,
            // `validate` requires it.
            email: self.email.ok_or_else(Vec::new)?,
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

    const STAMP: AuditStamp = AuditStamp { actor: Actor::Operator, time: Timestamp::MIN };

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
