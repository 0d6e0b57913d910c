//! Signing in to the console: tokens of links and sessions, and hashes of passwords.

#[cfg(feature = "passwords")]
mod passwords;

use anyhow::Context;
use hexdesk_domain::{SecretHash, ShopId, Token, TokenSource};
use sha2::{Digest, Sha256};

#[cfg(feature = "passwords")]
pub use passwords::Argon2Hasher;

/// Makes tokens from random bytes of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomTokens;

impl TokenSource for RandomTokens {
    fn new_token(&self, shop: ShopId) -> anyhow::Result<Token> {
        let mut secret = [0; 32];
        #[allow(clippy::disallowed_methods, reason = "tokens are made here and nowhere else")]
        getrandom::fill(&mut secret).context("the operating system returned no random bytes")?;
        Ok(Token { shop, secret })
    }

    fn hash(&self, token: &Token) -> SecretHash {
        SecretHash(Sha256::digest(token.secret).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_hashed_with_sha_256() {
        let shop = ShopId::new(7).unwrap();
        let (one, other) = (RandomTokens.new_token(shop).unwrap(), RandomTokens.new_token(shop).unwrap());
        assert_ne!(one, other);
        assert_ne!(RandomTokens.hash(&one), RandomTokens.hash(&other));
        let known = RandomTokens.hash(&Token { shop, secret: *b"abcdefghijklmnopqrstuvwxyz012345" });
        // echo -n abcdefghijklmnopqrstuvwxyz012345 | sha256sum
        assert_eq!(known.0[..4], [0x65, 0x3b, 0xb1, 0x24]);
    }
}
