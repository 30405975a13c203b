//! `WWW-Authenticate` values (RFC 9110 §11.6.1), always with valid syntax.

use http::HeaderValue;

/// Builds one challenge: a scheme word and quoted parameters.
///
/// ```
/// use countersign_core::Challenge;
///
/// let value = Challenge::new("Auth-Key").param("realm", r#"the "api""#).finish();
/// assert_eq!(value, r#"Auth-Key realm="the \"api\"""#);
/// ```
#[derive(Debug)]
pub struct Challenge(String);

impl Challenge {
    /// A challenge of the scheme `word`. Anything but a token becomes `Unknown`.
    pub fn new(word: &str) -> Self {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let valid = !word.is_empty() && word.bytes().all(token);
        Self(if valid { word } else { "Unknown" }.to_owned())
    }

    /// Adds `name="value"`, quoted and escaped. Control characters and everything beyond ASCII,
    /// which a quoted string cannot carry safely, become `?`.
    #[must_use]
    pub fn param(mut self, name: &str, value: &str) -> Self {
        let first = !self.0.contains(' ');
        self.0.push_str(if first { " " } else { ", " });
        self.0.push_str(name);
        self.0.push_str("=\"");
        for character in value.chars() {
            match character {
                '"' | '\\' => self.0.extend(['\\', character]),
                ' '..='~' => self.0.push(character),
                _ => self.0.push('?'),
            }
        }
        self.0.push('"');
        self
    }

    /// The header value.
    pub fn finish(self) -> HeaderValue {
        // Only visible ASCII and blanks were written, so the fallback is never reached.
        HeaderValue::try_from(self.0).unwrap_or(HeaderValue::from_static("Unknown"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_185_quotes_controls_and_markup_cannot_escape() {
        let value = Challenge::new("MAC")
            .param("error", "a\"b\\c\r\nd\0<é>")
            .finish();
        assert_eq!(value, r#"MAC error="a\"b\\c??d?<?>""#);
    }

    #[test]
    fn parameters_are_separated_by_commas_and_none_dangles() {
        let value = Challenge::new("X").param("a", "1").param("b", "2").finish();
        assert_eq!(value, r#"X a="1", b="2""#);
    }

    #[test]
    fn a_scheme_word_that_is_no_token_is_not_written() {
        assert_eq!(Challenge::new("a b").finish(), "Unknown");
        assert_eq!(Challenge::new("").finish(), "Unknown");
    }

    /// Reads a quoted string back, as a client would.
    fn unquote(text: &str) -> Option<String> {
        let mut characters = text.strip_prefix('"')?.strip_suffix('"')?.chars();
        let mut out = String::new();
        while let Some(character) = characters.next() {
            match character {
                '\\' => out.push(characters.next()?),
                '"' => return None,
                other => out.push(other),
            }
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn visible_text_is_read_back_unchanged(text in "[ -~]{0,80}") {
            let value = Challenge::new("X").param("realm", &text).finish();
            let quoted = value.to_str().unwrap().strip_prefix("X realm=").unwrap();
            prop_assert_eq!(unquote(quoted), Some(text));
        }
    }
}
