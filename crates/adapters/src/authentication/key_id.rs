//! The id of an API key, which is the public part of its text.

use hexdesk_domain::{KeyNumber, ShopId};

/// The id of an API key, `<shop>-<number>` in decimal. In the text of the key, it is between `hd_`
/// and the secret. It identifies the key for operators, and grants no access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    /// The shop of the key.
    pub shop: ShopId,
    /// Its number within the shop.
    pub number: KeyNumber,
}

/// The text is not a key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an API key; use the part of the key between hd_ and the next _, such as 1-2")]
pub struct KeyIdError;

impl std::str::FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (shop, number) = text.split_once('-')?;
            Some(Self { shop: ShopId::new(decimal(shop)?)?, number: KeyNumber::new(decimal(number)?)? })
        };
        read().ok_or(KeyIdError)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.shop, self.number.get())
    }
}

/// Parses a decimal number without sign or leading zeros.
fn decimal(text: &str) -> Option<i64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_canonical { text.parse().ok() } else { None }
}
