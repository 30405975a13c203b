//! Basic, where the id of a key is its secret.

use countersign_core::{Basic, Cause, Challenge, Reason, Scheme, SchemeId, SigningKey};

use crate::common::{NOW, OTHER_SECRET, Request, SECRET, Service, base64, key, variants};
use crate::keys::cause;

#[test]
fn the_id_of_a_mac_key_does_not_pass_as_an_api_key() {
    let id = "b76066b21815448081645b9355a7dd93";
    let credential = format!("Basic {}", base64(format!("{id}:")));
    let request = Request::new("GET", "/").header("authorization", credential);
    for mac_key in [
        key(id, SECRET),
        key(id, SECRET).schemes([SchemeId::MAC]),
        // Pinned by mistake: its secret is still not its id.
        key(id, SECRET).schemes([SchemeId::MAC, SchemeId::BASIC]),
    ] {
        let result = Service::new([mac_key]).verify(&Basic, &request);
        assert_eq!(
            result.expect_err("refused").reason(),
            Reason::InvalidCredentials
        );
    }
}

#[test]
fn an_api_key_does_not_sign() {
    for variant in variants() {
        // The holder of an api_key knows its secret, and so could sign with it.
        let signs = variant.key_of(SECRET, SECRET);
        let request = variant.plain_example().signed(&*variant.scheme, &signs);
        let api_key = Basic::key(SECRET, "dave".to_owned()).expect("a key");
        let result =
            Service::new([api_key.algorithm(variant.algorithm)]).verify(&*variant.scheme, &request);
        assert_eq!(
            cause(result),
            Some(Cause::SchemeNotAllowed),
            "{}",
            variant.name
        );
    }
}

#[test]
fn bad_35_basic_says_the_same_of_an_unknown_and_an_unusable_api_key() {
    let api_key = || Basic::key(SECRET, "dave".to_owned()).expect("a key");
    let request = Request::new("GET", "/").signed(&Basic, &api_key());
    let said = |keys: Vec<SigningKey>| {
        let refusal = Service::new(keys)
            .verify(&Basic, &request)
            .expect_err("refused");
        (
            refusal.to_string(),
            Basic.challenge("realm", Some(&refusal)),
        )
    };
    let unknown = said(vec![]);
    assert_eq!(
        unknown.1,
        Challenge::new("Basic")
            .param("realm", "realm")
            .param("error", "invalid_credentials")
            .finish()
    );
    for unusable in [
        api_key().not_after(NOW.plus(-1)),
        api_key().not_before(NOW.plus(1)),
        api_key().schemes([SchemeId::MAC]),
        key(SECRET, OTHER_SECRET).schemes([SchemeId::BASIC]),
        key(SECRET, SECRET),
    ] {
        assert_eq!(said(vec![unusable]), unknown);
    }
}
