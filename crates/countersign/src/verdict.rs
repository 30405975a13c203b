//! The checks of the core, run on a request with its body.

use std::future::{Future, ready};
use std::slice;

use bytes::Bytes;
use countersign_core::{
    Accepted, Authenticated, Cause, Checked, Claim, ClaimedNonce, DeclaredLength, Head, KeyLookup,
    Reason, Refusal, ReplayCache, Scheme, Timestamp,
};
use futures_util::future::Either;
use http::{Extensions, HeaderValue, request};
use http_body::Body;

use crate::body::{self, BoxError, VerifiedBody};
use crate::rejection::Rejection;
use crate::schemes::{self, AnyScheme, Found};
use crate::service::Shared;
use crate::settings::{Bodies, Enforcement, Settings};
use crate::target;
use crate::telemetry::Observation;

/// What is to become of a request.
pub(crate) enum Verdict<P, B> {
    Accepted(Accepted<P>, VerifiedBody<B>),
    Anonymous(VerifiedBody<B>),
    Refused(Rejection, VerifiedBody<B>),
}

/// What the layers outside have claimed for a request, kept in its extensions.
///
/// There is seldom more than one, which then needs no list.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    first: ClaimedNonce,
    /// All of them, the first included, once there are two.
    all: Vec<ClaimedNonce>,
}

impl Claimed {
    /// Adds `claimed` to what `extensions` hold.
    pub(crate) fn note(extensions: &mut Extensions, claimed: ClaimedNonce) {
        let one = Self {
            first: claimed,
            all: Vec::new(),
        };
        if let Some(mut before) = extensions.insert(one) {
            if before.all.is_empty() {
                before.all.push(before.first);
            }
            before.all.push(claimed);
            extensions.insert(before);
        }
    }

    fn in_extensions(extensions: &Extensions) -> &[ClaimedNonce] {
        match extensions.get::<Self>() {
            None => &[],
            Some(one) if one.all.is_empty() => slice::from_ref(&one.first),
            Some(more) => &more.all,
        }
    }
}

/// A refusal, and the scheme whose credentials were refused.
type Refused<'a> = (Option<&'a dyn Scheme>, Refusal);

/// Runs all checks. Gives the body back in any case, as far as it was not read.
///
/// What a step needs is in a block of its own where it would otherwise be kept through the steps
/// after it: all of it is part of the future of every request.
#[allow(clippy::manual_async_fn)] // an `async fn` would keep its arguments twice
pub(crate) fn judge<K, R, B>(
    shared: &Shared<K, R>,
    parts: &request::Parts,
    body: B,
    observation: &mut Observation,
) -> impl Future<Output = Verdict<K::Principal, B>>
where
    K: KeyLookup,
    R: ReplayCache,
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    async move {
        let settings = &shared.settings;
        let Read {
            scheme,
            head,
            claim,
            now,
        } = match read(settings, parts, observation) {
            Ok(Some(read)) => read,
            Ok(None) => return Verdict::Anonymous(VerifiedBody::untouched(body)),
            Err((scheme, refusal)) => {
                return refuse(settings, scheme, refusal, VerifiedBody::untouched(body));
            }
        };
        let checking = {
            // Moved here, to be gone with this block.
            let as_received = head;
            let fresh = match claim.fresh(&settings.policy_of(scheme), now) {
                Ok(fresh) => fresh,
                Err(refusal) => {
                    let body = VerifiedBody::untouched(body);
                    return refuse(settings, Some(scheme), refusal, body);
                }
            };
            let found = shared.keys.lookup(fresh.key_id()).await;
            match fresh.verify_by(scheme, &as_received, found) {
                Ok(authenticated) => check_body(settings, scheme, authenticated, body),
                Err(refusal) => {
                    let body = VerifiedBody::untouched(body);
                    return refuse(settings, Some(scheme), refusal, body);
                }
            }
        };
        let (checked, body) = match checking.await {
            Ok(checked) => checked,
            Err((refusal, body)) => return refuse(settings, Some(scheme), refusal, body),
        };
        let already = Claimed::in_extensions(&parts.extensions);
        let clock = &*settings.clock;
        match checked
            .accept(&parts.method, &shared.replay, clock, already)
            .await
        {
            Ok(accepted) => Verdict::Accepted(accepted, body),
            Err(refusal) => refuse(settings, Some(scheme), refusal, body),
        }
    }
}

fn refuse<P, B>(
    settings: &Settings,
    scheme: Option<&dyn Scheme>,
    refusal: Refusal,
    body: VerifiedBody<B>,
) -> Verdict<P, B> {
    Verdict::Refused(reject(settings, scheme, refusal), body)
}

/// What a request claims, how and when it was read.
struct Read<'a> {
    scheme: &'a dyn Scheme,
    head: Head<'a>,
    claim: Claim<'a>,
    now: Timestamp,
}

/// Everything before the window; `None` for a request that may pass without credentials.
fn read<'a>(
    settings: &'a Settings,
    parts: &'a request::Parts,
    observation: &mut Observation,
) -> Result<Option<Read<'a>>, Refused<'a>> {
    let original = target::original(&parts.extensions, &parts.uri);
    let head = Head::new(
        &parts.method,
        original,
        parts.version,
        &parts.headers,
        &settings.origin,
    )
    .map_err(|refusal| (None, refusal))?;
    let (scheme, claim) = match schemes::find(&settings.schemes, &head) {
        Found::Claim(scheme, claim) => (scheme, claim),
        Found::Refused(scheme, refusal) => {
            if let Some(scheme) = scheme {
                observation.of_scheme(scheme.id());
            }
            return Err((scheme, refusal));
        }
        Found::Nothing => {
            let missing = schemes::refuse_missing(&settings.schemes, &head, settings.anonymous);
            return missing.map_or(Ok(None), |refusal| Err((None, refusal)));
        }
    };
    let now = settings.clock.now();
    observation.of_claim(&claim, now);
    if let Some(sunset) = settings.sunset_of(scheme.id()) {
        observation.deprecated();
        if now > sunset.until {
            let over = Refusal::new(Reason::UnsupportedScheme).caused_by(Cause::SchemeSunset);
            return Err((Some(scheme), over));
        }
    }
    Ok(Some(Read {
        scheme,
        head,
        claim,
        now,
    }))
}

/// What becomes of a request by its body.
type ByBody<'a, P, B> = Result<(Checked<'a, P>, VerifiedBody<B>), (Refusal, VerifiedBody<B>)>;

/// Verifies the body, or that there may be none.
fn check_body<'a, P, B>(
    settings: &'a Settings,
    scheme: &'a dyn Scheme,
    authenticated: Authenticated<'a, P>,
    body: B,
) -> impl Future<Output = ByBody<'a, P, B>>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    if !body.is_end_stream() {
        // In a box, for which only requests with a body pay.
        let reading = read_body(settings, scheme, authenticated, body);
        return Either::Right(Box::pin(reading));
    }
    let body = VerifiedBody::untouched(body);
    Either::Left(ready(match authenticated.without_body() {
        Ok(checked) => Ok((checked, body)),
        Err(refusal) => Err((refusal, body)),
    }))
}

/// Verifies a body that is there, or arranges for it to be verified while it is read.
async fn read_body<'a, P, B>(
    settings: &Settings,
    scheme: &dyn Scheme,
    authenticated: Authenticated<'a, P>,
    body: B,
) -> ByBody<'a, P, B>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let declared = declared_length(&body);
    let mut verifier = match authenticated.body_verifier(declared, settings.max_body) {
        Ok(verifier) => verifier,
        Err(refusal) => return Err((refusal, VerifiedBody::untouched(body))),
    };
    match settings.bodies {
        // A layer that only reports must not break a stream, so it has to know before.
        Bodies::Streamed if settings.enforcement == Enforcement::Refuse => {
            let challenges = challenges(settings, Some(scheme), None);
            let id = scheme.id();
            let reject =
                Box::new(move |refusal| Rejection::new(refusal, Some(id), challenges.clone()));
            let body = VerifiedBody::streamed(body, verifier, reject);
            Ok((authenticated.streaming(), body))
        }
        Bodies::Buffered | Bodies::Streamed => {
            let deadline = settings.body_deadline;
            match body::collect(body, &mut verifier, deadline).await {
                Err(failure) => {
                    let refusal = failure.refusal.clone();
                    Err((refusal, VerifiedBody::resumed(failure)))
                }
                Ok(collected) => {
                    let body = VerifiedBody::buffered(collected);
                    match authenticated.checked(verifier) {
                        Ok(checked) => Ok((checked, body)),
                        Err(refusal) => Err((refusal, body)),
                    }
                }
            }
        }
    }
}

fn declared_length<B: Body>(body: &B) -> DeclaredLength {
    let hint = body.size_hint();
    match hint.exact() {
        Some(exact) => DeclaredLength::Exact(exact),
        None => DeclaredLength::AtLeast(hint.lower()),
    }
}

fn reject(settings: &Settings, scheme: Option<&dyn Scheme>, refusal: Refusal) -> Rejection {
    let challenges = challenges(settings, scheme, Some(&refusal));
    Rejection::new(refusal, scheme.map(Scheme::id), challenges)
}

/// A challenge of every scheme. The reason goes to the one whose credentials were refused, or to
/// all when there were none.
fn challenges(
    settings: &Settings,
    refused: Option<&dyn Scheme>,
    refusal: Option<&Refusal>,
) -> Box<[HeaderValue]> {
    let now = settings.clock.now();
    let alive = |AnyScheme(scheme): &&AnyScheme| {
        let sunset = settings.sunset_of(scheme.id());
        sunset.is_none_or(|sunset| now <= sunset.until)
    };
    // A 401 needs a challenge (RFC 9110 §15.5.2), even when nothing is accepted any more.
    let none_alive = !settings.schemes.iter().any(|scheme| alive(&scheme));
    let named = settings
        .schemes
        .iter()
        .filter(|scheme| none_alive || alive(scheme));
    named
        .map(|AnyScheme(scheme)| {
            let concerned = refused.is_none_or(|refused| refused.id() == scheme.id());
            scheme.challenge(&settings.realm, refusal.filter(|_| concerned))
        })
        .collect()
}
