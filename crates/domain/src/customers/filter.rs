use std::collections::BTreeSet;

use crate::{Customer, ExternalIds, fold_email, fold_phone_number};

/// Selects the customers of a list that meet every given condition. Without conditions, selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CustomerFilter {
    /// The e-mail address, compared after [`fold_email`].
    pub email: Option<String>,
    /// The phone number, compared after [`fold_phone_number`].
    pub phone_number: Option<String>,
    /// The ids in other systems, each exactly.
    pub external_ids: ExternalIds,
    /// Each is the beginning of a word in the texts by which searches find the customer. They are words
    /// as [`search_words`](crate::search_words) returns them.
    pub words: BTreeSet<String>,
}

impl CustomerFilter {
    /// Whether the customer meets every given condition (CUSTOMER-9).
    pub fn matches(&self, customer: &Customer) -> bool {
        // Without `..`, a new condition does not compile until it is used here.
        let Self { email, phone_number, external_ids, words } = self;
        is_or_any(&email.as_deref().map(fold_email), &customer.email.as_deref().map(fold_email))
            && is_or_any(
                &phone_number.as_deref().map(fold_phone_number),
                &customer.phone_number.as_deref().map(fold_phone_number),
            )
            && are_or_any(external_ids, &customer.external_ids)
            && begin_words_of(words, customer)
    }
}

fn begin_words_of(beginnings: &BTreeSet<String>, customer: &Customer) -> bool {
    if beginnings.is_empty() {
        return true;
    }
    let words = customer.words();
    // If any word begins with a text, the first word not smaller than the text does.
    let begins =
        |text: &String| words.range(text.clone()..).next().is_some_and(|word| word.starts_with(text));
    beginnings.iter().all(begins)
}

fn are_or_any(wanted: &ExternalIds, ids: &ExternalIds) -> bool {
    wanted.all().into_iter().zip(ids.all()).all(|(wanted, id)| is_or_any(wanted, id))
}

fn is_or_any(wanted: &Option<String>, value: &Option<String>) -> bool {
    wanted.is_none() || wanted == value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::customer;
    use crate::search_words;

    #[test]
    fn every_condition_matches_or_not() {
        let any = CustomerFilter::default;
        let text = |text: &str| Some(text.to_owned());
        assert!(any().matches(&customer()));
        for (expected, filter) in [
            (true, CustomerFilter { email: text("ADA@example.com"), ..any() }),
            (false, CustomerFilter { email: text("ad@example.com"), ..any() }),
            (true, CustomerFilter { phone_number: text("+33 1"), ..any() }),
            (true, CustomerFilter { phone_number: text("00331"), ..any() }),
            (false, CustomerFilter { phone_number: text("331"), ..any() }),
            (false, CustomerFilter { email: text("ada@example.com"), phone_number: text("1"), ..any() }),
        ] {
            assert_eq!(filter.matches(&customer()), expected, "{filter:?}");
        }
        let nobody = Customer { email: None, phone_number: None, ..customer() };
        assert!(!CustomerFilter { email: text("ada@example.com"), ..any() }.matches(&nobody));
        assert!(!CustomerFilter { phone_number: text("+33 1"), ..any() }.matches(&nobody));
    }

    #[test]
    fn every_word_begins_a_word_of_a_name_or_address() {
        for (query, expected) in [
            ("ada", true),
            ("LOVEL", true),
            ("lové ada", true),
            ("ada@exam", true),
            ("example.com", true),
            ("velace", false),
            ("ada hopper", false),
        ] {
            let words = search_words([query]);
            assert_eq!(
                CustomerFilter { words, ..CustomerFilter::default() }.matches(&customer()),
                expected,
                "{query}"
            );
        }
    }

    #[test]
    fn every_external_id_is_compared_with_its_own() {
        let ids: [fn(&mut ExternalIds) -> &mut Option<String>; 11] = [
            |ids| &mut ids.shopify_id,
            |ids| &mut ids.wordpress_id,
            |ids| &mut ids.prestashop_id,
            |ids| &mut ids.fb_user_id,
            |ids| &mut ids.ig_user_id,
            |ids| &mut ids.ig_pseudo,
            |ids| &mut ids.whatsapp_id,
            |ids| &mut ids.zendesk_id,
            |ids| &mut ids.freshdesk_id,
            |ids| &mut ids.gmelius_id,
            |ids| &mut ids.gorgias_id,
        ];
        let only = |id: fn(&mut ExternalIds) -> &mut Option<String>, value: &str| {
            let mut ids = ExternalIds::default();
            *id(&mut ids) = Some(value.into());
            ids
        };
        for (place, wanted) in ids.into_iter().enumerate() {
            let filter = CustomerFilter { external_ids: only(wanted, "1"), ..CustomerFilter::default() };
            for (other, id) in ids.into_iter().enumerate() {
                for (value, is_same) in [("1", true), ("2", false)] {
                    let customer = Customer { external_ids: only(id, value), ..customer() };
                    assert_eq!(filter.matches(&customer), is_same && place == other, "{filter:?}");
                }
            }
        }
    }
}
