use crate::ShopId;

/// The secret of a one-time link or of a session: a shop's number and 32 random bytes. A store keeps only
/// its hash. `Debug` does not show it.
///
/// Its text is `<shop>-<64 hexadecimal digits>`. Letters are lower-case, so a token has one text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The shop, in which the hash is looked up.
    pub shop: ShopId,
    /// The random bytes.
    pub secret: [u8; 32],
}

/// The text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct TokenError;

impl Token {
    /// Returns the text.
    pub fn text(&self) -> String {
        let mut text = format!("{}-", self.shop);
        for byte in self.secret {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(half.into(), 16));
            }
        }
        text
    }
}

impl std::str::FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (shop, digits) = text.split_once('-').ok_or(TokenError)?;
        let shop = shop.parse().ok().and_then(ShopId::new).ok_or(TokenError)?;
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let mut token = Self { shop, secret: [0; 32] };
        if pairs.len() != token.secret.len() || !rest.is_empty() {
            return Err(TokenError);
        }
        for (byte, pair) in token.secret.iter_mut().zip(pairs) {
            let pair = str::from_utf8(pair).map_err(|_| TokenError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| TokenError)?;
        }
        // Refuses signs, leading zeros and upper-case letters.
        if token.text() == text { Ok(token) } else { Err(TokenError) }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_text() {
        let token = Token { shop: ShopId::new(7).unwrap(), secret: std::array::from_fn(|place| place as u8) };
        let text = token.text();
        assert_eq!(text, "7-000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "Token(…)");
        for other in [
            String::new(),
            "7".into(),
            "7-".into(),
            format!("0{text}"),
            format!("+{text}"),
            format!("{text}0"),
            text.to_uppercase(),
            text.replace('7', "0"),
            text.replace("00", "+0"),
            format!("7-{}", "é".repeat(32)),
        ] {
            assert_eq!(other.parse::<Token>(), Err(TokenError), "{other}");
        }
    }
}
