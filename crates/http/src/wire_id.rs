//! Ids as clients write them.

/// The number that a string of ASCII digits stands for. Signs, spaces, exponents and
/// numbers beyond 64 bits are none.
pub(crate) fn parse(digits: &str) -> Option<i64> {
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// What an id up to `max` must be, to follow its name.
pub(crate) fn requirement(max: i64) -> String {
    format!("must be a whole number from 1 to {max}")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_digits_are_a_number() {
        assert_eq!(parse("123"), Some(123));
        assert_eq!(parse("9223372036854775807"), Some(i64::MAX));
        for text in ["", "-1", "+1", " 1", "1 ", "1.5", "1e3", "12abc", "٣", "9223372036854775808", "0x1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
