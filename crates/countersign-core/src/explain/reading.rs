//! Reading a request that the scheme's own parser may refuse.
//!
//! A signature in the wrong encoding is refused as malformed before anything is computed, and so
//! is a request without `Date`. To explain those too, the smallest repair is made that lets the
//! scheme read the rest, and noted as a flaw.

use std::ops::Range;

use http::header::{DATE, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Uri, Version};

use super::near_miss::NearMiss;
use super::spelling::{Spelling, Spelt};
use crate::claim::Proof;
use crate::encoding;
use crate::head::{Head, Origin, trim};
use crate::mac::{Algorithm, Signature};
use crate::reason::{Reason, Refusal};
use crate::scheme::{Scheme, SchemeId};

/// The parts of a request head, owned, so that one can be changed.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) method: Method,
    pub(super) target: Uri,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) origin: Origin,
}

impl Parts {
    pub(super) fn head(&self) -> Result<Head<'_>, Refusal> {
        Head::new(
            &self.method,
            &self.target,
            self.version,
            &self.headers,
            &self.origin,
        )
    }

    /// Another path and query; `None` when no target can have it.
    pub(super) fn set_path_and_query(&mut self, text: &[u8]) -> Option<()> {
        let mut target = self.target.clone().into_parts();
        target.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
        self.target = Uri::from_parts(target).ok()?;
        Some(())
    }
}

/// A request, as far as it can be read.
pub(super) struct Reading {
    /// As sent, or repaired.
    pub(super) parts: Parts,
    /// The signature; `None` when none can be made out.
    pub(super) signature: Option<Signature>,
    /// What had to be repaired.
    pub(super) flaws: Vec<NearMiss>,
    /// How many bytes the signature has, when they are no signature.
    pub(super) odd_length: Option<usize>,
    /// What the scheme said of the request as sent, if it refused it.
    pub(super) refusal: Option<Refusal>,
}

impl Reading {
    /// Reads `parts`; its signature should be one of `algorithm`.
    pub(super) fn of(parts: Parts, scheme: &dyn Scheme, algorithm: Algorithm) -> Self {
        let (signature, refusal) = match claimed(&parts, scheme) {
            Ok(signature) => (signature, None),
            Err(refusal) => (None, Some(refusal)),
        };
        let mut reading = Self {
            parts,
            signature,
            flaws: Vec::new(),
            odd_length: None,
            refusal,
        };
        if reading.refusal.is_some() {
            reading.repair(scheme, algorithm);
        }
        reading
    }

    fn repair(&mut self, scheme: &dyn Scheme, algorithm: Algorithm) {
        let sent = self.parts.clone();
        let dated = with_date(&sent, scheme);
        for (parts, date_flaw) in [
            Some((&sent, None)),
            dated.as_ref().map(|d| (&d.0, Some(d.1))),
        ]
        .into_iter()
        .flatten()
        {
            if let Ok(signature) = claimed(parts, scheme) {
                self.parts = parts.clone();
                self.signature = signature;
                self.flaws.extend(date_flaw);
                return;
            }
            if let Some((repaired, spelt, wanted)) = with_place_holder(parts, scheme, algorithm) {
                self.parts = repaired;
                self.signature = spelt.as_ref().and_then(Spelt::signature);
                self.flaws.extend(date_flaw);
                match &spelt {
                    Some(spelt) if self.signature.is_some() => self.flaws.push(spelt.flaw(wanted)),
                    Some(spelt) => self.odd_length = Some(spelt.len()),
                    None => {}
                }
                return;
            }
        }
    }
}

/// The signature of a request that the scheme reads; `None` in it where the scheme has none.
fn claimed(parts: &Parts, scheme: &dyn Scheme) -> Result<Option<Signature>, Refusal> {
    let head = parts.head()?;
    let claim = scheme
        .claim(&head)
        .ok_or(Refusal::new(Reason::MissingCredentials))??;
    Ok(match claim.proof {
        Proof::Signature { signature, .. } => Some(signature),
        Proof::Possession => None,
    })
}

/// With `X-Date` as its `Date`, when it has the one and lacks the other. Not where `Date` must be
/// there but is not what is signed.
fn with_date(parts: &Parts, scheme: &dyn Scheme) -> Option<(Parts, NearMiss)> {
    let stand_in = parts.headers.get("x-date")?.clone();
    if parts.headers.contains_key(DATE) || scheme.id() == SchemeId::AUTH_KEY {
        return None;
    }
    let mut dated = parts.clone();
    dated.headers.insert(DATE, stand_in);
    Some((dated, NearMiss::OtherDateHeader))
}

/// With a signature that the scheme can read in the place of the one that it cannot; that one,
/// if anybody can; and the spelling that the scheme reads.
fn with_place_holder(
    parts: &Parts,
    scheme: &dyn Scheme,
    algorithm: Algorithm,
) -> Option<(Parts, Option<Spelt>, Spelling)> {
    let header = scheme.credential_header();
    let mut values = parts.headers.get_all(header).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let value = value.as_bytes();
    let place = locate(value);
    let before = value.get(..place.start)?;
    let found = value.get(place.clone())?;
    let after = value.get(place.end..)?;
    let other = match algorithm {
        Algorithm::Sha1 => Algorithm::Sha256,
        Algorithm::Sha256 => Algorithm::Sha1,
    };
    for algorithm in [algorithm, other] {
        let place_holder = Signature::placeholder(algorithm);
        let bytes = place_holder.as_bytes();
        for (spelling, text) in [
            (Spelling::Base64, encoding::to_base64(bytes)),
            (Spelling::Hex, encoding::to_hex(bytes)),
            (Spelling::Unpadded, encoding::to_base64_unpadded(bytes)),
        ] {
            let value = [before, text.as_bytes(), after].concat();
            let mut repaired = parts.clone();
            repaired
                .headers
                .insert(header, HeaderValue::from_bytes(&value).ok()?);
            if claimed(&repaired, scheme).is_ok() {
                return Some((repaired, Spelt::read(found), spelling));
            }
        }
    }
    None
}

/// Where in a credential the signature stands: in the parameter `mac`, after the last colon, or
/// everywhere.
fn locate(value: &[u8]) -> Range<usize> {
    const PARAMETER: &[u8] = b"mac=\"";
    let parameter = value
        .windows(PARAMETER.len())
        .rposition(|window| window.eq_ignore_ascii_case(PARAMETER));
    if let Some(at) = parameter {
        let start = at.saturating_add(PARAMETER.len());
        let length = value
            .get(start..)
            .and_then(|rest| rest.iter().position(|&b| b == b'"'));
        let end = length.map_or(value.len(), |length| start.saturating_add(length));
        return start..end;
    }
    let colon = value.iter().rposition(|&b| b == b':');
    let start = colon.map_or(0, |colon| colon.saturating_add(1));
    start..value.len()
}

/// The value of a header, trimmed.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    headers.get(name).map(|value| trim(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_found_in_every_form_of_credential() {
        for (value, expected) in [
            ("MAC example-id:abc=", "abc="),
            ("MAC 1:example-id:r:abc", "abc"),
            ("test123: abc", " abc"),
            (r#"MAC id="a:b", mac="abc", ts="1""#, "abc"),
            (r#"MAC id="a", mac="abc"#, "abc"),
            ("0123abc", "0123abc"),
            ("", ""),
            ("a:", ""),
        ] {
            let found = &value[locate(value.as_bytes())];
            assert_eq!(found, expected, "{value}");
        }
    }
}
