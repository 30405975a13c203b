//! Users, passwords and what they may do.

use countersign_core::ReplayError;
use countersign_redis::{ConnectError, RedisReplayCacheBuilder};

use crate::support::claims::{Request, connect, unguarded};
use crate::support::server::Server;
use crate::support::until;

const PASSWORD: &str = "correct horse: battery@staple/1";

/// The rules that the front page of the documentation gives.
const RULES: &[&str] = &[
    "resetkeys",
    "~countersign:*",
    "resetchannels",
    "-@all",
    "+hello",
    "+client|tracking",
    "+info",
    "+time",
    "+set",
    "+get",
    "+wait",
    "+asking",
    "+cluster|slots",
];

fn server() -> Server {
    let server = Server::start();
    let password = format!(">{PASSWORD}");
    let mut user = vec!["ACL", "SETUSER", "gateway", "on", &password];
    user.extend(RULES);
    assert_eq!(server.ask(&user).trim(), "OK");
    server
}

async fn refusal(builder: RedisReplayCacheBuilder) -> String {
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused(_)), "{error:?}");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains("horse") && !text.contains("wrong word"),
            "{text}"
        );
    }
    error.to_string()
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_user_with_the_documented_rules_can_claim() {
    let server = server();
    let with = unguarded(&server.url()).user("gateway");
    let cache = with.clone().password(PASSWORD).connect().await.unwrap();
    let request = Request::new();
    request.claim(&cache).await.unwrap();
    assert!(matches!(
        request.claim(&cache).await,
        Err(ReplayError::Replayed)
    ));

    let file = server.path("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let cache = with.password_file(&file).connect().await.unwrap();
    Request::new().claim(&cache).await.unwrap();

    let encoded = "correct%20horse%3A%20battery%40staple%2F1";
    let cache = connect(&format!(
        "redis://gateway:{encoded}@127.0.0.1:{}",
        server.port()
    ))
    .await;
    Request::new().claim(&cache).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_wrong_password_is_a_clear_error_that_does_not_show_it() {
    let server = server();
    let wrong = unguarded(&server.url())
        .user("gateway")
        .password("wrong word");
    let refusal = refusal(wrong).await;
    assert!(
        refusal.contains("refuses this user and password"),
        "{refusal}"
    );
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_server_that_wants_a_password_says_so() {
    let server = Server::with(&["--requirepass", PASSWORD]);
    let refusal = refusal(unguarded(&server.url())).await;
    assert!(refusal.contains("password"), "{refusal}");
    let with = unguarded(&server.url()).password(PASSWORD);
    with.connect().await.unwrap();
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_missing_permission_is_named() {
    let server = server();
    for (rule, command) in [
        ("-set", "SET"),
        ("-info", "INFO"),
        ("-time", "TIME"),
        ("-client|tracking", "CLIENT TRACKING"),
        ("resetkeys", "SET"),
    ] {
        assert_eq!(
            server.ask(&["ACL", "SETUSER", "gateway", rule]).trim(),
            "OK"
        );
        let refusal = refusal(unguarded(&server.url()).user("gateway").password(PASSWORD)).await;
        assert!(
            refusal.contains(&format!("may not use {command};")),
            "{rule}: {refusal}"
        );
        let mut again = vec!["ACL", "SETUSER", "gateway"];
        again.extend(RULES);
        server.ask(&again);
    }
}

#[tokio::test]
#[ignore = "needs Redis, which cargo xtask test installs"]
async fn a_user_who_loses_a_permission_is_refused_until_it_is_back() {
    let server = server();
    let cache = unguarded(&server.url()).user("gateway").password(PASSWORD);
    let cache = cache.connect().await.unwrap();
    server.ask(&["ACL", "SETUSER", "gateway", "-set"]);
    let refused = Request::new().claim(&cache).await;
    assert!(
        matches!(refused, Err(ReplayError::Unavailable(_))),
        "{refused:?}"
    );
    server.ask(&["ACL", "SETUSER", "gateway", "+set"]);
    until("claims work again", || async {
        Request::new().claim(&cache).await.is_ok()
    })
    .await;
}
