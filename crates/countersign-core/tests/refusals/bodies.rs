//! Bodies that are not the ones that were signed, or that nobody signed.

use countersign_core::{
    AuthKey, BodyPolicy, DeclaredLength, DigestStrength, HmacAuth, Policy, Reason, Refusal,
    ResponseForm,
};

use crate::common::{
    NOW, Request, SECRET, Service, Variant, base64, base64_decoded, hmac_sha1, key, md5, ready,
    sha256, variants,
};

/// A body whose length nobody declared, as a chunked one, piece by piece.
fn chunked(variant: &Variant, request: &Request, pieces: &[&[u8]]) -> Result<(), Refusal> {
    let head = request.head()?;
    let scheme = &*variant.scheme;
    let claim = scheme.claim(&head).expect("claimed")?;
    let policy = Policy {
        window: scheme.default_window(),
        ..Policy::default()
    };
    let service = Service::new([variant.key()]);
    let fresh = claim.fresh(&policy, NOW)?;
    let authenticated = ready(fresh.verify(scheme, &head, &service.keys))?;
    let mut body = authenticated.body_verifier(DeclaredLength::AtLeast(0), 64)?;
    for piece in pieces {
        body.update(piece)?;
    }
    authenticated.checked(body).map(drop)
}

fn reason(result: Result<(), Refusal>) -> Option<Reason> {
    result.err().map(|refusal| refusal.reason())
}

fn covering() -> Vec<Variant> {
    variants()
        .into_iter()
        .filter(Variant::covers_body)
        .collect()
}

/// A request without a body, signed.
fn bodiless(variant: &Variant, method: &str) -> Request {
    let request = Request::new(method, &format!("{}/", variant.base_path));
    request.signed(&*variant.scheme, &variant.key())
}

#[test]
fn bad_149_and_153_a_body_that_was_not_signed_is_refused_however_it_comes() {
    for variant in covering() {
        // Yar signs that there is no body; the others sign nothing about it.
        let expected = if variant.is("mac") {
            Reason::DigestMismatch
        } else {
            Reason::MissingDigest
        };
        for method in ["GET", "POST", "DELETE", "PATCH"] {
            let request = bodiless(&variant, method);
            let declared =
                Service::new([variant.key()]).refusal(&*variant.scheme, &request.clone().body("x"));
            assert_eq!(declared, Some(expected), "{} {method}", variant.name);
            let found = reason(chunked(&variant, &request, &[b"", b"x"]));
            assert_eq!(found, Some(expected), "{} {method}", variant.name);
            assert_eq!(reason(chunked(&variant, &request, &[b""])), None);
        }
    }
}

#[test]
fn bad_150_a_body_is_verified_whatever_the_method() {
    for variant in covering() {
        for method in ["GET", "HEAD", "DELETE", "PATCH", "PROPFIND"] {
            let request = variant.plain_example().method(method);
            let request = request.signed(&*variant.scheme, &variant.key());
            let service = Service::new([variant.key()]);
            let tampered = service.refusal(&*variant.scheme, &request.clone().body("hellp"));
            assert_eq!(
                tampered,
                Some(Reason::DigestMismatch),
                "{} {method}",
                variant.name
            );
            assert_eq!(
                service.refusal(&*variant.scheme, &request),
                None,
                "{}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_154_a_chunked_body_is_verified_as_any_other() {
    for variant in covering() {
        let request = variant.example();
        assert_eq!(
            reason(chunked(&variant, &request, &[b"hel", b"", b"lo"])),
            None
        );
        for pieces in [
            &[&b"hel"[..], b"lp"][..],
            &[b"hello", b"!"],
            &[b"hell"],
            &[],
        ] {
            let found = reason(chunked(&variant, &request, pieces));
            assert_eq!(found, Some(Reason::DigestMismatch), "{}", variant.name);
        }
    }
}

#[test]
fn bad_151_and_152_without_a_body_the_digest_may_be_absent_or_that_of_nothing() {
    for variant in covering() {
        let service = Service::new([variant.key()]);
        let refusal = service.refusal(&*variant.scheme, &bodiless(&variant, "POST"));
        assert_eq!(refusal, None, "{}", variant.name);
    }
    let key = || key("example-id", SECRET);
    for (name, digest) in [
        ("x-mac-content-md5", base64(md5(""))),
        ("x-mac-content-sha256", base64(sha256(""))),
    ] {
        let request = Request::new("POST", "/").header(name, digest);
        let request = request.signed(&AuthKey::default(), &key());
        assert_eq!(
            Service::new([key()]).refusal(&AuthKey::default(), &request),
            None
        );
    }
    let digest = base64(md5(""));
    let text = format!("POST\n/\n{NOW}\n{digest}");
    let signature = base64(hmac_sha1(SECRET, text));
    let request = Request::new("POST", "/")
        .header("date", NOW.to_string())
        .header("content-md5", digest)
        .header("hmac-auth", format!("example-id:{signature}"));
    assert_eq!(
        Service::new([key()]).refusal(&HmacAuth::sha1(), &request),
        None
    );
}

#[test]
fn bad_155_and_156_a_body_too_large_is_refused_unread_and_after_the_signature() {
    for variant in variants() {
        let mut service = Service::new([variant.key()]);
        service.max_body = 4;
        let request = variant.example();
        let refusal = service.refusal(&*variant.scheme, &request);
        assert_eq!(refusal, Some(Reason::BodyTooLarge), "{}", variant.name);

        let wrong = variant
            .signature_bytes(&request)
            .iter()
            .map(|byte| !byte)
            .collect::<Vec<_>>();
        let wrong = variant.with_signature(&request, &variant.encode(&wrong));
        let refusal = service.refusal(&*variant.scheme, &wrong);
        assert_eq!(
            refusal,
            Some(Reason::InvalidCredentials),
            "{}",
            variant.name
        );
    }
}

#[test]
fn bad_168_a_service_can_pass_bodies_that_nobody_signed() {
    let lenient = Policy {
        body: BodyPolicy::AllowUnsigned,
        ..Policy::default()
    };
    for variant in covering() {
        let request = bodiless(&variant, "POST").body("unsigned");
        let service = Service::new([variant.key()]).policy(lenient);
        // Yar's ext says that there is no body, and that is signed.
        let expected = variant.is("mac").then_some(Reason::DigestMismatch);
        assert_eq!(
            service.refusal(&*variant.scheme, &request),
            expected,
            "{}",
            variant.name
        );
    }
}

#[test]
fn where_two_digests_are_signed_both_must_match() {
    let key = || key("example-id", SECRET);
    let scheme = AuthKey::default();
    for (md5_of, sha256_of, expected) in [
        ("hello", "hello", None),
        ("other", "hello", Some(Reason::DigestMismatch)),
        ("hello", "other", Some(Reason::DigestMismatch)),
    ] {
        let request = Request::new("POST", "/")
            .header("x-mac-content-md5", base64(md5(md5_of)))
            .header("x-mac-content-sha256", base64(sha256(sha256_of)))
            .signed(&scheme, &key())
            .body("hello");
        assert_eq!(Service::new([key()]).refusal(&scheme, &request), expected);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).expect("a digit"));
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| digit(pair[0]).expect("small") << 4 | digit(pair[1]).expect("small"))
        .collect()
}

/// The pair that Wang, Feng, Lai and Yu published in 2004.
#[test]
fn bad_166_two_bodies_of_one_md5_are_one_to_hmac_auth_unless_more_is_demanded() {
    let bodies: Vec<_> = include_str!("md5-collision.txt")
        .lines()
        .map(unhex)
        .collect();
    let [one, other] = &bodies[..] else {
        panic!("two lines");
    };
    assert!(one != other && md5(one) == md5(other));

    let key = || key("example-id", SECRET);
    let scheme = HmacAuth::sha256();
    let request = Request::new("POST", "/")
        .body(one)
        .signed(&scheme, &key())
        .body(other);
    assert_eq!(Service::new([key()]).refusal(&scheme, &request), None);
    let strict = Policy {
        min_digest: DigestStrength::Sha256,
        ..Policy::default()
    };
    let refusal = Service::new([key()])
        .policy(strict)
        .refusal(&scheme, &request);
    assert_eq!(refusal, Some(Reason::MissingDigest));

    // Auth-Key, which our client gives a SHA-256 in any case, tells them apart.
    let scheme = AuthKey::default();
    let request = Request::new("POST", "/")
        .body(one)
        .signed(&scheme, &key())
        .body(other);
    let refusal = Service::new([key()]).refusal(&scheme, &request);
    assert_eq!(refusal, Some(Reason::DigestMismatch));
}

#[test]
fn bad_171_a_response_is_bound_to_its_request_by_the_header_that_says_so() {
    let (scheme, key) = (AuthKey::default(), key("example-id", SECRET));
    let form = ResponseForm::default();
    let bound = |signature: &str| {
        Request::new("GET", "/")
            .header("x-mac-date", NOW.to_string())
            .header("x-mac-request-signature", signature)
            .header("x-mac-status", "200")
            .headers
    };
    let (one, other) = (bound(&base64([1; 32])), bound(&base64([2; 32])));
    let signature = scheme.sign_response(&key, &one, "", form).expect("signed");
    assert!(
        scheme
            .verify_response(&key, &one, "", form, &signature)
            .is_ok()
    );
    let refusal = scheme.verify_response(&key, &other, "", form, &signature);
    assert_eq!(reason(refusal), Some(Reason::InvalidCredentials));
    assert_eq!(base64_decoded(&signature).len(), 32);
}
