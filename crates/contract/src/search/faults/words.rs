//! Faults that split texts into other words than the domain does.

use std::collections::BTreeSet;

use hexdesk_domain::limits::MAX_SEARCH_WORD_CHARS;
use hexdesk_domain::{SearchTerm, search_words};

use super::{CORRECT, Search};
use crate::faulty::{Fault, fault};

/// The words of one text.
pub(super) type WordsOf = fn(&str) -> BTreeSet<String>;

const STOP_WORDS: &[&str] = &["a", "and", "are", "not", "or", "the", "to"];

/// Removes the ending of a plural.
fn stem(word: &mut String) {
    if word.len() > 3 && word.ends_with('s') {
        word.pop();
    }
}

/// Splits the text into runs of letters and digits.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty())
}

fn is_ideograph(letter: char) -> bool {
    ('\u{2e80}'..'\u{a000}').contains(&letter)
}

/// The correct words for which the predicate is true.
fn kept(text: &str, is_kept: impl Fn(&str) -> bool) -> BTreeSet<String> {
    search_words([text]).into_iter().filter(|word| is_kept(word)).collect()
}

/// The correct words, changed.
fn changed(text: &str, change: impl Fn(&mut String)) -> BTreeSet<String> {
    let change = |mut word| {
        change(&mut word);
        word
    };
    search_words([text]).into_iter().map(change).collect()
}

pub(super) fn faults() -> Vec<Fault> {
    let words = |words_of| Search { words_of, words_of_message: words_of, ..CORRECT };
    vec![
        fault("SEARCH-1", "Accents are not ignored.")
            .search(words(|text| runs(&text.to_lowercase()).map(Into::into).collect())),
        fault("SEARCH-1", "Words of one letter are not stored.")
            .search(words(|text| kept(text, |word| word.chars().count() != 1))),
        fault("SEARCH-1", "The most frequent words are not stored.")
            .search(words(|text| kept(text, |word| !STOP_WORDS.contains(&word)))),
        fault("SEARCH-1", "Words are found by their stems.").search(Search {
            change_terms: |terms| terms.iter_mut().for_each(|term| stem(&mut term.word)),
            ..words(|text| changed(text, stem))
        }),
        fault("SEARCH-1", "Words of digits are numbers.").search(words(|text| {
            changed(text, |word| {
                if let Ok(number) = word.parse::<u64>() {
                    *word = number.to_string();
                }
            })
        })),
        fault("SEARCH-1", "Words outside of ASCII are not stored.")
            .search(words(|text| kept(text, str::is_ascii))),
        fault("SEARCH-1", "Each ideograph is a word, and so are all in a query.").search(Search {
            change_terms: |terms| {
                *terms = terms
                    .iter()
                    .flat_map(|term| {
                        let is_pair = term.word.chars().all(is_ideograph) && term.word.chars().count() == 2;
                        let chars =
                            term.word.chars().map(|it| SearchTerm { word: it.into(), ..term.clone() });
                        if is_pair { chars.collect() } else { vec![term.clone()] }
                    })
                    .collect();
            },
            ..words(|text| {
                let ideographs = text.chars().filter(|letter| is_ideograph(*letter)).map(String::from);
                search_words([text]).into_iter().chain(ideographs).collect()
            })
        }),
        fault("SEARCH-1", "Letters with strokes are not folded.").search(words(|text| {
            let strokes: BTreeSet<String> =
                runs(text).filter(|run| run.contains('Ł')).map(str::to_lowercase).collect();
            if strokes.is_empty() { search_words([text]) } else { strokes }
        })),
        fault("SEARCH-1", "Only the first eight terms are searched.")
            .search(Search { change_terms: |terms| terms.truncate(8), ..CORRECT }),
        fault("SEARCH-1", "A run of ideographs is one word.").search(words(|text| {
            let of_run = |run: &str| match run.chars().any(is_ideograph) {
                true => BTreeSet::from([run.to_owned()]),
                false => search_words([run]),
            };
            runs(text).flat_map(of_run).collect()
        })),
        fault("SEARCH-1", "Words are cut at a number of bytes.").search(words(|text| {
            changed(text, |word| word.truncate(word.floor_char_boundary(MAX_SEARCH_WORD_CHARS)))
        })),
        fault("SEARCH-1", "Words are not cut.").search(words(|text| {
            let is_whole = |word: &str| word.chars().count() < MAX_SEARCH_WORD_CHARS;
            let long = runs(text).map(str::to_lowercase).filter(|run| !is_whole(run));
            kept(text, is_whole).into_iter().chain(long).collect()
        })),
        fault("SEARCH-1", "The number of words of a text is not limited.")
            .search(words(|text| text.split_whitespace().flat_map(|part| search_words([part])).collect())),
    ]
}
