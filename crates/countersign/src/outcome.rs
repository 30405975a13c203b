//! What became of a request, for access logs and outer layers.

use countersign_core::{Cause, Reason, SchemeId};

use crate::rejection::Rejection;

/// What a layer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Decision {
    /// Every check passed.
    Accepted,
    /// Refused; the service was not called.
    Rejected,
    /// Passed without credentials, as the layer is optional.
    Anonymous,
    /// Passed as a CORS preflight.
    Preflight,
    /// Passed although it should have been refused, as the layer only reports.
    WouldReject,
}

impl Decision {
    /// A stable name for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Anonymous => "anonymous",
            Self::Preflight => "preflight",
            Self::WouldReject => "would_reject",
        }
    }
}

/// Found in the extensions of every response that passed through a layer.
///
/// ```
/// # use http::Response;
/// use countersign::Outcome;
///
/// fn log<B>(response: &Response<B>) {
///     if let Some(outcome) = response.extensions().get::<Outcome>() {
///         println!("{} {:?}", outcome.decision().name(), outcome.reason());
///     }
/// }
/// # log(&Response::new(()));
/// ```
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(crate) decision: Decision,
    pub(crate) scheme: Option<SchemeId>,
    /// In a box, for which only refusals pay: every answer carries an outcome.
    pub(crate) rejection: Option<Box<Rejection>>,
    pub(crate) skew: Option<i64>,
    pub(crate) key: Option<u64>,
    pub(crate) deprecated: bool,
}

impl Outcome {
    /// What was decided.
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// The scheme of the credentials, when they could be told.
    pub const fn scheme(&self) -> Option<SchemeId> {
        self.scheme
    }

    /// The refusal, when there was or would have been one.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_deref()
    }

    /// Why it was or would have been refused.
    pub fn reason(&self) -> Option<Reason> {
        self.rejection().map(Rejection::reason)
    }

    /// What lay behind it. For the operator only.
    pub fn cause(&self) -> Option<Cause> {
        self.rejection().and_then(Rejection::cause)
    }

    /// How many seconds the signed time lay after the server's, once it could be read.
    pub const fn skew(&self) -> Option<i64> {
        self.skew
    }

    /// A hash of the key id, the same in every process, once the id could be read.
    pub const fn key_hash(&self) -> Option<u64> {
        self.key
    }

    /// Whether the scheme is one whose days are counted
    /// (see [`sunset`](crate::VerifyLayer::sunset)).
    pub const fn deprecated(&self) -> bool {
        self.deprecated
    }
}
