//! Phone numbers in queries. They are spelled in many ways, and compared by their digits.

use super::folding::digit;
use crate::fold_phone_number;

/// The digits of the shortest phone number that a query may spell in parts.
const MIN_DIGITS: usize = 7;
/// The digits of the longest phone number (E.164), after two zeros.
const MAX_DIGITS: usize = 17;

/// A part of a query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QueryPart<'a> {
    pub(super) text: &'a str,
    /// The digits of the phone number that the text is.
    pub(super) phone_number: Option<String>,
}

/// Splits a query at its phone numbers: digits with the separators of phone numbers between them.
pub(super) fn split(text: &str) -> Vec<QueryPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, number, after)) = next_number(rest) {
        parts.push(QueryPart { text: before, phone_number: None });
        parts.push(QueryPart { text: number, phone_number: Some(normal_form(number)) });
        rest = after;
    }
    parts.push(QueryPart { text: rest, phone_number: None });
    parts.retain(|part| !part.text.is_empty());
    parts
}

/// Returns the first phone number with the texts before and after it.
fn next_number(text: &str) -> Option<(&str, &str, &str)> {
    let mut is_after_word = false;
    let mut skipped_to = 0;
    for (start, letter) in text.char_indices() {
        let begins =
            start >= skipped_to && !is_after_word && (is_digit(letter) || matches!(letter, '+' | '('));
        is_after_word = letter.is_alphanumeric();
        if !begins {
            continue;
        }
        let (end, digits) = number_at(&text[start..]);
        if (MIN_DIGITS..=MAX_DIGITS).contains(&digits) {
            let (number, after) = text[start..].split_at(end);
            return Some((&text[..start], number, after));
        }
        // Its parts are no numbers either.
        skipped_to = start + end;
    }
    None
}

/// Returns the length of the number at the beginning of the text, and the count of its digits. It
/// ends with a group of digits that no letter follows.
fn number_at(text: &str) -> (usize, usize) {
    let (mut end, mut digits, mut counted) = (0, 0, 0);
    let mut is_in_digits = false;
    for (place, letter) in text.char_indices() {
        if is_digit(letter) {
            counted += 1;
            is_in_digits = true;
            continue;
        }
        if letter.is_alphanumeric() {
            return (end, digits);
        }
        if is_in_digits {
            (end, digits) = (place, counted);
            is_in_digits = false;
        }
        if !matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '+' | '(' | ')' | '-' | '\u{2011}' | '.' | '/') {
            return (end, digits);
        }
    }
    if is_in_digits { (text.len(), counted) } else { (end, digits) }
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || digit(letter).is_some()
}

/// Returns the word by which a phone number is found in every spelling.
pub(super) fn normal_form(number: &str) -> String {
    fold_phone_number(number).trim_start_matches('+').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_split_at_its_phone_numbers() {
        for (text, expected) in [
            ("ada refund", &["ada refund"][..]),
            ("call +33 6 12 34 00 08 now", &["call ", "+33 6 12 34 00 08=33612340008", " now"]),
            ("0033612340008", &["0033612340008=33612340008"]),
            ("(06) 12-34.00/08", &["(06) 12-34.00/08=0612340008"]),
            ("+٣٣ ٦ ١٢ ٣٤", &["+٣٣ ٦ ١٢ ٣٤=3361234"]),
            ("123456", &["123456"]),
            ("12 34 56 78x", &["12 34 56 78x"]),
            ("1234 5678 9x", &["1234 5678=12345678", " 9x"]),
            ("x12345678", &["x12345678"]),
            ("123456789012345678", &["123456789012345678"]),
            ("2026-11-29, 2026-11-30", &["2026-11-29=20261129", ", ", "2026-11-30=20261130"]),
            ("", &[]),
        ] {
            let parts = split(text);
            let shown: Vec<String> = parts
                .iter()
                .map(|QueryPart { text, phone_number }| match phone_number {
                    Some(number) => format!("{text}={number}"),
                    None => (*text).to_owned(),
                })
                .collect();
            assert_eq!(shown, expected, "{text}");
        }
    }
}
