//! Recognising an answer that refuses a request for its time.

use bytes::Bytes;
use countersign_core::{Reason, Timestamp};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;

use super::answer::{self, AnswerBody};
use crate::body::BoxError;

/// The most of a refusal that is read: ten times what the layers of this crate write.
pub(super) const MAX_PROBLEM: u64 = 8 * 1024;

/// 9999-12-31T23:59:59Z, after which no date can be written in a header.
const LAST: i64 = 253_402_300_799;

/// The response, and what the service's clock shows when it refuses the time of the request.
pub(super) async fn read<A>(response: Response<A>) -> (Response<AnswerBody<A>>, Option<Timestamp>)
where
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    if response.status() != StatusCode::UNAUTHORIZED || !is_problem(response.headers()) {
        return (response.map(AnswerBody::untouched), None);
    }
    let (parts, body) = response.into_parts();
    let (body, text) = answer::peek(body, MAX_PROBLEM).await;
    let told = text.and_then(|text| server_time(&text));
    (Response::from_parts(parts, body), told)
}

/// Whether the body is a problem (RFC 9457), by what the headers say.
pub(super) fn is_problem(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    let essence = content_type.map_or(&b""[..], |value| value.as_bytes());
    let essence = essence.split(|&b| b == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/problem+json")
}

fn server_time(problem: &[u8]) -> Option<Timestamp> {
    let problem: serde_json::Value = serde_json::from_slice(problem).ok()?;
    let code = problem.get("code")?.as_str()?;
    let stale = [Reason::TimestampExpired, Reason::TimestampInFuture];
    stale.iter().find(|reason| reason.code() == code)?;
    let seconds = problem.get("server_time")?.as_i64()?;
    (0..=LAST)
        .contains(&seconds)
        .then(|| Timestamp::from_unix(seconds))
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    const STALE: &str = r#"{"code":"timestamp_expired","server_time":1700000000}"#;

    async fn told(status: u16, content_type: &str, body: &str) -> Option<i64> {
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        let whole = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, content_type);
        let response = whole.body(body).unwrap();
        let length = response.body().size_hint().exact();
        let (response, told) = read(response).await;
        assert_eq!(response.body().size_hint().exact(), length);
        let collected = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(u64::try_from(collected.len()).ok(), length, "kept");
        told.map(Timestamp::as_unix)
    }

    #[tokio::test]
    async fn only_a_401_that_complains_of_the_time_tells_it() {
        let json = "application/problem+json";
        let future = STALE.replace("expired", "in_future");
        for body in [STALE, future.as_str()] {
            assert_eq!(told(401, json, body).await, Some(1_700_000_000));
        }
        let parameter = "Application/Problem+JSON; charset=utf-8";
        assert_eq!(told(401, parameter, STALE).await, Some(1_700_000_000));
        assert_eq!(told(403, json, STALE).await, None);
        assert_eq!(told(401, "application/json", STALE).await, None);
        for other in [
            "",
            "[]",
            "null",
            "{\"code\":\"timestamp_expired\"}",
            &STALE.replace("timestamp_expired", "nonce_replayed"),
            &STALE.replace("1700000000", "\"1700000000\""),
            &STALE.replace("1700000000", "-1"),
            &STALE.replace("1700000000", "1e300"),
            &STALE.replace("1700000000", "253402300800"),
            &"[".repeat(4000),
        ] {
            assert_eq!(told(401, json, other).await, None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_refusal_that_never_ends_is_not_read_to_its_end() {
        let long = format!("{STALE}{}", " ".repeat(9000));
        assert_eq!(told(401, "application/problem+json", &long).await, None);
    }
}
