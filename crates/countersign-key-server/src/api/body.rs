//! Receiving the body of a request.

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::problem::{Code, Problem};

/// The longest body: a request to verify a signature over 40 KiB of text, in base64.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// The body of a request that says it is JSON.
pub(super) async fn receive(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    match essence(headers) {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => collect(body).await,
        _ => Err(Code::UnsupportedMediaType.into()),
    }
}

/// The media type of a body that is in UTF-8, without parameters.
pub(super) fn essence(headers: &HeaderMap) -> Option<&str> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (Some(media_type), None) => in_utf_8(media_type.as_bytes()),
        _ => None,
    }
}

/// A whole body.
pub(super) async fn collect(body: Body) -> Result<Bytes, Problem> {
    // A length that is declared too large is refused before the client has sent it.
    let declared = body.size_hint().lower();
    if usize::try_from(declared).map_or(true, |length| length > MAX_BODY) {
        return Err(Code::BodyTooLarge.into());
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Code::BodyTooLarge.into()),
        Err(_) => Err(Code::BodyIncomplete.into()),
    }
}

/// What stands before the parameters of a media type, if it has none, or one charset, `utf-8` or,
/// as the original spells it, `utf8`.
fn in_utf_8(media_type: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(media_type).ok()?;
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let essence = parts.next().unwrap_or_default();
    let mut parameters = parts.filter(|part| !part.is_empty());
    let charset = parameters.next();
    (charset.is_none_or(is_utf_8) && parameters.next().is_none()).then_some(essence)
}

fn is_utf_8(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let charset = quoted.unwrap_or(value);
    name.eq_ignore_ascii_case("charset")
        && (charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_json(media_type: &[u8]) -> bool {
        in_utf_8(media_type).is_some_and(|it| it.eq_ignore_ascii_case("application/json"))
    }

    #[test]
    fn bad_201_only_json_in_utf_8_is_taken() {
        for good in [
            "application/json",
            "application/json; charset=utf8",
            "application/json;charset=utf-8",
            "APPLICATION/JSON; CHARSET=UTF-8",
            "application/json ; charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert!(is_json(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "application/json; charset=",
            "application/json; charset=\"utf-8",
            "application/json; charset=utf-8; v=1",
            "application/json; charset=utf-8; charset=utf-8",
            "application/json; v=1",
            "application/json, application/json",
        ] {
            assert!(!is_json(bad.as_bytes()), "{bad}");
        }
    }
}
