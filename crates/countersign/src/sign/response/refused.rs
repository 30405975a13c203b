//! An answer that is not believed.
//!
//! Invariant: of what came over the wire it shows the status, and a code of at most
//! [`MAX_CODE`] lower-case letters, digits, `_` and `-`. Both may be anybody's.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use countersign_core::ResponseFault;
use http::{Response, StatusCode};
use http_body::Body;

use crate::body::BoxError;
use crate::sign::{answer, stale};

/// The longest code that is shown: twice the longest of ours.
const MAX_CODE: usize = 48;

/// An answer that is not believed, and not given out:
/// [`CallError::refused_answer`](crate::sign::CallError::refused_answer).
#[derive(Clone, Debug)]
pub struct RefusedAnswer {
    fault: ResponseFault,
    status: StatusCode,
    code: Option<Box<str>>,
}

impl RefusedAnswer {
    pub(super) const fn new(fault: ResponseFault, status: StatusCode) -> Self {
        Self {
            fault,
            status,
            code: None,
        }
    }

    /// With the code of the problem in the body, if there is one.
    pub(super) async fn unsigned<A>(response: Response<A>) -> Self
    where
        A: Body<Data = Bytes>,
        A::Error: Into<BoxError>,
    {
        let (head, body) = response.into_parts();
        let mut refused = Self::new(ResponseFault::Unsigned, head.status);
        if stale::is_problem(&head.headers) {
            let (_, text) = answer::peek(body, stale::MAX_PROBLEM).await;
            refused.code = text.as_deref().and_then(code);
        }
        refused
    }

    /// What is wrong with it.
    pub const fn fault(&self) -> ResponseFault {
        self.fault
    }

    /// Its status. Nobody vouches for it.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The `code` of an unsigned problem, such as `unknown_key`. Nobody vouches for it: good for a
    /// message to a person, not to decide by.
    pub fn problem_code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

fn code(problem: &[u8]) -> Option<Box<str>> {
    let problem: serde_json::Value = serde_json::from_slice(problem).ok()?;
    let code = problem.get("code")?.as_str()?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    let shown = (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(plain);
    shown.then(|| code.into())
}

impl fmt::Display for RefusedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the answer with the status {} is not believed: {}",
            self.status.as_u16(),
            self.fault
        )?;
        match self.problem_code() {
            Some(code) => write!(f, "; it claims the code {code}"),
            None => Ok(()),
        }
    }
}

impl Error for RefusedAnswer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_plain_code_is_shown() {
        assert_eq!(
            code(br#"{"code":"unknown_key-2"}"#).as_deref(),
            Some("unknown_key-2")
        );
        let long = format!(r#"{{"code":"{}"}}"#, "a".repeat(MAX_CODE + 1));
        for other in [
            "",
            "[]",
            r#"{"code":7}"#,
            r#"{"code":""}"#,
            r#"{"code":"a b"}"#,
            r#"{"code":"a\u001b[31m"}"#,
            r#"{"code":"A"}"#,
            &long,
        ] {
            assert_eq!(code(other.as_bytes()), None, "{other}");
        }
    }
}
