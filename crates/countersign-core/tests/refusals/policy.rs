//! What a service can demand beyond a good signature.

use countersign_core::{Basic, DigestStrength, Field, NonceRule, Policy, Reason, Scheme, Strength};

use crate::common::{Keys, NOW, Request, SECRET, Service, Variant, variants};

fn strength(variant: &Variant, request: &Request) -> Strength {
    match variant.signature_bytes(request).len() {
        20 => Strength::Sha1,
        _ => Strength::Sha256,
    }
}

#[test]
fn a_proof_weaker_than_demanded_is_refused_before_any_lookup() {
    for variant in variants() {
        let request = variant.example();
        for min_strength in [Strength::Bearer, Strength::Sha1, Strength::Sha256] {
            let keys = Keys::new([variant.key()]);
            let service = Service::with_lookup(keys.clone()).policy(Policy {
                min_strength,
                ..Policy::default()
            });
            let weak = strength(&variant, &request) < min_strength;
            let refusal = service.refusal(&*variant.scheme, &request);
            assert_eq!(
                refusal,
                weak.then_some(Reason::UnsupportedAlgorithm),
                "{}",
                variant.name
            );
            assert_eq!(keys.asked(), usize::from(!weak));
        }
    }
}

#[test]
fn a_bearer_of_an_api_key_is_refused_where_signatures_are_demanded() {
    let api_key = || Basic::key(SECRET, "dave".to_owned()).expect("a key");
    let request = Request::new("GET", "/").signed(&Basic, &api_key());
    let demanding = Policy {
        min_strength: Strength::Sha1,
        ..Policy::default()
    };
    assert!(Service::new([api_key()]).verify(&Basic, &request).is_ok());
    let refusal = Service::new([api_key()])
        .policy(demanding)
        .refusal(&Basic, &request);
    assert_eq!(refusal, Some(Reason::UnsupportedAlgorithm));
}

#[test]
fn bad_93_a_demanded_nonce_must_be_there_under_every_scheme() {
    let demanding = Policy {
        nonce: NonceRule::Required,
        ..Policy::default()
    };
    for variant in variants() {
        let scheme = &*variant.scheme;
        let service = Service::new([variant.key()]).policy(demanding);
        let with = service.verify(scheme, &variant.example());
        if variant.is("hmac-auth") {
            // It has no place for one, so that nothing passes.
            let refusal = with.expect_err("refused");
            assert_eq!(refusal.reason(), Reason::MissingNonce);
            assert_eq!(refusal.about(), Some(Field::Nonce));
            continue;
        }
        assert!(with.is_ok(), "{}: {with:?}", variant.name);
        let without = variant
            .plain_example()
            .try_sign(scheme, &variant.key(), NOW, None);
        if let Ok(without) = without {
            let refusal = service.refusal(scheme, &without);
            assert_eq!(refusal, Some(Reason::MissingNonce), "{}", variant.name);
        } else {
            let optional = variant.is("auth-key") && variant.name != "auth-key v3";
            assert!(!optional, "{}", variant.name);
        }
    }
}

#[test]
fn bad_166_a_digest_weaker_than_demanded_covers_no_body() {
    for variant in variants() {
        let Some(best) = variant.scheme.body_digest() else {
            continue;
        };
        for min_digest in [
            DigestStrength::Md5,
            DigestStrength::Sha1,
            DigestStrength::Sha256,
        ] {
            let policy = Policy {
                min_digest,
                ..Policy::default()
            };
            let refusal = |request: &Request| {
                let service = Service::new([variant.key()]).policy(policy);
                service.refusal(&*variant.scheme, request)
            };
            let weak = (best < min_digest).then_some(Reason::MissingDigest);
            assert_eq!(refusal(&variant.example()), weak, "{}", variant.name);

            // Without a body there is nothing to cover.
            let empty = Request::new("GET", &format!("{}/", variant.base_path));
            let empty = empty.signed(&*variant.scheme, &variant.key());
            assert_eq!(refusal(&empty), None, "{}", variant.name);
        }
    }
}

#[test]
fn the_strength_a_scheme_claims_is_the_best_it_can_give() {
    for variant in variants() {
        let given = strength(&variant, &variant.example());
        assert!(given <= variant.scheme.strength(), "{}", variant.name);
    }
    assert_eq!(Basic.strength(), Strength::Bearer);
}
