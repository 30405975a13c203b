//! The service: runs the checks, then the service behind them, or answers in its place.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign_core::{KeyLookup, ReplayCache};
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::answer;
use crate::body::{BoxError, ResponseBody, VerifiedBody};
use crate::headers;
use crate::outcome::Decision;
use crate::settings::{Enforcement, Preflight, Settings};
use crate::telemetry::{self, Observation, Timed};
use crate::verdict::{self, Claimed, Verdict};
use crate::verified::Verified;

/// What all clones of a service share.
pub(crate) struct Shared<K, R> {
    pub(crate) settings: Settings,
    pub(crate) keys: Timed<K>,
    pub(crate) replay: R,
}

/// The service made by a [`VerifyLayer`](crate::VerifyLayer).
pub struct Verify<T, K, R> {
    inner: T,
    shared: Arc<Shared<K, R>>,
}

impl<T, K, R> Verify<T, K, R> {
    pub(crate) const fn new(inner: T, shared: Arc<Shared<K, R>>) -> Self {
        Self { inner, shared }
    }
}

impl<T, K, R, B, A> Service<Request<B>> for Verify<T, K, R>
where
    T: Service<Request<VerifiedBody<B>>, Response = Response<A>> + Clone + Send + 'static,
    T::Future: Send,
    T::Error: Send,
    K: KeyLookup,
    R: ReplayCache,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    A: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<ResponseBody<A>>;
    type Error = T::Error;
    type Future = VerifyFuture<A, T::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone is not ready; the service that was polled ready must be the one called.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        let serving = serve(Arc::clone(&self.shared), inner, request);
        VerifyFuture {
            serving: Box::pin(serving),
        }
    }
}

// An `async fn` would keep its arguments twice.
fn serve<T, K, R, B, A>(
    shared: Arc<Shared<K, R>>,
    mut inner: T,
    request: Request<B>,
) -> impl Future<Output = Served<A, T::Error>>
where
    T: Service<Request<VerifiedBody<B>>, Response = Response<A>>,
    K: KeyLookup,
    R: ReplayCache,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (mut parts, body) = request.into_parts();
    async move {
        let mut observation = Observation::start();
        headers::strip(&mut parts.headers, &shared.settings.stripped);

        let (decision, rejection, body) =
            if shared.settings.preflight == Preflight::Allowed && headers::is_preflight(&parts) {
                (Decision::Preflight, None, VerifiedBody::untouched(body))
            } else {
                let judging = verdict::judge(&shared, &parts, body, &mut observation);
                match telemetry::in_span(judging).await {
                    Verdict::Accepted(accepted, body) => {
                        if let Some(claimed) = accepted.claimed_nonce() {
                            Claimed::note(&mut parts.extensions, claimed);
                        }
                        parts.extensions.insert(Verified::new(accepted));
                        (Decision::Accepted, None, body)
                    }
                    Verdict::Anonymous(body) => (Decision::Anonymous, None, body),
                    Verdict::Refused(rejection, body) => match shared.settings.enforcement {
                        Enforcement::Refuse => (Decision::Rejected, Some(rejection), body),
                        Enforcement::ReportOnly => (Decision::WouldReject, Some(rejection), body),
                    },
                }
            };
        let outcome = observation.finish(decision, rejection, &shared.replay);

        let mut response = match (decision, outcome.rejection()) {
            (Decision::Rejected, Some(rejection)) => {
                answer::refuse(&shared.settings, rejection, &parts).map(ResponseBody::of_answer)
            }
            _ => inner
                .call(Request::from_parts(parts, body))
                .await?
                .map(ResponseBody::of_service),
        };
        answer::add_sunset(&shared.settings, &outcome, response.headers_mut());
        response.extensions_mut().insert(outcome);
        Ok(response)
    }
}

impl<T: Clone, K, R> Clone for Verify<T, K, R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T: fmt::Debug, K, R> fmt::Debug for Verify<T, K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify")
            .field("inner", &self.inner)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

type Served<A, E> = Result<Response<ResponseBody<A>>, E>;

/// The future of [`Verify`].
pub struct VerifyFuture<A, E> {
    serving: Pin<Box<dyn Future<Output = Served<A, E>> + Send>>,
}

impl<A, E> Future for VerifyFuture<A, E> {
    type Output = Served<A, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.serving.as_mut().poll(cx)
    }
}

impl<A, E> fmt::Debug for VerifyFuture<A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::AuthKey;
    use http_body_util::Full;

    use super::*;
    use crate::keys::testing::key;
    use crate::{MokaReplayCache, StaticKeys};

    /// What glibc keeps for each thread, and so gives without looking for it.
    const KEPT_AT_HAND: usize = 1032;

    #[test]
    fn a_request_on_its_way_takes_no_more_than_an_allocator_has_at_hand() {
        let settings = Settings::new(vec![AuthKey::default().into()]);
        let shared = Arc::new(Shared {
            settings,
            keys: Timed(Arc::new(StaticKeys::new([key(
                "a",
                "a secret of enough bytes",
            )]))),
            replay: MokaReplayCache::new(),
        });
        let inner = tower::service_fn(|_: Request<VerifiedBody<Full<Bytes>>>| {
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Full::<
                Bytes,
            >::default(
            ))))
        });
        let serving = serve(shared, inner, Request::new(Full::default()));
        let size = size_of_val(&serving);
        assert!(size <= KEPT_AT_HAND, "{size}");
    }
}
