//! The service: remembers what was sent, and holds the answer to it.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign_core::{KeySet, ResponseFault, ResponseHasher};
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::layer::{Settings, UnsignedAnswers, UnsignedRequests};
use crate::body::BoxError;
use crate::sign::answer::{self, AnswerBody, Extent};
use crate::sign::error::{CallError, CallErrorKind};
use crate::sign::response::future::{Answered, ResponseFuture};
use crate::sign::response::has_no_body;
use crate::sign::response::refused::RefusedAnswer;
use crate::sign::source::CredentialSource;

/// The service made by a [`VerifyResponseLayer`](super::VerifyResponseLayer).
pub struct VerifyResponse<T, C> {
    inner: T,
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    settings: Settings,
    credentials: Arc<C>,
}

impl<T, C> VerifyResponse<T, C> {
    pub(super) fn new(inner: T, settings: Settings, credentials: Arc<C>) -> Self {
        let shared = Shared {
            settings,
            credentials,
        };
        Self {
            inner,
            shared: Arc::new(shared),
        }
    }
}

impl<T, C, B, A> Service<Request<B>> for VerifyResponse<T, C>
where
    T: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    T::Future: Send,
    T::Error: Into<BoxError>,
    C: CredentialSource,
    B: Send + 'static,
    A: Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Response = Response<AnswerBody<A>>;
    type Error = CallError;
    type Future = ResponseFuture<A, CallError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        self.inner.poll_ready(cx).map_err(CallError::inner)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone is not ready; the service that was polled ready must be the one called.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(call(Arc::clone(&self.shared), inner, request))
    }
}

async fn call<T, C, B, A>(
    shared: Arc<Shared<C>>,
    mut inner: T,
    request: Request<B>,
) -> Answered<A, CallError>
where
    T: Service<Request<B>, Response = Response<A>>,
    T::Error: Into<BoxError>,
    C: CredentialSource,
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    let settings = &shared.settings;
    let signature = settings.scheme.signature_in(request.headers());
    let sent = match (signature, settings.unsigned_requests) {
        (Some(signature), _) => Sent {
            // Asked for before the request is sent, so that it is the key that signed it.
            keys: shared.credentials.credentials().await?,
            signature: signature.to_owned(),
            method: request.method().clone(),
        },
        (None, UnsignedRequests::PassOn) => {
            let answer = inner.call(request).await.map_err(CallError::inner)?;
            return Ok(answer.map(AnswerBody::untouched));
        }
        (None, UnsignedRequests::Refuse) => {
            return Err(CallError::new(
                CallErrorKind::Unsignable,
                "the request was not sent, as it is not signed under Auth-Key and its answer could \
                 not be verified; put VerifyResponseLayer inside SignLayer, or allow it with \
                 unsigned_requests(UnsignedRequests::PassOn)",
            ));
        }
    };
    let answer = inner.call(request).await.map_err(CallError::inner)?;
    sent.verify(settings, answer).await
}

/// What the answer must fit.
struct Sent<P> {
    keys: KeySet<P>,
    signature: String,
    method: Method,
}

impl<P> Sent<P> {
    async fn verify<A>(self, settings: &Settings, answer: Response<A>) -> Answered<A, CallError>
    where
        A: Body<Data = Bytes>,
        A::Error: Into<BoxError>,
    {
        let status = answer.status();
        let refuse = |fault| Err(CallError::refused(RefusedAnswer::new(fault, status)));
        let scheme = &settings.scheme;
        if !scheme.is_signed(answer.headers()) {
            return match settings.unsigned_answers {
                UnsignedAnswers::Accept => Ok(answer.map(AnswerBody::untouched)),
                UnsignedAnswers::Refuse => {
                    Err(CallError::refused(RefusedAnswer::unsigned(answer).await))
                }
            };
        }
        let checked = scheme.check_response(
            &self.keys,
            answer.headers(),
            (&self.signature, status),
            &settings.rules,
            settings.clock.now(),
        );
        let expected = match checked {
            Ok(Some(expected)) => expected,
            Ok(None) => return Ok(answer.map(AnswerBody::untouched)),
            Err(fault) => return refuse(fault),
        };
        let (head, body) = answer.into_parts();
        let mut hasher = ResponseHasher::default();
        let body = if has_no_body(&self.method, status) {
            AnswerBody::of_text(Bytes::new())
        } else {
            let read = answer::gather(body, settings.max_body, |data| hasher.update(data)).await;
            match read {
                (body, Extent::Whole) => body.without_trailers(),
                (_, Extent::TooLong) => return refuse(ResponseFault::TooLarge),
                (body, Extent::Broken) => {
                    let error = body.into_error();
                    return Err(CallError::inner(
                        error.unwrap_or_else(|| "the answer's body broke off".into()),
                    ));
                }
            }
        };
        // Both hashes are of what anybody on the way can see: no secret depends on the time this
        // takes.
        if hasher.finish() != expected {
            return refuse(ResponseFault::OtherBody);
        }
        Ok(Response::from_parts(head, body))
    }
}

impl<T: Clone, C> Clone for VerifyResponse<T, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T: fmt::Debug, C> fmt::Debug for VerifyResponse<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyResponse")
            .field("inner", &self.inner)
            .field("settings", &self.shared.settings)
            .finish()
    }
}
