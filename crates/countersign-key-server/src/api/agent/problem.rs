//! What the caller is told of an error.

use countersign_core::Timestamp;

use super::super::members::invalid;
use super::super::problem::{Code, Problem};
use crate::agent::AgentError;
use crate::registry::time::Rfc3339;

/// How the caller is told of `error`, at the time `now`.
pub(super) fn of(error: AgentError, now: Timestamp) -> Problem {
    let code = match error {
        AgentError::Operation(error) => return error.into(),
        AgentError::InvalidPublicKey => {
            return invalid(
                "publicKey",
                "It must be a public key of the algorithm, in base64.",
            );
        }
        AgentError::Suspended(seconds) => {
            let until = Rfc3339(now.plus(i64::try_from(seconds).unwrap_or(i64::MAX)));
            let why = format!(
                "There were too many wrong signatures from your address; nothing from it is \
                 looked at until {until}."
            );
            return Problem::from(Code::TooManyWrongSignatures)
                .because(why)
                .retry_after(seconds);
        }
        AgentError::TooOften(seconds) => {
            return Problem::from(Code::RateLimited).retry_after(seconds);
        }
        AgentError::NoSession => Code::SessionRequired,
        AgentError::WrongSignature => Code::WrongSignature,
        AgentError::WrongKeySignature => Code::WrongKeySignature,
        AgentError::NonceReused => Code::NonceReused,
        AgentError::AccountExists => Code::AccountExists,
        AgentError::KeyExists => Code::KeyExists,
        AgentError::KeyUnknown => Code::KeyUnknown,
        AgentError::CannotSign | AgentError::CannotAgree => Code::UnsuitableKey,
        AgentError::Busy => Code::Overloaded,
    };
    code.into()
}
