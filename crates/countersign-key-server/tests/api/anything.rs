//! Whatever is sent, the answer is one that is described, and none says that the server is broken.

use axum::body::Body;
use http::Request;
use proptest::prelude::*;

use crate::support::Server;

fn target() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        Just("basic-0".to_owned()),
        "[a-zA-Z0-9.~_%;,:@&=+$!*'()-]{1,20}",
        proptest::collection::vec(any::<u8>(), 1..12).prop_map(|it| it
            .iter()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<Vec<_>>()
            .concat()),
    ];
    let path = (0..9_usize, id).prop_map(|(kind, id)| match kind {
        0 => "/v1.0/creds".to_owned(),
        1 => "/v1.0/creds/".to_owned(),
        2 | 3 => format!("/v1.0/creds/{id}"),
        4 => format!("/v1.0/creds/{id}/rotate"),
        5 => "/v1.0/verify".to_owned(),
        6 => "/readyz".to_owned(),
        7 => format!("/{id}"),
        _ => format!("/v1.0/{id}/"),
    });
    let query = prop_oneof![
        Just(String::new()),
        "(\\?(principal|deleted|limit|cursor|p)=?[a-zA-Z0-9.~_%;,&=+-]{0,30}){1,3}",
        "\\?((principal|deleted|limit|cursor)=(true|false|1|p|%00|%41|[A-Za-z0-9_-]{0,40})&?){1,4}",
    ];
    (path, query).prop_map(|(path, query)| path + &query)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let member = "\"(principal|auth_scheme|algorithm|state|expires_at|overlap_seconds|scheme|id|string_to_sign|signature|derivation|kind|text)\":(null|true|-1|0|1e9|\\[\\]|\\{\\}|\"(p|mac|basic|moxie|auth-key|active|AAAA|0{40}|2027-01-01T00:00:00Z)\"),?";
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[{}\\[\\]\":,a-z0-9\\\\ ]{0,80}".prop_map(String::into_bytes),
        proptest::collection::vec(member, 0..6).prop_map(|members| {
            let members = members.concat();
            format!("{{{}}}", members.trim_end_matches(',')).into_bytes()
        }),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name = prop_oneof![
        Just("if-match"),
        Just("idempotency-key"),
        Just("authorization"),
        Just("origin"),
        Just("host"),
        Just("content-type"),
    ];
    let value = prop_oneof![
        "[ -~]{0,40}".prop_map(|it| it.trim().to_owned()),
        Just("\"1\"".to_owned()),
        Just("127.0.0.1:8070".to_owned()),
        Just("http://127.0.0.1:8070".to_owned()),
    ];
    proptest::collection::vec((name, value), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_request_has_a_described_answer(
        method in prop_oneof![
            Just("GET"), Just("POST"), Just("PATCH"), Just("DELETE"), Just("PUT"), Just("X"),
        ],
        target in target(),
        headers in headers(),
        body in body(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start().await;
            let mut request = Request::builder().method(method).uri(&target);
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            // A target that no request can have is none.
            if let Ok(request) = request.body(Body::from(body)) {
                let answer = server.send(request).await;
                assert!(answer.status.as_u16() < 500, "{answer:?}");
            }
        });
    }
}
