//! Other words than those of the domain, and of other texts.

use std::collections::BTreeSet;

use hexdesk_domain::limits::MAX_SEARCH_WORD_CHARS;
use hexdesk_domain::{Comment, TicketView, search_words};

use super::super::{Fault, FaultyStorage};
use crate::memory::{State, TicketWords};

const STOP_WORDS: &[&str] = &["a", "and", "are", "not", "or", "the", "to"];

/// Takes a plural's ending away.
pub(super) fn stem(word: &mut String) {
    if word.len() > 3 && word.ends_with('s') {
        word.pop();
    }
}

/// The runs of letters and digits, whatever Unicode takes for a word.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty())
}

impl FaultyStorage {
    /// The words of a text.
    fn words_of(&self, text: &str) -> BTreeSet<String> {
        let is_ideograph = |letter: char| ('\u{2e80}'..'\u{a000}').contains(&letter);
        let words = search_words([text]);
        match self.fault {
            Fault::AccentsCount => runs(&text.to_lowercase()).map(Into::into).collect(),
            Fault::UnspacedIsAWord => {
                let of_run = |run: &str| match run.chars().any(is_ideograph) {
                    true => BTreeSet::from([run.to_owned()]),
                    false => search_words([run]),
                };
                runs(text).flat_map(of_run).collect()
            }
            Fault::WordsWithoutLimit => {
                text.split_whitespace().flat_map(|part| search_words([part])).collect()
            }
            // Only of those that are letters of ASCII.
            Fault::WordsNotCut => {
                let is_whole = |word: &String| word.chars().count() < MAX_SEARCH_WORD_CHARS;
                let long = runs(text).map(str::to_lowercase).filter(|run| !is_whole(run));
                words.into_iter().filter(is_whole).chain(long).collect()
            }
            _ => words.into_iter().filter_map(|word| self.kept(word)).collect(),
        }
    }

    /// What is kept of a word.
    fn kept(&self, mut word: String) -> Option<String> {
        let is_left_out = match self.fault {
            Fault::LettersNotKept => word.chars().count() == 1,
            Fault::StopWordsNotKept => STOP_WORDS.contains(&word.as_str()),
            Fault::OtherScriptsNotKept => !word.is_ascii(),
            _ => false,
        };
        match self.fault {
            Fault::WordsStemmed => stem(&mut word),
            Fault::DigitsAreNumbers => {
                if let Ok(number) = word.parse::<u64>() {
                    word = number.to_string();
                }
            }
            Fault::WordsCutInBytes => word.truncate(word.floor_char_boundary(MAX_SEARCH_WORD_CHARS)),
            _ => {}
        }
        (!is_left_out).then_some(word)
    }

    /// The words of a ticket, of which there is what it was when it was first seen.
    pub(super) fn words(&self, state: &State, first: &State, view: &TicketView) -> TicketWords {
        let ticket = &view.ticket;
        let place = (ticket.shop_id, ticket.id);
        let mut customer = view.customer.clone();
        let mut names: Vec<_> = ticket.name.iter().map(String::as_str).collect();
        match self.fault {
            Fault::FormerNamesFound => {
                names.extend(first.tickets.get(&place).and_then(|stored| stored.ticket.name.as_deref()));
            }
            Fault::FirstCustomersSearched => {
                customer = first.customers.get(&(customer.shop_id, customer.id)).cloned().unwrap_or(customer);
            }
            Fault::FullNameNotSearched => customer.full_name = None,
            Fault::PhoneNumberIsAWord => {
                if let Some(number) = &mut customer.phone_number {
                    number.retain(char::is_alphanumeric);
                }
            }
            _ => {}
        }
        let union = |texts: &[&str]| texts.iter().flat_map(|text| self.words_of(text)).collect();
        let is_gone = |comment: &&Comment| {
            self.fault == Fault::GoneCommentsFound && (comment.shop_id, comment.ticket_id) == place
        };
        let messages = self.messages(state, view, first.comments.values().filter(is_gone));
        TicketWords {
            name: union(&names),
            customer: union(&customer.searched_texts().collect::<Vec<_>>()),
            messages: match self.fault {
                Fault::LimitOfAllMessages => search_words(messages),
                _ => union(&messages),
            },
        }
    }

    /// What is searched of the messages.
    fn messages<'a>(
        &self,
        state: &'a State,
        view: &'a TicketView,
        gone: impl Iterator<Item = &'a Comment>,
    ) -> Vec<&'a str> {
        let ticket = &view.ticket;
        let stored = state.tickets.get(&(ticket.shop_id, ticket.id));
        let first = stored.and_then(|stored| stored.first_message.as_deref());
        let is_searched = |comment: &&Comment| {
            comment.ticket_id == ticket.id
                && (comment.shop_id == ticket.shop_id || self.fault == Fault::CommentsSearchedAcrossShops)
                && (comment.time >= ticket.date || self.fault != Fault::OldCommentsNotFound)
                && self.fault != Fault::LastCommentSearched
        };
        let comments: Vec<_> = state.comments.values().filter(is_searched).chain(gone).collect();
        let mut messages: Vec<_> = comments.iter().map(|comment| comment.text.as_str()).collect();
        messages.extend(match self.fault {
            Fault::LastMessageSearched => ticket.last_message.as_deref(),
            _ => first,
        });
        match self.fault {
            Fault::LastCommentSearched => messages.extend(ticket.last_message.as_deref()),
            Fault::TagsSearched => messages.extend(ticket.tags.iter().map(String::as_str)),
            Fault::CommentSubjectsSearched => {
                messages.extend(comments.iter().filter_map(|comment| comment.subject.as_deref()));
            }
            _ => {}
        }
        messages
    }
}
