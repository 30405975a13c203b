//! Trying one mistake after the other, until one accounts for the signature.
//!
//! Invariants: each trial is a single change to the text, the request, the claim or the key, and
//! at most one MAC, compared in constant time and shown to nobody. There are never more than
//! [`MAX_TRIALS`] of them, whatever the request. What gives the same text as an earlier trial is
//! not tried again.

mod digest;
mod headers;
mod layout;
mod path;
mod place;
mod query;
mod recipe;
mod secret;
mod text;
mod time;

use self::layout::Layout;
use super::near_miss::NearMiss;
use super::reading::Parts;
use crate::canonical::Canonical;
use crate::claim::{Claim, Proof};
use crate::head::Head;
use crate::key::Secret;
use crate::mac::{self, Derivation, KeyedMac, Signature};
use crate::scheme::Scheme;

/// The most MACs that are computed for one explanation.
pub(super) const MAX_TRIALS: usize = 64;

/// A request that can be read, and the key it is tried with.
pub(super) struct Subject<'s> {
    pub(super) scheme: &'s dyn Scheme,
    pub(super) parts: &'s Parts,
    pub(super) head: Head<'s>,
    pub(super) claim: Claim<'s>,
    pub(super) derivation: Derivation<'s>,
    pub(super) body: &'s [u8],
    /// The string to sign.
    pub(super) text: &'s [u8],
    pub(super) signature: Signature,
    pub(super) secret: &'s Secret,
    /// The MAC keyed as the scheme has it; `None` when it cannot use the secret.
    pub(super) keyed: Option<KeyedMac>,
}

impl Subject<'_> {
    /// A MAC keyed from `material` in the place of the secret, decoded already where the scheme
    /// decodes it.
    fn key_of(&self, derivation: Derivation<'_>, material: &[u8]) -> Option<KeyedMac> {
        let algorithm = self.signature.algorithm();
        match derivation {
            Derivation::Raw | Derivation::Base64Url => KeyedMac::new(algorithm, material),
            Derivation::HashOfTextThenSecret(text) => {
                KeyedMac::new(algorithm, &*mac::hashed_key([text, material]))
            }
            Derivation::HashOfSecretThenText(text) => {
                KeyedMac::new(algorithm, &*mac::hashed_key([material, text]))
            }
        }
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>) -> Vec<u8> {
        Canonical::collect(|text| self.scheme.canonical(head, claim, text))
    }
}

/// What the trials gave.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) fit: Option<Fit>,
    pub(super) trials: usize,
}

/// What the signature fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The string to sign, as it is.
    Straight,
    /// Something near it.
    Near(NearMiss),
}

/// Tries everything, likeliest first.
pub(super) fn run(subject: &Subject<'_>, theirs: Option<&[u8]>) -> Outcome {
    // Their text is the last thing to look at, as it names no mistake, but is always looked at.
    let reserved = usize::from(theirs.is_some());
    let mut trials = Trials {
        subject,
        layout: Layout::default(),
        tried: vec![subject.text.to_vec()],
        count: 0,
        limit: MAX_TRIALS.saturating_sub(reserved),
        fit: None,
    };
    trials.attempt(Fit::Straight, subject.text, subject.keyed.clone());
    if !trials.is_over() {
        trials.layout = Layout::of(subject);
    }
    let groups: [fn(&mut Trials<'_>); 14] = [
        text::end,
        text::line_ends,
        secret::white_space,
        query::run,
        path::run,
        place::run,
        time::run,
        text::case,
        headers::run,
        digest::run,
        secret::encodings,
        recipe::run,
        path::proxies,
        secret::quotes,
    ];
    for group in groups {
        if trials.is_over() {
            break;
        }
        group(&mut trials);
    }
    trials.limit = MAX_TRIALS;
    if let Some(theirs) = theirs {
        trials.text(NearMiss::TheirText, theirs);
    }
    Outcome {
        fit: trials.fit,
        trials: trials.count,
    }
}

/// The trials so far.
struct Trials<'t> {
    subject: &'t Subject<'t>,
    layout: Layout,
    /// Texts that need not be tried under the right key again.
    tried: Vec<Vec<u8>>,
    count: usize,
    limit: usize,
    fit: Option<Fit>,
}

impl Trials<'_> {
    /// Whether there is nothing more to try.
    fn is_over(&self) -> bool {
        self.fit.is_some() || self.count >= self.limit
    }

    /// Another text under the right key.
    fn text(&mut self, miss: NearMiss, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        if !self.is_over() && self.tried.iter().all(|tried| tried != text) {
            self.tried.push(text.to_vec());
            self.attempt(Fit::Near(miss), text, self.subject.keyed.clone());
        }
    }

    /// The right text under another key.
    fn key(&mut self, miss: NearMiss, keyed: Option<KeyedMac>) {
        self.attempt(Fit::Near(miss), self.subject.text, keyed);
    }

    /// Another secret, as the scheme derives the key from it.
    fn secret(&mut self, miss: NearMiss, material: &[u8]) {
        let keyed = self.subject.key_of(self.subject.derivation, material);
        self.key(miss, keyed);
    }

    /// Another text under another key.
    fn text_and_key(&mut self, miss: NearMiss, text: &[u8], keyed: Option<KeyedMac>) {
        self.attempt(Fit::Near(miss), text, keyed);
    }

    /// Another request, read as the claim was. A change that no request can have is not tried.
    fn request(&mut self, miss: NearMiss, change: impl FnOnce(&mut Parts) -> Option<()>) {
        if self.is_over() {
            return;
        }
        let mut parts = self.subject.parts.clone();
        if change(&mut parts).is_none() {
            return;
        }
        if let Ok(head) = parts.head() {
            let text = self.subject.canonical(&head, &self.subject.claim);
            self.text(miss, text);
        }
    }

    /// The only place where a MAC is computed.
    fn attempt(&mut self, fit: Fit, text: &[u8], keyed: Option<KeyedMac>) {
        let Some(mut keyed) = keyed.filter(|_| !self.is_over()) else {
            return;
        };
        self.count = self.count.saturating_add(1);
        keyed.update(text);
        if keyed.verify(&self.subject.signature) {
            self.fit = Some(fit);
        }
    }
}

/// The derivation of a claim's key; `None` when it proves possession instead.
pub(super) fn derivation<'a>(claim: &Claim<'a>) -> Option<Derivation<'a>> {
    match claim.proof {
        Proof::Signature { derivation, .. } => Some(derivation),
        Proof::Possession => None,
    }
}
