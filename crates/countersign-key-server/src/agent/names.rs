//! The texts that agents choose, which are joined with colons before they are signed.
//!
//! Invariant: what is joined has no colon of its own, so no two requests are signed alike.

use std::fmt;

/// The longest user name and key id, in bytes: what a database may index without a thought.
const MAX_NAME: usize = 128;

/// The longest mail address there is (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL: usize = 254;

/// The longest phone number that is kept: twice what E.164 allows, for spaces and hyphens.
const MAX_PHONE: usize = 32;

/// The longest password, in bytes: beyond every passphrase.
const MAX_PASSWORD: usize = 1024;

/// Why a text is refused: a sentence for whoever sent it.
pub(crate) type Reason = &'static str;

/// The name of an account. Compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserName(String);

/// The id of a key, which is unique within its account. Compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyName(String);

impl UserName {
    pub(crate) fn parse(text: String) -> Result<Self, Reason> {
        name(&text)?;
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyName {
    pub(crate) fn parse(text: String) -> Result<Self, Reason> {
        name(&text)?;
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn name(text: &str) -> Result<(), Reason> {
    if text.is_empty() {
        return Err("It must not be empty.");
    }
    if text.len() > MAX_NAME {
        return Err("It may have 128 bytes in UTF-8.");
    }
    if text.contains(':') {
        return Err("It must not contain a colon, which separates what is signed.");
    }
    if text.chars().any(char::is_control) {
        return Err("It must not contain control characters.");
    }
    Ok(())
}

/// Checks a mail address as far as what is signed needs it: nobody writes to it from here.
pub(crate) fn check_email(text: &str) -> Result<(), Reason> {
    let (user, domain) = text.split_once('@').ok_or("It must be like you@host.")?;
    let plain = |it: char| !it.is_control() && !it.is_whitespace() && it != ':' && it != '@';
    if text.len() > MAX_EMAIL || user.is_empty() || domain.is_empty() {
        return Err("It must be like you@host, in at most 254 bytes.");
    }
    if user.chars().all(plain) && domain.chars().all(plain) {
        Ok(())
    } else {
        Err("It must not contain spaces, control characters, a colon or a second @.")
    }
}

/// Checks a phone number: digits, with what people put between them.
pub(crate) fn check_phone(text: &str) -> Result<(), Reason> {
    if is_phone(text) {
        Ok(())
    } else {
        Err("It must be digits, with + before and spaces, hyphens or parentheses between them.")
    }
}

/// Checks the password of a new account. `phone` is what stands before it in what is signed.
pub(crate) fn check_password(text: &str, phone: Option<&str>) -> Result<(), Reason> {
    if text.is_empty() {
        return Err("It must not be empty.");
    }
    if text.len() > MAX_PASSWORD {
        return Err("It may have 1024 bytes in UTF-8.");
    }
    // Signed after the mail address, `+46:pass` without a phone number is `pass` with one.
    let first = text.split_once(':').map(|(first, _)| first);
    if phone.is_none() && first.is_some_and(is_phone) {
        return Err("It must not begin like a phone number with a colon after it.");
    }
    Ok(())
}

fn is_phone(text: &str) -> bool {
    let allowed = |it: char| it.is_ascii_digit() || matches!(it, '+' | ' ' | '-' | '(' | ')');
    text.len() <= MAX_PHONE
        && text.chars().all(allowed)
        && text.contains(|it: char| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_that_would_shift_what_is_signed_is_refused() {
        for bad in ["", "a:b", "a\nb", "a\0", &"a".repeat(129)] {
            assert!(UserName::parse(bad.to_owned()).is_err(), "{bad:?}");
            assert!(KeyName::parse(bad.to_owned()).is_err(), "{bad:?}");
        }
        for good in ["a", "ålïce", "nyckel-Ö-1", "' OR 1=1 --", "../.."] {
            assert!(UserName::parse(good.to_owned()).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_password_that_could_be_a_phone_number_and_a_password_is_refused() {
        assert!(check_password("+46 70:x", None).is_err());
        assert!(check_password("+46 70:x", Some("1")).is_ok());
        assert!(check_password("a:b", None).is_ok());
        assert!(check_password("", None).is_err());
        assert!(check_password(&"p".repeat(1025), None).is_err());
    }

    #[test]
    fn addresses_and_numbers_have_no_colon() {
        for bad in ["a", "@b", "a@", "a:b@c", "a@b@c", "a b@c", "a@b\r\n"] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
        assert!(check_email("a@example.org").is_ok());
        for bad in ["", "+", "1:2", "one", &"1".repeat(33)] {
            assert!(check_phone(bad).is_err(), "{bad:?}");
        }
        assert!(check_phone("+46 (70) 123-45 67").is_ok());
    }
}
