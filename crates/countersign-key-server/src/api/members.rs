//! Reading the body of a request: one JSON object, strictly.
//!
//! A member that nobody knows is refused, because it may be a misspelt one that matters; one given
//! twice, because two readers could take different ones for the right one.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::problem::{Code, Problem};

/// A value of a body.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    Whole(u64),
    Object(Vec<(String, Value)>),
    /// What no member of any body can be: a truth value, another number, an array.
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}

/// The members of an object that were not taken yet.
#[derive(Debug)]
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    /// Reads a body that may have the members `known` and no others.
    pub(super) fn read(body: &[u8], known: &[&str]) -> Result<Self, Problem> {
        // The parser gives up at a depth of 128, so nesting costs no more than that.
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Self::of(members, known),
            Ok(_) => Err(Code::InvalidJson.into()),
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let detail = format!("The body stops being JSON at line {line}, column {column}.");
                Err(Problem::from(Code::InvalidJson).because(detail))
            }
        }
    }

    /// The members of an object that may be `known` and no others.
    pub(super) fn of(members: Vec<(String, Value)>, known: &[&str]) -> Result<Self, Problem> {
        let mut seen: Vec<&str> = Vec::with_capacity(known.len());
        for (name, _) in &members {
            if !known.contains(&name.as_str()) {
                return Err(Problem::of_member(Code::UnknownMember, name)
                    .because(format!("The members are {}.", known.join(", "))));
            }
            if seen.contains(&name.as_str()) {
                return Err(Problem::of_member(Code::DuplicateMember, name));
            }
            seen.push(name);
        }
        Ok(Self(members))
    }

    /// The member `name`, if there is one.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(it, _)| it == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// The text of the member `name`, if there is one.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(name, "It must be a string.")),
        }
    }

    /// The text of the member `name`, which must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Problem> {
        self.text(name)?
            .ok_or_else(|| Problem::of_member(Code::MissingMember, name))
    }
}

/// The value of the member `name` is not one that it can have.
pub(super) fn invalid(name: &str, why: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::of_member(Code::InvalidMember, name).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Code {
        let known = ["principal", "auth_scheme"];
        Members::read(body.as_bytes(), &known).unwrap_err().code()
    }

    #[test]
    fn bad_200_unknown_and_duplicate_members_are_refused() {
        assert_eq!(refusal(r#"{"foo":1}"#), Code::UnknownMember);
        assert_eq!(
            refusal(r#"{"principal":1,"principal":1}"#),
            Code::DuplicateMember
        );
        assert_eq!(
            refusal(r#"{"principal":1,"princip\u0061l":1}"#),
            Code::DuplicateMember
        );
    }

    #[test]
    fn bad_201_what_is_not_one_object_is_refused_at_any_depth() {
        for body in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}{}",
            "\u{feff}{}",
            "{'a':1}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert_eq!(refusal(body), Code::InvalidJson, "{body}");
        }
        for open in ["[", "{\"a\":"] {
            assert_eq!(refusal(&open.repeat(10_000)), Code::InvalidJson);
        }
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let body = format!("{{\"principal\":{deep}}}");
        let mut members = Members::read(body.as_bytes(), &["principal"]).unwrap();
        let refused = members.text("principal").unwrap_err();
        assert_eq!(refused.code(), Code::InvalidMember);
        assert!(Members::read(b"{\"principal\":\"\xff\"}", &["principal"]).is_err());
    }
}
