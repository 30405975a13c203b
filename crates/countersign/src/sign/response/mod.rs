#![doc = include_str!("rules.md")]

mod future;
mod refused;
mod sign;
mod verify;

use countersign_core::{AuthKey, ConfigError, Scheme, SchemeId};
use http::{Method, StatusCode};

pub use self::future::ResponseFuture;
pub use self::refused::RefusedAnswer;
pub use self::sign::{LargerAnswers, SignResponse, SignResponseLayer};
pub use self::verify::{UnsignedAnswers, UnsignedRequests, VerifyResponse, VerifyResponseLayer};
pub use countersign_core::{RequestBinding, ResponseFault, ResponseForm};

/// The most of a body that is hashed in memory unless another limit is set: as for requests.
const DEFAULT_MAX_BODY: u64 = crate::settings::DEFAULT_MAX_BODY;

/// Whether an answer has no body whatever its headers say (RFC 9112 §6.3).
fn has_no_body(request: &Method, status: StatusCode) -> bool {
    request == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || (request == Method::CONNECT && status.is_success())
}

/// Only the wiki describes signed responses.
fn wiki_only(scheme: AuthKey) -> Result<AuthKey, ConfigError> {
    if scheme.id() == SchemeId::AUTH_KEY {
        return Ok(scheme);
    }
    Err(ConfigError::new(
        "scheme of signed responses",
        scheme.id().name(),
        "use AuthKey::default(), the wiki's form: the dialects v1 to v3 have no signed responses",
    ))
}

#[cfg(test)]
mod tests {
    use countersign_core::Dialect;

    use super::*;

    #[test]
    fn the_dialects_without_signed_responses_are_refused_with_the_fix() {
        for dialect in [Dialect::V1, Dialect::V2, Dialect::V3] {
            let error = wiki_only(AuthKey::dialect(dialect)).unwrap_err();
            assert!(error.to_string().contains("AuthKey::default()"), "{error}");
        }
        assert!(wiki_only(AuthKey::default()).is_ok());
    }
}
