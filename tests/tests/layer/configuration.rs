//! Settings that cannot be used, which are found out before the first request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use countersign::{
    AuthKey, Basic, ConfigError, Dialect, DigestStrength, HmacAuth, KeySet, Mac, MokaReplayCache,
    Moxie, MoxieCanonical, Origin, SchemeId, SigningKey, StaticKeys, Strength, VerifyLayer, Window,
};
use countersign_tests::{Bench, Case, Echo, NOW, SECRETS};
use tower::Layer;

fn keys() -> StaticKeys {
    StaticKeys::new([SigningKey::new("example-id", SECRETS[0], "dave").unwrap()])
}

fn wiki() -> VerifyLayer<StaticKeys> {
    VerifyLayer::any([AuthKey::default().into()], keys())
}

/// Layers that cannot be built, and what is said about each: the setting, and the fix.
fn unusable() -> Vec<(VerifyLayer<StaticKeys>, &'static str, &'static str)> {
    let auth_key = |dialect| AuthKey::dialect(dialect).into();
    let documented = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
    let sha1 = || VerifyLayer::any([HmacAuth::sha1().into()], keys());
    vec![
        (
            VerifyLayer::any([], keys()),
            "schemes",
            "at least one scheme",
        ),
        (
            VerifyLayer::any([auth_key(Dialect::V1), auth_key(Dialect::V2)], keys()),
            "auth-key-v1 and auth-key-v2",
            "keep one",
        ),
        (
            VerifyLayer::any([auth_key(Dialect::Wiki), auth_key(Dialect::Wiki)], keys()),
            "auth-key and auth-key",
            "keep one",
        ),
        (
            VerifyLayer::any([Moxie::default().into(), documented.into()], keys()),
            "moxie and moxie",
            "keep one",
        ),
        (
            sha1().require_nonce(),
            "require_nonce with the scheme hmac-auth",
            "leave one of the two out",
        ),
        (
            wiki().strip_header(http::HeaderName::from_static("auth-key")),
            "strip_header",
            "strip another header",
        ),
        (
            wiki()
                .sunset(SchemeId::AUTH_KEY, NOW)
                .sunset(SchemeId::AUTH_KEY, NOW.plus(1)),
            "sunset",
            "one last day",
        ),
        (
            sha1().min_strength(Strength::Sha256),
            "min_strength",
            "HmacAuth::sha256()",
        ),
        (
            VerifyLayer::any([Moxie::default().into()], keys()).min_strength(Strength::Sha256),
            "moxie",
            "lower min_strength",
        ),
        (
            VerifyLayer::any([Basic.into()], keys()).min_strength(Strength::Sha1),
            "basic",
            "lower min_strength",
        ),
        (
            sha1().min_digest(DigestStrength::Sha256),
            "min_digest",
            "use Auth-Key",
        ),
        (
            VerifyLayer::any([Mac::yar().into()], keys()).min_digest(DigestStrength::Sha256),
            "min_digest",
            "lower min_digest",
        ),
        (
            wiki().sunset(SchemeId::MOXIE, NOW),
            "sunset",
            "a scheme of this layer: auth-key",
        ),
        (
            wiki().body_deadline(Duration::ZERO),
            "body_deadline",
            "without_body_deadline()",
        ),
    ]
}

#[test]
fn bad_78_and_194_an_unusable_layer_is_refused_by_check_and_when_it_is_put_around_a_service() {
    for (layer, setting, fix) in unusable() {
        let error = layer.check().expect_err(setting).to_string();
        assert!(
            error.contains(setting) && error.contains(fix),
            "{setting}: {error}"
        );
        let building = catch_unwind(AssertUnwindSafe(|| layer.layer(Echo::default())));
        let panicked = building.expect_err(setting);
        let message = panicked.downcast_ref::<String>().expect("a message");
        assert_eq!(message, &format!("VerifyLayer: {error}"));
    }
}

#[test]
fn bad_39_58_and_78_values_that_make_no_sense_are_refused_where_they_are_given() {
    let second = Duration::from_secs(1);
    let day = Duration::from_secs(86_400);
    let replay = MokaReplayCache::builder;
    let one_id = |n: u32| SigningKey::new("id", format!("{n:0>16}"), "dave").unwrap();
    let same_secret = ["a", "b"].map(|id| SigningKey::new(id, SECRETS[0], "dave").unwrap());
    let refused: Vec<(Option<ConfigError>, &str, &str)> = vec![
        (
            Window::new(Duration::ZERO, second).err(),
            "window past",
            "at least 1s",
        ),
        (
            Window::new(day + second, second).err(),
            "window past",
            "at most 24h",
        ),
        (
            Window::new(second, day + second).err(),
            "window future",
            "at most 24h",
        ),
        (
            Window::new(second / 2, second).err(),
            "window past",
            "whole seconds",
        ),
        (
            Origin::public_base_url("api.example.org").err(),
            "public_base_url",
            "https://",
        ),
        (
            wiki().public_base_url("https://x/api").err(),
            "public_base_url",
            "KeepTarget",
        ),
        (
            HmacAuth::sha1().base_path("api/").err(),
            "base_path",
            "/pager",
        ),
        (HmacAuth::sha1().header("a b").err(), "header", "NCSU-MAC"),
        (
            AuthKey::default().identifier("").err(),
            "identifier",
            "letters",
        ),
        (
            AuthKey::default().scheme_word("a b").err(),
            "scheme word",
            "letters",
        ),
        (replay().capacity(0).build().err(), "capacity", "at least 1"),
        (replay().per_key(0).build().err(), "per_key", "the capacity"),
        (
            SigningKey::new("id", "", "dave").err(),
            "secret of key",
            "16 random bytes",
        ),
        (
            SigningKey::new("id", "too short", "dave").err(),
            "secret of key",
            "with_short_secret",
        ),
        (
            SigningKey::new("a b", SECRETS[0], "dave").err(),
            "key id",
            "visible ASCII",
        ),
        (
            StaticKeys::<String>::try_new([]).err(),
            "keys",
            "StaticKeys::empty()",
        ),
        (StaticKeys::try_new(same_secret).err(), "", ""),
        (
            StaticKeys::try_new((0..5).map(one_id)).err(),
            "id",
            "at most 4",
        ),
        (
            KeySet::<String>::new([]).err(),
            "key set",
            "at least one key",
        ),
    ];
    for (error, setting, fix) in refused {
        let error = error.expect(setting).to_string();
        assert!(
            error.contains(setting) && error.contains(fix),
            "{setting}: {error}"
        );
        for secret in SECRETS.into_iter().chain(["too short"]) {
            assert!(!error.contains(secret), "{error}");
        }
    }
}

#[test]
fn every_scheme_can_be_built_alone_and_most_of_them_together() {
    for case in Case::all() {
        let bench = Bench::new();
        bench.layer(&case).check().unwrap();
        drop(bench.layer(&case).layer(Echo::default()));
    }
    let together = [
        "auth-key wiki",
        "auth-key v1",
        "auth-key v3",
        "hmac-auth sha1",
        "hmac-auth sha256",
        "moxie as built",
        "mac yar sha1",
        "mac draft sha1",
        "basic",
    ];
    let cases = together.map(Case::named);
    Bench::new().any(&cases).check().unwrap();
}

#[test]
fn a_setting_after_a_clone_is_a_setting_of_the_clone_alone() {
    let layer = wiki();
    let broken = layer.clone().body_deadline(Duration::ZERO);
    assert!(broken.check().is_err());
    layer.check().unwrap();
    drop(layer.layer(Echo::default()));
    assert!(layer.clone().min_strength(Strength::Sha256).check().is_ok());
}
