//! What is wrong with a configuration is found when the gateway starts.

use std::time::Duration;

use countersign_gateway::{Gateway, GatewayConfig};

use crate::support::sign;

fn good() -> GatewayConfig {
    GatewayConfig::reverse_proxy("http://127.0.0.1:9")
        .listen("127.0.0.1:0")
        .keys(sign::keys())
        .scheme("moxie")
}

async fn error(config: GatewayConfig) -> String {
    match Gateway::bind(config).await {
        Ok(gateway) => panic!("{gateway:?} has started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn bad_193_a_wrong_setting_is_named_with_its_value_and_the_valid_ones() {
    assert!(Gateway::bind(good()).await.is_ok());
    let none = GatewayConfig::reverse_proxy("http://127.0.0.1:9");
    let cases: Vec<(GatewayConfig, &[&str])> = vec![
        (
            good().scheme("hmac"),
            &["scheme", "\"hmac\"", "hmac-auth", "moxie"],
        ),
        (good().scheme("moxie"), &["schemes", "moxie"]),
        (none.clone().keys(sign::keys()), &["scheme", "auth-key"]),
        (none.scheme("moxie"), &["keys"]),
        (
            good().replay("disk"),
            &["replay", "disk", "memory", "off", "redis://"],
        ),
        (
            good().replay("redis+other://u:p@x"),
            &["replay", "redis+other://***@x", "redis+cluster://"],
        ),
        (
            good().replay("redis:/u:p@x"),
            &["replay", "\"***@x\"", "redis://"],
        ),
        (good().instances(0), &["instances", "0"]),
        (
            good().replay_password_file("f"),
            &["replay-password-file", "leave it out"],
        ),
        (good().replay_capacity(0), &["capacity", "0"]),
        (good().window_past(Duration::ZERO), &["window past", "0s"]),
        (
            good().trusted_proxy("10.0.0.0/40"),
            &["trusted-proxy", "10.0.0.0/40"],
        ),
        (
            good().public_base_url("api"),
            &["public_base_url", "api", "https://"],
        ),
        (good().base_path("/p"), &["base-path", "/p", "hmac-auth"]),
        (
            good().forward_authorization("a b"),
            &["forward-authorization", "a b", "YAR"],
        ),
        (
            good().listen("nowhere"),
            &["listen", "nowhere", "127.0.0.1:8000"],
        ),
        (good().metrics_listen("x:y"), &["metrics-listen", "x:y"]),
        (
            good().tls("no-such.pem", "no-such.key"),
            &["no-such.pem", "tls-cert"],
        ),
        (good().keys_file("no-such.toml"), &["no-such.toml"]),
        (good().max_connections(0), &["max-connections", "0"]),
        (good().max_in_flight(0), &["max-in-flight", "0"]),
    ];
    for (config, parts) in cases {
        let error = error(config).await;
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[tokio::test]
async fn an_upstream_is_scheme_host_and_port() {
    for bad in [
        "127.0.0.1:8080",
        "https://127.0.0.1",
        "http://a/b",
        "http://a?b",
        "http://me@a",
        "http://",
        "",
    ] {
        let config = GatewayConfig::reverse_proxy(bad)
            .keys(sign::keys())
            .scheme("moxie");
        let error = error(config).await;
        assert!(
            error.contains("upstream") && error.contains("http://127.0.0.1:8080"),
            "{error}"
        );
    }
}
