//! Mistakes with Moxie: hosts, ports, URL schemes, and the page that says lower case.

use super::*;
use crate::{Moxie, MoxieCanonical};

fn text(url: &str) -> String {
    format!("POST\n{url}\ndate:{DATE}\nx-hmac-nonce:Abc-1")
}

fn sign(sent: Sent, text: &str) -> Sent {
    sent.header("date", DATE)
        .header("x-hmac-nonce", "Abc-1")
        .header("x-moxie-key", "example-id")
        .header("authorization", &hex(sha1_mac(SECRET, text)))
}

fn post(target: &str) -> Sent {
    Sent::new("POST", target)
}

#[track_caller]
fn over(sent: Sent, url: &str, miss: NearMiss) {
    sign(sent, &text(url)).is_explained_by(&Moxie::default(), miss);
}

#[test]
fn a_request_in_order_matches_after_one_trial() {
    let sent = sign(
        post("/Alert?a=1"),
        &text("http://api.example.org/Alert?a=1"),
    );
    let explanation = sent.explained(&Moxie::default());
    assert!(
        matches!(explanation.verdict(), Verdict::Matches),
        "{explanation}"
    );
    assert_eq!(explanation.trials(), 1);
    let text = explanation.string_to_sign().unwrap();
    assert!(!text.ends_with_line_feed());
    assert!(explanation.to_string().contains("no line feed at the end"));
}

#[test]
fn lower_case_as_documented() {
    let documented = text("http://api.example.org/Alert").to_lowercase();
    sign(post("/Alert"), &documented).is_explained_by(&Moxie::default(), NearMiss::LowerCase);
}

#[test]
fn not_lower_case_where_that_is_expected() {
    let scheme = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
    let as_built = text("http://api.example.org/Alert");
    sign(post("/Alert"), &as_built).is_explained_by(&scheme, NearMiss::NotLowerCase);
}

#[test]
fn query_missing_where_the_text_is_lower_cased() {
    let scheme = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
    let lower = text("http://api.example.org/alert").to_lowercase();
    sign(post("/Alert?Q=X"), &lower).is_explained_by(&scheme, NearMiss::QueryMissing);
}

#[test]
fn other_url_scheme() {
    over(
        post("/a"),
        "https://api.example.org/a",
        NearMiss::OtherUrlScheme,
    );
    let tls = post("/a").origin("https://api.example.org");
    over(tls, "http://api.example.org/a", NearMiss::OtherUrlScheme);
}

#[test]
fn port_left_out_or_written_out() {
    let sent = post("/a").header("host", "api.example.org:8443");
    over(sent, "http://api.example.org/a", NearMiss::PortLeftOut);
    over(post("/a"), "http://api.example.org:80/a", NearMiss::Port80);
    over(
        post("/a"),
        "http://api.example.org:443/a",
        NearMiss::Port443,
    );
}

#[test]
fn host_lower_case() {
    let sent = post("/a").header("host", "API.example.org");
    over(sent, "http://api.example.org/a", NearMiss::HostLowerCase);
}

#[test]
fn other_host_as_sent_or_as_forwarded() {
    let public = post("/a").origin("http://public.example.org");
    over(public, "http://api.example.org/a", NearMiss::OtherHost);
    let forwarded = post("/a").header("x-forwarded-host", "www.example.org");
    over(forwarded, "http://www.example.org/a", NearMiss::OtherHost);
}

#[test]
fn header_blank_and_header_name_case() {
    let blank = text("http://api.example.org/a")
        .replace("date:", "date: ")
        .replace("nonce:", "nonce: ");
    sign(post("/a"), &blank).is_explained_by(&Moxie::default(), NearMiss::HeaderBlank);
    let capitals = text("http://api.example.org/a")
        .replace("date:", "Date:")
        .replace("x-hmac-nonce:", "X-Hmac-Nonce:");
    sign(post("/a"), &capitals).is_explained_by(&Moxie::default(), NearMiss::HeaderNameCase);
}

#[test]
fn path_prefix_missing_inside_a_url() {
    let sent = post("/api/v1/alert?a");
    over(
        sent,
        "http://api.example.org/v1/alert?a",
        NearMiss::PathPrefixMissing,
    );
}
