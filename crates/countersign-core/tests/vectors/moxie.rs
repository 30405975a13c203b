//! Moxie: what its test suite and its page print.

use countersign_core::{
    AlgorithmChoice, Canonical, Claim, Derivation, KeyId, Moxie, MoxieCanonical, Nonce, NonceCase,
    Proof, Scheme, SchemeId, Signature, Timestamp,
};
use serde::Deserialize;

use crate::common::{Request, Service, hex, hmac_sha1, key};
use crate::tally::{File, Tally, verdict};

#[derive(Debug, Deserialize)]
struct Vector {
    name: String,
    secret: String,
    canonical: String,
    authorization: String,
    authorization_if_everything_lowercased: Option<String>,
}

/// In place of dates that are none.
pub(crate) const VALID_DATE: &str = "Fri, 15 Nov 2013 06:25:24 GMT";

pub(crate) fn valid_time() -> Timestamp {
    Timestamp::parse_imf_fixdate(VALID_DATE).expect("a date")
}

/// Taken apart again: the parts of a canonical text.
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) date: &'a str,
    pub(crate) nonce: &'a str,
}

pub(crate) fn parts(canonical: &str) -> Parts<'_> {
    let lines: Vec<_> = canonical.split('\n').collect();
    let [method, url, date, nonce] = lines[..] else {
        panic!("{canonical}");
    };
    Parts {
        method,
        url,
        date: date.strip_prefix("date:").expect("a date"),
        nonce: nonce.strip_prefix("x-hmac-nonce:").expect("a nonce"),
    }
}

/// What we sign for `request`, whether or not we would accept its date and nonce.
pub(crate) fn canonical_of(request: &Request, date: &str, nonce: &str) -> String {
    let proof = Proof::Signature {
        signature: Signature::Sha1([0; 20]),
        derivation: Derivation::Raw,
        algorithm: AlgorithmChoice::Scheme,
    };
    let key_id = KeyId::parse(b"myapikey").expect("an id");
    let claim = Claim::new(SchemeId::MOXIE, key_id, proof)
        .signed_at(valid_time(), date.as_bytes())
        .nonce(Nonce::parse(nonce.as_bytes(), NonceCase::Exact));
    let head = request.head().expect("a head");
    let text = Canonical::collect(|text| Moxie::default().canonical(&head, &claim, text));
    String::from_utf8(text).expect("text")
}

pub(crate) fn run(tally: &mut Tally) {
    for entry in File::Moxie.section::<Vector>("vectors") {
        let name = tally.entry(File::Moxie, "vectors", &entry.name);
        let independent = hex(hmac_sha1(&entry.secret, &entry.canonical));
        assert_eq!(independent, entry.authorization, "{name}");

        let Parts {
            method,
            url,
            date,
            nonce,
        } = parts(&entry.canonical);
        let (_, rest) = url.split_once("://").expect("an absolute URL");
        let (host, _) = rest.split_once('/').expect("a path");
        let request = Request::new(method, rest.strip_prefix(host).expect("a path"))
            .set("host", host)
            .header("date", date)
            .header("x-hmac-nonce", nonce)
            .header("x-moxie-key", "k")
            .header("authorization", &entry.authorization);
        assert_eq!(
            canonical_of(&request, date, nonce),
            entry.canonical,
            "{name}"
        );

        let strict = Moxie::default();
        let lenient = Moxie::default().lenient_dates();
        let at = request
            .claim(&lenient)
            .expect("claimed")
            .ok()
            .and_then(|claim| claim.time());
        let service = || {
            let at = at.unwrap_or_else(valid_time);
            Service::new([key("k", &entry.secret)]).at(at)
        };
        // None of the three dates is one; two are what the switch is for.
        assert_eq!(
            verdict(&service().verify(&strict, &request)),
            "invalid_timestamp"
        );
        let ours = verdict(&service().verify(&lenient, &request));
        let agree = (ours == "accepted").into();
        tally.compare((File::Moxie, &name), "as recorded", "200", ours, agree);

        if let Some(lowercased) = &entry.authorization_if_everything_lowercased {
            let documented = lenient.canonical_form(MoxieCanonical::AsDocumented);
            let request = request.set("authorization", lowercased);
            assert_eq!(
                verdict(&service().verify(&documented, &request)),
                "accepted"
            );
            assert_eq!(
                verdict(&service().verify(&lenient, &request)),
                "invalid_credentials"
            );
        }
    }
}

#[test]
fn the_printed_digests_are_made_and_verified() {
    run(&mut Tally::default());
}
