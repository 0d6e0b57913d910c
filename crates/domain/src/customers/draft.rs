//! Drafts of customers and their rules.

use validator::{Validate, ValidationError};

use crate::limits::{MAX_EMAIL_CHARS, MAX_EXTERNAL_ID_CHARS, MAX_PERSON_NAME_CHARS, MAX_PHONE_NUMBER_CHARS};
use crate::person::joined_name;
use crate::validation::email::email_address;
use crate::validation::text_rules::{no_nul, not_blank};
use crate::validation::violation::{Violations, check, code};
use crate::{AuditStamp, CustomerId, ExternalIds, NewCustomer, Violation};

/// A requested customer: unchecked, without defaults. One of e-mail address, phone number and the ids
/// on Facebook, Instagram and WhatsApp is required.
#[derive(Debug, Clone, Default, PartialEq, Eq, Validate)]
#[validate(schema(function = "reachable", skip_on_field_errors = false))]
pub struct CustomerDraft {
    /// The number to use. Default: the store assigns one.
    pub id: Option<CustomerId>,
    /// An e-mail address of at most [`MAX_EMAIL_CHARS`].
    #[validate(custom(function = "email_address"), length(max = MAX_EMAIL_CHARS), custom(function = "no_nul"))]
    pub email: Option<String>,
    /// Not blank, at most [`MAX_PHONE_NUMBER_CHARS`].
    #[validate(
        length(max = MAX_PHONE_NUMBER_CHARS),
        custom(function = "not_blank"),
        custom(function = "no_nul")
    )]
    pub phone_number: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`].
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub first_name: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`].
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub last_name: Option<String>,
    /// At most [`MAX_PERSON_NAME_CHARS`]. Default: first and last name, joined.
    #[validate(length(max = MAX_PERSON_NAME_CHARS), custom(function = "no_nul"))]
    pub full_name: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub shopify_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub wordpress_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub fb_user_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub ig_user_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub whatsapp_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub prestashop_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub ig_pseudo: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub zendesk_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub freshdesk_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub gmelius_id: Option<String>,
    /// At most [`MAX_EXTERNAL_ID_CHARS`].
    #[validate(length(max = MAX_EXTERNAL_ID_CHARS), custom(function = "no_nul"))]
    pub gorgias_id: Option<String>,
}

impl CustomerDraft {
    /// Returns every violation, as [`TicketDraft::violations`](crate::TicketDraft::violations).
    pub fn violations(&self) -> Vec<Violation> {
        check(self).err().map(Into::into).unwrap_or_default()
    }

    /// Returns the complete customer.
    ///
    /// # Errors
    /// The violations that [`CustomerDraft::violations`] returns.
    pub fn into_new(self, stamp: AuditStamp) -> Result<NewCustomer, Violations> {
        check(&self)?;
        let full_name =
            self.full_name.or_else(|| joined_name(self.first_name.as_deref(), self.last_name.as_deref()));
        Ok(NewCustomer {
            id: self.id,
            email: self.email,
            phone_number: self.phone_number,
            first_name: self.first_name,
            last_name: self.last_name,
            full_name,
            external_ids: ExternalIds {
                shopify_id: self.shopify_id,
                wordpress_id: self.wordpress_id,
                prestashop_id: self.prestashop_id,
                fb_user_id: self.fb_user_id,
                ig_user_id: self.ig_user_id,
                ig_pseudo: self.ig_pseudo,
                whatsapp_id: self.whatsapp_id,
                zendesk_id: self.zendesk_id,
                freshdesk_id: self.freshdesk_id,
                gmelius_id: self.gmelius_id,
                gorgias_id: self.gorgias_id,
            },
            stamp,
        })
    }
}

fn reachable(draft: &CustomerDraft) -> Result<(), ValidationError> {
    let CustomerDraft { email, phone_number, fb_user_id, ig_user_id, whatsapp_id, .. } = draft;
    if [email, phone_number, fb_user_id, ig_user_id, whatsapp_id].into_iter().any(Option::is_some) {
        Ok(())
    } else {
        Err(ValidationError::new(code::REACHABLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Field, Rule, Timestamp};

    const STAMP: AuditStamp = AuditStamp { actor: Actor::Operator, time: Timestamp::MIN, request_id: None };

    #[test]
    fn a_customer_must_be_reachable() {
        let unreachable = CustomerDraft { first_name: Some("Ada".into()), ..CustomerDraft::default() };
        assert_eq!(
            unreachable.into_new(STAMP),
            Err(Violation { field: Field::Email, index: None, rule: Rule::Reachable }.into())
        );
        let by_phone =
            CustomerDraft { phone_number: Some("+33123456789".into()), ..CustomerDraft::default() };
        assert!(by_phone.into_new(STAMP).is_ok());
        let any = CustomerDraft::default;
        for (reachable, draft) in [
            (true, CustomerDraft { ig_user_id: Some("17841400000000000".into()), ..any() }),
            (true, CustomerDraft { fb_user_id: Some("1".into()), ..any() }),
            (true, CustomerDraft { whatsapp_id: Some("1".into()), ..any() }),
            (false, CustomerDraft { ig_pseudo: Some("ada".into()), ..any() }),
            (false, CustomerDraft { shopify_id: Some("1".into()), ..any() }),
        ] {
            assert_eq!(draft.violations().is_empty(), reachable, "{draft:?}");
        }
        let blank = CustomerDraft { phone_number: Some(" ".into()), ..CustomerDraft::default() };
        assert_eq!(
            blank.into_new(STAMP),
            Err(Violation { field: Field::PhoneNumber, index: None, rule: Rule::NotBlank }.into())
        );
    }

    #[test]
    fn a_full_name_is_joined_unless_given() {
        let draft = CustomerDraft {
            email: Some("dev@example.com".into()),
            first_name: Some("Ada".into()),
            last_name: Some("Lovelace".into()),
            ..CustomerDraft::default()
        };
        let full_name = |draft: CustomerDraft| draft.into_new(STAMP).unwrap().full_name;
        assert_eq!(full_name(draft.clone()).as_deref(), Some("Ada Lovelace"));
        assert_eq!(
            full_name(CustomerDraft { full_name: Some("A. L.".into()), ..draft }).as_deref(),
            Some("A. L.")
        );
    }
}
