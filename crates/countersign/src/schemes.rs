//! The schemes a layer accepts, and which of them a request is of.
//!
//! Every scheme is asked. Schemes that read the same credential (HMAC-Auth with SHA-1 and with
//! SHA-256, say) are readings of one thing, so at most one may make sense of it; credentials of
//! two different kinds in one request are ambiguous, and neither is tried.

use std::fmt;
use std::sync::Arc;

use countersign_core::{Claim, Head, Reason, Refusal, Scheme, SchemeId, Strength, Timestamp};
use http::header::AUTHORIZATION;

/// Any scheme: what [`VerifyLayer::any`](crate::VerifyLayer::any) takes a list of.
#[derive(Clone)]
pub struct AnyScheme(pub(crate) Arc<dyn Scheme>);

impl<S: Scheme> From<S> for AnyScheme {
    fn from(scheme: S) -> Self {
        Self(Arc::new(scheme))
    }
}

impl fmt::Debug for AnyScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The last days of a scheme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sunset {
    /// Since when it is deprecated.
    pub(crate) since: Timestamp,
    /// Accepted up to and including this time.
    pub(crate) until: Timestamp,
}

/// What the schemes make of a request.
pub(crate) enum Found<'a> {
    /// None recognises credentials of its own.
    Nothing,
    /// One does, and reads them.
    Claim(&'a dyn Scheme, Claim<'a>),
    /// One does, and cannot read them; or more than one kind is there.
    Refused(Option<&'a dyn Scheme>, Refusal),
}

/// Asks every scheme.
pub(crate) fn find<'a>(schemes: &'a [AnyScheme], head: &Head<'a>) -> Found<'a> {
    // With a single scheme, which is usual, there is nothing to compare and nothing to keep.
    if let [AnyScheme(scheme)] = schemes {
        let scheme = &**scheme;
        return match scheme.claim(head) {
            None => Found::Nothing,
            Some(Ok(claim)) => Found::Claim(scheme, claim),
            Some(Err(refusal)) => Found::Refused(Some(scheme), refusal),
        };
    }
    let mut found = Found::Nothing;
    for AnyScheme(scheme) in schemes {
        let scheme = &**scheme;
        let Some(claim) = scheme.claim(head) else {
            continue;
        };
        let before = match &found {
            Found::Nothing => None,
            Found::Claim(before, _) | Found::Refused(Some(before), _) => Some(*before),
            Found::Refused(None, _) => return found,
        };
        let ambiguous = || Found::Refused(None, Reason::AmbiguousCredentials.into());
        found = match (before, claim) {
            (Some(before), _) if !same_credential(before, scheme) => return ambiguous(),
            (None, Err(refusal)) => Found::Refused(Some(scheme), refusal),
            // The first complaint stands until a scheme can read the credential.
            (Some(_), Err(_)) => found,
            (_, Ok(_)) if matches!(found, Found::Claim(..)) => return ambiguous(),
            (_, Ok(claim)) => Found::Claim(scheme, claim),
        };
    }
    found
}

/// Whether two schemes read one and the same credential.
pub(crate) fn same_credential(one: &dyn Scheme, other: &dyn Scheme) -> bool {
    let word = |scheme: &dyn Scheme| scheme.credential_word().map(str::to_ascii_lowercase);
    one.credential_header() == other.credential_header() && word(one) == word(other)
}

/// Why a request without credentials of ours is refused; `None` when it may be anonymous.
///
/// `Authorization` with a scheme word that nobody here knows is a wrong scheme rather than no
/// credentials, unless none of the schemes has anything to do with that header.
pub(crate) fn refuse_missing(
    schemes: &[AnyScheme],
    head: &Head<'_>,
    anonymous: Anonymous,
) -> Option<Refusal> {
    let sent = head.headers().get_all(AUTHORIZATION).iter();
    let foreign = sent
        .into_iter()
        .any(|value| !value.as_bytes().trim_ascii().is_empty());
    let ours = schemes
        .iter()
        .any(|scheme| scheme.0.credential_header() == AUTHORIZATION);
    match anonymous {
        Anonymous::Allowed if !(foreign && ours) => None,
        _ if foreign => Some(Reason::UnsupportedScheme.into()),
        _ => Some(Reason::MissingCredentials.into()),
    }
}

/// Whether requests without credentials pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    Refused,
    Allowed,
}

/// The first pair of schemes that no request could tell apart.
pub(crate) fn indistinguishable(schemes: &[AnyScheme]) -> Option<(SchemeId, SchemeId)> {
    // The same credential with the same fields, signed over different texts.
    let alike = |one: SchemeId, other: SchemeId| {
        one == other
            || [one, other] == [SchemeId::AUTH_KEY_V1, SchemeId::AUTH_KEY_V2]
            || [other, one] == [SchemeId::AUTH_KEY_V1, SchemeId::AUTH_KEY_V2]
    };
    schemes
        .iter()
        .enumerate()
        .find_map(|(index, AnyScheme(one))| {
            let others = schemes.iter().take(index);
            others
                .map(|AnyScheme(other)| other)
                .find(|other| same_credential(&***other, &**one) && alike(one.id(), other.id()))
                .map(|other| (other.id(), one.id()))
        })
}

/// The schemes that are weaker than what is recommended, for the warning at build time.
pub(crate) fn weak(schemes: &[AnyScheme]) -> impl Iterator<Item = (SchemeId, Strength)> {
    let rated = schemes
        .iter()
        .map(|AnyScheme(scheme)| (scheme.id(), scheme.strength()));
    rated.filter(|(_, strength)| *strength < Strength::Sha256)
}
