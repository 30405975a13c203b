//! Mistakes with OAuth MAC: ports, ext, time units.

use super::*;
use crate::Mac;

/// What a client of yar signs, to be changed.
#[derive(Clone)]
struct Request {
    ts: String,
    host: &'static str,
    port: &'static str,
    ext: String,
    body: &'static str,
}

fn request() -> Request {
    Request {
        ts: NOW.as_unix().to_string(),
        host: "api.example.org",
        port: "80",
        ext: hex(Sha1::digest("text/plainhello")),
        body: "hello",
    }
}

impl Request {
    fn text(&self) -> String {
        let Self {
            ts,
            host,
            port,
            ext,
            ..
        } = self;
        format!("{ts}\nn-1\nPOST\n/a?b=1\n{host}\n{port}\n{ext}\n")
    }

    /// Sent as `self` says, signed as `signed` was.
    fn sent(&self, signed: &str) -> Sent {
        self.with_mac(&hex(sha1_mac(url_decoded(SECRET), signed)))
    }

    fn with_mac(&self, mac: &str) -> Sent {
        let Self { ts, ext, .. } = self;
        let credential =
            format!(r#"MAC id="example-id", ts="{ts}", nonce="n-1", ext="{ext}", mac="{mac}""#);
        Sent::new("POST", "/a?b=1")
            .header("content-type", "text/plain")
            .header("authorization", &credential)
            .body(self.body)
    }

    #[track_caller]
    fn is_explained_by(&self, signed: &Request, miss: NearMiss) {
        self.sent(&signed.text()).is_explained_by(&Mac::yar(), miss);
    }
}

#[test]
fn a_request_in_order_matches_after_one_trial() {
    let explanation = request().sent(&request().text()).explained(&Mac::yar());
    assert!(
        matches!(explanation.verdict(), Verdict::Matches),
        "{explanation}"
    );
    assert_eq!((explanation.trials(), explanation.findings().len()), (1, 0));
}

#[test]
fn port_443_and_port_80() {
    let signed = |port| Request { port, ..request() };
    request().is_explained_by(&signed("443"), NearMiss::Port443);
    request()
        .sent(&signed("80").text())
        .is_explained_by(&Mac::yar().default_port(8443), NearMiss::Port80);
    request()
        .sent(&signed("80").text())
        .origin("https://api.example.org")
        .is_explained_by(&Mac::yar(), NearMiss::Port80);
}

#[test]
fn host_lower_case_in_the_yar_profile() {
    let sent = request()
        .sent(&request().text())
        .header("host", "API.Example.ORG");
    sent.is_explained_by(&Mac::yar(), NearMiss::HostLowerCase);
}

#[test]
fn ext_empty() {
    let signed = Request {
        ext: String::new(),
        ..request()
    };
    request().is_explained_by(&signed, NearMiss::ExtEmpty);
}

#[test]
fn ext_of_body() {
    let of_body = Request {
        ext: hex(Sha1::digest("hello")),
        ..request()
    };
    request().is_explained_by(&of_body, NearMiss::ExtOfBody);
    let explanation = of_body.sent(&of_body.text()).explained(&Mac::yar());
    assert!(matches!(explanation.verdict(), Verdict::Matches));
    let expected = [Finding::BodyDoesNotMatch, Finding::DigestWithoutContentType];
    assert_eq!(explanation.findings(), expected);
}

#[test]
fn ext_not_sent() {
    let without = Request {
        ext: String::new(),
        ..request()
    };
    without.is_explained_by(&request(), NearMiss::ExtNotSent);
}

#[test]
fn ext_line_missing() {
    let text = request().text();
    let shorter = text.strip_suffix(&format!("{}\n", request().ext)).unwrap();
    request()
        .sent(shorter)
        .is_explained_by(&Mac::yar(), NearMiss::ExtLineMissing);
}

#[test]
fn bad_69_milliseconds_signed_for_seconds_or_sent_outright() {
    let milliseconds = Request {
        ts: format!("{}123", NOW.as_unix()),
        ..request()
    };
    milliseconds.is_explained_by(&request(), NearMiss::Milliseconds);
    let sent = milliseconds.sent(&milliseconds.text());
    let explanation = sent.question().at(NOW).against(&Mac::yar(), &key());
    assert!(matches!(explanation.verdict(), Verdict::Matches));
    let found = explanation.findings();
    assert!(
        matches!(found[0], Finding::TimestampInFuture { .. }),
        "{found:?}"
    );
    assert_eq!(found[1], Finding::LooksLikeMilliseconds);
}

#[test]
fn bad_54_secret_as_text() {
    let mac = hex(sha1_mac(SECRET, request().text()));
    request()
        .with_mac(&mac)
        .is_explained_by(&Mac::yar(), NearMiss::SecretAsText);
}

#[test]
fn bad_54_secret_decoded_in_the_draft_profile() {
    let text = Request {
        ext: String::new(),
        ..request()
    };
    let mac = base64(sha1_mac(url_decoded(SECRET), text.text()));
    text.with_mac(&mac)
        .is_explained_by(&Mac::draft(), NearMiss::SecretBase64UrlDecoded);
}

#[test]
fn other_hash_than_the_credentials() {
    let mac = hex(sha256_mac(url_decoded(SECRET), request().text()));
    request()
        .with_mac(&mac)
        .is_explained_by(&Mac::yar(), NearMiss::OtherHash);
}
