//! Why something was not done for an agent.

use crate::registry::OperationError;

/// Something was not done for an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentError {
    /// The store, or the system, cannot do it.
    Operation(OperationError),
    /// There is no valid session.
    NoSession,
    /// The request signature is not right, or nobody has this name.
    WrongSignature,
    /// The key signature does not open the key.
    WrongKeySignature,
    /// The endpoint has sent too many wrong signatures: how long it is refused, in seconds.
    Suspended(u64),
    /// The account has asked too often: how long it has to wait, in seconds.
    TooOften(u64),
    /// The account has used the nonce before.
    NonceReused,
    /// There is such an account already.
    AccountExists,
    /// The account has a key with this id already.
    KeyExists,
    /// The account has no key with this id.
    KeyUnknown,
    /// Keys of this algorithm do not sign.
    CannotSign,
    /// Keys of this algorithm agree on no secret.
    CannotAgree,
    /// The other's public key is none of this algorithm, or a weak one.
    InvalidPublicKey,
    /// Too many keys are being made or used.
    Busy,
}

impl From<OperationError> for AgentError {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl From<getrandom::Error> for AgentError {
    fn from(error: getrandom::Error) -> Self {
        Self::Operation(error.into())
    }
}
