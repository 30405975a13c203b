//! A refused request, and the answer to it.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use countersign_core::{Cause, PROBLEM_TYPES, Reason, Refusal, SchemeId};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

/// How long a caller should wait before it tries again after a 503. Every passing cause ends
/// either at once or with the window; five seconds neither floods a service that recovers nor
/// keeps its callers waiting.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// A refused request.
///
/// Found in [`Outcome`](crate::Outcome) and given to
/// [`respond_with`](crate::VerifyLayer::respond_with). Everything it shows to the caller is text
/// of ours; the [`cause`](Rejection::cause) and the [`source`](Error::source) are for the operator.
#[derive(Clone, Debug)]
pub struct Rejection {
    refusal: Refusal,
    scheme: Option<SchemeId>,
    challenges: Box<[HeaderValue]>,
}

impl Rejection {
    pub(crate) fn new(
        refusal: Refusal,
        scheme: Option<SchemeId>,
        challenges: Box<[HeaderValue]>,
    ) -> Self {
        Self {
            refusal,
            scheme,
            challenges,
        }
    }

    /// Why, as the caller is told.
    pub const fn reason(&self) -> Reason {
        self.refusal.reason()
    }

    /// The HTTP status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.refusal.reason().status()
    }

    /// What lies behind it. Never show it to the caller: it tells whether a key exists.
    pub const fn cause(&self) -> Option<Cause> {
        self.refusal.cause()
    }

    /// The scheme of the credentials, when they could be told.
    pub const fn scheme(&self) -> Option<SchemeId> {
        self.scheme
    }

    /// A `WWW-Authenticate` value for every scheme that is accepted.
    pub const fn challenges(&self) -> &[HeaderValue] {
        &self.challenges
    }

    /// The standard answer: problem+json (RFC 9457) with the `code`, and for a stale request
    /// `server_time` (Unix seconds) and `window` (seconds), so that the caller can set its clock.
    pub fn to_response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.problem()));
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, problem);
        self.add_headers(&mut response);
        response
    }

    /// What every answer to a refused request has, whoever wrote its body.
    pub(crate) fn add_headers<B>(&self, response: &mut Response<B>) {
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.remove(WWW_AUTHENTICATE);
        if self.status() == StatusCode::UNAUTHORIZED {
            for challenge in &self.challenges {
                headers.append(WWW_AUTHENTICATE, challenge.clone());
            }
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_SECONDS);
        }
    }

    /// Only numbers and text of ours go in, none of which needs escaping: a test reads back every
    /// answer there is.
    fn problem(&self) -> String {
        let reason = self.reason();
        let times = self.refusal.server_time().map(|time| {
            format!(
                r#","server_time":{},"window":{{"past":{},"future":{}}}"#,
                time.now.as_unix(),
                time.window.past().as_secs(),
                time.window.future().as_secs(),
            )
        });
        format!(
            r#"{{"type":"{PROBLEM_TYPES}{code}","title":"{title}","status":{status},"detail":"{detail}","code":"{code}"{times}}}"#,
            code = reason.code(),
            title = reason.title(),
            status = reason.status().as_u16(),
            detail = self.refusal.sentence(),
            times = times.unwrap_or_default(),
        )
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.refusal.source()
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::{Timestamp, Window};

    use super::*;

    fn rejection(refusal: Refusal) -> Rejection {
        Rejection::new(
            refusal,
            None,
            [HeaderValue::from_static("X realm=\"r\"")].into(),
        )
    }

    #[test]
    fn every_answer_is_valid_json_with_code_and_status() {
        for &reason in Reason::ALL {
            let response = rejection(reason.into()).to_response();
            let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(json["code"], reason.code());
            assert_eq!(json["status"], response.status().as_u16());
            assert_eq!(json["detail"], reason.advice());
            assert_eq!(response.headers()["cache-control"], "no-store");
            let challenged = response.headers().contains_key("www-authenticate");
            assert_eq!(
                challenged,
                response.status() == StatusCode::UNAUTHORIZED,
                "{reason}"
            );
            let retry = response.headers().contains_key("retry-after");
            assert_eq!(
                retry,
                response.status() == StatusCode::SERVICE_UNAVAILABLE,
                "{reason}"
            );
        }
    }

    #[test]
    fn bad_80_a_stale_request_is_told_the_time_and_the_window() {
        let now = Timestamp::from_unix(1_348_748_096);
        let refusal = Refusal::new(Reason::TimestampExpired).at(now, Window::DEFAULT);
        let response = rejection(refusal).to_response();
        let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(json["server_time"], 1_348_748_096);
        assert_eq!(json["window"]["past"], 300);
        assert_eq!(json["window"]["future"], 60);
    }

    #[test]
    fn bad_35_the_answer_is_the_same_whatever_the_cause() {
        let answer = |cause| {
            let response = rejection(Refusal::invalid_credentials(cause)).to_response();
            (
                response.status(),
                response.headers().clone(),
                response.body().clone(),
            )
        };
        let unknown = answer(Cause::UnknownKey);
        for cause in [
            Cause::SignatureMismatch,
            Cause::KeyExpired,
            Cause::SchemeNotAllowed,
        ] {
            assert_eq!(answer(cause), unknown);
        }
    }
}
