//! The ids of credentials.

use std::fmt;

use countersign_core::KeyId;

/// What a credential is stored and found under: 1 to 256 visible ASCII characters.
///
/// For most schemes it is the id that signed requests carry. A `basic` credential has only its
/// secret, so it is stored under a *handle* made from it, which may be shown:
/// see [`Keyring::handle_of`](crate::seal::Keyring::handle_of).
///
/// Ids are compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Box<str>);

impl CredentialId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = KeyId::MAX_LEN;

    /// Reads an id.
    ///
    /// # Errors
    /// When it is empty, longer than [`MAX_LEN`](Self::MAX_LEN) or not visible ASCII.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        match KeyId::parse(text.as_bytes()) {
            Some(_) => Ok(Self(text.into())),
            None => Err(InvalidId),
        }
    }

    /// An id that was made here, of visible ASCII.
    pub(crate) fn already_checked(text: String) -> Self {
        debug_assert!(KeyId::parse(text.as_bytes()).is_some());
        Self(text.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no [`CredentialId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is 1 to 256 visible ASCII characters")
    }
}

impl std::error::Error for InvalidId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_visible_ascii_of_bounded_length_and_nothing_is_normalised() {
        for bad in ["", "a b", "a\u{e9}", "a\0", &"a".repeat(257)] {
            assert_eq!(CredentialId::parse(bad), Err(InvalidId), "{bad:?}");
        }
        for good in ["a", "../../admin", "' OR 1=1--".replace(' ', "").as_str()] {
            assert_eq!(CredentialId::parse(good).unwrap().as_str(), good);
        }
    }
}
