//! The words of a text. They are defined here, so that every store finds the same tickets.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits::{MAX_SEARCH_WORD_CHARS, MAX_SEARCH_WORDS};

/// Returns the different words of texts in any language, at most the first [`MAX_SEARCH_WORDS`] of
/// them all. Each text of a ticket has this limit for itself, so a store passes one text at a time.
/// Words are in lower case, without accents, hold only letters and digits, and are cut at
/// [`MAX_SEARCH_WORD_CHARS`]. In scripts without spaces between words, such as Chinese, each
/// character is a word.
pub fn search_words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for text in texts {
        for word in words_of(text) {
            if words.len() == MAX_SEARCH_WORDS {
                return words;
            }
            words.insert(word);
        }
    }
    words
}

/// Returns the words of a text, in order.
pub(super) fn words_of(text: &str) -> Vec<String> {
    if text.is_ascii() { words_of_ascii(text) } else { words_of_unicode(text) }
}

/// Returns the same in a tenth of the time. ASCII has no accents, and adjacent ASCII letters and digits
/// always belong to one word.
fn words_of_ascii(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.chars().take(MAX_SEARCH_WORD_CHARS).map(|letter| letter.to_ascii_lowercase()).collect()
        })
        .collect()
}

fn words_of_unicode(text: &str) -> Vec<String> {
    let letters = text.nfkd().filter(|letter| !is_accent(*letter)).flat_map(char::to_lowercase);
    // The only lower-case letter with two forms.
    let folded: String = letters.map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect();
    folded
        .unicode_words()
        // Unicode treats some texts as one word, such as an address. Their parts are words here.
        .flat_map(|word| word.split(|letter: char| !letter.is_alphanumeric()))
        // A part may begin with a mark without its letter. The mark is then a word of its own, as
        // in a query for that part.
        .flat_map(UnicodeSegmentation::unicode_words)
        .map(|word| word.chars().take(MAX_SEARCH_WORD_CHARS).collect())
        .collect()
}

/// The accents of decomposed Latin, Greek and Cyrillic letters.
fn is_accent(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        words_of(text)
    }

    #[test]
    fn words_are_folded_letters_and_digits() {
        assert_eq!(words("Où est MON colis nº42 ?"), ["ou", "est", "mon", "colis", "no42"]);
        assert_eq!(words("Ada.Lovelace@example.com"), ["ada", "lovelace", "example", "com"]);
        assert_eq!(words("+33 1-23"), ["33", "1", "23"]);
        assert_eq!(words("don't"), ["don", "t"]);
        assert_eq!(words("_\u{739}2w"), words("\u{739}2w"));
        assert_eq!(words("Straße ÄÖÜ"), ["straße", "aou"]);
        assert_eq!(words("ΟΔΟΣ"), words("οδός"));
        assert_eq!(words("ﬁne Ⅻ"), ["fine", "xii"]);
        assert_eq!(words("返金してください")[..2], ["返", "金"]);
        assert_eq!(words(" \u{0} -- … 🦀"), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(1_000)), ["x".repeat(MAX_SEARCH_WORD_CHARS)]);
    }

    #[test]
    fn ascii_has_the_words_that_unicode_finds() {
        let around = ["", "a", "Z", "7", "a ", " 7", ".", "'a", "7,", "_", "\r\n"];
        for letter in (0..128_u8).map(char::from) {
            for before in around {
                for after in around {
                    let text = format!("{before}{letter}{after}");
                    assert_eq!(words_of_ascii(&text), words_of_unicode(&text), "{text:?}");
                }
            }
        }
        let long = "Xy3".repeat(100);
        assert_eq!(words_of_ascii(&long), words_of_unicode(&long));
    }

    #[test]
    fn composed_and_decomposed_texts_have_the_same_words() {
        assert_eq!(words("caf\u{e9} Йод 한국어"), words("cafe\u{301} Йод \u{1112}\u{1161}\u{11ab}국어"));
    }

    #[test]
    fn long_texts_are_cut() {
        let text: Vec<String> = (0..MAX_SEARCH_WORDS + 10).map(|number| number.to_string()).collect();
        assert_eq!(search_words([text.join(" ").as_str(), "late"]).len(), MAX_SEARCH_WORDS);
    }
}
