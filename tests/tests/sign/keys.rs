//! Keys that change while they are in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::sign::{
    CallErrorKind, CredentialError, CredentialSource, DynCredentialSource, KeyById, Rotating,
};
use countersign::{
    AuthKey, AuthKeyLayer, CachedLookup, KeySet, KeysFile, LookupError, SchemeId, SignLayer,
    SigningKey, StaticKeys, lookup_fn,
};
use countersign_tests::{Bench, NOW, Protocol, Server};
use tower::Layer;

use crate::{Recorder, call, get, hyper_client, post};

fn key(secret: &str) -> SigningKey {
    SigningKey::new("example-id", secret, "dave").unwrap()
}

fn signer<C: CredentialSource>(source: C, bench: &Bench) -> SignLayer<C> {
    SignLayer::new(AuthKey::default(), source).clock(bench.clock.clone())
}

async fn knowing(bench: &Bench, keys: &StaticKeys) -> Server {
    let layer = bench.around(AuthKeyLayer::new(keys.clone()));
    Server::start(layer.layer(bench.echo.clone())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_are_good_while_the_key_rotates() {
    const OLD: &str = "the old secret, of enough bytes";
    const NEW: &str = "the new secret, of enough bytes";
    let (bench, rotating) = (Bench::new(), Rotating::new(key(OLD)));
    let server = knowing(&bench, &StaticKeys::new([key(NEW), key(OLD)])).await;
    let client = signer(rotating.clone(), &bench).layer(hyper_client(Protocol::Http1));
    let url: Arc<str> = format!("http://{}/", server.address()).into();
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let (client, url, rotating) = (client.clone(), Arc::clone(&url), rotating.clone());
            tokio::spawn(async move {
                if number % 10 == 0 {
                    rotating.rotate(key(if number % 20 == 0 { NEW } else { OLD }));
                }
                let answer = call(&client, post(&url, &number.to_string())).await;
                let answer = answer.unwrap();
                assert_eq!(
                    (answer.status, answer.body),
                    (200, number.to_string().into())
                );
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(bench.echo.calls(), 500);
    server.stop().await;
}

#[tokio::test]
async fn a_rotated_key_signs_the_next_request() {
    let (bench, rotating) = (Bench::new(), Rotating::new(key("the first of the secrets")));
    let keys = StaticKeys::new([key("the first of the secrets")]);
    let server = knowing(&bench, &keys).await;
    let client = signer(rotating.clone(), &bench).layer(hyper_client(Protocol::Http1));
    let url = format!("http://{}/", server.address());
    assert_eq!(call(&client, get(&url)).await.unwrap().status, 200);
    keys.replace([key("the second of the secrets")]).unwrap();
    assert_eq!(call(&client, get(&url)).await.unwrap().status, 401);
    rotating.rotate(key("the second of the secrets"));
    assert_eq!(call(&client, get(&url)).await.unwrap().status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_key_in_a_file_rotates_with_the_file() {
    let (bench, directory) = (Bench::new(), tempfile::tempdir().unwrap());
    let path = directory.path().join("keys.toml");
    let write = |secret: &str| {
        let text = format!(
            "[[key]]\nid = \"example-id\"\nsecret = \"{secret}\"\nprincipal = \"dave\"\n\
             [[key]]\nid = \"other-id\"\nsecret = \"somebody else's secret\"\nprincipal = \"erin\"\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    write("the first of the secrets");
    let file = KeysFile::open(&path).unwrap();
    let keys = StaticKeys::new([key("the second of the secrets")]);
    let server = knowing(&bench, &keys).await;
    let source = KeyById::new(file.clone(), "example-id").unwrap();
    let client = signer(source, &bench).layer(hyper_client(Protocol::Http1));
    let url = format!("http://{}/", server.address());
    assert_eq!(call(&client, get(&url)).await.unwrap().status, 401);
    write("the second of the secrets");
    file.reload().unwrap();
    assert_eq!(call(&client, get(&url)).await.unwrap().caller, "dave");
    server.stop().await;
}

#[tokio::test]
async fn a_source_that_fails_fails_the_call_and_nothing_goes_unsigned() {
    let (bench, recorder) = (Bench::new(), Recorder::new());
    let down = lookup_fn(|_id: String| async move {
        Err::<Option<KeySet>, _>(LookupError::new("the key server is down"))
    });
    let down = KeyById::new(CachedLookup::new(down), "example-id").unwrap();
    let service = signer(down, &bench).layer(recorder.clone());
    let error = call(&service, get("http://h/")).await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Credentials);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("the key server is down"), "{source}");

    let gone = KeyById::new(StaticKeys::<String>::empty(), "example-id").unwrap();
    let service = signer(gone, &bench).layer(recorder.clone());
    assert!(call(&service, get("http://h/")).await.is_err());
    assert_eq!(recorder.heads().len(), 0);
}

#[tokio::test]
async fn a_key_that_may_not_sign_does_not() {
    let (bench, recorder) = (Bench::new(), Recorder::new());
    let secret = "a secret of enough bytes";
    for unusable in [
        key(secret).not_after(NOW.plus(-1)),
        key(secret).not_before(NOW.plus(1)),
        key(secret).schemes([SchemeId::MOXIE]),
    ] {
        let service = SignLayer::new(AuthKey::default(), unusable).clock(bench.clock.clone());
        let service = service.layer(recorder.clone());
        let error = call(&service, get("http://h/")).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Credentials);
        assert!(error.to_string().contains("auth-key"), "{error}");
    }
    assert_eq!(recorder.heads().len(), 0);
}

/// Counts how often it is asked.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl CredentialSource for Counted {
    type Principal = String;

    async fn credentials(&self) -> Result<KeySet, CredentialError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(key("a secret of enough bytes").into())
    }
}

#[tokio::test]
async fn a_source_of_ones_own_is_asked_for_every_request_also_as_an_object() {
    let (bench, counted) = (Bench::new(), Arc::new(Counted::default()));
    let object: Arc<dyn DynCredentialSource<String>> = Arc::new(Arc::clone(&counted));
    let service = signer(object, &bench).layer(Recorder::new());
    for _ in 0..3 {
        call(&service, get("http://h/")).await.unwrap();
    }
    assert_eq!(counted.0.load(Ordering::SeqCst), 3);
}
