//! The service: signs each attempt, and sends a request again when the clock was wrong.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use countersign_core::{BodyDigest, Timestamp, ToSign};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, request};
use http_body::Body;
use tower_service::Service;

use super::answer::AnswerBody;
use super::authority::Destination;
use super::body::{self, Readied, SignedBody};
use super::error::{CallError, CallErrorKind};
use super::future::{Called, SignFuture};
use super::settings::Settings;
use super::skew::{Stale, Trust};
use super::source::CredentialSource;
use super::{nonce, stale};
use crate::body::BoxError;

/// The service made by a [`SignLayer`](super::SignLayer).
pub struct Sign<T, C> {
    inner: T,
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    settings: Settings,
    credentials: Arc<C>,
}

impl<T, C> Sign<T, C> {
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

impl<T, C, B, A> Service<Request<B>> for Sign<T, C>
where
    T: Service<Request<SignedBody<B>>, Response = Response<A>> + Clone + Send + 'static,
    T::Future: Send,
    T::Error: Into<BoxError>,
    C: CredentialSource,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    A: Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Response = Response<AnswerBody<A>>;
    type Error = CallError;
    type Future = SignFuture<A>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        self.inner.poll_ready(cx).map_err(CallError::inner)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone is not ready; the service that was polled ready must be the one called.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        SignFuture::new(call(Arc::clone(&self.shared), inner, request))
    }
}

async fn call<T, C, B, A>(shared: Arc<Shared<C>>, mut inner: T, request: Request<B>) -> Called<A>
where
    T: Service<Request<SignedBody<B>>, Response = Response<A>>,
    T::Error: Into<BoxError>,
    C: CredentialSource,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    let settings = &shared.settings;
    let (mut parts, body) = request.into_parts();
    let destination = Destination::of(&parts, settings.url_scheme, settings.other_host)?;
    if !settings.signs_for(&destination) {
        settings.scheme.0.undress(&mut parts.headers);
        let unsigned = Request::from_parts(parts, SignedBody::own(body));
        let answered = inner.call(unsigned).await.map_err(CallError::inner)?;
        return Ok(answered.map(AnswerBody::untouched));
    }
    destination.write_into(&mut parts)?;
    let digest = parts.extensions.get::<BodyDigest>().copied();
    let max = settings.max_buffered_body;
    let body = body::ready(body, digest, settings.buffering(), max).await?;
    let again = match settings.trust {
        Trust::Nobody => None,
        Trust::Private | Trust::Anybody => body.repeat().map(|body| (parts.clone(), body)),
    };

    let (answer, refused) = attempt(&shared, &mut inner, &destination, parts, body).await?;
    let Some(refused) = refused else {
        return Ok(answer);
    };
    drop(answer);
    let now = settings.clock.now();
    refused.adjust(&settings.offsets, &destination, settings.trust, now)?;
    let Some((parts, body)) = again else {
        return Err(refused.error(
            &destination,
            "that clock is followed from now on, but this body cannot be sent twice; send the \
             request again",
        ));
    };
    poll_fn(|cx| inner.poll_ready(cx))
        .await
        .map_err(CallError::inner)?;
    match attempt(&shared, &mut inner, &destination, parts, body).await? {
        (answer, None) => Ok(answer),
        (_, Some(refused)) => Err(refused.error(
            &destination,
            "it was signed by that clock, and refused a second time",
        )),
    }
}

type Attempted<A> = (Response<AnswerBody<A>>, Option<Stale>);

/// Signs the request at this moment with a new nonce, sends it, and tells whether its time was
/// refused.
async fn attempt<T, C, B, A>(
    shared: &Shared<C>,
    inner: &mut T,
    destination: &Destination,
    mut parts: request::Parts,
    body: Readied<B>,
) -> Result<Attempted<A>, CallError>
where
    T: Service<Request<SignedBody<B>>, Response = Response<A>>,
    T::Error: Into<BoxError>,
    C: CredentialSource,
    A: Body<Data = Bytes>,
    A::Error: Into<BoxError>,
{
    let keys = shared.credentials.credentials().await?;
    let signed_at = shared.settings.now_at(destination);
    sign(
        &shared.settings,
        &keys,
        destination,
        signed_at,
        &mut parts,
        &body,
    )?;
    let signed = Request::from_parts(parts, body.into_body());
    let answer = inner.call(signed).await.map_err(CallError::inner)?;
    let (answer, server) = stale::read(answer).await;
    let refused = server.map(|server| Stale { signed_at, server });
    Ok((answer, refused))
}

fn sign<P, B>(
    settings: &Settings,
    keys: &countersign_core::KeySet<P>,
    destination: &Destination,
    at: Timestamp,
    parts: &mut request::Parts,
    body: &Readied<B>,
) -> Result<(), CallError> {
    let scheme = &*settings.scheme.0;
    let key = keys.signer(scheme.id(), at).ok_or_else(|| {
        CallError::new(
            CallErrorKind::Credentials,
            format!(
                "the request was not sent, as no key may sign under {} at {at}; check the keys' \
                 dates and the schemes they are pinned to",
                scheme.id()
            ),
        )
    })?;
    let nonce = if scheme.has_nonce() {
        Some(nonce::fresh()?)
    } else {
        None
    };
    let target = origin_form(&parts.uri);
    let pieces = body.pieces();
    let mut to_sign = ToSign::new(&parts.method, &target, at).origin(destination.origin()?);
    if let Some(nonce) = &nonce {
        to_sign = to_sign.nonce(nonce);
    }
    let to_sign = body.describe(to_sign, &pieces);
    to_sign.sign(scheme, key, &mut parts.headers)?;
    Ok(())
}

/// The target without scheme and host, which the [`Destination`] knows better.
fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    path.unwrap_or_else(|| PathAndQuery::from_static("/"))
        .into()
}

impl<T: Clone, C> Clone for Sign<T, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T: fmt::Debug, C> fmt::Debug for Sign<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sign")
            .field("inner", &self.inner)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
