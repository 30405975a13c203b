//! The service behind the layer: passes verified requests on.

mod forwarded;
mod hop;
mod message;
mod progress;
mod tunnel;
mod upstream;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign::{UrlScheme, Verified, VerifiedBody};
use http::header::HeaderName;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower_service::Service;

use self::forwarded::{Peer, Source};
pub(crate) use self::hop::names_signed;
pub(crate) use self::message::check_host;
use self::tunnel::Asked;
pub(crate) use self::upstream::Answered;
use self::upstream::{Failure, Sender};
use crate::config::Upstream;
use crate::drain::Drain;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::server::Connected;
use crate::trust::Trusted;

/// Passes requests on to the upstream, and its answers back.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sender: Sender,
    identity: Identity,
    trusted: Trusted,
    over: UrlScheme,
    drain: Drain,
}

impl Proxy {
    pub(crate) fn new(
        upstream: Upstream,
        identity: Identity,
        trusted: Trusted,
        over: UrlScheme,
        drain: Drain,
    ) -> Self {
        Self(Arc::new(Shared {
            sender: Sender::new(upstream),
            identity,
            trusted,
            over,
            drain,
        }))
    }
}

type Forwarding = Pin<Box<dyn Future<Output = Result<Response<Answered>, Infallible>> + Send>>;

impl Service<Request<VerifiedBody<Incoming>>> for Proxy {
    type Response = Response<Answered>;
    type Error = Infallible;
    type Future = Forwarding;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<VerifiedBody<Incoming>>) -> Forwarding {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { Ok(shared.forward(request).await) })
    }
}

impl Shared {
    async fn forward(&self, mut request: Request<VerifiedBody<Incoming>>) -> Response<Answered> {
        let asked = Asked::by(&mut request);
        let prepared = self.prepare(&mut request);
        if let Err(problem) = prepared {
            return own(problem.response());
        }
        if let Some(asked) = &asked {
            asked.ask(&mut request);
        }
        let started = std::time::Instant::now();
        let sent = self.sender.send(request).await;
        metrics::histogram!("countersign_gateway_upstream_seconds")
            .record(started.elapsed().as_secs_f64());
        match sent {
            Ok(response) => self.answer(response, asked),
            Err(failure) => {
                let (code, response) = match failure {
                    Failure::Refused(rejection) => (
                        rejection.reason().code(),
                        own(rejection.to_response().map(Full::new)),
                    ),
                    Failure::Problem(problem) => (problem.code(), own(problem.response())),
                };
                metrics::counter!("countersign_gateway_upstream_errors_total", "code" => code)
                    .increment(1);
                response
            }
        }
    }

    /// From the request as it was verified to the one that the upstream gets.
    fn prepare<B>(&self, request: &mut Request<B>) -> Result<(), Problem> {
        let caller = request.extensions().get::<Verified>().cloned();
        let connected = request.extensions().get::<Connected>().cloned();
        let connected = connected.ok_or(Problem::UnwritablePrincipal)?;
        message::own_host(request);
        if request.version() == Version::HTTP_2 {
            message::join_cookies(request.headers_mut());
        }
        request.extensions_mut().clear();

        let headers = request.headers_mut();
        hop::remove(headers);
        message::remove_answered(headers);
        let host = headers.get(http::header::HOST).cloned();
        let source = Source {
            peer: connected.peer().ip(),
            over: self.over,
            host: host.as_ref(),
        };
        let peer = if self.trusted.contains(source.peer) {
            Peer::Trusted
        } else {
            Peer::Stranger
        };
        forwarded::write(headers, &source, peer);
        self.identity
            .write(caller.as_ref(), headers)
            .map_err(|_| unwritable())
    }

    /// The upstream's answer as the client gets it: all of it, but for what concerns the
    /// connection to the upstream.
    fn answer(&self, mut response: Response<Incoming>, asked: Option<Asked>) -> Response<Answered> {
        *response.version_mut() = Version::HTTP_11;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let joined = asked.is_some_and(|asked| asked.join(&mut response, &self.drain));
            return if joined {
                response.map(Either::Left)
            } else {
                own(Problem::UpstreamFailed.response())
            };
        }
        hop::remove(response.headers_mut());
        response.map(Either::Left)
    }
}

fn own(response: Response<Full<Bytes>>) -> Response<Answered> {
    response.map(Either::Right)
}

/// Whoever wrote the principal into the keys has to know.
fn unwritable() -> Problem {
    tracing::error!(
        target: "countersign_gateway",
        "a principal has characters that no header can carry; the request was answered 500"
    );
    Problem::UnwritablePrincipal
}

/// What is looked at before anything is verified.
pub(crate) fn check_head<B>(
    request: &Request<B>,
    credentials: &[HeaderName],
) -> Result<(), Problem> {
    if request.method() == http::Method::CONNECT {
        return Err(Problem::MethodNotForwarded);
    }
    check_host(request)?;
    if names_signed(request.headers(), credentials) {
        return Err(Problem::SignedHeaderIsHopByHop);
    }
    Ok(())
}
