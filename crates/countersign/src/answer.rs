//! Writing the answer to a refused request.

use bytes::Bytes;
#[cfg(feature = "grpc")]
use http::header::CONTENT_TYPE;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{HeaderName, HeaderValue, Method, Response, request};

use crate::outcome::Outcome;
use crate::rejection::Rejection;
use crate::settings::{Answers, Settings};

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// The answer to a refused request with the given head.
pub(crate) fn refuse(
    settings: &Settings,
    rejection: &Rejection,
    request: &request::Parts,
) -> Response<Bytes> {
    let mut response = match &settings.answers {
        Answers::Custom(respond) => {
            let mut response = respond(rejection);
            rejection.add_headers(&mut response);
            response
        }
        #[cfg(feature = "grpc")]
        Answers::Grpc if is_grpc(&request.headers) => grpc(rejection),
        _ => rejection.to_response(),
    };
    if request.method == Method::HEAD {
        // What a GET would have got, without the body.
        let length = HeaderValue::from(response.body().len());
        response
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(length);
        *response.body_mut() = Bytes::new();
    }
    response
}

/// Tells the users of a scheme whose days are counted when they end.
pub(crate) fn add_sunset(settings: &Settings, outcome: &Outcome, headers: &mut HeaderMap) {
    if !outcome.deprecated() {
        return;
    }
    let Some(sunset) = outcome
        .scheme()
        .and_then(|scheme| settings.sunset_of(scheme))
    else {
        return;
    };
    let since = format!("@{}", sunset.since.as_unix());
    for (name, value) in [(DEPRECATION, since), (SUNSET, sunset.until.to_string())] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(feature = "grpc")]
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|value| value.starts_with(b"application/grpc"))
}

/// A "trailers-only" answer: status 200, and the refusal in `grpc-status` and `grpc-message`.
#[cfg(feature = "grpc")]
fn grpc(rejection: &Rejection) -> Response<Bytes> {
    // The codes of the gRPC specification.
    const INVALID_ARGUMENT: u16 = 3;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;
    const UNAUTHENTICATED: u16 = 16;
    let status = match rejection.status().as_u16() {
        401 => UNAUTHENTICATED,
        413 => RESOURCE_EXHAUSTED,
        503 => UNAVAILABLE,
        400..=499 => INVALID_ARGUMENT,
        _ => INTERNAL,
    };
    let mut response = Response::new(Bytes::new());
    rejection.add_headers(&mut response);
    *response.status_mut() = http::StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from(status),
    );
    // Only ASCII text of ours, without a percent sign: it needs no escaping.
    if let Ok(message) = HeaderValue::try_from(rejection.to_string()) {
        headers.insert(HeaderName::from_static("grpc-message"), message);
    }
    response
}
