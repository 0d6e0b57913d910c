use crate::search::digit;

/// Returns the form in which phone numbers are compared: the digits, after a `+` if the number begins
/// with `+` or `00`. The number itself is stored as given. So `+33 6 12 34 00 08` and
/// `0033612340008` are equal, and `0612340008` is another number.
///
/// An international number loses a `(0)`, which is not dialled. Letters after the first digit stay,
/// as in `1-800-FLOWERS`. A text without digits is its own form. The form has at most as many
/// characters as the text.
pub fn fold_phone_number(text: &str) -> String {
    let begins_with_plus = text.chars().find(|letter| is_plus(*letter) || ascii_digit(*letter).is_some());
    let begins_with_plus = begins_with_plus.is_some_and(is_plus);
    let digits = dialled(text);
    if digits.is_empty() {
        return text.to_owned();
    }
    if !begins_with_plus && digits.strip_prefix("00").is_none_or(str::is_empty) {
        return digits;
    }
    let digits = dialled(&text.replacen("(0)", "", 1));
    let digits = if begins_with_plus { &*digits } else { digits.strip_prefix("00").unwrap_or(&digits) };
    format!("+{digits}")
}

/// Returns the digits of a text in ASCII, and the letters after the first digit.
fn dialled(text: &str) -> String {
    let mut dialled = String::new();
    for letter in text.chars() {
        match ascii_digit(letter) {
            Some(digit) => dialled.push(digit),
            None if letter.is_alphabetic() && !dialled.is_empty() => dialled.push(letter),
            None => {}
        }
    }
    dialled.make_ascii_lowercase();
    dialled
}

fn ascii_digit(letter: char) -> Option<char> {
    if letter.is_ascii_digit() { Some(letter) } else { digit(letter) }
}

const fn is_plus(letter: char) -> bool {
    matches!(letter, '+' | '＋')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PHONE_NUMBER_CHARS;

    #[test]
    fn phone_numbers_are_compared_by_their_digits() {
        for (expected, spellings) in [
            (
                "+33612340008",
                &[
                    "+33 6 12 34 00 08",
                    "+33612340008",
                    "0033612340008",
                    "00 33 6-12.34/00 08",
                    "(+33) 6 12 34 00 08",
                    "+33 (0)6 12 34 00 08",
                    "0033 (0) 6 12 34 00 08",
                    "tel:+33-6-12-34-00-08",
                    "\u{202a}+33\u{a0}6\u{a0}12\u{a0}34\u{a0}00\u{a0}08\u{202c}",
                    "＋３３６１２３４０００８",
                    "+٣٣٦١٢٣٤٠٠٠٨",
                ][..],
            ),
            ("0612340008", &["06 12 34 00 08", "06.12.34.00.08", "0612340008", "(0)6 12 34 00 08"]),
            ("33612340008", &["33 6 12 34 00 08"]),
            ("1800flowers", &["1-800-FLOWERS", "1 800 flowers"]),
            ("00", &["00", "0.0"]),
            ("+0", &["000"]),
            ("", &[""]),
            ("+", &["+"]),
            (" ask Ada ", &[" ask Ada "]),
        ] {
            for spelling in spellings {
                assert_eq!(fold_phone_number(spelling), expected, "{spelling:?}");
            }
        }
    }

    #[test]
    fn a_folded_number_is_its_own_form_and_no_longer() {
        for text in ["+33 (0)6", "00(0)", "+(0)", "00", "0", "1-800-É", "ﬁ1ﬁ", &"🦀".repeat(50), "1ẞ"]
        {
            let folded = fold_phone_number(text);
            assert_eq!(fold_phone_number(&folded), folded, "{text:?}");
            assert!(folded.chars().count() <= text.chars().count(), "{text:?}");
            assert!(folded.len() <= MAX_PHONE_NUMBER_CHARS as usize * 4, "{text:?}");
        }
    }
}
