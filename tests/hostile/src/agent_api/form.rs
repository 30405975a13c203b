//! One request in JSON and in XML.

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use crate::written::Written;

/// The namespace of the elements.
const NAMESPACE: &str = "https://waher.se/Schema/BrokerAgent.xsd";

/// The most attributes of an element; only a request in XML is refused for having more.
const MOST: usize = 16;

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Xml,
}

/// The members of an object that XML can tell as well: texts under names that attributes may have.
#[derive(Clone, Debug)]
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            return None;
        };
        let told = |(name, value): (&String, &Value)| match value {
            // A number in JSON is a number, and in XML its digits.
            Value::String(_) if name == "seconds" => false,
            Value::String(text) => is_name(name) && text.chars().all(is_in_xml),
            Value::Number(number) => name == "seconds" && number.is_u64(),
            _ => false,
        };
        (members.len() < MOST && members.iter().all(told)).then_some(Self(members))
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Form {
    /// Writes `members` as the body of a request to `path`.
    pub(super) fn write(self, path: &str, members: &Members, written: &mut Written) {
        let is_json = {
            let kind = written.headers.get(CONTENT_TYPE);
            kind.is_none_or(|kind| kind == "application/json")
        };
        match self {
            // What has another media type, or two, is refused whatever it is.
            _ if !is_json => {}
            Self::Json => written.body = Value::from(members.0.clone()).to_string().into_bytes(),
            Self::Xml => {
                let kind = HeaderValue::from_static("text/xml");
                written.headers.insert(CONTENT_TYPE, kind);
                written.body = xml(path, members).into_bytes();
            }
        }
    }
}

/// Every character that means something is written as its number, so that none is normalized.
fn xml(path: &str, members: &Members) -> String {
    let element = match path {
        "/Agent/Account/Create" => "CreateAccount",
        _ => path.rsplit('/').next().unwrap_or_default(),
    };
    let mut text = format!("<{element} xmlns=\"{NAMESPACE}\"");
    for (name, value) in &members.0 {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text.extend([" ", name, "=\""]);
        for character in value.chars() {
            if character.is_alphanumeric() {
                text.push(character);
            } else {
                text.extend(["&#", &u32::from(character).to_string(), ";"]);
            }
        }
        text.push('"');
    }
    text + "/>"
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !name.starts_with("xmlns")
}

/// XML 1.0, 2.2.
fn is_in_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

pub(super) fn assert_well_formed(text: &str) {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                for attribute in element.attributes() {
                    assert!(attribute.is_ok(), "{text}");
                }
            }
            Ok(Event::End(_)) => {}
            Ok(Event::Eof) => break,
            other => panic!("{other:?} in {text}"),
        }
    }
}
