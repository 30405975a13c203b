//! Mistakes with HMAC-Auth, and those about targets, which all schemes share.

use md5::Md5;

use super::*;
use crate::HmacAuth;

/// A request whose signature is over `text`.
fn signed(target: &str, text: &str) -> Sent {
    sign(Sent::new("GET", target), text)
}

fn sign(sent: Sent, text: &str) -> Sent {
    let signature = unpadded(sha1_mac(SECRET, text));
    sent.header("date", DATE)
        .header("hmac-auth", &format!("example-id:{signature}"))
}

#[track_caller]
fn over(target: &str, text: &str, miss: NearMiss) {
    signed(target, text).is_explained_by(&HmacAuth::sha1(), miss);
}

/// Signed as if `path` were the target.
#[track_caller]
fn as_if(target: &str, path: &str, miss: NearMiss) {
    over(target, &format!("GET\n{path}\n{DATE}\n"), miss);
}

#[test]
fn a_request_in_order_matches_after_one_trial() {
    let explanation = signed("/a?b", &format!("GET\n/a?b\n{DATE}\n")).explained(&HmacAuth::sha1());
    assert!(
        matches!(explanation.verdict(), Verdict::Matches),
        "{explanation}"
    );
    assert_eq!(explanation.trials(), 1);
    assert_eq!(explanation.findings(), []);
}

#[test]
fn trailing_line_feed_and_missing() {
    over(
        "/a",
        &format!("GET\n/a\n{DATE}\n\n"),
        NearMiss::TrailingLineFeed,
    );
    over(
        "/a",
        &format!("GET\n/a\n{DATE}"),
        NearMiss::TrailingLineFeedMissing,
    );
}

#[test]
fn literal_line_feeds() {
    over(
        "/a",
        &format!(r"GET\n/a\n{DATE}\n"),
        NearMiss::LiteralLineFeeds,
    );
}

#[test]
fn carriage_returns() {
    over(
        "/a",
        &format!("GET\r\n/a\r\n{DATE}\r\n"),
        NearMiss::CarriageReturns,
    );
}

#[test]
fn line_feeds_left_out() {
    over("/a", &format!("GET/a{DATE}"), NearMiss::LineFeedsLeftOut);
}

#[test]
fn method_in_the_other_case() {
    over(
        "/a",
        &format!("get\n/a\n{DATE}\n"),
        NearMiss::MethodLowerCase,
    );
    let sent = sign(Sent::new("get", "/a"), &format!("GET\n/a\n{DATE}\n"));
    sent.is_explained_by(&HmacAuth::sha1(), NearMiss::MethodUpperCase);
}

#[test]
fn query_missing() {
    as_if("/a?b=1", "/a", NearMiss::QueryMissing);
}

#[test]
fn query_mark_without_a_query() {
    as_if("/a", "/a?", NearMiss::QueryMark);
}

#[test]
fn query_sorted() {
    as_if("/a?c=3&b=2&b=1", "/a?b=2&b=1&c=3", NearMiss::QuerySorted);
    as_if("/a?c=3&b=2&b=1", "/a?b=1&b=2&c=3", NearMiss::QuerySorted);
}

#[test]
fn query_plus_for_blank_and_the_reverse() {
    as_if("/a?q=x%20y", "/a?q=x+y", NearMiss::QueryPlusForBlank);
    as_if("/a?q=x+y", "/a?q=x%20y", NearMiss::QueryEscapedBlank);
}

#[test]
fn query_decoded() {
    as_if("/a?q=%C3%A9+b", "/a?q=\u{e9}+b", NearMiss::QueryDecoded);
    as_if("/a?q=%C3%A9+b", "/a?q=\u{e9} b", NearMiss::QueryDecoded);
}

#[test]
fn query_reencoded() {
    as_if(
        "/a?t=10:20&u=a/b+c",
        "/a?t=10%3A20&u=a%2Fb%20c",
        NearMiss::QueryReencoded,
    );
    as_if(
        "/a?t=10:20&u=a/b+c",
        "/a?t=10%3A20&u=a%2Fb+c",
        NearMiss::QueryReencoded,
    );
}

#[test]
fn escape_case() {
    as_if("/a%2fb?c=%3d", "/a%2Fb?c=%3D", NearMiss::EscapeCase);
    as_if("/a%2Fb?c=%3D", "/a%2fb?c=%3d", NearMiss::EscapeCase);
}

#[test]
fn trailing_slash_added_and_removed() {
    as_if("/a", "/a/", NearMiss::TrailingSlash);
    as_if("/a/?b", "/a?b", NearMiss::TrailingSlashMissing);
}

#[test]
fn path_decoded() {
    as_if("/a%20b/%C3%A9", "/a b/\u{e9}", NearMiss::PathDecoded);
}

#[test]
fn path_double_encoded() {
    as_if("/a%20b", "/a%2520b", NearMiss::PathDoubleEncoded);
}

#[test]
fn path_reencoded() {
    as_if("/a@b/(c)", "/a%40b/%28c%29", NearMiss::PathReencoded);
}

#[test]
fn path_normalised() {
    as_if("/a//b/../c", "/a/c", NearMiss::PathNormalised);
}

#[test]
fn path_prefix_missing() {
    for shorter in ["/v1/users/7", "/users/7", "/7"] {
        as_if("/api/v1/users/7", shorter, NearMiss::PathPrefixMissing);
    }
}

#[test]
fn path_prefix_added_as_base_path_or_by_a_proxy() {
    let scheme = HmacAuth::sha1().base_path("/pager").unwrap();
    let sent = signed("/pager/a", &format!("GET\n/pager/a\n{DATE}\n"));
    sent.is_explained_by(&scheme, NearMiss::PathPrefixAdded);
    let sent = signed("/a?b", &format!("GET\n/api/a?b\n{DATE}\n"));
    sent.header("x-forwarded-prefix", "/api/")
        .is_explained_by(&HmacAuth::sha1(), NearMiss::PathPrefixAdded);
}

#[test]
fn a_change_of_the_path_keeps_the_base_path_off() {
    let scheme = HmacAuth::sha1().base_path("/pager").unwrap();
    let sent = signed("/pager/a%20b?c", &format!("GET\n/a b?c\n{DATE}\n"));
    sent.is_explained_by(&scheme, NearMiss::PathDecoded);
}

#[test]
fn original_target() {
    let sent = signed("/index.php?r=1", &format!("GET\n/orders/1?x=y\n{DATE}\n"));
    sent.header("x-original-uri", "/orders/1?x=y")
        .is_explained_by(&HmacAuth::sha1(), NearMiss::OriginalTarget);
}

#[test]
fn absolute_url() {
    as_if("/a?b", "https://api.example.org/a?b", NearMiss::AbsoluteUrl);
}

#[test]
fn other_date_header() {
    let sent = signed("/a", &format!("GET\n/a\n{OTHER_DATE}\n")).header("x-date", OTHER_DATE);
    sent.is_explained_by(&HmacAuth::sha1(), NearMiss::OtherDateHeader);
    assert_eq!(
        sent.explained(&HmacAuth::sha1()).findings(),
        [Finding::DatesDiffer]
    );
}

#[test]
fn other_date_header_with_no_date_at_all() {
    let mut sent = signed("/a", &format!("GET\n/a\n{DATE}\n")).header("x-date", DATE);
    sent.headers.remove("date");
    sent.is_explained_by(&HmacAuth::sha1(), NearMiss::OtherDateHeader);
}

#[test]
fn unix_time() {
    let text = format!("GET\n/a\n{}\n", NOW.as_unix());
    over("/a", &text, NearMiss::UnixTime);
}

fn md5_of(body: &str) -> String {
    unpadded(Md5::digest(body))
}

#[test]
fn digest_left_out() {
    let sent = sign(Sent::new("POST", "/a"), &format!("POST\n/a\n{DATE}\n"));
    sent.body("hello")
        .header("content-md5", &md5_of("hello"))
        .is_explained_by(&HmacAuth::sha1(), NearMiss::DigestLeftOut);
}

#[test]
fn digest_padding() {
    let digest = md5_of("hello");
    for (signed, other) in [
        (digest.clone(), format!("{digest}==")),
        (format!("{digest}=="), digest.clone()),
    ] {
        let text = format!("POST\n/a\n{DATE}\n{signed}");
        sign(Sent::new("POST", "/a"), &text)
            .body("hello")
            .header("content-md5", &other)
            .is_explained_by(&HmacAuth::sha1(), NearMiss::DigestPadding);
    }
}

#[test]
fn digest_not_sent() {
    let text = format!("POST\n/a\n{DATE}\n{}", md5_of("hello"));
    let sent = sign(Sent::new("POST", "/a"), &text).body("hello");
    sent.is_explained_by(&HmacAuth::sha1(), NearMiss::DigestNotSent);
    let empty = format!("GET\n/a\n{DATE}\n{}==", md5_of(""));
    over("/a", &empty, NearMiss::DigestNotSent);
}

#[test]
fn other_hash() {
    let text = format!("GET\n/a\n{DATE}\n");
    let signature = base64(sha256_mac(SECRET, &text));
    let sent = signed("/a", &text).header("hmac-auth", &format!("example-id:{signature}"));
    sent.is_explained_by(&HmacAuth::sha1(), NearMiss::OtherHash);
    signed("/a", &text).is_explained_by(&HmacAuth::sha256(), NearMiss::OtherHash);
}

#[test]
fn their_text_fits_when_nothing_else_does() {
    let theirs = format!("GET /a at {DATE}");
    let sent = signed("/a", &theirs);
    let explanation = sent
        .question()
        .their_text(theirs.as_bytes())
        .against(&HmacAuth::sha1(), &key());
    assert_eq!(explanation.verdict().near_miss(), Some(NearMiss::TheirText));
    let difference = explanation.comparison().unwrap().difference().unwrap();
    assert_eq!((difference.line(), difference.offset()), (1, 3));
    assert_eq!(difference.ours(), Some("GET␊"));
}

#[test]
fn the_string_to_sign_is_shown_with_its_line_ends() {
    let explanation = signed("/a", "x").explained(&HmacAuth::sha1());
    assert!(matches!(explanation.verdict(), Verdict::NoNearMiss));
    let text = explanation.string_to_sign().unwrap();
    assert_eq!(text.lines(), ["GET␊", "/a␊", &format!("{DATE}␊")]);
    assert!(explanation.to_string().contains("  2  /a␊"));
}
