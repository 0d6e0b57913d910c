//! Compares a store's results with the expected ones.

use std::fmt::Debug;

/// The number of characters shown from where two values differ. The longest tickets fill megabytes.
const SHOWN_CHARS: usize = 400;
const SHOWN_BEFORE: usize = 60;

/// Fails unless the values are equal, and shows where they differ.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, actual: &T, expected: &T) -> anyhow::Result<()> {
    if actual == expected {
        return Ok(());
    }
    let (actual, expected) = (format!("{actual:?}"), format!("{expected:?}"));
    let parting = actual.chars().zip(expected.chars()).take_while(|(left, right)| left == right).count();
    anyhow::bail!("{what}: got {}, expected {}", around(&actual, parting), around(&expected, parting))
}

fn around(text: &str, place: usize) -> String {
    if text.chars().count() <= SHOWN_CHARS {
        return text.to_owned();
    }
    let shown: String = text.chars().skip(place.saturating_sub(SHOWN_BEFORE)).take(SHOWN_CHARS).collect();
    format!("…{shown}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_both_values_where_they_differ() {
        assert!(same("the number", &1, &1).is_ok());
        assert_eq!(same("the number", &1, &2).unwrap_err().to_string(), "the number: got 1, expected 2");

        let (left, right) = ("x".repeat(100_000) + "left", "x".repeat(100_000) + "right");
        let message = same("the text", &left, &right).unwrap_err().to_string();
        assert!(
            message.contains("xleft") && message.contains("xright") && message.len() < 1_000,
            "{message}"
        );
    }
}
