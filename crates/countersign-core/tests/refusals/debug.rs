//! No `Debug` shows a secret or a signature.

use std::sync::Mutex;

use countersign_core::{
    Basic, Claim, DeclaredLength, FirstUse, KeySet, ManualClock, NonceKey, NonceLife, Policy,
    ReplayCache, ReplayError, Scheme, SigningKey, StoreId,
};

use crate::common::{
    NOW, OTHER_SECRET, Request, SECRET, Service, Variant, base64, hex, ready, variants,
};

/// Every way in which bytes might be shown.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let decimal: Vec<_> = bytes.iter().take(8).map(u8::to_string).collect();
    let mut all = vec![
        hex(bytes),
        hex(bytes).to_uppercase(),
        base64(bytes),
        decimal.join(","),
    ];
    all.extend(std::str::from_utf8(bytes).ok().map(str::to_owned));
    all
}

fn assert_hidden(shown: &str, secrets: &[&[u8]]) {
    let shown: String = shown.split_whitespace().collect();
    for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
        let spelling = spelling.trim_end_matches('=');
        assert!(!shown.contains(spelling), "{spelling} in {shown}");
    }
}

/// The `Debug` of all that comes of the request on its way, plain and pretty.
fn shown_on_the_way(
    scheme: &dyn Scheme,
    key: impl Fn() -> SigningKey,
    request: &Request,
) -> String {
    let mut shown = String::new();
    macro_rules! show {
        ($value:expr) => {
            shown.push_str(&format!("{:?} {:#?} ", $value, $value))
        };
    }
    let head = request.head().expect("a head");
    let policy = Policy {
        window: scheme.default_window(),
        ..Policy::default()
    };
    let claim: Claim<'_> = scheme.claim(&head).expect("claimed").expect("well formed");
    show!(claim);
    let fresh = claim.fresh(&policy, NOW).expect("fresh");
    show!(fresh);
    let service = Service::new([key()]);
    let authenticated = ready(fresh.verify(scheme, &head, &service.keys)).expect("authenticated");
    show!(authenticated);
    let length = DeclaredLength::Exact(request.body.len() as u64);
    let mut body = authenticated
        .body_verifier(length, 1024)
        .expect("a verifier");
    body.update(&request.body).expect("read");
    show!(body);
    let checked = authenticated.checked(body).expect("checked");
    show!(checked);
    let verified = service
        .accept(checked, request, NOW, None)
        .expect("accepted");
    show!(verified);
    show!(verified.claimed_nonce());
    show!(key());
    show!(key().secret());
    show!(KeySet::from(key()));
    shown
}

/// The secret as text, and as the bytes that MAC's yar profile reads in it.
fn secrets(variant: &Variant, request: &Request) -> Vec<Vec<u8>> {
    let mut all = vec![SECRET.as_bytes().to_vec(), variant.signature_bytes(request)];
    all.push(variant.signature(request).into_bytes());
    all
}

#[test]
fn bad_57_nothing_on_the_way_shows_a_secret_or_a_signature() {
    for variant in variants() {
        let request = variant.example();
        let shown = shown_on_the_way(&*variant.scheme, || variant.key(), &request);
        assert!(shown.contains("example-id"), "{}: {shown}", variant.name);
        let secrets = secrets(&variant, &request);
        let secrets: Vec<_> = secrets.iter().map(Vec::as_slice).collect();
        assert_hidden(&shown, &secrets);
    }
}

#[test]
fn bad_56_no_refusal_shows_a_secret_or_a_signature() {
    for variant in variants() {
        let request = variant.example();
        let service = Service::new([variant.key_of("example-id", OTHER_SECRET)]);
        let refusal = service
            .verify(&*variant.scheme, &request)
            .expect_err("refused");
        let challenge = variant.scheme.challenge("realm", Some(&refusal));
        let shown = format!("{refusal:?} {refusal:#?} {refusal} {challenge:?}");
        // What the key would have given must not be told either.
        let other = variant.key_of("example-id", OTHER_SECRET);
        let expected = variant.plain_example().signed(&*variant.scheme, &other);
        let expected = variant.signature_bytes(&expected);
        let mut secrets = secrets(&variant, &request);
        secrets.extend([expected, OTHER_SECRET.as_bytes().to_vec()]);
        let secrets: Vec<_> = secrets.iter().map(Vec::as_slice).collect();
        assert_hidden(&shown, &secrets);
    }
}

/// Under Basic the id *is* the secret.
#[test]
fn bad_57_nothing_on_the_way_shows_an_api_key() {
    let api_key = "5f4149f8057a4903af1805e74c2e1d20";
    let key = || Basic::key(api_key, "dave@example.com".to_owned()).expect("a key");
    let request = Request::new("GET", "/").signed(&Basic, &key());
    assert_hidden(
        &shown_on_the_way(&Basic, key, &request),
        &[api_key.as_bytes()],
    );
}

#[test]
fn bad_57_an_api_key_that_is_too_short_is_not_shown_by_the_error() {
    let error = Basic::key("hunter2-hunter2", "dave").expect_err("too short");
    assert_hidden(&format!("{error} {error:?}"), &[b"hunter2-hunter2"]);
}

#[test]
fn bad_57_an_api_key_that_cannot_be_an_id_is_not_shown_by_the_error() {
    let unusable = "hunter2\u{e9}hunter2hunter2";
    let error = Basic::key(unusable, "dave").expect_err("no id");
    assert_hidden(&format!("{error} {error:?}"), &[b"hunter2hunter2"]);
}

/// Remembers how the nonces it was given show themselves.
#[derive(Debug, Default)]
struct Listening(Mutex<String>);

impl ReplayCache for Listening {
    async fn claim(&self, nonce: NonceKey<'_>, life: NonceLife) -> Result<FirstUse, ReplayError> {
        let shown = format!("{nonce:?} {nonce:#?} {life:?}");
        self.0.lock().expect("not poisoned").push_str(&shown);
        Ok(FirstUse::recorded())
    }

    fn store_id(&self) -> StoreId {
        StoreId::named("listening")
    }
}

#[test]
fn bad_57_a_signature_that_stands_in_for_a_nonce_is_not_shown() {
    for variant in variants() {
        let key = variant.key();
        let request = variant.plain_example();
        let Ok(request) = request.try_sign(&*variant.scheme, &key, NOW, None) else {
            continue; // the scheme needs a nonce
        };
        let service = Service::new([key]);
        let scheme = &*variant.scheme;
        let claim = request.claim(scheme).expect("claimed").expect("read");
        let checked = service.check(scheme, &request, &claim);
        let checked = checked.expect("checked");
        let listening = Listening::default();
        let clock = ManualClock::new(NOW);
        ready(checked.accept(&request.method, &listening, &clock, &[])).expect("accepted");
        let shown = listening.0.into_inner().expect("not poisoned");
        assert!(shown.contains("example-id"));
        assert_hidden(&shown, &[&variant.signature_bytes(&request)]);
    }
}
