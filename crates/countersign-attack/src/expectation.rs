//! What may become of a request.

use std::fmt;

use serde::Deserialize;

/// One of the things that may become of a request; written as `accepted`, `closed`, `400`, or
/// `401 nonce_replayed`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum Expectation {
    /// It is answered 2xx.
    Accepted,
    /// The connection is closed without an answer.
    Closed,
    /// It is answered with this status and, if there is one, this code.
    Refused(u16, Option<String>),
}

impl Expectation {
    /// Whether it means that the request reaches the service.
    pub const fn is_acceptance(&self) -> bool {
        match self {
            Self::Accepted => true,
            Self::Closed => false,
            Self::Refused(status, _) => *status < 400,
        }
    }
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "accepted" => return Ok(Self::Accepted),
            "closed" => return Ok(Self::Closed),
            _ => {}
        }
        let (status, code) = match text.split_once(' ') {
            Some((status, code)) => (status, Some(code.to_owned())),
            None => (text.as_str(), None),
        };
        let known = status.parse().ok().filter(|status| *status >= 100);
        known
            .map(|status| Self::Refused(status, code))
            .ok_or(format!(
                "{text:?} is not accepted, closed, a status, or a status and a code"
            ))
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Closed => f.write_str("closed"),
            Self::Refused(status, None) => write!(f, "{status}"),
            Self::Refused(status, Some(code)) => write!(f, "{status} {code}"),
        }
    }
}
