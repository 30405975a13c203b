//! The service: remembers whose request it was, and signs the answer with that key.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign_core::{Accepted, Reason, Refusal, ResponseHasher, ResponseToSign, Scheme};
use http::{Method, Request, Response, request, response};
use http_body::Body;
use tower_service::Service;

use super::layer::{LargerAnswers, Settings};
use crate::body::BoxError;
use crate::rejection::Rejection;
use crate::sign::answer::{self, AnswerBody, Extent};
use crate::sign::response::future::{Answered, ResponseFuture};
use crate::sign::response::has_no_body;
use crate::verified::Verified;

/// The service made by a [`SignResponseLayer`](super::SignResponseLayer).
pub struct SignResponse<T, P = String> {
    inner: T,
    settings: Arc<Settings>,
    principal: PhantomData<fn() -> P>,
}

impl<T, P> SignResponse<T, P> {
    pub(super) fn new(inner: T, settings: Settings) -> Self {
        Self {
            inner,
            settings: Arc::new(settings),
            principal: PhantomData,
        }
    }
}

impl<T, P, B, A> Service<Request<B>> for SignResponse<T, P>
where
    T: Service<Request<B>, Response = Response<A>>,
    T::Future: Send + 'static,
    T::Error: 'static,
    P: Send + Sync + 'static,
    A: Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Response = Response<AnswerBody<A>>;
    type Error = T::Error;
    type Future = ResponseFuture<A, T::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let caller = Caller::<P>::of(&self.settings, &parts);
        let answering = self.inner.call(Request::from_parts(parts, body));
        ResponseFuture::new(answer(Arc::clone(&self.settings), caller, answering))
    }
}

async fn answer<P, A, E>(
    settings: Arc<Settings>,
    caller: Option<Caller<P>>,
    answering: impl Future<Output = Result<Response<A>, E>>,
) -> Answered<A, E>
where
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    let response = answering.await?;
    match caller {
        Some(caller) => Ok(caller.sign(&settings, response).await),
        None => Ok(response.map(AnswerBody::untouched)),
    }
}

/// Whose answer it is, and to which request.
struct Caller<P> {
    accepted: Accepted<P>,
    method: Method,
    request_signature: String,
}

impl<P: Send + Sync + 'static> Caller<P> {
    /// `None` where nobody was verified under the scheme, so that there is no key.
    fn of(settings: &Settings, request: &request::Parts) -> Option<Self> {
        let verified: &Verified<P> = request.extensions.get()?;
        if verified.scheme() != settings.scheme.id() {
            return None;
        }
        let signature = settings.scheme.signature_in(&request.headers)?;
        Some(Self {
            accepted: verified.accepted().clone(),
            method: request.method.clone(),
            request_signature: signature.to_owned(),
        })
    }
}

impl<P> Caller<P> {
    async fn sign<A>(self, settings: &Settings, response: Response<A>) -> Response<AnswerBody<A>>
    where
        A: Body<Data = Bytes>,
        A::Error: Into<BoxError>,
    {
        let (mut head, body) = response.into_parts();
        let mut hasher = ResponseHasher::default();
        let (body, extent) = if has_no_body(&self.method, head.status) {
            keep_length(&self.method, &mut head, &body);
            (AnswerBody::of_text(Bytes::new()), Extent::Whole)
        } else {
            answer::gather(body, settings.max_body, |data| hasher.update(data)).await
        };
        let signed = match (extent, settings.larger) {
            (Extent::Whole, _) => self.dress(settings, &mut head, hasher).is_some(),
            (Extent::TooLong, LargerAnswers::Refuse) => false,
            // A body that breaks off is passed on to break off there too: nobody takes it for a
            // whole answer.
            (Extent::TooLong, LargerAnswers::SendUnsigned) | (Extent::Broken, _) => {
                settings.scheme.undress_response(&mut head.headers);
                true
            }
        };
        if signed {
            return Response::from_parts(head, body);
        }
        drop(body);
        self.refuse(settings)
    }

    fn dress(
        &self,
        settings: &Settings,
        head: &mut response::Parts,
        body: ResponseHasher,
    ) -> Option<()> {
        let response = ResponseToSign {
            request_signature: &self.request_signature,
            status: head.status,
            body_sha256: body.finish(),
            at: settings.clock.now(),
        };
        let key = self.accepted.key();
        let scheme = &settings.scheme;
        scheme
            .dress_response(key, &mut head.headers, &response, settings.form)
            .ok()
    }

    /// A signed answer in place of one that cannot be.
    fn refuse<A>(&self, settings: &Settings) -> Response<AnswerBody<A>> {
        let refusal = Refusal::new(Reason::Misconfigured).detail(
            "The answer cannot be signed: it is too large, or has x-headers that cannot be \
             signed; the operator of the service can allow for it.",
        );
        let rejection = Rejection::new(refusal, Some(settings.scheme.id()), Box::default());
        let (mut head, text) = rejection.to_response().into_parts();
        let mut hasher = ResponseHasher::default();
        hasher.update(&text);
        // With no x-headers but ours this does not fail; if it did, the caller would see an
        // unsigned 500.
        let _ = self.dress(settings, &mut head, hasher);
        Response::from_parts(head, AnswerBody::of_text(text))
    }
}

/// Says in the head how long the body is that the answer to a `HEAD` leaves out, as the server
/// would have done.
fn keep_length<A: Body>(method: &Method, head: &mut response::Parts, body: &A) {
    let length = body.size_hint().exact().filter(|length| *length > 0);
    if let (true, Some(length)) = (method == Method::HEAD, length) {
        let headers = &mut head.headers;
        headers
            .entry(http::header::CONTENT_LENGTH)
            .or_insert(length.into());
    }
}

impl<T: Clone, P> Clone for SignResponse<T, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            settings: Arc::clone(&self.settings),
            principal: PhantomData,
        }
    }
}

impl<T: fmt::Debug, P> fmt::Debug for SignResponse<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignResponse")
            .field("inner", &self.inner)
            .field("settings", &self.settings)
            .finish()
    }
}
