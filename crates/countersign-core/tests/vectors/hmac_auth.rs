//! HMAC-Auth: the document's examples, those of them nobody can reproduce, and its challenges.

use countersign_core::{HmacAuth, Reason, Refusal, Scheme, SigningKey, Timestamp};
use serde::Deserialize;

use crate::common::{Request, Service, base64, base64_decoded, hmac_sha1, hmac_sha256, key, md5};
use crate::tally::{File, Tally, verdict};

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    provenance: String,
    algorithm: String,
    key_id: String,
    key_data: String,
    method: String,
    path: String,
    date: String,
    content: Option<String>,
    content_md5: String,
    string_to_sign: Option<String>,
    signature: Option<String>,
    signature_padded: Option<String>,
    printed_signature: Option<String>,
}

impl Entry {
    /// Under the header of the first document and under that of its later revisions.
    fn schemes(&self) -> [HmacAuth; 2] {
        let scheme = || match self.algorithm.as_str() {
            "hmac-sha1" => HmacAuth::sha1(),
            "hmac-sha256" => HmacAuth::sha256(),
            other => panic!("{other}"),
        };
        [scheme(), scheme().header("NCSU-MAC").expect("a header")]
    }

    fn key(&self) -> SigningKey {
        key(&self.key_id, &self.key_data)
    }

    fn at(&self) -> Timestamp {
        Timestamp::parse_imf_fixdate(&self.date).expect("a date")
    }

    fn unsigned(&self) -> Request {
        let request = Request::new(&self.method, &self.path);
        request.body(self.content.clone().unwrap_or_default())
    }

    /// The signature that our client makes.
    fn made(&self, scheme: &HmacAuth) -> String {
        let signed = self
            .unsigned()
            .try_sign(scheme, &self.key(), self.at(), None);
        let credential = signed
            .expect("signed")
            .value(scheme.credential_header().as_str());
        let (id, signature) = credential.split_once(':').expect("a colon");
        assert_eq!(id, self.key_id, "{}", self.name);
        signature.to_owned()
    }

    /// What a request with this signature comes to.
    fn verdict(&self, scheme: &HmacAuth, signature: &str) -> &'static str {
        let credential = format!("{}:{signature}", self.key_id);
        let mut request = self
            .unsigned()
            .header("date", &self.date)
            .header(scheme.credential_header().as_str(), credential);
        if !self.content_md5.is_empty() {
            request = request.header("content-md5", &self.content_md5);
        }
        let text = request.canonical(scheme).expect("claimed");
        if let Some(expected) = &self.string_to_sign {
            assert_eq!(text, expected.as_bytes(), "{}", self.name);
        }
        verdict(
            &Service::new([self.key()])
                .at(self.at())
                .verify(scheme, &request),
        )
    }
}

pub(crate) fn run(tally: &mut Tally) {
    vectors(tally);
    challenges(tally);
}

fn vectors(tally: &mut Tally) {
    for entry in File::HmacAuth.section::<Entry>("vectors") {
        let name = tally.entry(File::HmacAuth, "vectors", &entry.name);
        if let Some(content) = &entry.content {
            let digest = base64_decoded(&entry.content_md5);
            assert_eq!(digest, md5(content), "{name}");
        }
        for scheme in &entry.schemes() {
            if entry.provenance == "unreproduced" {
                is_not_reproduced(&entry, scheme);
            } else {
                is_reproduced(tally, &name, &entry, scheme);
            }
        }
    }
}

fn is_not_reproduced(entry: &Entry, scheme: &HmacAuth) {
    let printed = entry.printed_signature.as_deref().expect("a signature");
    assert_ne!(entry.made(scheme), printed, "{}", entry.name);
    assert_eq!(entry.verdict(scheme, printed), "invalid_credentials");
}

fn is_reproduced(tally: &mut Tally, name: &str, entry: &Entry, scheme: &HmacAuth) {
    let signature = entry.signature.as_deref().expect("a signature");
    assert_eq!(entry.verdict(scheme, signature), "accepted", "{name}");
    let padded = base64(base64_decoded(signature));
    assert_eq!(entry.verdict(scheme, &padded), "accepted", "{name}");
    if let Some(expected) = &entry.signature_padded {
        assert_eq!(&padded, expected, "{name}");
    }
    if let Some(text) = &entry.string_to_sign {
        let mac = match entry.algorithm.as_str() {
            "hmac-sha1" => hmac_sha1(&entry.key_data, text),
            _ => hmac_sha256(&entry.key_data, text),
        };
        assert_eq!(base64(mac), padded, "{name}");
    }
    let made = entry.made(scheme);
    let agree = (made == signature).into();
    tally.compare((File::HmacAuth, name), "sign", signature, &made, agree);
}

/// What the document answers, in the order in which it checks.
const ANSWERS: [(&str, Reason); 5] = [
    ("request date is out of range", Reason::TimestampExpired),
    ("NCSU-MAC header is required", Reason::MissingCredentials),
    ("KEYID is unknown", Reason::InvalidCredentials),
    ("Content-MD5 does not match content", Reason::DigestMismatch),
    ("signature does not match", Reason::InvalidCredentials),
];

fn challenges(tally: &mut Tally) {
    let scheme = HmacAuth::sha256().header("NCSU-MAC").expect("a header");
    let printed = File::HmacAuth.section::<String>("www_authenticate");
    assert_eq!(printed.len(), ANSWERS.len());
    for (printed, (error, reason)) in printed.iter().zip(ANSWERS) {
        let name = tally.entry(File::HmacAuth, "www_authenticate", error);
        assert_eq!(printed, &format!(r#"NCSU-MAC error="{error}""#));
        let challenge = scheme.challenge("r", Some(&Refusal::new(reason)));
        // Every challenge of ours names a realm as well.
        let ours = challenge
            .to_str()
            .expect("text")
            .replace(r#"realm="r", "#, "");
        let said = ours
            .trim_start_matches(r#"NCSU-MAC error=""#)
            .trim_end_matches('"');
        let agree = (printed == &ours).into();
        tally.compare((File::HmacAuth, &name), "challenge", error, said, agree);
    }
}

#[test]
fn the_examples_are_signed_and_verified_and_the_two_misprints_are_not() {
    vectors(&mut Tally::default());
}

#[test]
fn the_challenges_are_those_of_the_document() {
    challenges(&mut Tally::default());
}
