//! Requested changes to a customer.

use crate::changes::set;
use crate::validation::violation::{Violations, check};
use crate::{Customer, CustomerDraft, Rule, Violation};

/// Requested changes to a customer. `None` keeps a field as it is. `Some(None)` clears it.
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
    pub prestashop_id: Option<Option<String>>,
    pub ig_pseudo: Option<Option<String>>,
    pub zendesk_id: Option<Option<String>>,
    pub freshdesk_id: Option<Option<String>>,
    pub gmelius_id: Option<Option<String>>,
    pub gorgias_id: Option<Option<String>>,
}

impl CustomerChanges {
    /// Whether no change is requested.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes the changes (CUSTOMER-11). A full name that equals first and last name, joined, follows
    /// their changes, unless the full name changes too.
    pub fn apply(self, customer: &mut Customer) {
        let Self {
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            shopify_id,
            wordpress_id,
            fb_user_id,
            ig_user_id,
            whatsapp_id,
            prestashop_id,
            ig_pseudo,
            zendesk_id,
            freshdesk_id,
            gmelius_id,
            gorgias_id,
        } = self;
        set(&mut customer.email, email);
        set(&mut customer.phone_number, phone_number);
        customer.names().change(|first, last| {
            set(first, first_name);
            set(last, last_name);
        });
        set(&mut customer.full_name, full_name);
        let ids = &mut customer.external_ids;
        set(&mut ids.shopify_id, shopify_id);
        set(&mut ids.wordpress_id, wordpress_id);
        set(&mut ids.prestashop_id, prestashop_id);
        set(&mut ids.fb_user_id, fb_user_id);
        set(&mut ids.ig_user_id, ig_user_id);
        set(&mut ids.ig_pseudo, ig_pseudo);
        set(&mut ids.whatsapp_id, whatsapp_id);
        set(&mut ids.zendesk_id, zendesk_id);
        set(&mut ids.freshdesk_id, freshdesk_id);
        set(&mut ids.gmelius_id, gmelius_id);
        set(&mut ids.gorgias_id, gorgias_id);
    }

    /// Whether the customer lacks one of the values (CUSTOMER-18).
    pub fn is_change_of(&self, customer: &Customer) -> bool {
        let mut after = customer.clone();
        self.clone().apply(&mut after);
        after != *customer
    }

    /// Returns every violation of the changes, as [`CustomerDraft::violations`]. A new value must
    /// keep the rules of a new customer. Only the store knows whether the customer stays reachable.
    pub fn violations(&self) -> Vec<Violation> {
        self.check().err().map(Into::into).unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<(), Violations> {
        let Self {
            email,
            phone_number,
            first_name,
            last_name,
            full_name,
            shopify_id,
            wordpress_id,
            fb_user_id,
            ig_user_id,
            whatsapp_id,
            prestashop_id,
            ig_pseudo,
            zendesk_id,
            freshdesk_id,
            gmelius_id,
            gorgias_id,
        } = self.clone();
        let draft = CustomerDraft {
            id: None,
            email: email.flatten(),
            phone_number: phone_number.flatten(),
            first_name: first_name.flatten(),
            last_name: last_name.flatten(),
            full_name: full_name.flatten(),
            shopify_id: shopify_id.flatten(),
            wordpress_id: wordpress_id.flatten(),
            fb_user_id: fb_user_id.flatten(),
            ig_user_id: ig_user_id.flatten(),
            whatsapp_id: whatsapp_id.flatten(),
            prestashop_id: prestashop_id.flatten(),
            ig_pseudo: ig_pseudo.flatten(),
            zendesk_id: zendesk_id.flatten(),
            freshdesk_id: freshdesk_id.flatten(),
            gmelius_id: gmelius_id.flatten(),
            gorgias_id: gorgias_id.flatten(),
        };
        let Err(violations) = check(&draft) else { return Ok(()) };
        let mut violations = Vec::from(violations);
        violations.retain(|found| found.rule != Rule::Reachable);
        Violations::none_of(violations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PERSON_NAME_CHARS;
    use crate::samples::customer;
    use crate::{ExternalIds, Field};

    type Change = fn(&mut CustomerChanges) -> &mut Option<Option<String>>;
    type Value = fn(&mut Customer) -> &mut Option<String>;

    fn rules(changes: &CustomerChanges) -> Vec<(Field, Rule)> {
        changes.violations().iter().map(|found| (found.field, found.rule)).collect()
    }

    #[test]
    fn every_change_is_made_alone() {
        let fields: [(Change, Value); 16] = [
            (|changes| &mut changes.email, |customer| &mut customer.email),
            (|changes| &mut changes.phone_number, |customer| &mut customer.phone_number),
            (|changes| &mut changes.first_name, |customer| &mut customer.first_name),
            (|changes| &mut changes.last_name, |customer| &mut customer.last_name),
            (|changes| &mut changes.full_name, |customer| &mut customer.full_name),
            (|changes| &mut changes.shopify_id, |customer| &mut customer.external_ids.shopify_id),
            (|changes| &mut changes.wordpress_id, |customer| &mut customer.external_ids.wordpress_id),
            (|changes| &mut changes.fb_user_id, |customer| &mut customer.external_ids.fb_user_id),
            (|changes| &mut changes.ig_user_id, |customer| &mut customer.external_ids.ig_user_id),
            (|changes| &mut changes.whatsapp_id, |customer| &mut customer.external_ids.whatsapp_id),
            (|changes| &mut changes.prestashop_id, |customer| &mut customer.external_ids.prestashop_id),
            (|changes| &mut changes.ig_pseudo, |customer| &mut customer.external_ids.ig_pseudo),
            (|changes| &mut changes.zendesk_id, |customer| &mut customer.external_ids.zendesk_id),
            (|changes| &mut changes.freshdesk_id, |customer| &mut customer.external_ids.freshdesk_id),
            (|changes| &mut changes.gmelius_id, |customer| &mut customer.external_ids.gmelius_id),
            (|changes| &mut changes.gorgias_id, |customer| &mut customer.external_ids.gorgias_id),
        ];
        let mut before = Customer { full_name: Some("A. L.".into()), ..customer() };
        before.external_ids = ExternalIds {
            shopify_id: Some("1".into()),
            gorgias_id: Some("2".into()),
            ..ExternalIds::default()
        };
        for (change, field) in fields {
            for value in [Some("new".to_owned()), None] {
                let mut changes = CustomerChanges::default();
                *change(&mut changes) = Some(value.clone());
                let (mut changed, mut expected) = (before.clone(), before.clone());
                changes.clone().apply(&mut changed);
                *field(&mut expected) = value;
                assert_eq!(changed, expected, "{changes:?}");
            }
        }
        let mut unchanged = before.clone();
        CustomerChanges::default().apply(&mut unchanged);
        assert_eq!(unchanged, before);
    }

    #[test]
    fn only_the_store_knows_whether_a_customer_stays_reachable() {
        assert_eq!(rules(&CustomerChanges::default()), []);
        let unreachable =
            CustomerChanges { email: Some(None), phone_number: Some(None), ..CustomerChanges::default() };
        assert_eq!(rules(&unreachable), []);
    }

    #[test]
    fn the_full_name_follows_until_it_was_set_itself() {
        let text = |text: &str| Some(Some(text.to_owned()));
        let none = CustomerChanges::default;
        let mut person = Customer { first_name: None, last_name: None, full_name: None, ..customer() };
        for (changes, expected) in [
            (CustomerChanges { first_name: text("Ada"), ..none() }, Some("Ada")),
            (CustomerChanges { last_name: text("Lovelace"), ..none() }, Some("Ada Lovelace")),
            (CustomerChanges { first_name: text(" "), ..none() }, Some("Lovelace")),
            (CustomerChanges { first_name: Some(None), last_name: text("L."), ..none() }, Some("L.")),
            (CustomerChanges { first_name: text("A."), full_name: text("Ada L."), ..none() }, Some("Ada L.")),
            (CustomerChanges { last_name: text("Byron"), ..none() }, Some("Ada L.")),
            (CustomerChanges { full_name: Some(None), ..none() }, None),
            (CustomerChanges { first_name: text("Ada"), ..none() }, None),
        ] {
            changes.clone().apply(&mut person);
            assert_eq!(person.full_name.as_deref(), expected, "{changes:?}");
        }
    }

    #[test]
    fn new_values_keep_the_rules_of_new_customers() {
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
