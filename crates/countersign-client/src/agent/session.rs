//! Sessions.

use std::fmt;
use std::time::Duration;

use countersign_core::{ConfigError, Timestamp};
use http::HeaderValue;

use crate::connection;
use crate::secret::SecretText;

/// The longest session that servers give.
pub const LONGEST_SESSION: Duration = Duration::from_secs(3600);

/// The longest token that is sent: servers refuse longer heads.
const MAX_TOKEN: usize = 4096;

/// A session: its token is shown with every request that needs one. Whoever has it acts for the
/// account, save where the account password signs.
///
/// `Debug` does not show the token.
#[derive(Clone)]
pub struct Session {
    token: SecretText,
    expires_at: Timestamp,
}

impl Session {
    /// A session that was kept.
    ///
    /// # Errors
    /// When the token has other characters than visible ASCII, none, or more than 4096.
    pub fn new(token: impl Into<String>, expires_at: Timestamp) -> Result<Self, ConfigError> {
        let token = SecretText::new(token);
        let text = token.expose();
        let is_token =
            (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        if !is_token {
            return Err(ConfigError::new(
                "token of the session",
                "***",
                "use one that a login has given: visible ASCII characters, at most 4096",
            ));
        }
        Ok(Self { token, expires_at })
    }

    /// The token, to be kept where nobody else reads it.
    pub fn token(&self) -> &SecretText {
        &self.token
    }

    /// When it ends by itself.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// As a header.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        connection::authorization(self.token.expose())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// `lifetime` as it is asked for; `None` when no server gives it.
pub(super) fn seconds(lifetime: Duration) -> Option<u64> {
    let seconds = lifetime.as_secs();
    (1..=LONGEST_SESSION.as_secs())
        .contains(&seconds)
        .then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_a_second_to_an_hour() {
        let of = |millis| seconds(Duration::from_millis(millis));
        assert_eq!((of(999), of(1000), of(1999)), (None, Some(1), Some(1)));
        assert_eq!((of(3_600_999), of(3_601_000)), (Some(3600), None));
    }

    #[test]
    fn a_token_that_is_no_header_is_refused_and_not_shown() {
        let end = Timestamp::from_unix(0);
        for bad in ["", "a b", "tok\r\nX: y", "t\u{f6}k", &"t".repeat(4097)] {
            let refused = Session::new(bad, end).unwrap_err().to_string();
            assert!(bad.is_empty() || !refused.contains(bad), "{refused}");
        }
        let session = Session::new("tok", end).unwrap();
        assert_eq!(session.authorization().unwrap(), "Bearer tok");
        assert!(!format!("{session:?}").contains("tok"));
    }
}
