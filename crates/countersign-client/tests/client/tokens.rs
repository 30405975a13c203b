//! The token: what is sent, and when its file is read again.

use countersign_client::{AdminClient, Connection, ErrorKind};

use crate::stub::{ID, Reply, Stub, TOKEN};

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

async fn stub_that_wants(token: &'static str) -> Stub {
    Stub::that(move |_, asked| {
        let shown = asked.header("authorization");
        if shown == Some(&format!("Bearer {token}")) {
            Reply::credential()
        } else {
            Reply::problem(401, "token_required")
        }
    })
    .await
}

fn with_file(stub: &Stub, file: &tempfile::NamedTempFile) -> AdminClient {
    let connection = Connection::builder(stub.url()).token_file(file.path());
    AdminClient::new(connection.build().unwrap())
}

#[tokio::test]
async fn a_token_from_a_file_is_sent_without_its_line_feed() {
    let stub = stub_that_wants(TOKEN).await;
    let file = file(&format!("{TOKEN}\n"));
    with_file(&stub, &file).ready().await.unwrap();
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_read_again_once() {
    let stub = stub_that_wants("the-new-token").await;
    let file = file("the-old-token\n");
    let client = with_file(&stub, &file);
    let refused = client.ready().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert_eq!(stub.asked().len(), 1, "the file has not changed");

    std::fs::write(file.path(), "the-new-token\n").unwrap();
    client.ready().await.unwrap();
    client.ready().await.unwrap();
    assert_eq!(stub.asked().len(), 1 + 2 + 1);

    std::fs::write(file.path(), "another-that-is-wrong\n").unwrap();
    client.ready().await.unwrap();
}

#[tokio::test]
async fn a_token_file_that_is_gone_keeps_the_old_token() {
    let stub = stub_that_wants("the-new-token").await;
    let file = file("the-old-token");
    let client = with_file(&stub, &file);
    let path = file.path().to_owned();
    drop(file);
    let refused = client.delete(ID).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(!path.exists());
}

#[test]
fn an_unusable_token_is_refused_without_showing_it() {
    let to = |token: &str| Connection::builder("https://h").token(token).build();
    let long = "hunter2".repeat(1000);
    for token in ["", "hunter2 x", "hunter2\n", "hunter2\u{e9}", &long] {
        let refused = to(token).unwrap_err().to_string();
        assert!(
            refused.contains("token") && !refused.contains("hunter2"),
            "{refused}"
        );
    }
    let file = file(&long);
    let refused = Connection::builder("https://h")
        .token_file(file.path())
        .build();
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(&file.path().display().to_string()));
    assert!(!refused.contains("hunter2"), "{refused}");
    let gone = Connection::builder("https://h")
        .token_file("/nowhere/token")
        .build();
    assert!(gone.unwrap_err().to_string().contains("/nowhere/token"));
}
