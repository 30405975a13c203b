//! The claim parser of each scheme, and what comes of a claim that can be read.

use countersign::{
    Algorithm, AuthKey, Basic, Canonical, Claim, Dialect, Head, HmacAuth, KeyId, MAX_NONCE_LEN,
    Mac, Moxie, MoxieCanonical, Origin, Policy, Refusal, Scheme, SchemeId, SigningKey, StaticKeys,
    Timestamp,
};
use futures_util::FutureExt as _;
use http::Version;

use crate::challenge;
use crate::written::Written;

/// Auth-Key in every dialect, and under other names.
pub fn claim_auth_key(input: &[u8]) {
    let renamed = AuthKey::default()
        .header("X-Acme-Auth")
        .and_then(|scheme| scheme.scheme_word("ACME"))
        .and_then(|scheme| scheme.identifier("acme"))
        .expect("names");
    claims(
        input,
        &[
            &AuthKey::default(),
            &AuthKey::dialect(Dialect::V1),
            &AuthKey::dialect(Dialect::V2),
            &AuthKey::dialect(Dialect::V3),
            &AuthKey::default().numeric_zone(),
            &renamed,
        ],
    );
}

/// HMAC-Auth with both hash functions, and below a path.
pub fn claim_hmac_auth(input: &[u8]) {
    let below = HmacAuth::sha256()
        .header("NCSU-MAC")
        .and_then(|scheme| scheme.base_path("/pager"))
        .expect("a header and a path");
    claims(input, &[&HmacAuth::sha1(), &HmacAuth::sha256(), &below]);
}

/// Moxie in both readings of its page.
pub fn claim_moxie(input: &[u8]) {
    let documented = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
    claims(
        input,
        &[
            &Moxie::default(),
            &documented,
            &Moxie::default().lenient_dates(),
        ],
    );
}

/// MAC in both profiles.
pub fn claim_mac(input: &[u8]) {
    claims(
        input,
        &[&Mac::yar(), &Mac::draft(), &Mac::yar().default_port(8443)],
    );
}

/// Basic.
pub fn claim_basic(input: &[u8]) {
    claims(input, &[&Basic]);
}

fn claims(input: &[u8], schemes: &[&dyn Scheme]) {
    let Some(request) = Written::read(input) else {
        return;
    };
    let origin = Origin::default();
    let head = Head::new(
        &request.method,
        &request.target,
        Version::HTTP_11,
        &request.headers,
        &origin,
    );
    let Ok(head) = head else {
        return;
    };
    for scheme in schemes {
        match scheme.claim(&head) {
            None => {}
            Some(Err(refusal)) => refused(*scheme, &refusal),
            Some(Ok(claim)) => claimed(*scheme, &request, &head, &claim),
        }
    }
}

/// Whatever was wrong, the answer can be written.
fn refused(scheme: &dyn Scheme, refusal: &Refusal) {
    let value = scheme.challenge("api", Some(refusal));
    let (word, parameters) = challenge::read(value.as_bytes()).expect("a challenge");
    assert!(!word.is_empty());
    assert!(
        parameters.contains(&("realm".to_owned(), "api".to_owned())),
        "{value:?}"
    );
}

fn claimed(scheme: &dyn Scheme, request: &Written, head: &Head<'_>, claim: &Claim<'_>) {
    let id = claim.key_id();
    assert!((1..=KeyId::MAX_LEN).contains(&id.as_str().len()));
    if let Some(nonce) = claim.claimed_nonce() {
        assert!((1..=MAX_NONCE_LEN).contains(&nonce.as_bytes().len()));
    }

    let text = || Canonical::collect(|text| scheme.canonical(head, claim, text));
    let written = text();
    // The scheme of the URL, a default port and line feeds are all that is added.
    assert!(written.len() <= request.head_len() + 100, "{written:?}");
    assert_eq!(written, text(), "the text is always the same");

    for algorithm in [Algorithm::Sha1, Algorithm::Sha256] {
        let key = SigningKey::new(id.as_str(), UNUSED_SECRET, "nobody");
        let key = key.expect("an id that was claimed can be a key's");
        let key = key.algorithm(algorithm).schemes(SchemeId::ALL);
        let now = claim.time().unwrap_or(Timestamp::from_unix(0));
        // The unsigned date of Auth-Key may still contradict the signed one.
        let Ok(fresh) = claim.fresh(&Policy::default(), now) else {
            return;
        };
        let keys = StaticKeys::new([key]);
        let verified = fresh.verify(scheme, head, &keys).now_or_never();
        let refusal = verified
            .expect("keys in memory are there at once")
            .expect_err("nobody has signed with this secret");
        refused(scheme, &refusal);
    }
}

/// In a form that every scheme can use.
const UNUSED_SECRET: &str = "bm9ib2R5LXNpZ25zLWFueXRoaW5nLXdpdGgtdGhpcyE";
