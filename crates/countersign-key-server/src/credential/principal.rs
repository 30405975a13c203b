//! Whom credentials are issued to.

use std::fmt;

/// Whom a credential stands for: 1 to 256 characters, none of them a control character.
///
/// Opaque, and compared byte for byte. Control characters are refused because a principal is
/// forwarded to services in a header.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(Box<str>);

impl Principal {
    /// The longest principal, in characters: longer than any mail address (254 bytes).
    pub const MAX_CHARS: usize = 256;

    /// Reads a principal.
    ///
    /// # Errors
    /// When it is empty, longer than [`MAX_CHARS`](Self::MAX_CHARS) or has a control character.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidPrincipal> {
        let text = text.into();
        // The second limit spares counting the characters of a long text.
        let longest_in_bytes = Self::MAX_CHARS.saturating_mul(4);
        if text.is_empty()
            || text.len() > longest_in_bytes
            || text.chars().count() > Self::MAX_CHARS
            || text.chars().any(char::is_control)
        {
            return Err(InvalidPrincipal);
        }
        Ok(Self(text.into()))
    }

    /// The principal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no [`Principal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPrincipal;

impl fmt::Display for InvalidPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a principal is 1 to 256 characters without control characters")
    }
}

impl std::error::Error for InvalidPrincipal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_200_empty_long_and_unforwardable_principals_are_refused() {
        for bad in ["", "a\n", "a\0b", "\u{85}", &"\u{e9}".repeat(257)] {
            assert_eq!(Principal::parse(bad), Err(InvalidPrincipal), "{bad:?}");
        }
    }

    #[test]
    fn any_other_text_is_kept_as_it_is() {
        for good in [
            "dave@example.com",
            "a b;c",
            "\u{e9}",
            &"\u{1f511}".repeat(256),
        ] {
            assert_eq!(Principal::parse(good).unwrap().as_str(), good);
        }
    }
}
