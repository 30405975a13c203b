//! Targets and hosts that are nearly the ones that were signed.

use countersign_core::{Origin, Reason};
use http::Version;

use crate::common::{NOW, Request, Service, Variant, variants};

/// What a request signed for one target comes to when it arrives for another.
fn arriving(variant: &Variant, signed_for: &str, arrives_for: &str) -> Option<Reason> {
    let at = |path: &str| format!("{}{path}", variant.base_path);
    let request = Request::new("GET", &at(signed_for)).signed(&*variant.scheme, &variant.key());
    let request = request.target(&at(arrives_for));
    Service::new([variant.key()]).refusal(&*variant.scheme, &request)
}

/// Every one of the targets verifies as itself and as none of the others, save where one variant
/// folds the case.
fn assert_all_different(targets: &[&str]) {
    for variant in variants() {
        let folds = variant.name == "moxie as documented";
        for one in targets {
            for other in targets {
                let same = one == other || folds && one.eq_ignore_ascii_case(other);
                let found = arriving(&variant, one, other);
                let expected = (!same).then_some(Reason::InvalidCredentials);
                assert_eq!(found, expected, "{}: {one} {other}", variant.name);
            }
        }
    }
}

#[test]
fn bad_109_and_110_paths_are_not_normalised() {
    assert_all_different(&[
        "/a/b",
        "/a/b/",
        "/a//b",
        "//a/b",
        "/a/./b",
        "/z/../a/b",
        "/a/%2e/b",
        "/a/b/.",
        "/a/b/..",
        "/A/b",
    ]);
}

#[test]
fn bad_111_and_112_percent_escapes_are_not_decoded() {
    assert_all_different(&[
        "/a/b",
        "/a%2Fb",
        "/a%2fb",
        "/a%252Fb",
        "/%61/b",
        "/a/b%00",
        "/a\\b",
        "/a|b",
        "/a%7Cb",
        "/a;x=1",
        "/\u{fc}",
        "/%C3%BC",
        "/u\u{308}",
    ]);
}

#[test]
fn bad_115_to_118_queries_are_neither_sorted_nor_decoded() {
    assert_all_different(&[
        "/a",
        "/a?b=1&c=2",
        "/a?c=2&b=1",
        "/a?b=1",
        "/a?b=1&",
        "/a?&b=1",
        "/a?b=1&b=1",
        "/a?B=1",
        "/a?q=a+b",
        "/a?q=a%20b",
        "/a?q=a%2Bb",
    ]);
}

#[test]
fn bad_114_an_empty_query_is_not_the_same_as_none() {
    for variant in variants() {
        if variant.is("auth-key") {
            // It would sign the two alike, and so takes but one of them.
            assert_eq!(arriving(&variant, "/a", "/a?"), Some(Reason::InvalidTarget));
            continue;
        }
        for (one, other) in [
            ("/a", "/a?"),
            ("/a?", "/a"),
            ("/a?", "/a?&"),
            ("/a?", "/a??"),
        ] {
            let found = arriving(&variant, one, other);
            assert_eq!(
                found,
                Some(Reason::InvalidCredentials),
                "{}: {one} {other}",
                variant.name
            );
        }
        assert_eq!(arriving(&variant, "/a?", "/a?"), None, "{}", variant.name);
    }
}

#[test]
fn bad_121_the_other_forms_of_a_target_have_a_string_to_sign() {
    for variant in variants() {
        for (method, target, signed) in [
            ("OPTIONS", "*", "*"),
            ("CONNECT", "api.example.org:443", "/"),
        ] {
            let request = Request::new(method, target);
            let request = if method == "CONNECT" {
                request.set("host", target)
            } else {
                request
            };
            let result = request.try_sign(&*variant.scheme, &variant.key(), NOW, Some("n"));
            if !variant.base_path.is_empty() {
                assert!(result.is_err(), "{}", variant.name);
                continue;
            }
            let request = result.expect(variant.name);
            let text = request.canonical(&*variant.scheme).expect(variant.name);
            let text = String::from_utf8(text).expect("text");
            let written = text.lines().any(|line| line.ends_with(signed));
            assert!(written, "{}: {text}", variant.name);
            let result = Service::new([variant.key()]).verify(&*variant.scheme, &request);
            assert!(result.is_ok(), "{}: {result:?}", variant.name);
        }
    }
}

#[test]
fn bad_123_and_124_no_header_stands_in_for_the_target() {
    for variant in variants() {
        let at = |path: &str| format!("{}{path}", variant.base_path);
        let signed = Request::new("GET", &at("/a")).signed(&*variant.scheme, &variant.key());
        for name in [
            "x-original-uri",
            "x-original-url",
            "x-rewrite-url",
            "x-forwarded-uri",
        ] {
            let request = signed.clone().target(&at("/admin")).header(name, at("/a"));
            let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &request);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{} {name}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_125_no_header_stands_in_for_the_host() {
    for variant in variants().iter().filter(|variant| variant.covers_host()) {
        let signed = variant.example();
        for name in ["x-forwarded-host", "forwarded", "x-host", "x-original-host"] {
            let request = signed
                .clone()
                .set("host", "evil")
                .header(name, "api.example.org");
            let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &request);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{} {name}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_126_behind_a_proxy_the_public_base_url_is_what_was_signed() {
    let public = || Origin::public_base_url("https://api.example.org").expect("a URL");
    for variant in variants() {
        let client = variant.plain_example().origin(public());
        let received = client
            .signed(&*variant.scheme, &variant.key())
            .set("host", "10.0.0.1:8080");
        let service = Service::new([variant.key()]);
        let result = service.verify(&*variant.scheme, &received);
        assert!(result.is_ok(), "{}: {result:?}", variant.name);
        if variant.covers_host() {
            let unaware = received.origin(Origin::default());
            let refusal = service.refusal(&*variant.scheme, &unaware);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_127_and_132_a_scheme_that_signs_the_host_needs_one() {
    for variant in variants() {
        let without = variant.example().without("host");
        let service = Service::new([variant.key()]);
        let refusal = service.refusal(&*variant.scheme, &without);
        assert_eq!(refusal, Some(Reason::InvalidTarget), "{}", variant.name);

        let old = without.version(Version::HTTP_10);
        let refusal = service.refusal(&*variant.scheme, &old);
        let expected = variant.covers_host().then_some(Reason::InvalidTarget);
        assert_eq!(refusal, expected, "{}", variant.name);
    }
}

#[test]
fn bad_34_credentials_in_the_query_are_not_looked_at() {
    for variant in variants() {
        let credential = variant
            .credential(&variant.example())
            .replace([' ', '"'], "%20");
        let name = variant.scheme.credential_header();
        let target = format!("{}/?{name}={credential}", variant.base_path);
        let refusal =
            Service::new([variant.key()]).refusal(&*variant.scheme, &Request::new("GET", &target));
        assert_eq!(
            refusal,
            Some(Reason::MissingCredentials),
            "{}",
            variant.name
        );
    }
}
