//! JSON and XML say the same.

use std::collections::BTreeMap;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Value, json};

use crate::support::{Agent, Answer, Server, request};

const XMLNS: &str = "https://waher.se/Schema/BrokerAgent.xsd";

/// Every resource, and the elements of its request and its answer.
pub(crate) const RESOURCES: [(&str, &str, &str); 9] = [
    ("Account/Create", "CreateAccount", "AccountCreated"),
    ("Account/Login", "Login", "LoggedIn"),
    ("Account/Refresh", "Refresh", "Refreshed"),
    ("Account/Logout", "Logout", "LoggedOut"),
    ("Crypto/GetAlgorithms", "GetAlgorithms", "Algorithms"),
    ("Crypto/CreateKey", "CreateKey", "Stored"),
    ("Crypto/GetPublicKey", "GetPublicKey", "PublicKey"),
    ("Crypto/SignData", "SignData", "Signature"),
    ("Crypto/GetSharedSecret", "GetSharedSecret", "SharedSecret"),
];

type Texts = BTreeMap<String, String>;

/// What an answer says, whatever its form: values, and those of the objects within.
#[derive(Debug, PartialEq)]
struct Said {
    own: Texts,
    within: Vec<Texts>,
}

impl Said {
    /// Whatever is new in every answer, so that the rest can be compared.
    fn without_token(mut self) -> Self {
        let jwt = self.own.remove("jwt").unwrap();
        assert_eq!(jwt.split('.').count(), 3, "{jwt}");
        self
    }

    /// An answer in JSON, its values written as XML has them.
    fn in_json(answer: &Answer) -> Self {
        assert_eq!(answer.headers["content-type"], "application/json");
        let all = answer.json();
        let own = all.as_object().unwrap();
        let objects = |it: &Value| match it {
            Value::Array(all) => all.iter().map(texts).collect(),
            Value::Object(_) => vec![texts(it)],
            _ => vec![],
        };
        Self {
            own: texts(&all),
            within: own.values().flat_map(objects).collect(),
        }
    }

    /// An answer in XML.
    fn in_xml(answer: &Answer, element: &str) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "text/xml; charset=utf-8");
        let mut reader = NsReader::from_str(&answer.text);
        let mut said: Option<Self> = None;
        loop {
            let (namespace, event) = reader.read_resolved_event().unwrap();
            let bound = format!("{namespace:?}").contains(XMLNS);
            match event {
                Event::Start(it) | Event::Empty(it) => {
                    assert!(bound, "{answer:?}");
                    let local_name = it.local_name();
                    let name: &str = local_name.as_ref();
                    let values = attributes(&it);
                    if let Some(said) = &mut said {
                        assert_eq!(name, "Algorithm");
                        said.within.push(values);
                    } else {
                        assert_eq!(name, element);
                        said = Some(Self {
                            own: values,
                            within: vec![],
                        });
                    }
                }
                Event::End(_) => {}
                Event::Eof => return said.unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn attributes(element: &BytesStart<'_>) -> Texts {
    let all = element.attributes().map(Result::unwrap);
    all.filter(|it| it.key.as_namespace_binding().is_none())
        .map(|it| {
            let name: &str = it.key.as_ref();
            let value = it.normalized_value(quick_xml::XmlVersion::default());
            (name.to_owned(), value.unwrap().into_owned())
        })
        .collect()
}

fn texts(object: &Value) -> Texts {
    let members = object.as_object().unwrap().iter();
    let scalars = members.filter(|(_, it)| !it.is_object() && !it.is_array());
    let text = |name: &str, value: &Value| match (name, value) {
        ("created" | "updated" | "expires", time) => {
            let time = jiff::Timestamp::from_second(time.as_i64().unwrap()).unwrap();
            time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    };
    scalars
        .map(|(name, value)| (name.clone(), text(name, value)))
        .collect()
}

fn elements_of(resource: &str) -> (&'static str, &'static str) {
    let row = RESOURCES.iter().find(|it| it.0 == resource).unwrap();
    (row.1, row.2)
}

/// The same request in XML.
fn to_xml(resource: &str, body: &Value) -> String {
    let members = body.as_object().unwrap().iter();
    let attributes: Vec<String> = members
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => quick_xml::escape::escape(text.as_str()).into_owned(),
                other => other.to_string(),
            };
            format!(" {name}=\"{text}\"")
        })
        .collect();
    let attributes = attributes.concat();
    let element = elements_of(resource).0;
    format!("<{element} xmlns=\"{XMLNS}\"{attributes}/>")
}

/// What is said to a request in JSON.
async fn json_said(agent: &Agent, resource: &str, body: &Value) -> Said {
    Said::in_json(&agent.post(resource, body).await)
}

async fn post_xml(agent: &Agent, resource: &str, body: &Value) -> Answer {
    let path = format!("/Agent/{resource}");
    let body = to_xml(resource, body);
    let request = request(&path, Some(&agent.jwt), "text/xml", &body);
    agent.server.send(request).await
}

/// What is said to the same request in XML.
async fn xml_said(agent: &Agent, resource: &str, body: &Value) -> Said {
    let answer = post_xml(agent, resource, body).await;
    Said::in_xml(&answer, elements_of(resource).1)
}

#[tokio::test]
async fn accounts_and_sessions_are_the_same_in_both() {
    let server = Server::start().await;
    let (api_key, secret) = server.api_key().await;
    let (one, other) = (server.stranger("a <&\"'> b"), server.stranger("ålïce"));
    let resource = "Account/Create";
    let in_json = json_said(&one, resource, &one.create_body(&api_key, &secret)).await;
    let in_xml = xml_said(&other, resource, &other.create_body(&api_key, &secret)).await;
    let created = in_json.without_token();
    assert_eq!(created, in_xml.without_token());
    assert_eq!(created.own["created"], "2026-01-01T00:00:00.000Z");
    assert_eq!(created.own["expires"], "2026-01-01T01:00:00.000Z");

    // Who was created in one form logs in in the other.
    let resource = "Account/Login";
    let in_json = json_said(&other, resource, &other.login_body()).await;
    let in_xml = xml_said(&one, resource, &one.login_body()).await;
    let session = |agent: &Agent, said: &Said| Agent {
        jwt: said.own["jwt"].clone(),
        ..agent.clone()
    };
    let (one, other) = (session(&one, &in_xml), session(&other, &in_json));
    assert_eq!(in_json.without_token(), in_xml.without_token());

    let resource = "Account/Refresh";
    let body = json!({"seconds": 90});
    let in_json = json_said(&one, resource, &body).await;
    let in_xml = xml_said(&other, resource, &body).await;
    let (one, other) = (session(&one, &in_json), session(&other, &in_xml));
    assert_eq!(in_json.without_token(), in_xml.without_token());

    let resource = "Account/Logout";
    let in_json = json_said(&one, resource, &json!({})).await;
    let in_xml = xml_said(&other, resource, &json!({})).await;
    assert_eq!(in_json, in_xml);
    for agent in [one, other] {
        let answer = agent.post(resource, &json!({})).await;
        answer.refused(401, "session_required");
    }
}

#[tokio::test]
async fn keys_are_the_same_in_both() {
    let agent = Server::start().await.agent("ålïce").await;
    let resource = "Crypto/CreateKey";
    let in_json = json_said(&agent, resource, &agent.create_key_body("ed25519", "s")).await;
    let in_xml = xml_said(&agent, resource, &agent.create_key_body("x25519", "x")).await;
    assert_eq!(in_json, in_xml);

    let resource = "Crypto/GetAlgorithms";
    let in_json = json_said(&agent, resource, &json!({})).await;
    assert_eq!(in_json.within.len(), 30);
    assert_eq!(in_json, xml_said(&agent, resource, &json!({})).await);

    let resource = "Crypto/GetPublicKey";
    let body = json!({"keyId": "x"});
    let in_json = json_said(&agent, resource, &body).await;
    assert_eq!(in_json.within[0]["localName"], "x25519");
    let peer = in_json.own["key"].clone();
    assert_eq!(in_json, xml_said(&agent, resource, &body).await);

    let resource = "Crypto/SignData";
    let body = || agent.use_body("ed25519", "s", "data", "AAAA");
    let in_json = json_said(&agent, resource, &body()).await;
    assert_eq!(in_json, xml_said(&agent, resource, &body()).await);

    let resource = "Crypto/GetSharedSecret";
    let body = || agent.use_body("x25519", "x", "publicKey", &format!("shared-secret:{peer}"));
    let in_json = json_said(&agent, resource, &body()).await;
    assert_eq!(in_json, xml_said(&agent, resource, &body()).await);
}

#[tokio::test]
async fn an_answer_is_in_the_form_that_is_accepted() {
    let agent = Server::start().await.agent("alice").await;
    let resource = "Crypto/GetAlgorithms";
    let path = format!("/Agent/{resource}");
    let ask = |media_type: &str, body: &str, accept: &str| {
        let mut request = request(&path, Some(&agent.jwt), media_type, body);
        let accept = accept.parse().unwrap();
        request.headers_mut().insert("accept", accept);
        agent.server.send(request)
    };
    let xml = to_xml(resource, &json!({}));
    let in_json = ask("application/xml", &xml, "application/json").await;
    let in_xml = ask("application/json", "{}", "text/html, text/xml;q=0.1").await;
    assert_eq!(Said::in_json(&in_json), Said::in_xml(&in_xml, "Algorithms"));
    let in_xml = ask("application/json", "{}", "application/xml").await;
    assert_eq!(
        in_xml.headers["content-type"],
        "application/xml; charset=utf-8"
    );
}

#[tokio::test]
async fn refusals_are_the_same_text_in_both() {
    let server = Server::start().await;
    let nobody = server.stranger("alice");
    for (resource, ..) in RESOURCES {
        // Whatever the resource, something is wrong with this.
        let body = json!({"seconds": "0"});
        let in_json = nobody.post(resource, &body).await;
        let in_xml = post_xml(&nobody, resource, &body).await;
        in_json.refused(in_xml.status.as_u16(), in_xml.code());
        assert_eq!(in_json.text, in_xml.text, "{resource}");
        assert!(in_json.text.ends_with('.'), "{in_json:?}");
    }
}

#[tokio::test]
async fn a_member_that_is_unknown_or_given_twice_is_refused_in_both() {
    let agent = Server::start().await.agent("alice").await;
    let attributes = |text: &str| format!("<GetPublicKey xmlns=\"{XMLNS}\" {text}/>");
    for (media_type, body, code) in [
        (
            "application/json",
            r#"{"keyId":"a","b":"c"}"#.to_owned(),
            "unknown_member",
        ),
        (
            "text/xml",
            attributes(r#"keyId="a" b="c""#),
            "unknown_member",
        ),
        (
            "application/json",
            r#"{"keyId":"a","keyId":"a"}"#.to_owned(),
            "duplicate_member",
        ),
        (
            "text/xml",
            attributes(r#"keyId="a" keyId="a""#),
            "duplicate_member",
        ),
        ("application/json", "{}".to_owned(), "missing_member"),
        ("text/xml", attributes(""), "missing_member"),
        (
            "application/json",
            r#"{"keyId":1}"#.to_owned(),
            "invalid_member",
        ),
        ("application/json", "[]".to_owned(), "invalid_json"),
        (
            "application/json",
            attributes(r#"keyId="a""#),
            "invalid_json",
        ),
        ("text/xml", r#"{"keyId":"a"}"#.to_owned(), "invalid_xml"),
    ] {
        let path = "/Agent/Crypto/GetPublicKey";
        let request = request(path, Some(&agent.jwt), media_type, &body);
        agent.server.send(request).await.refused(400, code);
    }
}
