//! Each part of a signed request, changed alone.

use countersign_tests::{Bench, Case, Family, Notice, Part, Protocol, Wire};

use crate::{everywhere, served};

/// Sends every part of every case, changed, and checks that it is refused, or that it passes
/// where the scheme does not cover it. Gives how many changes were tried.
async fn change_everything(protocol: Protocol) -> usize {
    let mut tried = 0;
    for case in Case::all() {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for part in Part::ALL {
            let notice = part.notice(&case);
            if notice == Notice::Absent {
                continue;
            }
            let calls = bench.echo.calls();
            let remembered = bench.replay.len();
            let wire = part.request(&case);
            let answer = client.send(&part.change(&case, &wire)).await;
            let label = format!("{case} {protocol:?} {part:?}: {answer:?}");
            if notice == Notice::Refused {
                assert_eq!(answer.status, 401, "{label}");
                assert_eq!(bench.echo.calls(), calls, "{label}");
                assert_eq!(bench.replay.len(), remembered, "{label}");
                let genuine = client.send(&wire).await;
                assert_eq!(genuine.status, 200, "{label}, then {genuine:?}");
            } else {
                assert_eq!(answer.status, 200, "{label}");
            }
            assert_eq!(bench.echo.calls(), calls + 1, "{label}");
            tried += 1;
        }
        server.stop().await;
    }
    tried
}

/// How many changes there are to try.
fn changes() -> usize {
    let cases = Case::all();
    let possible = |case| {
        let parts = Part::ALL.iter();
        parts
            .filter(|part| part.notice(case) != Notice::Absent)
            .count()
    };
    cases.iter().map(possible).sum()
}

#[tokio::test]
async fn over_http1_what_is_covered_is_refused_and_what_is_not_passes() {
    assert_eq!(change_everything(Protocol::Http1).await, changes());
}

#[tokio::test]
async fn over_http2_what_is_covered_is_refused_and_what_is_not_passes() {
    assert_eq!(change_everything(Protocol::Http2).await, changes());
}

/// The weaknesses that the documentation of each scheme owns up to, and no others.
#[test]
fn what_is_not_covered_is_what_the_documentation_says() {
    use Part::{
        Body, ContentType, DefaultPort, DigestSpelling, Host, HostCase, MoreXHeaders, NonceCase,
        OtherHeader, PathCase, Port, UnsignedDate, XHeader,
    };
    let auth_key = vec![
        Host,
        HostCase,
        Port,
        DefaultPort,
        UnsignedDate,
        ContentType,
        OtherHeader,
    ];
    let hmac_auth = vec![
        Host,
        HostCase,
        Port,
        DefaultPort,
        XHeader,
        MoreXHeaders,
        ContentType,
        OtherHeader,
    ];
    let moxie = vec![XHeader, MoreXHeaders, ContentType, OtherHeader, Body];
    let documented = vec![
        PathCase,
        HostCase,
        NonceCase,
        XHeader,
        MoreXHeaders,
        ContentType,
        OtherHeader,
        Body,
    ];
    let yar = vec![
        DefaultPort,
        UnsignedDate,
        XHeader,
        MoreXHeaders,
        OtherHeader,
        DigestSpelling,
    ];
    let draft = vec![
        HostCase,
        DefaultPort,
        UnsignedDate,
        XHeader,
        MoreXHeaders,
        ContentType,
        OtherHeader,
        Body,
    ];
    let table = [
        ("auth-key wiki", &auth_key),
        ("auth-key v1", &auth_key),
        ("auth-key v2", &auth_key),
        ("auth-key v3", &auth_key),
        ("hmac-auth sha1", &hmac_auth),
        ("hmac-auth sha256", &hmac_auth),
        ("moxie as built", &moxie),
        ("moxie as documented", &documented),
        ("mac yar sha1", &yar),
        ("mac yar sha256", &yar),
        ("mac draft sha1", &draft),
        ("mac draft sha256", &draft),
    ];
    assert_eq!(table.len(), Case::signing().len());
    for (name, expected) in table {
        let case = Case::named(name);
        let mut unnoticed = Part::ALL.to_vec();
        unnoticed.retain(|part| part.notice(&case) == Notice::Unnoticed);
        assert_eq!(&unnoticed, expected, "{name}");
    }
}

#[tokio::test]
async fn bad_110_to_118_targets_that_some_server_would_take_for_one_another_are_different() {
    let equivalent = [
        ["/a/b", "/a//b"],
        ["/a/b", "/a/./b"],
        ["/a/b", "/z/../a/b"],
        ["/a/b", "/a/%2e/b"],
        ["/a/b", "/a%2Fb"],
        ["/a/b", "/%61/b"],
        ["/a/b", "/a/b;x=1"],
        ["/a/b", "/a/b?"],
        ["/a/b", "/a/b?&"],
        ["/a/b?x", "/a/b?x="],
        ["/a/b?x=a+b", "/a/b?x=a%20b"],
        ["/a/b?x=a+b", "/a/b?x=a%2Bb"],
        ["/a/b?x=1&y=2", "/a/b?y=2&x=1"],
        ["/a/b?x=1&y=2", "/a/b?x=1&&y=2"],
        ["/a/b?x=1", "/a/b?x=1&x=1"],
    ];
    for (case, protocol) in everywhere().filter(|(case, _)| case.remembers()) {
        let bench = Bench::new();
        let (server, client) = served(&bench, &case, protocol).await;
        for [one, other] in equivalent {
            let mut wire = case.sign(&Wire::get(one));
            wire.target = other.to_owned();
            let status = client.send(&wire).await.status.as_u16();
            // Auth-Key cannot tell an empty query from none, and takes none that is empty.
            let expected = if other == "/a/b?" && matches!(case.family, Family::AuthKey(_)) {
                400
            } else {
                401
            };
            assert_eq!(
                status, expected,
                "{case} {protocol:?}: {one} sent as {other}"
            );
        }
        assert_eq!((bench.echo.calls(), bench.replay.len()), (0, 0), "{case}");
        server.stop().await;
    }
}
