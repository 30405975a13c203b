//! What the schemes do not cover, as their documents have it and ours say. These tests pin known
//! weaknesses: one that fails means that a scheme covers more than its specification says.

use countersign_core::{BodyPolicy, Policy, Reason};
use proptest::prelude::*;

use crate::common::{Request, SECRET, Service, Variant, variants};
use crate::ingredients::{Ingredients, full_request};

fn accepted(from: &Ingredients, variant: &Variant, changed: &Request) -> Result<(), TestCaseError> {
    let result = from.service(variant).verify(&*variant.scheme, changed);
    prop_assert!(
        result.is_ok(),
        "{}: {:?} {:?}",
        variant.name,
        result,
        changed
    );
    Ok(())
}

proptest! {
    #[test]
    fn bad_53_the_key_id_is_not_covered_so_that_no_two_ids_may_share_a_secret(
        request in full_request(),
    ) {
        for variant in variants() {
            let changed = variant.with_key_id(&request.signed(&variant), "another-id");
            let keys = [variant.key(), variant.key_of("another-id", SECRET)];
            let verified = Service::new(keys).at(request.at).verify(&*variant.scheme, &changed);
            let verified = verified.expect(variant.name);
            prop_assert_eq!(verified.key_id(), "another-id");
        }
    }

    #[test]
    fn bad_98_auth_key_and_hmac_auth_do_not_cover_the_host(request in full_request()) {
        for variant in variants().iter().filter(|variant| !variant.covers_host()) {
            let changed = request.signed(variant).set("host", "another.example.org:99");
            accepted(&request, variant, &changed)?;
        }
    }

    #[test]
    fn bad_167_moxie_and_the_draft_do_not_cover_the_body(
        request in full_request(),
        body in "[a-z]{0,20}",
    ) {
        for variant in variants().iter().filter(|variant| !variant.covers_body()) {
            let changed = request.signed(variant).body(&body);
            accepted(&request, variant, &changed)?;

            let strict = Policy { body: BodyPolicy::RequireEverywhere, ..Policy::default() };
            let service = request.service(variant).policy(strict);
            let refusal = service.refusal(&*variant.scheme, &changed);
            prop_assert_eq!(refusal, (!body.is_empty()).then_some(Reason::MissingDigest));
        }
    }

    #[test]
    fn the_content_type_is_not_covered_save_by_yars_ext(request in full_request()) {
        for variant in variants().iter().filter(|variant| !variant.is("mac yar")) {
            let changed = request.signed(variant).set("content-type", "text/html");
            accepted(&request, variant, &changed)?;
            accepted(&request, variant, &request.signed(variant).without("content-type"))?;
        }
    }

    #[test]
    fn headers_that_no_scheme_names_are_not_covered(request in full_request()) {
        for variant in variants() {
            let changed = request.signed(&variant)
                .header("x-original-uri", "/elsewhere")
                .header("x-forwarded-host", "evil.example.org")
                .header("x-forwarded-proto", "https")
                .header("x-date", "Thu, 01 Jan 1970 00:00:00 GMT");
            accepted(&request, &variant, &changed)?;
        }
    }

    #[test]
    fn the_date_header_is_not_covered_by_auth_key(request in full_request()) {
        for variant in variants().iter().filter(|variant| variant.is("auth-key")) {
            let later = request.at.plus(1).to_string();
            accepted(&request, variant, &request.signed(variant).set("date", later))?;
            accepted(&request, variant, &request.signed(variant).set("date", "whatever"))?;
        }
    }
}
