//! Texts that are joined by colons before they are signed.
//!
//! Invariants: none is empty, and none that is followed by another has a colon of its own, which
//! would make what is signed say something else too.

use std::fmt;

use countersign_core::ConfigError;
use zeroize::Zeroizing;

/// A text with another behind it in what is signed: `name` is what it is called in errors.
pub(super) fn part(name: &'static str, text: impl Into<String>) -> Result<Box<str>, ConfigError> {
    let text = filled(name, text)?;
    if text.contains(':') {
        return Err(ConfigError::new(
            name,
            text.into_string(),
            "leave the colon out: what is signed is joined by colons, and would be another's with \
             one more",
        ));
    }
    Ok(text)
}

/// A text that may have colons: one that is compared with what is known, and so stands for itself.
pub(super) fn filled(name: &'static str, text: impl Into<String>) -> Result<Box<str>, ConfigError> {
    let text: String = text.into();
    if text.is_empty() {
        return Err(ConfigError::new(name, "", "it must not be empty"));
    }
    Ok(text.into())
}

/// A password: the key of an HMAC. Wiped when dropped, shown by no `Debug`, and not to be compared.
///
/// ```
/// use countersign_client::agent::Password;
///
/// assert!(Password::new("correct horse battery staple").is_ok());
/// assert!(Password::new("").is_err());
/// ```
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// This text, as it is: nothing is trimmed.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(text: impl Into<String>) -> Result<Self, ConfigError> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(ConfigError::new(
                "password",
                "",
                "it must not be empty: with an empty one anybody could sign",
            ));
        }
        Ok(Self(text))
    }

    /// The password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_with_a_colon_and_an_empty_one_are_refused_by_name() {
        for (text, word) in [("a:b", "colons"), (":", "colons"), ("", "empty")] {
            let refused = part("user name", text).unwrap_err().to_string();
            assert!(refused.starts_with("user name = "), "{refused}");
            assert!(refused.contains(word), "{refused}");
        }
        assert_eq!(&*part("user name", "ålïce").unwrap(), "ålïce");
        assert!(filled("namespace", "urn:a").is_ok() && filled("namespace", "").is_err());
    }

    #[test]
    fn bad_57_a_password_is_not_shown() {
        let password = Password::new(" hunter2 ").unwrap();
        assert_eq!(password.expose(), " hunter2 ");
        assert_eq!(format!("{password:?}"), "Password(***)");
    }
}
