//! Requests that are refused before anybody looks at who sent them.

use axum::body::Body;
use http::{HeaderValue, Method, Request};

use crate::formats::RESOURCES;
use crate::support::{Agent, HOST, Server, request};

async fn alice() -> Agent {
    Server::start().await.agent("alice").await
}

fn path_of(resource: &str) -> String {
    format!("/Agent/{resource}")
}

#[tokio::test]
async fn an_answer_that_is_not_accepted_is_refused() {
    let agent = alice().await;
    for (resource, ..) in RESOURCES {
        for accept in ["text/html", "application/json;q=0", "image/*", ""] {
            let mut request = request(
                &path_of(resource),
                Some(&agent.jwt),
                "application/json",
                "{}",
            );
            let accept = HeaderValue::from_static(accept);
            request.headers_mut().insert("accept", accept);
            let answer = agent.server.send(request).await;
            answer.refused(406, "not_acceptable");
        }
    }
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    let agent = alice().await;
    for (resource, ..) in RESOURCES {
        for types in [
            &[][..],
            &["text/plain"],
            &["application/x-www-form-urlencoded"],
            &["application/json; charset=latin1"],
            &["text/xml; charset=utf-16"],
            &["application/json", "application/json"],
            &["application/json", "text/xml"],
        ] {
            let mut request = request(&path_of(resource), Some(&agent.jwt), "a/b", "{}");
            let headers = request.headers_mut();
            headers.remove("content-type");
            for it in types {
                headers.append("content-type", HeaderValue::from_static(it));
            }
            let answer = agent.server.send(request).await;
            answer.refused(415, "unsupported_media_type");
            assert!(answer.text.contains("text/xml"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn every_resource_is_posted_to_and_nothing_else() {
    let agent = alice().await;
    let methods = ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"];
    for (resource, ..) in RESOURCES {
        for method in methods {
            let mut request = request(
                &path_of(resource),
                Some(&agent.jwt),
                "application/json",
                "{}",
            );
            *request.method_mut() = method.parse().unwrap();
            let answer = agent.server.send(request).await;
            assert_eq!(answer.status, 405, "{method}: {answer:?}");
            let allowed: Vec<_> = answer.headers.get_all("allow").iter().collect();
            assert_eq!(allowed, ["POST"], "{method}");
            if method == "HEAD" {
                assert_eq!(answer.text, "");
            } else {
                answer.refused(405, "method_not_allowed");
            }
        }
    }
}

#[tokio::test]
async fn a_path_of_the_agent_api_that_there_is_not_is_refused_as_text() {
    let server = Server::start().await;
    for path in [
        "/Agent",
        "/Agent/",
        "/Agent/Crypto",
        "/Agent/Crypto/",
        "/Agent/Crypto/createkey",
        "/Agent/Crypto/CreateKey/",
        "/Agent//Crypto/CreateKey",
        "/Agent/Crypto/DeleteKey",
        "/Agent/%00",
    ] {
        for method in [Method::POST, Method::GET] {
            let mut request = request(path, None, "application/json", "{}");
            *request.method_mut() = method;
            let answer = server.send(request).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            answer.refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_refused_and_one_of_64_is_read() {
    let agent = alice().await;
    for (resource, ..) in RESOURCES {
        let of = |length: usize| {
            let body = " ".repeat(length);
            request(
                &path_of(resource),
                Some(&agent.jwt),
                "application/json",
                &body,
            )
        };
        let answer = agent.server.send(of(64 * 1024 + 1)).await;
        answer.refused(413, "body_too_large");
        let answer = agent.server.send(of(64 * 1024)).await;
        answer.refused(400, "invalid_json");
    }
}

#[tokio::test]
async fn a_body_that_does_not_say_how_long_it_is_is_read_no_further_than_64_kib() {
    let server = Server::start().await;
    let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let endless = Body::from_stream(futures_util::stream::iter(chunks));
    let request = Request::post("/Agent/Account/Login")
        .header("host", HOST)
        .header("content-type", "text/xml")
        .body(endless);
    let answer = server.send(request.unwrap()).await;
    answer.refused(413, "body_too_large");
}

/// The most memory that this process has had, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn entities_are_not_expanded() {
    let server = Server::start().await;
    let names: Vec<String> = (0..10).map(|level| format!("lol{level}")).collect();
    let mut entities = "<!ENTITY lol0 \"lol\">".to_owned();
    for pair in names.windows(2) {
        let ten = format!("&{};", pair[0]).repeat(10);
        entities.extend(["<!ENTITY ", &pair[1], " \"", &ten, "\">"]);
    }
    let xmlns = "https://waher.se/Schema/BrokerAgent.xsd";
    let login = format!("<Login xmlns=\"{xmlns}\" userName=\"&lol9;\"/>");
    let outside = "<!DOCTYPE Login SYSTEM \"file:///etc/passwd\">";
    let before = most_memory();
    for body in [
        format!("<?xml version=\"1.0\"?><!DOCTYPE Login [{entities}]>{login}"),
        format!("{outside}<Login xmlns=\"{xmlns}\"/>"),
        login,
    ] {
        let request = request("/Agent/Account/Login", None, "text/xml", &body);
        let answer = server.send(request).await;
        answer.refused(400, "invalid_xml");
        assert!(answer.text.len() < 500, "{answer:?}");
    }
    // Expanded, it would be three gigabytes.
    assert!(most_memory() - before < 64 * 1024);
}
