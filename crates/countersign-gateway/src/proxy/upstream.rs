//! The client towards the upstream: connections that are used again, and errors told apart.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign::{Rejection, VerifiedBody};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::progress::{Progress, Watched};
use crate::config::Upstream;
use crate::problem::Problem;

/// How long connecting may take: three tries of TCP's first packet, on any network a gateway and
/// its upstream should share.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept for the next request. Longer than the gap between the requests
/// of a busy service, shorter than what upstreams usually keep theirs.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// How many idle connections are kept.
const KEPT_CONNECTIONS: usize = 256;

type Outgoing = Watched<VerifiedBody<Incoming>>;

/// Sends requests to the one upstream.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    client: Client<HttpConnector, Outgoing>,
    upstream: Arc<Upstream>,
}

/// Why there is no answer of the upstream's.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The body turned out not to be what was signed, or too large.
    Refused(Rejection),
    Problem(Problem),
}

impl Sender {
    pub(crate) fn new(upstream: Upstream) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(KEPT_CONNECTIONS)
            .build(connector);
        Self {
            client,
            upstream: Arc::new(upstream),
        }
    }

    /// Sends `request`, whose target is passed on byte for byte, and waits for the head of the
    /// answer.
    pub(crate) async fn send(
        &self,
        mut request: Request<VerifiedBody<Incoming>>,
    ) -> Result<Response<Incoming>, Failure> {
        *request.uri_mut() = self.target(request.uri()).ok_or(Problem::InvalidHost)?;
        *request.version_mut() = Version::HTTP_11;
        let (parts, body) = request.into_parts();
        let (body, progress) = Watched::new(body);
        let sending = self.client.request(Request::from_parts(parts, body));
        let mut sending = pin!(sending);
        loop {
            let Some(left) = self.upstream.timeout.checked_sub(progress.idle()) else {
                return Err(out_of_time(&progress).into());
            };
            match tokio::time::timeout(left, &mut sending).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => return Err(explain(&error)),
                Err(_) => {}
            }
        }
    }

    /// `original` at the upstream. Only what HTTP gives an empty path is added.
    fn target(&self, original: &Uri) -> Option<Uri> {
        let target = match original.path_and_query() {
            None => PathAndQuery::from_static("/"),
            Some(target) if target.as_str().starts_with(['/', '*']) => target.clone(),
            Some(target) => format!("/{}", target.as_str()).parse().ok()?,
        };
        Uri::builder()
            .scheme("http")
            .authority(self.upstream.authority.clone())
            .path_and_query(target)
            .build()
            .ok()
    }
}

fn out_of_time(progress: &Progress) -> Problem {
    if progress.client_is_next() {
        Problem::ClientStalled
    } else {
        Problem::UpstreamTimeout
    }
}

/// A body that is not the signed one ends in the layer's rejection, which the client wraps.
fn explain(error: &hyper_util::client::legacy::Error) -> Failure {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    let mut from_client = false;
    while let Some(error) = next {
        if let Some(rejection) = error.downcast_ref::<Rejection>() {
            return Failure::Refused(rejection.clone());
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            from_client |= error.is_user();
        }
        next = error.source();
    }
    let problem = if from_client {
        Problem::ClientStalled
    } else if error.is_connect() {
        Problem::UpstreamUnreachable
    } else {
        Problem::UpstreamFailed
    };
    tracing::warn!(
        target: "countersign_gateway",
        code = problem.code(),
        error = chain(error),
        "no answer from the upstream"
    );
    problem.into()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text.escape_debug().to_string()
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// The bodies the gateway answers with: the upstream's, or its own.
pub(crate) type Answered = http_body_util::Either<Incoming, http_body_util::Full<Bytes>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn target(original: &str) -> String {
        let upstream = Upstream {
            authority: "127.0.0.1:9".parse().unwrap(),
            timeout: Duration::from_secs(1),
        };
        let uri = Sender::new(upstream).target(&original.parse().unwrap());
        uri.unwrap().path_and_query().unwrap().to_string()
    }

    #[tokio::test]
    async fn targets_are_passed_on_byte_for_byte() {
        for raw in [
            "//a/../b;x=%2f?a=1&&b",
            "/a%2F%zz",
            "/?",
            "/a?",
            "*",
            "/a|b\\c",
        ] {
            assert_eq!(target(raw), raw);
        }
        assert_eq!(target("http://other.example/a?b"), "/a?b");
        assert_eq!(target("http://other.example"), "/");
        assert_eq!(target("http://other.example?b"), "/?b");
    }
}
