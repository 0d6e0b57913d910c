use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};

use crate::limits::{MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS};
use crate::{Field, Rule, Violation, Violations};

const NORMALIZER: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();

/// A password, as a user types it. Keyboards spell the same letter differently, so it is kept in the
/// form NFKC. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Returns a new password.
    ///
    /// # Errors
    /// If it has fewer than [`MIN_PASSWORD_CHARS`] or more than [`MAX_PASSWORD_CHARS`] characters.
    pub fn new(text: &str) -> Result<Self, Violations> {
        let broken = |rule| Violations::from(Violation { field: Field::Password, index: None, rule });
        let long = || broken(Rule::MaxLength(MAX_PASSWORD_CHARS));
        let password = Self::presented(text).ok_or_else(long)?;
        let length = password.0.chars().count() as u64;
        if length < MIN_PASSWORD_CHARS {
            return Err(broken(Rule::MinLength(MIN_PASSWORD_CHARS)));
        }
        // The form NFKC can be longer than the text.
        if length > MAX_PASSWORD_CHARS { Err(long()) } else { Ok(password) }
    }

    /// Returns the password of a sign-in. `None` is too long to be a password.
    pub fn presented(text: &str) -> Option<Self> {
        let is_short = text.chars().count() as u64 <= MAX_PASSWORD_CHARS;
        is_short.then(|| Self(NORMALIZER.normalize(text).into_owned()))
    }

    /// Returns the bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// The hash of a password, as a PHC text: `$argon2id$…`. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash of this text. Only a [`PasswordHasher`](crate::PasswordHasher) and stores make it.
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_length_in_characters() {
        let rule = |text: &str| Password::new(text).map_err(|found| found[0].rule).err();
        assert_eq!(rule("elevenchars"), Some(Rule::MinLength(12)));
        assert_eq!(rule("éééééééééééé"), None);
        assert_eq!(rule("e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}"), Some(Rule::MinLength(12)));
        assert_eq!(rule(&"x".repeat(1_000)), None);
        assert_eq!(rule(&"x".repeat(1_001)), Some(Rule::MaxLength(1_000)));
        assert_eq!(Password::presented(&"x".repeat(1_001)), None);
    }

    #[test]
    fn spellings_of_a_letter_are_the_same_password() {
        let composed = Password::new("caf\u{e9} au lait");
        assert_eq!(composed, Password::new("cafe\u{301} au lait"));
        assert_eq!(format!("{:?}", composed.unwrap()), "Password(…)");
    }
}
