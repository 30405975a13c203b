//! From our answer to Envoy's.

use bytes::Bytes;
use countersign::STRIPPED;
use envoy_types::ext_authz::v3::pb::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue as EnvoyHeader,
    HeaderValueOption, HttpResponse, HttpStatus, OkHttpResponse,
};
use envoy_types::pb::google::rpc;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, Response};
use http_body_util::{BodyExt, Full};
use tonic::Code;

use crate::identity::Identity;

/// `answer` for Envoy. `request` are the headers of the client's request, of which those that
/// only this gateway may write are to be removed.
pub(super) async fn to_envoy(
    answer: Response<Full<Bytes>>,
    request: &HeaderMap,
    identity: &Identity,
) -> CheckResponse {
    if !answer.status().is_success() {
        return refusal(answer).await;
    }
    let mut written = answer.headers().clone();
    written.remove(CACHE_CONTROL);
    // Envoy removes last: what is written here must not be among what it removes.
    let reserved: Vec<_> = STRIPPED.into_iter().chain(identity.names()).collect();
    let spoken_for = |name: &HeaderName| {
        let meant = name.as_str().replace('_', "-");
        reserved.iter().any(|reserved| reserved.as_str() == meant)
    };
    let aliases = request.keys().filter(|name| spoken_for(name));
    let headers_to_remove = reserved
        .iter()
        .chain(aliases)
        .filter(|name| !written.contains_key(*name))
        .map(ToString::to_string)
        .collect();
    reply(
        Code::Ok,
        HttpResponse::OkResponse(OkHttpResponse {
            headers: options(&written),
            headers_to_remove,
            ..OkHttpResponse::default()
        }),
    )
}

/// A refusal, which the client gets as it is.
pub(super) async fn refusal(answer: Response<Full<Bytes>>) -> CheckResponse {
    let (parts, body) = answer.into_parts();
    let Ok(body) = body.collect().await;
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    reply(
        Code::PermissionDenied,
        HttpResponse::DeniedResponse(DeniedHttpResponse {
            status: Some(HttpStatus {
                code: i32::from(parts.status.as_u16()),
            }),
            headers: options(&parts.headers),
            body,
        }),
    )
}

fn reply(code: Code, http: HttpResponse) -> CheckResponse {
    CheckResponse {
        status: Some(rpc::Status {
            code: code.into(),
            ..rpc::Status::default()
        }),
        http_response: Some(http),
        ..CheckResponse::default()
    }
}

/// One option for each name. Several values (challenges) are joined: Envoy would keep the last.
fn options(headers: &HeaderMap) -> Vec<HeaderValueOption> {
    let names = headers.keys();
    names
        .map(|name| {
            let values = headers.get_all(name).iter();
            let values: Vec<_> = values.map(http::HeaderValue::as_bytes).collect();
            let value = values.join(&b", "[..]);
            HeaderValueOption {
                header: Some(EnvoyHeader {
                    key: name.to_string(),
                    value: String::from_utf8_lossy(&value).into_owned(),
                    ..EnvoyHeader::default()
                }),
                append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
                ..HeaderValueOption::default()
            }
        })
        .collect()
}
