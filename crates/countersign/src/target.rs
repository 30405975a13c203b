//! The request target as the client signed it.
//!
//! Routers rewrite the target (axum's `nest` takes its prefix off), but the client signed the one
//! it sent. The layer verifies the first it finds of: what [`KeepTarget`] kept, axum's
//! `OriginalUri` (feature `axum`), the target as it stands. All three come from inside the
//! process; no header is ever looked at for it.

use std::task::{Context, Poll};

use http::{Extensions, Request, Uri};
use tower_layer::Layer;
use tower_service::Service;

/// Keeps the target of each request as it is, for a [`VerifyLayer`](crate::VerifyLayer) further
/// in.
///
/// Put it outside whatever rewrites targets.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepTarget;

#[derive(Clone, Debug)]
struct KeptTarget(Uri);

impl<S> Layer<S> for KeepTarget {
    type Service = KeepTargetService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        KeepTargetService { inner }
    }
}

/// The service made by [`KeepTarget`].
#[derive(Clone, Debug)]
pub struct KeepTargetService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for KeepTargetService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let target = request.uri().clone();
        request
            .extensions_mut()
            .get_or_insert_with(|| KeptTarget(target));
        self.inner.call(request)
    }
}

/// The target as the client sent it.
pub(crate) fn original<'a>(extensions: &'a Extensions, current: &'a Uri) -> &'a Uri {
    if let Some(KeptTarget(target)) = extensions.get() {
        return target;
    }
    #[cfg(feature = "axum")]
    if let Some(axum::extract::OriginalUri(target)) = extensions.get() {
        return target;
    }
    current
}
