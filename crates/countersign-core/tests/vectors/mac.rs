//! MAC in both profiles, and Basic, as yar's documents and the test suites of others have them.

use countersign_core::{Algorithm, Basic, Mac, Origin, Timestamp, UrlScheme};
use serde::Deserialize;

use crate::common::{Request, SECRET, Service, base64, hex, hmac_sha1, hmac_sha256, key, sha1};
use crate::tally::{File, Tally, verdict};

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Mac(Box<Vector>),
    Collision(Collision),
    Basic(BasicVector),
}

#[derive(Debug, Deserialize)]
struct Vector {
    name: String,
    mac_key: String,
    mac_key_identifier: Option<String>,
    ts: String,
    nonce: String,
    method: String,
    uri: String,
    host: String,
    port: String,
    content_type: Option<String>,
    body: Option<String>,
    ext: String,
    normalized_request_string: String,
    mac: String,
    authorization: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Half {
    content_type: String,
    body: String,
}

#[derive(Debug, Deserialize)]
struct Collision {
    name: String,
    a: Half,
    b: Half,
    ext: String,
}

#[derive(Debug, Deserialize)]
struct BasicVector {
    name: String,
    api_key: String,
    authorization: String,
}

#[derive(Debug, Deserialize)]
struct DraftVector {
    name: String,
    key_ascii: String,
    id: String,
    normalized_request_string: String,
    mac_base64: String,
    ok: bool,
}

pub(crate) fn run(tally: &mut Tally) {
    vectors(tally);
    draft(tally);
}

pub(crate) fn unix(ts: &str) -> Timestamp {
    Timestamp::from_unix(ts.parse().expect("seconds"))
}

fn vectors(tally: &mut Tally) {
    for entry in File::Mac.section::<Entry>("vectors") {
        match entry {
            Entry::Mac(entry) => {
                tally.entry(File::Mac, "vectors", &entry.name);
                is_signed_and_verified(&entry);
            }
            Entry::Collision(entry) => {
                tally.entry(File::Mac, "vectors", &entry.name);
                has_one_ext(&entry);
            }
            Entry::Basic(entry) => {
                tally.entry(File::Mac, "vectors", &entry.name);
                let key = || Basic::key(&entry.api_key, "dave@example.com".to_owned());
                let request = Request::new("GET", "/");
                let signed = request.signed(&Basic, &key().expect("a key"));
                assert_eq!(signed.value("authorization"), entry.authorization);
                let verified = Service::new([key().expect("a key")]).verify(&Basic, &signed);
                assert_eq!(verified.expect("accepted").principal(), "dave@example.com");
            }
        }
    }
}

/// Three ways in which a port can become known.
fn reached(entry: &Vector) -> Vec<(Mac, Origin, String)> {
    let explicit = format!("{}:{}", entry.host, entry.port);
    let default = Mac::yar().default_port(entry.port.parse().expect("a port"));
    let mut ways = vec![
        (Mac::yar(), Origin::default(), explicit),
        (default, Origin::default(), entry.host.clone()),
    ];
    match entry.port.as_str() {
        "80" => ways.push((Mac::yar(), Origin::default(), entry.host.clone())),
        "443" => {
            let tls = Origin::served_over(UrlScheme::Https);
            ways.push((Mac::yar(), tls, entry.host.clone()));
        }
        _ => {}
    }
    ways
}

fn is_signed_and_verified(entry: &Vector) {
    let content_type = entry.content_type.as_deref();
    let body = entry.body.as_deref().unwrap_or_default();
    let hashed = content_type.is_some() || !body.is_empty();
    let ext = hex(sha1(format!("{}{body}", content_type.unwrap_or_default())));
    assert_eq!(entry.ext, if hashed { ext } else { String::new() });

    let id = entry.mac_key_identifier.as_deref().unwrap_or("an-id");
    let key = || key(id, &entry.mac_key);
    for (scheme, origin, host) in reached(entry) {
        let mut request = Request::new(&entry.method, &entry.uri)
            .set("host", host)
            .origin(origin)
            .body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let at = unix(&entry.ts);
        let signed = request
            .try_sign(&scheme, &key(), at, Some(&entry.nonce))
            .expect("signed");
        let header = format!(
            r#"MAC id="{id}", ts="{}", nonce="{}", ext="{}", mac="{}""#,
            entry.ts, entry.nonce, entry.ext, entry.mac
        );
        assert_eq!(signed.value("authorization"), header, "{}", entry.name);
        if let Some(recorded) = &entry.authorization {
            assert_eq!(&header, recorded, "{}", entry.name);
        }
        let text = signed.canonical(&scheme).expect("claimed");
        assert_eq!(
            text,
            entry.normalized_request_string.as_bytes(),
            "{}",
            entry.name
        );
        let verified = Service::new([key()]).at(at).verify(&scheme, &signed);
        assert_eq!(verdict(&verified), "accepted", "{}", entry.name);
    }
}

/// The weakness of yar's ext: what was signed with one split verifies with the other.
fn has_one_ext(entry: &Collision) {
    let key = || key("an-id", SECRET);
    let signed = |half: &Half| {
        let request = Request::new("POST", "/").header("content-type", &half.content_type);
        request.body(&half.body).signed(&Mac::yar(), &key())
    };
    let (a, b) = (signed(&entry.a), signed(&entry.b));
    let ext = format!(r#"ext="{}""#, entry.ext);
    assert!(a.value("authorization").contains(&ext));
    assert_eq!(a.value("authorization"), b.value("authorization"));
    assert_ne!(
        (&a.body, a.value("content-type")),
        (&b.body, b.value("content-type"))
    );
    for request in [a, b] {
        let verified = Service::new([key()]).verify(&Mac::yar(), &request);
        assert_eq!(verdict(&verified), "accepted");
    }
}

fn draft(tally: &mut Tally) {
    for entry in File::Mac.section::<DraftVector>("draft_vectors") {
        let name = tally.entry(File::Mac, "draft_vectors", &entry.name);
        assert!(entry.ok, "{name}");
        let text = &entry.normalized_request_string;
        let (algorithm, mac) = if entry.name.contains("sha256") {
            (Algorithm::Sha256, hmac_sha256(&entry.key_ascii, text))
        } else {
            (Algorithm::Sha1, hmac_sha1(&entry.key_ascii, text))
        };
        assert_eq!(base64(mac), entry.mac_base64, "{name}");

        let lines: Vec<_> = text.split('\n').collect();
        let [ts, nonce, method, uri, host, "80", "", ""] = lines[..] else {
            panic!("{text}");
        };
        let key = || key(&entry.id, &entry.key_ascii).algorithm(algorithm);
        // The draft signs the host in lower case, however it is sent.
        for host in [host.to_owned(), host.to_uppercase(), format!("{host}:80")] {
            let scheme = Mac::draft();
            let request = Request::new(method, uri).set("host", host);
            let signed = request
                .try_sign(&scheme, &key(), unix(ts), Some(nonce))
                .expect("signed");
            let header = format!(
                r#"MAC id="{}", ts="{ts}", nonce="{nonce}", ext="", mac="{}""#,
                entry.id, entry.mac_base64
            );
            assert_eq!(signed.value("authorization"), header, "{name}");
            assert_eq!(
                signed.canonical(&scheme).expect("claimed"),
                text.as_bytes(),
                "{name}"
            );
            let verified = Service::new([key()]).at(unix(ts)).verify(&scheme, &signed);
            assert_eq!(verdict(&verified), "accepted", "{name}");
        }
    }
}

#[test]
fn the_yar_entries_are_signed_and_verified() {
    vectors(&mut Tally::default());
}

#[test]
fn the_draft_entries_are_signed_and_verified_with_both_algorithms() {
    draft(&mut Tally::default());
}
