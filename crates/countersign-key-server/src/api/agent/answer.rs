//! Answers, which say the same in JSON and in XML.

use axum::response::{IntoResponse as _, Response};
use countersign_core::Timestamp;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use quick_xml::Writer;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::format::Format;
use super::xml::NAMESPACE;
use crate::registry::time::Rfc3339;

/// A value of an answer.
#[derive(Debug)]
pub(super) enum Field {
    Text(Zeroizing<String>),
    /// Unix seconds in JSON; in XML a date, to the millisecond as in the original.
    Time(Timestamp),
    Number(u16),
    Truth(bool),
}

/// The values of an object, or the attributes of an element.
pub(super) type Fields = Vec<(&'static str, Field)>;

/// What an answer has besides values of its own.
#[derive(Debug)]
pub(super) enum Within {
    Nothing,
    /// One object, whose name in JSON is that of the element.
    One(&'static str, Fields),
    /// An array of objects: its name in JSON, and the name of its elements.
    Many(&'static str, &'static str, Vec<Fields>),
}

/// An answer that says yes.
#[derive(Debug)]
pub(super) struct Answer {
    /// The name of its element.
    element: &'static str,
    fields: Fields,
    within: Within,
}

impl Answer {
    pub(super) fn new(element: &'static str, fields: Fields) -> Self {
        Self {
            element,
            fields,
            within: Within::Nothing,
        }
    }

    pub(super) fn with(mut self, within: Within) -> Self {
        self.within = within;
        self
    }

    pub(super) fn into_response(self, format: Format) -> Response {
        let body = match format {
            Format::Json => self.json(),
            Format::Xml(_) => self.xml().unwrap_or_default(),
        };
        let mut response = body.into_response();
        let media_type = HeaderValue::from_static(format.content_type());
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }

    fn json(&self) -> Vec<u8> {
        let mut object = json_object(&self.fields);
        match &self.within {
            Within::Nothing => {}
            Within::One(name, fields) => {
                object.insert((*name).to_owned(), json_object(fields).into());
            }
            Within::Many(name, _, all) => {
                let array: Vec<Value> = all.iter().map(|it| json_object(it).into()).collect();
                object.insert((*name).to_owned(), array.into());
            }
        }
        Value::from(object).to_string().into_bytes()
    }

    // Writing to memory does not fail.
    fn xml(&self) -> Option<Vec<u8>> {
        let mut writer = Writer::new(Vec::new());
        let mut root = xml_element(self.element, &self.fields);
        root.push_attribute(("xmlns", NAMESPACE));
        let children: Vec<BytesStart<'_>> = match &self.within {
            Within::Nothing => Vec::new(),
            Within::One(name, fields) => vec![xml_element(name, fields)],
            Within::Many(_, name, all) => all.iter().map(|it| xml_element(name, it)).collect(),
        };
        if children.is_empty() {
            writer.write_event(Event::Empty(root)).ok()?;
            return Some(writer.into_inner());
        }
        let end = root.to_end().into_owned();
        writer.write_event(Event::Start(root)).ok()?;
        for child in children {
            writer.write_event(Event::Empty(child)).ok()?;
        }
        writer.write_event(Event::End(end)).ok()?;
        Some(writer.into_inner())
    }
}

fn json_object(fields: &Fields) -> Map<String, Value> {
    let pairs = fields.iter().map(|(name, field)| {
        let value = match field {
            Field::Text(text) => text.as_str().into(),
            Field::Time(time) => time.as_unix().into(),
            Field::Number(number) => (*number).into(),
            Field::Truth(truth) => (*truth).into(),
        };
        ((*name).to_owned(), value)
    });
    pairs.collect()
}

fn xml_element<'a>(name: &'a str, fields: &Fields) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for (name, field) in fields {
        let text = match field {
            Field::Text(text) => text.as_str().to_owned(),
            Field::Time(time) => Rfc3339(*time).to_string().replace('Z', ".000Z"),
            Field::Number(number) => number.to_string(),
            Field::Truth(truth) => truth.to_string(),
        };
        element.push_attribute((*name, text.as_str()));
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_xml_say_the_same() {
        let text = |text: &str| Field::Text(Zeroizing::new(text.to_owned()));
        let inner = || vec![("localName", text("<&\">")), ("safe", Field::Truth(true))];
        let answer = Answer::new(
            "Stored",
            vec![("created", Field::Time(Timestamp::from_unix(0)))],
        )
        .with(Within::Many("all", "One", vec![inner()]));
        assert_eq!(
            String::from_utf8(answer.json()).unwrap(),
            r#"{"all":[{"localName":"<&\">","safe":true}],"created":0}"#
        );
        assert_eq!(
            String::from_utf8(answer.xml().unwrap()).unwrap(),
            format!(
                "<Stored created=\"1970-01-01T00:00:00.000Z\" xmlns=\"{NAMESPACE}\"><One \
                 localName=\"&lt;&amp;&quot;&gt;\" safe=\"true\"/></Stored>"
            )
        );
    }
}
