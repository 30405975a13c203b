//! What a store keeps of an API token.

use std::fmt;

use countersign_core::Timestamp;

/// An API token as it is kept: a hash of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// What it is called by in lists and audit lines.
    pub id: TokenId,
    /// What people call it.
    pub name: Option<String>,
    /// What it allows.
    pub scope: Scope,
    /// What it is recognised by.
    pub hash: TokenHash,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
}

/// The id of a token: 1 to 32 letters and digits. No secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(Box<str>);

impl TokenId {
    /// Reads an id; `None` when it is not 1 to 32 ASCII letters and digits.
    pub fn parse(text: &str) -> Option<Self> {
        let readable =
            (1..=32).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric());
        readable.then(|| Self(text.into()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a token. The token has 256 random bits, so a plain hash cannot be reversed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// To ask whether a signature is right.
    Verify,
    /// To read one credential with its secret.
    Lookup,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope, in the order in which they are listed to people.
    pub const ALL: [Self; 3] = [Self::Lookup, Self::Verify, Self::Admin];

    /// Its name: `lookup`, `verify`, `admin`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Lookup => "lookup",
            Self::Admin => "admin",
        }
    }

    /// The scope with this name, which is matched exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}
