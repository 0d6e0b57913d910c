//! The words by which tickets, comments and customers are found.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::attachments::attachment_names;
use super::html::readable_text;
use super::phone_numbers::normal_form;
use super::words::{add_words, search_words};
use crate::limits::{MAX_SEARCH_DETAIL_WORDS, MAX_SEARCH_WORDS};
use crate::{Comment, Customer, NewComment, NewCustomer, Ticket};

/// Returns the words of a message: the text of a comment, or the first message of a ticket. Of an HTML
/// message, these are the words that a reader sees. At most the first [`MAX_SEARCH_WORDS`].
pub fn message_words(message: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    // The outcome says only whether the limit was reached.
    let _ = add_words(&readable_text(message), MAX_SEARCH_WORDS, &mut words);
    words
}

/// Returns the words of short texts, at most the first [`MAX_SEARCH_DETAIL_WORDS`] of them all.
fn detail_words<T: AsRef<str>>(mut texts: impl Iterator<Item = T>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    // The outcome says only whether the limit was reached.
    let _ = texts.try_for_each(|text| add_words(text.as_ref(), MAX_SEARCH_DETAIL_WORDS, &mut words));
    words
}

impl Ticket {
    /// Returns the words of its name.
    pub fn name_words(&self) -> BTreeSet<String> {
        search_words(self.name.as_deref())
    }

    /// Returns the short texts by which a search finds it, besides its name: its tags, contact reason,
    /// thread id and e-mail address.
    pub fn details(&self) -> impl Iterator<Item = &str> {
        let Self { tags, contact_reason, thread_id, email_used, .. } = self;
        let details = [contact_reason, thread_id, email_used].into_iter().filter_map(Option::as_deref);
        tags.iter().map(String::as_str).chain(details)
    }

    /// Returns the words of its [details](Self::details), at most the first
    /// [`MAX_SEARCH_DETAIL_WORDS`] of them all.
    pub fn detail_words(&self) -> BTreeSet<String> {
        detail_words(self.details())
    }
}

macro_rules! comment_words {
    ($comment:ty) => {
        impl $comment {
            /// Returns the short texts by which a search finds its ticket, besides its text: its
            /// subject, sender, and the names of its attachments.
            pub fn details(&self) -> impl Iterator<Item = Cow<'_, str>> {
                let Self { subject, from_email, attachments, .. } = self;
                let names = attachments.as_deref().map(attachment_names).unwrap_or_default();
                let texts = [subject, from_email].into_iter().filter_map(Option::as_deref);
                texts.map(Cow::Borrowed).chain(names.into_iter().map(Cow::Owned))
            }

            /// Returns the words by which a search finds its ticket: those of its text
            /// ([`message_words`]), and those of its [details](Self::details), at most the first
            /// [`MAX_SEARCH_DETAIL_WORDS`] of them all.
            pub fn words(&self) -> BTreeSet<String> {
                let mut words = message_words(&self.text);
                words.append(&mut detail_words(self.details()));
                words
            }
        }
    };
}

comment_words!(Comment);
comment_words!(NewComment);

macro_rules! customer_words {
    ($customer:ty) => {
        impl $customer {
            /// Returns the texts by which a search finds its tickets: its e-mail address, phone number,
            /// names and ids in other systems, and the digits of the phone number.
            pub fn searched_texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
                let Self { email, phone_number, first_name, last_name, full_name, external_ids, .. } = self;
                let digits = phone_number.as_deref().map(normal_form);
                let texts = [email, phone_number, first_name, last_name, full_name];
                let texts = texts.into_iter().chain(external_ids.all()).filter_map(Option::as_deref);
                texts.map(Cow::Borrowed).chain(digits.map(Cow::Owned))
            }

            /// Returns the words of its [texts](Self::searched_texts).
            pub fn words(&self) -> BTreeSet<String> {
                let mut words = BTreeSet::new();
                // The outcome says only whether the limit was reached.
                let _ =
                    self.searched_texts().try_for_each(|text| add_words(&text, MAX_SEARCH_WORDS, &mut words));
                words
            }
        }
    };
}

customer_words!(Customer);
customer_words!(NewCustomer);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExternalIds, samples};

    fn words(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn html_messages_have_the_words_of_their_text() {
        assert_eq!(message_words("<style>p{font-family:Arial}</style><p>caf&eacute;</p>"), words(&["cafe"]));
        assert_eq!(
            message_words("AT&amp;T <ada@example.com>"),
            words(&["ada", "amp", "at", "com", "example", "t"])
        );
        assert_eq!(message_words(&("<p>".to_owned() + &"a ".repeat(10) + "b")), words(&["a", "b"]));
    }

    #[test]
    fn customers_have_the_digits_of_their_phone_number_as_a_word() {
        let customer = Customer {
            phone_number: Some("+33 6 12".into()),
            email: None,
            first_name: Some("Ada".into()),
            last_name: None,
            full_name: None,
            external_ids: ExternalIds { zendesk_id: Some("z-9".into()), ..ExternalIds::default() },
            ..samples::customer()
        };
        assert_eq!(customer.words(), words(&["12", "33", "33612", "6", "9", "ada", "z"]));
    }
}
