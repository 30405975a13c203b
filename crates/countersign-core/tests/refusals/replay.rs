//! Each request is accepted once, and nobody can spend another's nonce.

use countersign_core::{Policy, Reason, ReplayPolicy};

use crate::common::{NOW, OTHER_SECRET, Request, Service, Variant, base64, variants};

/// Signed for `later` seconds after `NOW`, with this nonce where there is room for one.
pub(crate) fn signed(variant: &Variant, later: i64, nonce: &str) -> Request {
    let request = variant.plain_example();
    request
        .try_sign(
            &*variant.scheme,
            &variant.key(),
            NOW.plus(later),
            Some(nonce),
        )
        .expect(variant.name)
}

#[test]
fn bad_81_an_exact_replay_is_refused_throughout_the_window() {
    for variant in variants() {
        let past = variant.scheme.default_window().past().as_secs();
        let past = i64::try_from(past).expect("at most a day");
        let mut service = Service::new([variant.key()]);
        let request = signed(&variant, 0, "n");
        assert!(
            service.verify(&*variant.scheme, &request).is_ok(),
            "{}",
            variant.name
        );
        for later in [0, 1, past - 1, past] {
            service = service.at(NOW.plus(later));
            let refusal = service.refusal(&*variant.scheme, &request);
            assert_eq!(
                refusal,
                Some(Reason::NonceReplayed),
                "{} {later}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_83_and_84_what_is_refused_claims_nothing() {
    for variant in variants() {
        let service = Service::new([variant.key()]);
        let genuine = signed(&variant, 0, "n");
        let wrong = variant
            .signature_bytes(&genuine)
            .iter()
            .map(|byte| !byte)
            .collect::<Vec<_>>();
        let wrong = variant.with_signature(&genuine, &variant.encode(&wrong));
        for _ in 0..100 {
            let refusal = service.refusal(&*variant.scheme, &wrong);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{}",
                variant.name
            );
        }
        assert_eq!(service.replay.len(), 0, "{}", variant.name);
        assert!(
            service.verify(&*variant.scheme, &genuine).is_ok(),
            "{}",
            variant.name
        );
    }
}

#[test]
fn bad_90_two_keys_may_use_one_nonce() {
    for variant in variants() {
        let other = || variant.key_of("another-id", OTHER_SECRET);
        let service = Service::new([variant.key(), other()]);
        let scheme = &*variant.scheme;
        for key in [variant.key(), other()] {
            let request = variant.plain_example().signed(scheme, &key);
            assert!(service.verify(scheme, &request).is_ok(), "{}", variant.name);
        }
    }
}

#[test]
fn bad_91_a_nonce_is_spent_for_one_second_of_signed_time() {
    for variant in variants() {
        let service = Service::new([variant.key()]);
        for later in [0, -1, 1] {
            let request = signed(&variant, later, "n");
            assert!(
                service.verify(&*variant.scheme, &request).is_ok(),
                "{}",
                variant.name
            );
        }
        if variant.is("hmac-auth") {
            continue; // without nonces, another request has another signature
        }
        // Another request with the nonce of the first, in the same second.
        let other = Request::new("PUT", "/pager/other");
        let other = other.try_sign(&*variant.scheme, &variant.key(), NOW, Some("n"));
        let refusal = service.refusal(&*variant.scheme, &other.expect(variant.name));
        assert_eq!(refusal, Some(Reason::NonceReplayed), "{}", variant.name);
    }
}

#[test]
fn bad_95_a_request_from_the_future_is_remembered_until_it_is_stale() {
    for variant in variants() {
        let window = variant.scheme.default_window();
        let seconds = (window.past() + window.future()).as_secs();
        let last = i64::try_from(seconds).expect("two days at most");
        let future = i64::try_from(window.future().as_secs()).expect("a day at most");
        let request = signed(&variant, future, "n");
        let mut service = Service::new([variant.key()]);
        assert!(
            service.verify(&*variant.scheme, &request).is_ok(),
            "{}",
            variant.name
        );
        for (later, expected) in [
            (last - 1, Reason::NonceReplayed),
            (last, Reason::NonceReplayed),
            (last + 1, Reason::TimestampExpired),
        ] {
            service = service.at(NOW.plus(later));
            let refusal = service.refusal(&*variant.scheme, &request);
            assert_eq!(refusal, Some(expected), "{} {later}", variant.name);
        }
    }
}

/// The same credential in other words.
fn respelled(variant: &Variant, request: &Request) -> Vec<Request> {
    let credential = variant.credential(request);
    let signature = variant.signature(request);
    let mut all = Vec::new();
    if variant.is("mac") {
        let parameters = credential.trim_start_matches("MAC ");
        let mut reversed: Vec<_> = parameters.split(", ").collect();
        reversed.reverse();
        all.push(format!("MAC {}", reversed.join(", ")));
        all.push(format!("mac \t {}", parameters.replace(", ", ",")));
    }
    if variant.is("mac yar") || variant.is("moxie") {
        all.push(credential.replace(&signature, &signature.to_ascii_uppercase()));
    }
    if variant.is("hmac-auth") {
        all.push(credential.replace(&signature, &base64(variant.signature_bytes(request))));
    }
    if variant.is("auth-key") {
        let (word, rest) = credential.split_once(' ').expect("a word");
        all.push(format!("{}  {rest}", word.to_ascii_lowercase()));
    }
    let mut requests: Vec<_> = all
        .iter()
        .map(|credential| variant.with_credential(request, credential))
        .collect();
    let absolute = format!("http://api.example.org{}", request.target);
    requests.push(request.clone().target(&absolute));
    if variant.name == "moxie as documented" {
        requests.push(request.clone().set("x-hmac-nonce", "N"));
    }
    requests
}

#[test]
fn bad_96_a_replay_in_other_words_is_a_replay() {
    for variant in variants() {
        let request = signed(&variant, 0, "n");
        for respelled in respelled(&variant, &request) {
            let alone = Service::new([variant.key()]).verify(&*variant.scheme, &respelled);
            assert!(alone.is_ok(), "{}: {alone:?} {respelled:?}", variant.name);
            let service = Service::new([variant.key()]);
            assert!(service.verify(&*variant.scheme, &request).is_ok());
            let refusal = service.refusal(&*variant.scheme, &respelled);
            assert_eq!(
                refusal,
                Some(Reason::NonceReplayed),
                "{} {respelled:?}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_97_without_a_nonce_the_policy_decides_which_requests_are_remembered() {
    let cases = [
        (ReplayPolicy::UnsafeMethods, "GET", None),
        (ReplayPolicy::UnsafeMethods, "HEAD", None),
        (
            ReplayPolicy::UnsafeMethods,
            "POST",
            Some(Reason::NonceReplayed),
        ),
        (
            ReplayPolicy::UnsafeMethods,
            "DELETE",
            Some(Reason::NonceReplayed),
        ),
        (
            ReplayPolicy::UnsafeMethods,
            "get",
            Some(Reason::NonceReplayed),
        ),
        (
            ReplayPolicy::UnsafeMethods,
            "PURGE",
            Some(Reason::NonceReplayed),
        ),
        (ReplayPolicy::All, "GET", Some(Reason::NonceReplayed)),
        (ReplayPolicy::Off, "POST", None),
    ];
    for variant in variants() {
        for (replay, method, expected) in cases {
            let target = format!("{}/", variant.base_path);
            let request = Request::new(method, &target);
            let scheme = &*variant.scheme;
            let Ok(request) = request.try_sign(scheme, &variant.key(), NOW, None) else {
                continue; // the scheme needs a nonce
            };
            let policy = Policy {
                replay,
                ..Policy::default()
            };
            let service = Service::new([variant.key()]).policy(policy);
            assert_eq!(service.refusal(scheme, &request), None, "{}", variant.name);
            let again = service.refusal(scheme, &request);
            assert_eq!(again, expected, "{} {method}", variant.name);
        }
    }
}

#[test]
fn a_nonce_of_its_own_is_remembered_for_every_method() {
    for variant in variants().iter().filter(|variant| !variant.is("hmac-auth")) {
        let request = Request::new("GET", "/").signed(&*variant.scheme, &variant.key());
        let service = Service::new([variant.key()]);
        assert_eq!(service.refusal(&*variant.scheme, &request), None);
        let again = service.refusal(&*variant.scheme, &request);
        assert_eq!(again, Some(Reason::NonceReplayed), "{}", variant.name);
    }
}

#[test]
fn bad_99_a_nonce_stays_claimed_whatever_becomes_of_the_request() {
    for variant in variants() {
        let service = Service::new([variant.key()]);
        let request = signed(&variant, 0, "n");
        let verified = service
            .verify(&*variant.scheme, &request)
            .expect(variant.name);
        drop(verified); // the inner service failed, or the client went away
        let refusal = service.refusal(&*variant.scheme, &request);
        assert_eq!(refusal, Some(Reason::NonceReplayed), "{}", variant.name);
    }
}

#[test]
fn bad_100_a_body_that_does_not_match_claims_nothing() {
    for variant in variants().iter().filter(|variant| variant.covers_body()) {
        let service = Service::new([variant.key()]);
        let request = signed(variant, 0, "n");
        let tampered = request.clone().body("tampered");
        let refusal = service.refusal(&*variant.scheme, &tampered);
        assert_eq!(refusal, Some(Reason::DigestMismatch), "{}", variant.name);
        assert_eq!(service.replay.len(), 0);
        assert!(
            service.verify(&*variant.scheme, &request).is_ok(),
            "{}",
            variant.name
        );
    }
}

#[test]
fn bad_92_and_134_no_nonce_that_could_end_a_line_or_a_field_is_signed() {
    for variant in variants().iter().filter(|variant| !variant.is("hmac-auth")) {
        for nonce in [
            "",
            "a b",
            "a\r\nb",
            "a\nx-mac-role:admin",
            "a\0",
            "a\"b",
            "a:b",
            "\u{e9}",
        ] {
            let request = variant.plain_example();
            let result = request.try_sign(&*variant.scheme, &variant.key(), NOW, Some(nonce));
            assert!(result.is_err(), "{} {nonce:?}", variant.name);
        }
        let longest = "n".repeat(256);
        let request = variant.plain_example();
        let result = request.try_sign(&*variant.scheme, &variant.key(), NOW, Some(&longest));
        assert!(result.is_ok(), "{}", variant.name);
        let request = variant.plain_example();
        let longer = format!("{longest}n");
        let result = request.try_sign(&*variant.scheme, &variant.key(), NOW, Some(&longer));
        assert!(result.is_err(), "{}", variant.name);
    }
}
