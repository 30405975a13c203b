//! What is signed verifies.

use countersign_core::{Basic, Reason, SigningKey};
use http::{HeaderMap, Uri, Version};
use proptest::prelude::*;

use crate::common::{NOW, Request, Service, key, variants};
use crate::ingredients::any_request;

proptest! {
    #[test]
    fn every_signed_request_verifies_once(request in any_request()) {
        for variant in variants() {
            // Auth-Key writes no query and an empty one alike, so that it signs only the former.
            let signed = request.try_sign(&variant);
            if variant.is("auth-key") && request.query.as_deref() == Some("") {
                prop_assert!(signed.is_err());
                continue;
            }
            let signed = signed.expect(variant.name);
            let service = request.service(&variant);
            let verified = service.verify(&*variant.scheme, &signed);
            prop_assert!(verified.is_ok(), "{}: {:?}", variant.name, verified);
            let verified = verified.expect("just checked");
            prop_assert_eq!(verified.key_id(), "example-id");
            prop_assert_eq!(verified.principal(), "dave@example.com");
            prop_assert_eq!(verified.scheme(), variant.scheme.id());
            prop_assert_eq!(verified.signed_at(), Some(request.at));

            let remembered = !variant.is("hmac-auth") || !signed.method.is_safe();
            let again = service.refusal(&*variant.scheme, &signed);
            prop_assert_eq!(again, remembered.then_some(Reason::NonceReplayed), "{}", variant.name);
        }
    }

    #[test]
    fn signing_is_repeatable_and_replaces_what_it_wrote_before(request in any_request()) {
        prop_assume!(request.query.as_deref() != Some(""));
        for variant in variants() {
            let once = request.try_sign(&variant).expect(variant.name);
            let twice = once.clone().try_sign(
                &*variant.scheme,
                &variant.key(),
                request.at,
                Some(&request.nonce),
            );
            prop_assert_eq!(&once.headers, &twice.expect(variant.name).headers);
        }
    }

    #[test]
    fn an_absolute_target_verifies_in_either_form(request in any_request()) {
        prop_assume!(request.query.as_deref() != Some(""));
        for variant in variants() {
            let absolute = format!("http://{}{}", request.host, request.target(&variant));
            let Ok(absolute) = absolute.parse::<Uri>() else { continue };
            let mut sent = request.unsigned(&variant);
            sent.target = absolute;
            sent.headers.remove("host");
            let scheme = &*variant.scheme;
            let sent = sent.try_sign(scheme, &variant.key(), request.at, Some(&request.nonce));
            let sent = sent.expect(variant.name);

            // HTTP/2 keeps the authority in the target; HTTP/1.1 moves it to Host.
            let mut h2 = sent.clone();
            h2.version = Version::HTTP_2;
            let h1 = sent.clone().target(&request.target(&variant)).set("host", &request.host);
            for received in [h1, h2] {
                let result = request.service(&variant).verify(&*variant.scheme, &received);
                prop_assert!(result.is_ok(), "bad_133 {}: {:?}", variant.name, result);
            }
        }
    }

    #[test]
    fn a_request_that_cannot_be_signed_is_left_as_it_was(
        request in any_request(),
        nonce in "[!-~]{0,3}[ \":\\\\\u{e9}][!-~]{0,3}",
    ) {
        for variant in variants().into_iter().filter(|variant| !variant.is("hmac-auth")) {
            let mut headers: HeaderMap = request.unsigned(&variant).headers;
            let before = headers.clone();
            let (method, target) = (http::Method::GET, Uri::from_static("/"));
            let result = countersign_core::ToSign::new(&method, &target, request.at)
                .nonce(&nonce)
                .sign(&*variant.scheme, &variant.key(), &mut headers);
            // A blank at the end is no part of a header, and one nonce in one scheme is spared.
            if result.is_err() {
                prop_assert_eq!(headers, before, "{}", variant.name);
            } else {
                let trimmed = nonce.trim_matches(' ') != nonce;
                prop_assert!(trimmed, "{} {nonce:?}", variant.name);
            }
        }
    }

    #[test]
    fn every_api_key_verifies_under_basic(api_key in "[!-9;-~]{16,256}") {
        let key = || -> SigningKey { Basic::key(&api_key, "bob".to_owned()).expect("a key") };
        let signed = Request::new("GET", "/").signed(&Basic, &key());
        let service = Service::new([key(), key_of_another()]);
        let verified = service.verify(&Basic, &signed).expect("accepted");
        prop_assert_eq!(verified.principal(), "bob");
    }
}

fn key_of_another() -> SigningKey {
    key("another-id", "another secret of enough bytes")
}

/// On the wire the blanks are gone, so that they must not be signed.
#[test]
fn blanks_around_a_header_value_are_not_signed() {
    for variant in variants() {
        for header in ["content-type", "host", "x-mac-role", "x-acme-role"] {
            let value = if header == "host" {
                "api.example.org"
            } else {
                "text/plain"
            };
            let request = Request::new("POST", &format!("{}/", variant.base_path)).body("hello");
            let blanks = request.clone().set(header, format!(" {value}\t"));
            let signed = blanks.try_sign(&*variant.scheme, &variant.key(), NOW, Some("n"));
            // Refusing to sign is fine too.
            let Ok(signed) = signed else { continue };
            let result =
                Service::new([variant.key()]).verify(&*variant.scheme, &signed.set(header, value));
            assert!(result.is_ok(), "{} {header}: {result:?}", variant.name);
        }
    }
}
