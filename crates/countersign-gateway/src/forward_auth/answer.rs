//! What the proxy that asked is told.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{Outcome, PROBLEM_TYPES, Reason, ResponseBody, SchemeId, Verified};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::Dialect;
use crate::config::Bodies;
use crate::identity::Identity;
use crate::problem::Problem;

/// The code of a refusal, for proxies that drop the body of this answer.
const CODE: HeaderName = HeaderName::from_static("x-countersign-code");

/// The service behind the layer: says who is calling, in headers for the proxy to copy.
#[derive(Clone, Debug)]
pub(crate) struct Admit {
    identity: Arc<Identity>,
}

impl Admit {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity: Arc::new(identity),
        }
    }

    fn admit<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        let caller = request.extensions().get::<Verified>();
        match caller.map(|caller| self.identity.of(caller)) {
            Some(Err(_)) => {
                tracing::error!(
                    target: "countersign_gateway",
                    "a principal has characters that no header can carry; answered as refused"
                );
                Problem::UnwritablePrincipal.response()
            }
            Some(Ok(identity)) => {
                response.headers_mut().extend(identity);
                response
            }
            None => response,
        }
    }
}

impl<B> Service<Request<B>> for Admit {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.admit(&request)))
    }
}

/// Turns refusals into answers that the proxy passes on.
#[derive(Clone, Debug)]
pub(crate) struct Answerer {
    /// The schemes that are verified in full without bodies, as a JSON array.
    verifiable: Box<str>,
}

impl Answerer {
    /// `indifferent` are the schemes that sign no bodies.
    pub(crate) fn new(indifferent: &[SchemeId]) -> Self {
        let names: Vec<_> = indifferent.iter().map(|id| format!("\"{id}\"")).collect();
        Self {
            verifiable: format!("[{}]", names.join(",")).into(),
        }
    }

    /// The layer's answer, as the proxy needs it.
    pub(crate) async fn finish(
        &self,
        response: Response<ResponseBody<Full<Bytes>>>,
        dialect: Dialect,
        bodies: Bodies,
    ) -> Response<Full<Bytes>> {
        let (parts, body) = response.into_parts();
        // It is all in memory.
        let Ok(body) = body.collect().await;
        let mut response = Response::from_parts(parts, Full::new(body.to_bytes()));
        let rejection = response.extensions().get::<Outcome>();
        let refused = !response.status().is_success();
        let reason = rejection.and_then(Outcome::reason).filter(|_| refused);
        if let Some(reason) = reason {
            name_code(&mut response, reason.code());
        }
        if reason == Some(Reason::MissingDigest) && bodies == Bodies::Unseen {
            self.name_verifiable(&mut response);
        }
        if refused {
            presentable(&mut response, dialect);
        }
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        response
    }

    /// Says which schemes can still be used for a request with a body.
    fn name_verifiable(&self, response: &mut Response<Full<Bytes>>) {
        let reason = Reason::MissingDigest;
        let problem = format!(
            r#"{{"type":"{PROBLEM_TYPES}{code}","title":"{title}","status":{status},"detail":"{UNSEEN}","code":"{code}","verifiable_schemes":{schemes}}}"#,
            code = reason.code(),
            title = reason.title(),
            status = reason.status().as_u16(),
            schemes = self.verifiable,
        );
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Full::from(problem);
    }
}

const UNSEEN: &str = "The proxy in front does not show bodies to this service, so a scheme that \
                      signs them cannot be verified for a request that has one; use one of those \
                      in verifiable_schemes.";

/// The answer to a question that is not even looked into.
pub(crate) fn refuse(problem: Problem, dialect: Dialect) -> Response<Full<Bytes>> {
    let mut response = problem.response();
    name_code(&mut response, problem.code());
    presentable(&mut response, dialect);
    response
}

fn name_code(response: &mut Response<Full<Bytes>>, code: &'static str) {
    let code = HeaderValue::from_static(code);
    response.headers_mut().insert(CODE, code);
}

/// nginx passes 401 and 403 on and turns everything else into 500; Traefik and Caddy pass on
/// whatever they are told.
fn presentable(response: &mut Response<Full<Bytes>>, dialect: Dialect) {
    let passed_on = matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    if dialect != Dialect::Forwarded && !passed_on {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_is_told_nothing_but_401_and_403() {
        let status = |dialect| refuse(Problem::InvalidOriginal, dialect).status();
        assert_eq!(status(Dialect::Original), 403);
        assert_eq!(status(Dialect::Unknown), 403);
        assert_eq!(status(Dialect::Forwarded), 400);
    }
}
