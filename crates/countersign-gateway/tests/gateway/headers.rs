//! What the upstream gets to see.

use countersign_gateway::Admission;

use crate::support::client::{send, send_raw};
use crate::support::sign::{ID, Message, PRINCIPAL};
use crate::support::upstream::{Echo, scripted};
use crate::support::{Running, proxy};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn the_target_is_forwarded_byte_for_byte() {
    let (address, mut seen) = scripted(OK).await;
    let gateway = Running::in_front_of(address).await;
    for raw in [
        "//a/../b;x=%2f?a=1&&b",
        "/a/./b/",
        "/%7e%41%2F?",
        "/a?b=c+d%20e",
        "/|\\^",
    ] {
        let message = Message::get(raw).sign("hmac-auth-sha256");
        let answer = send_raw(gateway.address, &message.bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{raw}: {answer}");
        let head = seen.recv().await.unwrap();
        let line = format!("GET {raw} HTTP/1.1\r\n");
        assert!(head.starts_with(&line), "{raw}: {head}");
    }
}

#[tokio::test]
async fn options_of_the_whole_server_keeps_its_asterisk() {
    let (address, mut seen) = scripted(OK).await;
    let gateway = Running::start(proxy(address).admission(Admission::Optional)).await;
    let answer = send_raw(gateway.address, &Message::new("OPTIONS", "*").bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let head = seen.recv().await.unwrap();
    assert!(head.starts_with("OPTIONS * HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn identity_headers_are_the_gateways_for_verified_callers() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let message = Message::get("/")
        .header("x-countersign-principal", "admin")
        .header("X_Countersign_Principal", "admin")
        .header("x-countersign-key-id", "admin")
        .sign("hmac-auth-sha256");
    let answer = send(gateway.address, &message).await;
    assert_eq!(answer.echoed("x-countersign-principal"), PRINCIPAL);
    assert_eq!(answer.echoed("x_countersign_principal"), "");
    assert_eq!(answer.echoed("x-countersign-key-id"), ID);
    assert_eq!(answer.echoed("x-countersign-scheme"), "hmac-auth-sha256");
}

#[tokio::test]
async fn bad_145_identity_headers_are_taken_off_on_every_other_path() {
    let echo = Echo::start().await;
    for admission in [Admission::Optional, Admission::ReportOnly] {
        let config = proxy(echo.address)
            .admission(admission)
            .allow_preflight()
            .forward_authorization("YAR");
        let gateway = Running::start(config).await;
        let forged = |message: Message| {
            message
                .header("x-countersign-principal", "admin")
                .header("x-countersign-scheme", "mac")
                .header(
                    "connection",
                    "x-countersign-principal, x-countersign-scheme",
                )
        };
        let mut paths = vec![
            forged(Message::get("/")),
            forged(Message::new("OPTIONS", "/"))
                .header("origin", "https://a.example")
                .header("access-control-request-method", "PUT"),
        ];
        if admission == Admission::ReportOnly {
            let bad = Message::get("/").sign("moxie").to("/other");
            paths.push(forged(bad));
            let forged_yar = forged(Message::get("/")).header("authorization", "YAR admin");
            paths.push(forged_yar);
        }
        for message in paths {
            let answer = send(gateway.address, &message).await;
            assert_eq!(answer.status, 200, "{admission:?} {message:?} {answer:?}");
            for name in [
                "x-countersign-principal",
                "x-countersign-scheme",
                "authorization",
            ] {
                assert_eq!(answer.echoed(name), "", "{admission:?} {message:?}");
            }
        }
    }
}

#[tokio::test]
async fn forward_authorization_names_the_principal_in_place_of_the_credentials() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).forward_authorization("YAR");
    let gateway = Running::start(config).await;
    let message = Message::get("/")
        .sign("moxie")
        .header("x-countersign-principal", "admin");
    let answer = send(gateway.address, &message).await;
    let expected = format!("YAR {PRINCIPAL}");
    assert!(
        answer.echoed("authorization") == expected,
        "{}",
        answer.echoed("authorization")
    );
}

#[tokio::test]
async fn headers_of_the_connection_end_at_the_gateway() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let message = Message::post("/", "hello")
        .sign("hmac-auth-sha256")
        .header("connection", "close, x-mine")
        .header("x-mine", "1")
        .header("te", "trailers")
        .header("keep-alive", "timeout=5")
        .header("proxy-connection", "keep-alive")
        .header("proxy-authorization", "Basic eA==")
        .header("upgrade", "h2c")
        .header("x-kept", "1");
    let answer = send(gateway.address, &message).await;
    for gone in [
        "connection",
        "x-mine",
        "te",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "upgrade",
        "transfer-encoding",
    ] {
        assert_eq!(answer.echoed(gone), "", "{gone}");
    }
    assert_eq!(answer.echoed("x-kept"), "1");
    assert_eq!(answer.echoed("content-length"), "5");
}

#[tokio::test]
async fn a_connection_header_that_names_what_is_signed_is_refused() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).admission(Admission::ReportOnly);
    let gateway = Running::start(config).await;
    for named in [
        "Date",
        "Host",
        "Authorization",
        "Content-MD5",
        "Content-Type",
        "HMAC-Auth",
        "auth-key",
        "X-Mac-Nonce",
        "x-hmac-nonce",
    ] {
        let message = Message::get("/")
            .sign("hmac-auth")
            .header("connection", named);
        let answer = send(gateway.address, &message).await;
        let told = (400, "signed_header_is_hop_by_hop".to_owned());
        assert_eq!(answer.told(), told, "{named}");
    }
    assert_eq!(echo.calls(), 0);
}

#[tokio::test]
async fn where_a_request_came_from_is_the_gateways_word_or_a_trusted_proxys() {
    let echo = Echo::start().await;
    let message = || {
        Message::get("/")
            .sign("moxie")
            .header("x-forwarded-for", "192.0.2.1")
            .header("x-forwarded-proto", "https")
            .header("x-real-ip", "192.0.2.1")
            .header("x-original-url", "/admin")
    };
    let gateway = Running::in_front_of(echo.address).await;
    let answer = send(gateway.address, &message()).await;
    assert_eq!(answer.echoed("x-forwarded-for"), "127.0.0.1");
    assert_eq!(answer.echoed("x-forwarded-proto"), "http");
    assert_eq!(answer.echoed("x-forwarded-host"), "api.example.org");
    assert_eq!(answer.echoed("host"), "api.example.org");
    assert_eq!(
        answer.echoed("x-real-ip") + &answer.echoed("x-original-url"),
        ""
    );

    let gateway = Running::start(proxy(echo.address).trusted_proxy("127.0.0.0/8")).await;
    let answer = send(gateway.address, &message()).await;
    assert_eq!(answer.echoed("x-forwarded-for"), "192.0.2.1, 127.0.0.1");
    assert_eq!(answer.echoed("x-forwarded-proto"), "https");
    assert_eq!(answer.echoed("x-original-url"), "");
}

#[tokio::test]
async fn two_hosts_and_none_are_refused_in_every_mode() {
    let echo = Echo::start().await;
    let config = proxy(echo.address).admission(Admission::ReportOnly);
    let gateway = Running::start(config).await;
    for message in [
        Message::get("/").header("host", "other"),
        Message::get("/").host(""),
    ] {
        let answer = send_raw(gateway.address, &message.bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("\"code\":\"invalid_target\""), "{answer}");
    }
    assert_eq!(echo.calls(), 0);
}

#[tokio::test]
async fn an_absolute_target_goes_on_in_origin_form_under_its_own_host() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let signed = Message::get("/a?b").sign("hmac-auth-sha256");
    let absolute = signed.to("http://api.example.org/a?b");
    let answer = send_raw(gateway.address, &absolute.bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"target\":\"/a?b\""), "{answer}");
    let answer = send_raw(gateway.address, &absolute.host("evil").bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn connect_opens_no_tunnel() {
    let echo = Echo::start().await;
    let gateway = Running::in_front_of(echo.address).await;
    let bytes = b"CONNECT api.example.org:443 HTTP/1.1\r\nHost: api.example.org:443\r\nConnection: close\r\n\r\n";
    let answer = send_raw(gateway.address, bytes).await;
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
}
