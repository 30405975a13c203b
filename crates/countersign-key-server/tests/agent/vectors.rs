//! The recorded calls of the official JavaScript client.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Agent, Server, request};

fn golden() -> Vec<Value> {
    let text = include_str!("../vectors/create-key.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    vectors["golden"].as_array().unwrap().clone()
}

/// The request of a vector, as it was recorded, in `jwt`'s session.
fn recorded(vector: &Value, jwt: Option<&str>) -> Request<Body> {
    let url: http::Uri = vector["request"]["url"].as_str().unwrap().parse().unwrap();
    let body = vector["request"]["body"].to_string();
    let mut request = request(url.path(), jwt, "application/json", &body);
    let host = url.authority().unwrap().as_str().parse().unwrap();
    request.headers_mut().insert("host", host);
    request
}

/// A server of the vector's host, and the vector's account on it.
async fn agent_of(vector: &Value, password: &str) -> Agent {
    let url: http::Uri = vector["request"]["url"].as_str().unwrap().parse().unwrap();
    let host = url.authority().unwrap().as_str().to_owned();
    let own = crate::support::HOST.to_owned();
    let server = Server::with(|settings| settings.agent_hosts([host, own])).await;
    let (api_key, secret) = server.api_key().await;
    let mut agent = Agent {
        server,
        user: vector["userName"].as_str().unwrap().to_owned(),
        password: vector[password].as_str().unwrap().to_owned(),
        jwt: String::new(),
    };
    let created = agent.create(&api_key, &secret).await.json();
    created["jwt"].as_str().unwrap().clone_into(&mut agent.jwt);
    agent
}

#[tokio::test]
async fn recorded_calls_are_taken_once() {
    let mut taken = 0;
    for vector in golden() {
        let op = vector["op"].as_str().unwrap();
        let refused = vector["userName"].as_str().unwrap().contains(':');
        if refused {
            continue;
        }
        let password = match op {
            "CreateKey" => "accountPassword",
            _ => "password",
        };
        let agent = agent_of(&vector, password).await;
        let again = || recorded(&vector, Some(&agent.jwt));
        agent.server.send(again()).await.json();
        agent
            .server
            .send(again())
            .await
            .refused(400, "nonce_reused");
        taken += 1;
    }
    assert_eq!(taken, 3);
}

#[tokio::test]
async fn a_recorded_call_with_a_colon_or_an_empty_id_is_refused() {
    let vectors = golden();
    let odd = vectors.iter().find(|it| it["userName"] == "a:b").unwrap();
    let server = Server::with(|settings| settings.agent_hosts(["localhost"])).await;
    let answer = server.send(recorded(odd, Some("tok"))).await;
    answer.refused(400, "invalid_member");
    assert!(
        answer.text.contains("id: It must not be empty."),
        "{answer:?}"
    );
}

#[tokio::test]
async fn recorded_calls_are_taken_in_xml_too() {
    let mut taken = 0;
    for vector in golden() {
        if vector["op"] != "CreateKey" || vector["id"] == "" {
            continue;
        }
        let agent = agent_of(&vector, "accountPassword").await;
        let members = vector["request"]["body"].as_object().unwrap();
        let attributes: Vec<String> = members
            .iter()
            .map(|(name, value)| format!(" {name}=\"{}\"", value.as_str().unwrap()))
            .collect();
        let attributes = attributes.concat();
        let xmlns = "https://waher.se/Schema/BrokerAgent.xsd";
        let body = format!("<CreateKey xmlns=\"{xmlns}\"{attributes} />");
        let mut request = recorded(&vector, Some(&agent.jwt));
        *request.body_mut() = Body::from(body);
        let headers = request.headers_mut();
        headers.insert("content-type", "text/xml".parse().unwrap());
        let answer = agent.server.send(request).await;
        assert_eq!(answer.headers["content-type"], "text/xml; charset=utf-8");
        assert_eq!(
            answer.text,
            format!(
                "<Stored created=\"2026-01-01T00:00:00.000Z\" updated=\"2026-01-01T00:00:00.000Z\" \
                 xmlns=\"{xmlns}\"/>"
            )
        );
        taken += 1;
    }
    assert_eq!(taken, 2);
}

#[tokio::test]
async fn a_creation_is_signed_as_computed() {
    let text = include_str!("../vectors/create-key.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let computed = &vectors["computed"][0];
    let made = crate::support::sign(
        computed["secret"].as_str().unwrap(),
        computed["s"].as_str().unwrap(),
    );
    assert_eq!(json!(made), computed["signature"]);
}
