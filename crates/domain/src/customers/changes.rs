//! What a caller wants to be otherwise about a customer, and the checks it must pass.

use crate::{CustomerDraft, Rule, Violation};

/// Changes to a customer. What is `None` stays as it is; `Some(None)` takes the value away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of the same name of a `CustomerDraft`")]
pub struct CustomerChanges {
    pub email: Option<Option<String>>,
    pub phone_number: Option<Option<String>>,
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub full_name: Option<Option<String>>,
    pub shopify_id: Option<Option<String>>,
    pub wordpress_id: Option<Option<String>>,
    pub fb_user_id: Option<Option<String>>,
    pub ig_user_id: Option<Option<String>>,
    pub whatsapp_id: Option<Option<String>>,
}

impl CustomerChanges {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Everything that is wrong with the changes, as [`CustomerDraft::violations`]: a value
    /// must be such as a new customer may have. Whether one of e-mail address and phone
    /// number is left only the store can tell, unless both are taken away.
    pub fn violations(&self) -> Vec<Violation> {
        let draft = CustomerDraft {
            id: None,
            email: self.email.clone().flatten(),
            phone_number: self.phone_number.clone().flatten(),
            first_name: self.first_name.clone().flatten(),
            last_name: self.last_name.clone().flatten(),
            full_name: self.full_name.clone().flatten(),
            shopify_id: self.shopify_id.clone().flatten(),
            wordpress_id: self.wordpress_id.clone().flatten(),
            fb_user_id: self.fb_user_id.clone().flatten(),
            ig_user_id: self.ig_user_id.clone().flatten(),
            whatsapp_id: self.whatsapp_id.clone().flatten(),
        };
        let may_keep_one = self.email.is_none() || self.phone_number.is_none();
        let mut violations = draft.violations();
        violations.retain(|found| !(may_keep_one && found.rule == Rule::EmailOrPhoneNumber));
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;
    use crate::limits::MAX_PERSON_NAME_CHARS;

    fn rules(changes: &CustomerChanges) -> Vec<(Field, Rule)> {
        changes.violations().iter().map(|found| (found.field, found.rule)).collect()
    }

    #[test]
    fn one_way_to_reach_the_customer_may_go() {
        assert_eq!(rules(&CustomerChanges::default()), []);
        let without_email = CustomerChanges { email: Some(None), ..CustomerChanges::default() };
        assert_eq!(rules(&without_email), []);
        let without_phone = CustomerChanges { phone_number: Some(None), ..CustomerChanges::default() };
        assert_eq!(rules(&without_phone), []);
        let without_either = CustomerChanges { phone_number: Some(None), ..without_email };
        assert_eq!(rules(&without_either), [(Field::Email, Rule::EmailOrPhoneNumber)]);
    }

    #[test]
    fn values_are_held_to_the_rules_of_new_customers() {
        let changes = CustomerChanges {
            email: Some(Some("nobody".into())),
            phone_number: Some(Some(" ".into())),
            full_name: Some(Some("x".repeat(MAX_PERSON_NAME_CHARS as usize + 1))),
            shopify_id: Some(Some("a\0".into())),
            ..CustomerChanges::default()
        };
        assert_eq!(
            rules(&changes),
            [
                (Field::Email, Rule::Email),
                (Field::PhoneNumber, Rule::NotBlank),
                (Field::FullName, Rule::MaxLength(MAX_PERSON_NAME_CHARS)),
                (Field::ShopifyId, Rule::NoNul),
            ]
        );
    }
}
