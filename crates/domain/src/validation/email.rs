use std::borrow::Cow;

use email_address::EmailAddress;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use validator::ValidationError;

use super::violation::code;

/// Returns the form in which e-mail addresses are compared: without case, and with the domain in
/// ASCII (`xn--…`). The address itself is stored as given. The form may have more bytes than the
/// address, but at most four for each of its characters and 253 more.
pub fn fold_email(address: &str) -> String {
    if address.is_ascii() && !has_punycode(address) {
        return address.to_ascii_lowercase();
    }
    let Some((user, domain)) = address.rsplit_once('@') else { return address.to_lowercase() };
    match ascii_domain(domain) {
        Some(domain) => format!("{}@{domain}", user.to_lowercase()),
        None => address.to_lowercase(),
    }
}

fn has_punycode(address: &str) -> bool {
    address.as_bytes().windows(4).any(|part| part.eq_ignore_ascii_case(b"xn--"))
}

/// Returns the domain as DNS has it, in lower case. `None` is an invalid domain.
fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    let deny = AsciiDenyList::STD3;
    Uts46::new().to_ascii(domain.as_bytes(), deny, Hyphens::CheckFirstLast, DnsLength::Verify).ok()
}

/// Checks an e-mail address of RFC 5322 or, with letters of any script, of RFC 6531. It may have a
/// quoted local part, and a local part of any length.
pub(crate) fn email_address(text: &str) -> Result<(), ValidationError> {
    let is_address = is_plain(text)
        || text.rsplit_once('@').is_some_and(|(user, domain)| is_user(user) && is_domain(domain));
    match is_address {
        true => Ok(()),
        // A name and an address, as in the head of an e-mail.
        false if text.contains('<') && text.trim_end().ends_with('>') => {
            Err(ValidationError::new(code::BARE_EMAIL))
        }
        false => Err(ValidationError::new(code::EMAIL)),
    }
}

/// Whether the text is a plain address, as nearly all addresses are. The full check accepts these,
/// too, but takes longer.
fn is_plain(text: &str) -> bool {
    let Some((user, domain)) = text.rsplit_once('@') else { return false };
    user.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_plain_byte))
        && domain.len() <= 253
        && !has_punycode(domain)
        && domain.split('.').all(is_label)
}

const fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-')
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_domain(domain: &str) -> bool {
    // An address in brackets.
    if domain.starts_with('[') {
        return EmailAddress::is_valid_domain(domain);
    }
    ascii_domain(domain).is_some_and(|domain| EmailAddress::is_valid_domain(&domain))
}

/// Whether the text is a local part. Real ones are longer than the 64 bytes of RFC 5321, which the
/// parser allows. Its rules are about single characters, so it gets a long one in pieces.
fn is_user(user: &str) -> bool {
    // RFC 6532 allows every character beyond ASCII, even those that nobody sees.
    if user.chars().any(|letter| letter.is_control() || (letter.is_whitespace() && letter != ' ')) {
        return false;
    }
    match user.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some("") => false,
        Some(quoted) => {
            quoted_pieces(quoted).all(|piece| EmailAddress::is_valid_local_part(&format!("\"{piece}\"")))
        }
        None => {
            let mut atoms = user.split('.');
            atoms
                .all(|atom| !atom.is_empty() && pieces(atom).all(|it| EmailAddress::is_valid_local_part(&it)))
                && !user.contains('"')
        }
    }
}

/// At most 16 characters, which have at most 64 bytes.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = letters.chunks(16).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter()
}

/// As [`pieces`], without separating a backslash from the character that it quotes.
fn quoted_pieces(text: &str) -> impl Iterator<Item = String> {
    let mut pieces = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if pieces.last().is_none_or(|piece| piece.len() > 32) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
            if letter == '\\' {
                piece.extend(letters.next());
            }
        }
    }
    pieces.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_address_has_few_bytes_more_than_four_for_each_character() {
        let folded_bytes = |letter: char| letter.to_lowercase().map(char::len_utf8).sum::<usize>();
        assert_eq!(('\0'..=char::MAX).map(folded_bytes).max(), Some(4));
        // The longest local parts that are accepted: 252 characters of four bytes, or of two that fold
        // to three.
        for (letter, bytes, folded) in [("𞤀", 1_010, 1_010), ("Ⱥ", 506, 758)] {
            let address = format!("{}@b", letter.repeat(252));
            assert_eq!(email_address(&address), Ok(()));
            assert_eq!((address.len(), fold_email(&address).len()), (bytes, folded));
            assert_eq!(address.chars().count() as u64, crate::limits::MAX_EMAIL_CHARS);
        }
    }

    #[test]
    fn an_internationalised_domain_and_its_punycode_are_one() {
        for (expected, spellings) in [
            (
                "info@xn--mnchen-3ya.de",
                &["info@münchen.de", "INFO@MÜNCHEN.DE", "info@xn--mnchen-3ya.de", "Info@XN--MNCHEN-3YA.de"][..],
            ),
            ("josé@xn--fsqu00a.xn--0zwm56d", &["José@例子.测试", "JOSÉ@xn--fsqu00a.测试", "josé@例子。测试"]),
            ("ada@example.com", &["Ada@Example.com", "ADA@ＥＸＡＭＰＬＥ.com"]),
            // The local part has no punycode.
            ("xn--mnchen-3ya@example.com", &["XN--MNCHEN-3YA@example.com"]),
            // Not a domain.
            ("a@ü_.de", &["A@Ü_.de"]),
            ("ä", &["Ä"]),
        ] {
            for spelling in spellings {
                assert_eq!(fold_email(spelling), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn addresses_are_those_of_real_mail() {
        let user = |chars: usize| format!("{}@example.com", "a".repeat(chars));
        let quoted = format!("\"{}\"@example.com", "\\\"@é ".repeat(40));
        let label = |chars: usize| format!("a@{}.com", "b".repeat(chars));
        let domain = |labels: usize| format!("a@{}.com", vec!["b"; labels].join("."));
        for (text, plain, allowed) in [
            ("a@b", true, true),
            ("Ada.Love-lace+x_1@Mail-2.example.com", true, true),
            ("a@127.0.0.1", true, true),
            (&user(64), true, true),
            (&user(240), true, true),
            (&label(63), true, true),
            (&label(64), false, false),
            (&domain(125), true, true),
            (&domain(126), false, false),
            ("o'hara@example.com", false, true),
            ("josé@example.com", false, true),
            ("用户@例子.广告", false, true),
            (&format!("{}@example.com", "é".repeat(100)), false, true),
            ("\"Ada Lovelace\"@example.com", false, true),
            ("\"a@b\"@example.com", false, true),
            ("\"\\\"\"@example.com", false, true),
            (&quoted, false, true),
            ("a@exämple.com", false, true),
            ("a@xn--exmple-cua.com", false, true),
            ("a@ab--cd.com", true, true),
            ("a@[127.0.0.1]", false, true),
            ("a@[IPv6:::1]", false, true),
            ("", false, false),
            ("@", false, false),
            ("a", false, false),
            ("@b", false, false),
            ("a@", false, false),
            ("a@b.", false, false),
            ("a@.b", false, false),
            ("a@b..c", false, false),
            ("a..b@c", false, false),
            (".a@c", false, false),
            ("a.@c", false, false),
            ("a@-b.c", false, false),
            ("a@b-.c", false, false),
            ("a@b_c.d", false, false),
            ("a@xn--a.com", false, false),
            ("a@b@c", false, false),
            ("a b@c", false, false),
            ("\"a@c", false, false),
            ("a\"b@c", false, false),
            ("\"\"@c", false, false),
            ("\"\\\"@c", false, false),
            ("\"a\"b\"@c", false, false),
            (&format!("{}\"@c", "a".repeat(100)), false, false),
            ("a@b\n", false, false),
            ("a\n@b", false, false),
            ("a\u{a0}@b", false, false),
            ("a@b\0", false, false),
            ("a@[b", false, false),
        ] {
            assert_eq!((is_plain(text), email_address(text).is_ok()), (plain, allowed), "{text:?}");
        }
    }

    #[test]
    fn a_name_before_an_address_has_a_code_of_its_own() {
        let code = |text: &str| email_address(text).err().map(|error| error.code.into_owned());
        for text in ["Support <support@example.com>", "<support@example.com>", "\"A\" <a@b> "] {
            assert_eq!(code(text).as_deref(), Some(code::BARE_EMAIL), "{text}");
        }
        assert_eq!(code("a@b <").as_deref(), Some(code::EMAIL));
    }
}
