//! Whose key it is, what it may be used for, and when.

use std::error::Error;

use countersign_core::{
    Algorithm, Cause, HmacAuth, KeyId, KeyLookup, KeySet, LookupError, Mac, Reason, Refusal,
    SchemeId, SigningKey,
};

use crate::common::{
    Keys, NOW, OTHER_SECRET, Request, SECRET, Service, base64, hex, hmac_sha1, key, variants,
};

pub(crate) fn cause(result: Result<impl Sized, Refusal>) -> Option<Cause> {
    let refusal = result.err().expect("refused");
    assert_eq!(refusal.reason(), Reason::InvalidCredentials);
    refusal.cause()
}

/// Answers with the same keys, whoever is asked for.
#[derive(Debug)]
struct Careless(KeySet);

impl KeyLookup for Careless {
    type Principal = String;

    async fn lookup(&self, _id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        Ok(Some(self.0.clone()))
    }
}

#[derive(Debug)]
struct Broken;

impl KeyLookup for Broken {
    type Principal = String;

    async fn lookup(&self, _id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        Err(LookupError::new("the disk is on fire"))
    }
}

#[test]
fn bad_40_a_lookup_that_fails_is_503_and_says_nothing_of_it() {
    for variant in variants() {
        let service = Service::with_lookup(Broken);
        let refusal = service
            .verify(&*variant.scheme, &variant.example())
            .expect_err("refused");
        assert_eq!(refusal.reason(), Reason::KeyLookupUnavailable);
        assert_eq!(refusal.reason().status(), 503);
        assert!(!refusal.to_string().contains("fire"));
        assert!(
            refusal
                .source()
                .expect("for the operator")
                .to_string()
                .contains("fire")
        );
        assert_eq!(service.replay.len(), 0);
    }
}

#[test]
fn bad_45_a_lookup_that_answers_with_another_ids_keys_authenticates_nobody() {
    for variant in variants() {
        let request = variant.example();
        let service = Service::with_lookup(Careless(variant.key().into()));
        assert!(
            service.verify(&*variant.scheme, &request).is_ok(),
            "{}",
            variant.name
        );
        for id in [
            "another-id",
            "EXAMPLE-ID",
            "example-i",
            "example-id2",
            "example%2Did",
        ] {
            let claimed = variant.with_key_id(&request, id);
            let result = service.verify(&*variant.scheme, &claimed);
            assert_eq!(
                cause(result),
                Some(Cause::UnknownKey),
                "{} {id}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_45_ids_are_the_same_only_byte_for_byte() {
    for variant in variants() {
        let request = variant.example();
        for id in [
            "Example-id",
            "example-id%00",
            "%65xample-id",
            "example_id",
            "example-\u{456}d",
        ] {
            let service = Service::new([variant.key()]);
            let result = service.verify(&*variant.scheme, &variant.with_key_id(&request, id));
            assert!(result.is_err(), "{} {id}", variant.name);
        }
    }
}

#[test]
fn bad_5_and_47_an_empty_or_endless_id_is_not_looked_up() {
    for variant in variants() {
        for id in ["", &"i".repeat(257), &"i".repeat(10_000)] {
            let keys = Keys::new([variant.key()]);
            let request = variant.with_key_id(&variant.example(), id);
            let refusal = Service::with_lookup(keys.clone()).refusal(&*variant.scheme, &request);
            assert_eq!(
                refusal,
                Some(Reason::MalformedCredentials),
                "{}",
                variant.name
            );
            assert_eq!(keys.asked(), 0, "{}", variant.name);
        }
    }
}

#[test]
fn bad_42_a_key_is_valid_between_its_dates() {
    for variant in variants() {
        let request = variant.example();
        let verify = |key: SigningKey| Service::new([key]).verify(&*variant.scheme, &request);
        let valid = variant.key().not_before(NOW).not_after(NOW);
        assert!(verify(valid).is_ok(), "{}", variant.name);
        let early = verify(variant.key().not_before(NOW.plus(1)));
        assert_eq!(cause(early), Some(Cause::KeyNotYetValid));
        let late = verify(variant.key().not_after(NOW.plus(-1)));
        assert_eq!(cause(late), Some(Cause::KeyExpired));
    }
}

#[test]
fn bad_49_a_key_pinned_to_sha256_does_not_verify_under_sha1() {
    let pinned = || key("example-id", SECRET).schemes([SchemeId::HMAC_AUTH_SHA256]);
    let signed = |scheme: &HmacAuth| Request::new("GET", "/").signed(scheme, &pinned());
    let (weak, strong) = (HmacAuth::sha1(), HmacAuth::sha256());
    assert!(
        Service::new([pinned()])
            .verify(&strong, &signed(&strong))
            .is_ok()
    );
    let result = Service::new([pinned()]).verify(&weak, &signed(&weak));
    assert_eq!(cause(result), Some(Cause::SchemeNotAllowed));
}

#[test]
fn bad_49_a_pin_excludes_every_scheme_it_does_not_name() {
    for variant in variants() {
        for pin in SchemeId::ALL {
            let service = Service::new([variant.key().schemes([pin])]);
            let result = service.verify(&*variant.scheme, &variant.example());
            assert_eq!(
                result.is_ok(),
                pin == variant.scheme.id(),
                "{} {pin}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_50_mac_takes_no_algorithm_from_the_request() {
    for scheme in [Mac::yar(), Mac::draft()] {
        let signed = Request::new("GET", "/").signed(&scheme, &key("example-id", SECRET));
        let credential = signed.value("authorization");
        for algorithm in [
            "hmac-sha-1",
            "hmac-sha-256",
            "HMAC-SHA256",
            "hmac-foo",
            "none",
            "",
        ] {
            let named = format!(r#"{credential}, algorithm="{algorithm}""#);
            let request = signed.clone().set("authorization", named);
            let refusal = Service::new([key("example-id", SECRET)]).refusal(&scheme, &request);
            assert_eq!(refusal, Some(Reason::UnsupportedAlgorithm), "{algorithm}");
        }
    }
}

#[test]
fn bad_51_the_record_of_the_key_decides_the_algorithm() {
    for scheme in [Mac::yar(), Mac::draft()] {
        let of = |algorithm| key("example-id", SECRET).algorithm(algorithm);
        for (signs, verifies) in [
            (Algorithm::Sha1, Algorithm::Sha256),
            (Algorithm::Sha256, Algorithm::Sha1),
        ] {
            let request = Request::new("GET", "/").signed(&scheme, &of(signs));
            assert!(Service::new([of(signs)]).verify(&scheme, &request).is_ok());
            let result = Service::new([of(verifies)]).verify(&scheme, &request);
            assert_eq!(cause(result), Some(Cause::SchemeNotAllowed));
        }
    }
}

#[test]
fn bad_52_a_signature_of_one_key_is_not_one_of_another() {
    for variant in variants() {
        let claimed = variant.with_key_id(&variant.example(), "another-id");
        let keys = [variant.key(), variant.key_of("another-id", OTHER_SECRET)];
        let result = Service::new(keys).verify(&*variant.scheme, &claimed);
        assert_eq!(
            cause(result),
            Some(Cause::SignatureMismatch),
            "{}",
            variant.name
        );
    }
}

#[test]
fn bad_54_each_profile_of_mac_reads_the_secret_in_its_own_way_only() {
    // As the bytes of the text where yar decodes it.
    let yar = Request::new("GET", "/").signed(&Mac::yar(), &key("example-id", SECRET));
    let text = yar.canonical(&Mac::yar()).expect("claimed");
    let raw = hex(hmac_sha1(SECRET, text));
    let (start, _) = yar
        .value("authorization")
        .split_once("mac=")
        .map(owned)
        .expect("a mac");
    let request = yar.set("authorization", format!(r#"{start}mac="{raw}""#));
    let result = Service::new([key("example-id", SECRET)]).verify(&Mac::yar(), &request);
    assert_eq!(cause(result), Some(Cause::SignatureMismatch));

    // Padded, or in the other alphabet, it is no mac_key of yar at all.
    for form in [
        format!("{SECRET}="),
        base64(vec![0xff; 32]),
        "too short to decode".to_owned(),
    ] {
        let request = Request::new("GET", "/").signed(&Mac::yar(), &key("example-id", SECRET));
        let result = Service::new([key("example-id", &form)]).verify(&Mac::yar(), &request);
        assert_eq!(cause(result), Some(Cause::UnusableSecret), "{form}");
    }
}

fn owned((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[test]
fn bad_55_all_keys_of_a_rotation_verify_and_one_taken_out_does_not() {
    for variant in variants() {
        let of = |secret: &str| variant.key_of("example-id", secret);
        let signed = |secret: &str| {
            variant
                .plain_example()
                .signed(&*variant.scheme, &of(secret))
        };
        let both = KeySet::new([of(SECRET), of(OTHER_SECRET)]).expect("two keys");
        for secret in [SECRET, OTHER_SECRET] {
            let service = Service::with_lookup(Keys::of_sets([both.clone()]));
            let verified = service
                .verify(&*variant.scheme, &signed(secret))
                .expect(variant.name);
            assert_eq!(verified.key().secret().expose(), secret.as_bytes());
        }
        let result = Service::new([of(OTHER_SECRET)]).verify(&*variant.scheme, &signed(SECRET));
        assert_eq!(
            cause(result),
            Some(Cause::SignatureMismatch),
            "{}",
            variant.name
        );
    }
}
