//! API tokens: what they look like.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::store::TokenHash;

/// The bytes of a token before they are written as text.
const TOKEN_BYTES: usize = 32;

/// A new API token: 256 random bits, written as 43 characters of unpadded base64url.
///
/// Only its [hash](ApiToken::hash) is kept. Shown once, by [`expose`](ApiToken::expose).
pub struct ApiToken(Zeroizing<String>);

impl ApiToken {
    /// The longest text that is taken for a token: others may be issued elsewhere and only their
    /// hashes added, but nobody needs more.
    pub const MAX_LEN: usize = 256;

    /// A new token.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
    }

    /// What a store keeps of it.
    pub fn hash(&self) -> TokenHash {
        Self::hash_of(&self.0)
    }

    /// What a store keeps of the token with this text: SHA-256 of the text.
    pub fn hash_of(text: &str) -> TokenHash {
        TokenHash(Sha256::digest(text.as_bytes()).into())
    }

    /// The token.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_43_characters_and_is_not_shown() {
        let token = ApiToken::generate().unwrap();
        assert_eq!(token.expose().len(), 43);
        assert_eq!(format!("{token:?}"), "ApiToken(***)");
        assert_ne!(token.hash(), ApiToken::generate().unwrap().hash());
    }
}
