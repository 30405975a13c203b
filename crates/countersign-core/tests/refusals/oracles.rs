//! A refusal must not tell why: neither in what is said nor in the work that was done.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_core::{
    Algorithm, Canonical, Cause, Claim, DigestStrength, Head, KeySet, Reason, Refusal, Scheme,
    SchemeId, SignError, Signature, Signing, SigningKey, Strength, Window,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::common::{Keys, NOW, OTHER_SECRET, Request, SECRET, Service, Variant, key, variants};

/// A scheme that counts how often its string to sign is written: once for every MAC computed.
#[derive(Debug)]
struct Counting {
    inner: Box<dyn Scheme>,
    canonicalised: AtomicUsize,
}

impl Counting {
    fn new(inner: Box<dyn Scheme>) -> Self {
        Self {
            inner,
            canonicalised: AtomicUsize::new(0),
        }
    }

    fn take(&self) -> usize {
        self.canonicalised.swap(0, Ordering::SeqCst)
    }
}

impl Scheme for Counting {
    fn id(&self) -> SchemeId {
        self.inner.id()
    }

    fn strength(&self) -> Strength {
        self.inner.strength()
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        self.inner.body_digest()
    }

    fn default_window(&self) -> Window {
        self.inner.default_window()
    }

    fn credential_header(&self) -> &HeaderName {
        self.inner.credential_header()
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        self.inner.claim(head)
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        self.canonicalised.fetch_add(1, Ordering::SeqCst);
        self.inner.canonical(head, claim, text);
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        self.inner.challenge(realm, refusal)
    }

    fn signing_algorithm(&self, of_key: Algorithm) -> Algorithm {
        self.inner.signing_algorithm(of_key)
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        self.inner.dress(headers, signing, signature)
    }
}

fn set(keys: impl IntoIterator<Item = SigningKey>) -> Vec<KeySet> {
    vec![KeySet::new(keys).expect("one to four keys of one id")]
}

/// What a lookup may give for the id of a request that is to be refused, and what lies behind it.
fn situations(variant: &Variant) -> Vec<(Vec<KeySet>, Cause)> {
    let right = || variant.key();
    let wrong = || variant.key_of("example-id", OTHER_SECRET);
    let elsewhere = || right().schemes([SchemeId::custom("elsewhere")]);
    let expired = || right().not_after(NOW.plus(-1));
    let early = || right().not_before(NOW.plus(1));
    vec![
        (vec![], Cause::UnknownKey),
        (vec![key("another-id", SECRET).into()], Cause::UnknownKey),
        (set([wrong()]), Cause::SignatureMismatch),
        (set([wrong(), wrong()]), Cause::SignatureMismatch),
        (set([wrong(), wrong(), wrong()]), Cause::SignatureMismatch),
        (
            set([wrong(), wrong(), wrong(), wrong()]),
            Cause::SignatureMismatch,
        ),
        (set([expired()]), Cause::KeyExpired),
        (set([early()]), Cause::KeyNotYetValid),
        (set([elsewhere()]), Cause::SchemeNotAllowed),
        (
            set([expired(), wrong(), elsewhere()]),
            Cause::SignatureMismatch,
        ),
        (
            set([elsewhere(), elsewhere(), early(), expired()]),
            Cause::KeyExpired,
        ),
    ]
}

fn refuse(variant: &Variant, scheme: &dyn Scheme, sets: Vec<KeySet>, request: &Request) -> Refusal {
    let result = Service::with_lookup(Keys::of_sets(sets)).verify(scheme, request);
    result.map(|_| variant.name).expect_err("refused")
}

#[test]
fn bad_36_every_refusal_costs_four_macs() {
    for variant in variants() {
        let request = variant.example();
        for (sets, cause) in situations(&variant) {
            let counting = Counting::new(variants_scheme(&variant));
            let refusal = refuse(&variant, &counting, sets, &request);
            assert_eq!(refusal.cause(), Some(cause), "{}", variant.name);
            assert_eq!(counting.take(), 4, "{} {cause:?}", variant.name);
        }
    }
}

/// The scheme of the variant once more, as it cannot be cloned.
fn variants_scheme(wanted: &Variant) -> Box<dyn Scheme> {
    let mut all = variants().into_iter();
    let found = all.find(|variant| variant.name == wanted.name);
    found.expect("one of them").scheme
}

#[test]
fn bad_35_and_42_every_refusal_says_the_same() {
    for variant in variants() {
        let request = variant.example();
        let said: Vec<_> = situations(&variant)
            .into_iter()
            .map(|(sets, _)| {
                let refusal = refuse(&variant, &*variant.scheme, sets, &request);
                assert_eq!(
                    refusal.reason(),
                    Reason::InvalidCredentials,
                    "{}",
                    variant.name
                );
                assert!(refusal.server_time().is_none() && refusal.about().is_none());
                let challenge = variant.scheme.challenge("realm", Some(&refusal));
                (refusal.to_string(), refusal.sentence(), challenge)
            })
            .collect();
        assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
    }
}

#[test]
fn bad_36_a_secret_in_the_wrong_form_costs_four_macs_and_says_the_same() {
    for variant in variants().iter().filter(|variant| variant.is("mac yar")) {
        let request = variant.example();
        let counting = Counting::new(variants_scheme(variant));
        let unusable = variant.key_of("example-id", "not base64url, but long enough");
        let refusal = refuse(variant, &counting, set([unusable]), &request);
        assert_eq!(refusal.cause(), Some(Cause::UnusableSecret));
        assert_eq!(counting.take(), 4);
        let unknown = refuse(variant, &counting, vec![], &request);
        assert_eq!(refusal.to_string(), unknown.to_string());
    }
}

#[test]
fn bad_51_a_key_of_the_other_algorithm_costs_four_macs_and_says_the_same() {
    for variant in variants().iter().filter(|variant| variant.is("mac")) {
        let other = match variant.algorithm {
            Algorithm::Sha1 => Algorithm::Sha256,
            Algorithm::Sha256 => Algorithm::Sha1,
        };
        let counting = Counting::new(variants_scheme(variant));
        let keys = set([variant.key().algorithm(other)]);
        let refusal = refuse(variant, &counting, keys, &variant.example());
        assert_eq!(
            refusal.cause(),
            Some(Cause::SchemeNotAllowed),
            "{}",
            variant.name
        );
        assert_eq!(counting.take(), 4, "{}", variant.name);
    }
}

#[test]
fn a_good_signature_costs_as_many_macs_as_its_key_has_places() {
    for variant in variants() {
        let request = variant.example();
        for place in 0..4 {
            let secrets = (0..4).map(|slot| if slot == place { SECRET } else { OTHER_SECRET });
            let sets = set(secrets.map(|secret| variant.key_of("example-id", secret)));
            let counting = Counting::new(variants_scheme(&variant));
            let service = Service::with_lookup(Keys::of_sets(sets));
            assert!(
                service.verify(&counting, &request).is_ok(),
                "{}",
                variant.name
            );
            assert_eq!(counting.take(), place + 1, "{}", variant.name);
        }
    }
}

#[test]
fn bad_39_nobody_signs_with_the_secret_that_stands_in_for_a_missing_key() {
    // It can be read in the source, so that whoever signs with it must be refused.
    const STAND_IN: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE";
    for variant in variants() {
        for id in ["dummy", "example-id"] {
            let key = variant.key_of(id, STAND_IN);
            let request = variant.plain_example().signed(&*variant.scheme, &key);
            let elsewhere = variant.key().schemes([SchemeId::custom("elsewhere")]);
            let service = Service::new([elsewhere]);
            let refusal = service.refusal(&*variant.scheme, &request);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{}",
                variant.name
            );
        }
    }
}
