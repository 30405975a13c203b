//! What the original Moxie server answered.

use std::collections::BTreeMap;

use countersign_core::{Accepted, Moxie, Origin, Refusal, Scheme, UrlScheme};
use serde::Deserialize;

use crate::common::{Request, Service, hex, hmac_sha1, key};
use crate::moxie::{Parts, VALID_DATE, canonical_of, parts, valid_time};
use crate::tally::{File, Tally, verdict};

#[derive(Debug, Deserialize)]
struct Golden {
    name: String,
    method: String,
    path: String,
    query: Option<String>,
    server_url: String,
    headers: BTreeMap<String, String>,
    canonical: String,
    status: u16,
    www: Option<String>,
}

/// Of the one user the original was given.
const SECRET: &str = "mysupersecretkey";

fn service() -> Service {
    Service::new([key("myapikey", SECRET)]).at(valid_time())
}

impl Golden {
    fn request(&self) -> Request {
        let target = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let mut request = Request::new(&self.method, &target).without("host");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let tls = self.server_url.starts_with("https:");
        request.origin(Origin::served_over(if tls {
            UrlScheme::Https
        } else {
            UrlScheme::Http
        }))
    }

    /// The URL that the raw target gives.
    fn raw_url(&self) -> String {
        let (scheme, _) = self.server_url.split_once("://").expect("absolute");
        let query = self
            .query
            .as_ref()
            .map_or(String::new(), |query| format!("?{query}"));
        format!("{scheme}://{}{}{query}", self.headers["Host"], self.path)
    }

    /// The request with a valid date in place of the recorded one, signed over the recorded
    /// canonical text with that date; `None` where the date is not the trouble, or not the only.
    fn with_a_date(&self) -> Option<Request> {
        let recorded = self.headers.get("Authorization")?;
        let date = self.headers.get("Date")?;
        let _ = self.headers.get("X-HMAC-Nonce")?;
        if recorded != &hex(hmac_sha1(SECRET, &self.canonical)) {
            return None;
        }
        let lowercased = self.canonical.starts_with("get\n");
        let signed_date = if lowercased {
            VALID_DATE.to_lowercase()
        } else {
            VALID_DATE.to_owned()
        };
        let canonical = self.canonical.replace(
            &format!("\ndate:{date}\n"),
            &format!("\ndate:{signed_date}\n"),
        );
        assert_ne!(canonical, self.canonical);
        let signature = hex(hmac_sha1(SECRET, canonical));
        Some(
            self.request()
                .set("date", VALID_DATE)
                .set("authorization", signature),
        )
    }
}

pub(crate) fn run(tally: &mut Tally) {
    // Each entry on its own, but for the two that show what a replay comes to.
    let replayed = service();
    for entry in File::Moxie.section::<Golden>("golden") {
        let name = tally.entry(File::Moxie, "golden", &entry.name);
        let run_alone = service();
        let service = if entry.name.starts_with("replay") {
            &replayed
        } else {
            &run_alone
        };
        let scheme = Moxie::default();
        let request = entry.request();
        let Parts {
            method,
            url,
            date,
            nonce,
        } = parts(&entry.canonical);
        let raw = method == entry.method && url == entry.raw_url();
        let ours = canonical_of(&request, date, nonce);
        assert_eq!(ours == entry.canonical, raw, "{name}: {ours}");

        let result = service.verify(&scheme, &request);
        compare(tally, &name, "as recorded", &entry, &result);
        if let Some(request) = entry.with_a_date() {
            let result = service.verify(&scheme, &request);
            compare(tally, &name, "with a date", &entry, &result);
        }
    }
}

fn compare(
    tally: &mut Tally,
    name: &str,
    run: &'static str,
    entry: &Golden,
    result: &Result<Accepted, Refusal>,
) {
    let agree = (entry.status == 200) == result.is_ok();
    let status = entry.status.to_string();
    tally.compare(
        (File::Moxie, name),
        run,
        &status,
        verdict(result),
        agree.into(),
    );

    // Where both refuse for the same reason, they say so in the same words, save for the dangling
    // comma of the original.
    let Err(refusal) = result else { return };
    let dated = run == "with a date" || refusal.reason().code() != "invalid_timestamp";
    if let (Some(www), true) = (&entry.www, dated) {
        let challenge = Moxie::default().challenge("HMACDigest Moxie", Some(refusal));
        assert_eq!(challenge, www.trim_end_matches(", "), "{name}");
    }
}

#[test]
fn the_answers_are_those_of_the_original_server() {
    run(&mut Tally::default());
}

#[test]
fn an_unknown_key_is_unauthorized_and_not_404() {
    let golden = File::Moxie.section::<Golden>("golden");
    let unknown = golden
        .iter()
        .find(|entry| entry.name == "unknown key")
        .expect("the entry");
    assert_eq!(unknown.status, 404);
    let request = unknown.with_a_date().expect("signed");
    let refusal = service()
        .verify(&Moxie::default(), &request)
        .expect_err("refused");
    assert_eq!(refusal.reason().status(), 401);
    let challenge = Moxie::default().challenge("r", Some(&refusal));
    assert!(
        challenge
            .to_str()
            .expect("text")
            .contains(r#"reason="unauthorized""#)
    );
}

#[test]
fn a_forwarded_host_counts_once_it_is_configured() {
    let golden = File::Moxie.section::<Golden>("golden");
    let entry = golden
        .iter()
        .find(|entry| entry.name == "x-forwarded-host trusted");
    let request = entry.expect("the entry").with_a_date().expect("signed");
    let public = Origin::public_base_url("http://api.m.ox.ac.uk").expect("a URL");
    let result = service().verify(&Moxie::default(), &request.origin(public));
    assert_eq!(verdict(&result), "accepted");
}
