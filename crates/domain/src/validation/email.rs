use validator::{ValidateEmail, ValidationError};

use super::violation::code;

/// Returns the form in which e-mail addresses are compared: without case. The address itself is
/// stored as given. The form may have more bytes than the address, but at most four for each of its
/// characters.
pub fn fold_email(address: &str) -> String {
    address.to_lowercase()
}

/// Checks an e-mail address by the rules of browsers.
pub(crate) fn email_address(text: &str) -> Result<(), ValidationError> {
    if is_plain(text) || text.validate_email() { Ok(()) } else { Err(ValidationError::new(code::EMAIL)) }
}

/// Whether the text is a plain address, as nearly all addresses are. The library accepts these,
/// too, but its regular expression takes a tenth of the time of a request.
fn is_plain(text: &str) -> bool {
    let Some((user, domain)) = text.rsplit_once('@') else { return false };
    (1..=64).contains(&user.len())
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
        && domain.len() <= 255
        && domain.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_address_has_at_most_four_bytes_for_each_character() {
        let folded_bytes = |letter: char| letter.to_lowercase().map(char::len_utf8).sum::<usize>();
        assert_eq!(('\0'..=char::MAX).map(folded_bytes).max(), Some(4));
        // The longest domains that are accepted: 250 characters of four bytes, or of two that fold to
        // three.
        for (letter, bytes, folded) in [("𞤀", 998, 998), ("Ⱥ", 502, 750)] {
            let labels = [50, 50, 50, 50, 48].map(|length| letter.repeat(length)).join(".");
            let address = format!("a@{labels}");
            assert_eq!(email_address(&address), Ok(()));
            assert_eq!((address.len(), fold_email(&address).len()), (bytes, folded));
            assert_eq!(address.chars().count() as u64, crate::limits::MAX_EMAIL_CHARS);
        }
    }

    #[test]
    fn plain_addresses_are_addresses_and_others_may_be() {
        let user = |chars: usize| format!("{}@example.com", "a".repeat(chars));
        let label = |chars: usize| format!("a@{}.com", "b".repeat(chars));
        let domain = |labels: usize| format!("a@{}.com", vec!["b"; labels].join("."));
        for (text, plain, allowed) in [
            ("a@b", true, true),
            ("Ada.Love-lace+x_1@Mail-2.example.com", true, true),
            ("a@127.0.0.1", true, true),
            (&user(64), true, true),
            (&user(65), false, false),
            (&label(63), true, true),
            (&label(64), false, false),
            (&domain(126), true, true),
            (&domain(127), false, false),
            ("o'hara@example.com", false, true),
            ("a@exämple.com", false, true),
            ("a@[127.0.0.1]", false, true),
            ("", false, false),
            ("@", false, false),
            ("a", false, false),
            ("@b", false, false),
            ("a@", false, false),
            ("a@b.", false, false),
            ("a@.b", false, false),
            ("a@b..c", false, false),
            ("a@-b.c", false, false),
            ("a@b-.c", false, false),
            ("a@b@c", false, false),
            ("a b@c", false, false),
            ("ä@b", false, false),
            ("a@b\n", false, false),
            ("a\n@b", false, false),
            ("a@b\0", false, false),
        ] {
            assert_eq!((is_plain(text), email_address(text).is_ok()), (plain, allowed), "{text:?}");
            assert_eq!(text.validate_email(), allowed, "{text:?}");
        }
    }
}
