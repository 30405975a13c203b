//! Why does my signature not match?
//!
//! Two programs that sign differently agree on nothing but "invalid". This module takes a request
//! that was received and the key it should have been signed with, and looks for the one mistake
//! that accounts for its signature: it makes each of a bounded list of mistakes in turn and sees
//! whether the signature fits then.
//!
//! Invariants: for the key's holder only, since the string to sign is shown; but no expected
//! signature and no secret ever gets into an [`Explanation`]. At most [`Explain::MAX_TRIALS`]
//! MACs are computed, whatever is explained. Nothing here takes part in verifying: a signature
//! that fits a near miss is as invalid as any other.

mod body;
mod circumstances;
mod comparison;
mod explanation;
mod finding;
mod json;
mod near_miss;
mod percent;
mod reading;
mod spelling;
mod trials;
mod visible;

use std::fmt;

use http::{HeaderMap, Method, Uri, Version};

pub use self::comparison::{Comparison, Difference, Guess};
pub use self::explanation::{Explanation, Verdict};
pub use self::finding::Finding;
pub use self::near_miss::NearMiss;
use self::reading::{Parts, Reading};
use self::trials::{Fit, Subject};
pub use self::visible::VisibleText;
use crate::canonical::Canonical;
use crate::claim::Claim;
use crate::head::Origin;
use crate::key::SigningKey;
use crate::mac;
use crate::policy::Policy;
use crate::reason::Reason;
use crate::scheme::Scheme;
use crate::time::Timestamp;

/// A received request whose signature is to be explained.
///
/// ```
/// use countersign_core::{Explain, HmacAuth, NearMiss, SigningKey};
/// use http::{HeaderMap, HeaderValue, Method, Uri};
///
/// let key = SigningKey::new("test123", "mysecretkeydata!", "dave@example.com")?;
/// let target = Uri::from_static("/oncall?team=iws");
/// let headers: HeaderMap = [
///     ("host", "api.example.org"),
///     ("date", "Wed, 14 Aug 2013 18:33:25 GMT"),
///     // Made over /oncall, without the query.
///     ("hmac-auth", "test123:WK3huYakl5VyGZLYn/akFV/zxVM"),
/// ]
/// .into_iter()
/// .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
/// .collect();
///
/// let why = Explain::new(&Method::GET, &target, &headers).against(&HmacAuth::sha1(), &key);
/// assert_eq!(why.verdict().near_miss(), Some(NearMiss::QueryMissing));
/// println!("{why}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Explain<'a> {
    method: &'a Method,
    target: &'a Uri,
    headers: &'a HeaderMap,
    version: Version,
    origin: Origin,
    body: &'a [u8],
    theirs: Option<&'a [u8]>,
    now: Option<Timestamp>,
    policy: Option<Policy>,
}

impl<'a> Explain<'a> {
    /// The most MACs that are computed for one explanation.
    pub const MAX_TRIALS: usize = trials::MAX_TRIALS;

    /// A request as it was received, over HTTP/1.1 and without a body unless given.
    pub fn new(method: &'a Method, target: &'a Uri, headers: &'a HeaderMap) -> Self {
        Self {
            method,
            target,
            headers,
            version: Version::HTTP_11,
            origin: Origin::default(),
            body: b"",
            theirs: None,
            now: None,
            policy: None,
        }
    }

    /// Received in this version of HTTP.
    #[must_use]
    pub const fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Received by a service that is reached as `origin` says.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// With this body.
    #[must_use]
    pub const fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// With the string to sign that the other side says it signed.
    #[must_use]
    pub const fn their_text(mut self, text: &'a [u8]) -> Self {
        self.theirs = Some(text);
        self
    }

    /// Received at `now`, so that the window and the key's validity can be looked at too.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Received by a service with these demands; the default ones, with the scheme's window,
    /// unless given.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Explains the request's signature of `scheme` against the one that `key` would make.
    pub fn against<P>(&self, scheme: &dyn Scheme, key: &SigningKey<P>) -> Explanation {
        let parts = Parts {
            method: self.method.clone(),
            target: self.target.clone(),
            version: self.version,
            headers: self.headers.clone(),
            origin: self.origin.clone(),
        };
        let algorithm = scheme.signing_algorithm(key.own_algorithm());
        let reading = Reading::of(parts, scheme, algorithm);
        let mut explanation = Explanation {
            scheme: scheme.id(),
            verdict: Verdict::NoNearMiss,
            text: None,
            comparison: None,
            findings: Vec::new(),
            trials: 0,
        };
        let claimed = reading
            .parts
            .head()
            .ok()
            .and_then(|head| Some((head, scheme.claim(&head)?.ok()?)));
        let Some((head, claim)) = claimed else {
            let refusal = reading.refusal.unwrap_or(Reason::MissingCredentials.into());
            explanation.verdict = Verdict::Unreadable(refusal);
            return explanation;
        };
        explanation.findings = self.findings(&claim, scheme, key);
        if let Some(bytes) = reading.odd_length {
            explanation
                .findings
                .insert(0, Finding::SignatureLength { bytes });
        }
        let Some(derivation) = trials::derivation(&claim) else {
            explanation.verdict = possession(&claim, key);
            return explanation;
        };

        let text = Canonical::collect(|text| scheme.canonical(&head, &claim, text));
        explanation.comparison = self.theirs.map(|theirs| Comparison::of(&text, theirs));
        if let Some(signature) = reading.signature {
            let mut flaws = reading.flaws.clone();
            if signature.algorithm() != algorithm {
                flaws.insert(0, NearMiss::OtherHash);
            }
            let subject = Subject {
                scheme,
                parts: &reading.parts,
                head,
                claim,
                derivation,
                body: self.body,
                text: &text,
                signature,
                secret: key.secret(),
                keyed: key.keyed(derivation, signature.algorithm()),
            };
            explanation.judge(&trials::run(&subject, self.theirs), &flaws);
        } else {
            let malformed = Reason::MalformedCredentials.into();
            explanation.verdict = Verdict::Unreadable(reading.refusal.unwrap_or(malformed));
        }
        explanation.text = Some(VisibleText::new(text));
        explanation
    }

    fn findings<P>(
        &self,
        claim: &Claim<'_>,
        scheme: &dyn Scheme,
        key: &SigningKey<P>,
    ) -> Vec<Finding> {
        let policy = self.policy.unwrap_or(Policy {
            window: scheme.default_window(),
            ..Policy::default()
        });
        let mut found = circumstances::of_time(claim, self.headers, &policy, self.now);
        found.extend(circumstances::of_key(claim, key, self.now));
        found.extend(body::findings(
            &claim.body,
            self.body,
            self.headers,
            &policy,
        ));
        found
    }
}

impl fmt::Debug for Explain<'_> {
    /// Without the headers: a request that is in order carries the expected signature in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explain")
            .field("method", self.method)
            .finish_non_exhaustive()
    }
}

impl Explanation {
    /// Names what the signature fits; of the flaws that had to be repaired, the first counts as
    /// the near miss if there is no other, and the rest are findings.
    fn judge(&mut self, outcome: &trials::Outcome, flaws: &[NearMiss]) {
        let mut flaws = flaws.iter().copied();
        self.trials = outcome.trials;
        self.verdict = match outcome.fit {
            Some(Fit::Near(miss)) => Verdict::NearMiss(miss),
            Some(Fit::Straight) => flaws.next().map_or(Verdict::Matches, Verdict::NearMiss),
            None => Verdict::NoNearMiss,
        };
        self.findings.splice(0..0, flaws.map(Finding::Mistake));
    }
}

/// A scheme that sends the secret signs nothing: there is only right and wrong.
fn possession<P>(claim: &Claim<'_>, key: &SigningKey<P>) -> Verdict {
    let sent = claim.key_id();
    if mac::same_secret(key.secret().expose(), sent.as_str().as_bytes()) {
        Verdict::Matches
    } else {
        Verdict::NoNearMiss
    }
}

#[cfg(test)]
mod tests;
