//! One `[[key]]` of a file, and its fields by type.

use std::fmt::Display;

use countersign_core::{SchemeId, Timestamp};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::date_time::{self, Unusable};
use crate::keys::keys_file::error::Problem;

/// The fields of one key.
pub(super) struct Record<'t> {
    fields: &'t DeTable<'t>,
    file: &'t str,
    header: usize,
}

impl<'t> Record<'t> {
    /// The key whose header is at the byte `header` of the text `file`.
    pub(super) fn new(fields: &'t DeTable<'t>, file: &'t str, header: usize) -> Self {
        Self {
            fields,
            file,
            header,
        }
    }

    /// What errors call it: by its id, or by its line where it has none that may be shown.
    pub(super) fn name(&self) -> String {
        match self.value("id") {
            Some(DeValue::String(id)) if !self.is_secret(id) => format!("key {id:?}"),
            _ => format!(
                "the key in line {}",
                line(self.file.as_bytes(), self.header)
            ),
        }
    }

    pub(super) fn problem(&self, what: impl AsRef<str>, fix: impl Display) -> Problem {
        Problem::new(format!("{} {}", self.name(), what.as_ref()), fix)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// # Errors
    /// When there is a field that is none of `known`.
    pub(super) fn refuse_fields_but(
        &self,
        known: impl IntoIterator<Item = &'static str> + Clone,
    ) -> Result<(), Problem> {
        let unknown = self.fields.keys().find(|field| {
            let field: &str = field.get_ref();
            known.clone().into_iter().all(|known| known != field)
        });
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let known: Vec<_> = known.into_iter().collect();
        Err(self.problem(
            format!("has an unknown field {:?}", unknown.get_ref()),
            format!("the fields are {}", known.join(", ")),
        ))
    }

    pub(super) fn text(&self, field: &'static str) -> Result<Option<&'t str>, Problem> {
        match self.value(field) {
            None => Ok(None),
            Some(DeValue::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(field, other, "write it as a string, in quotes")),
        }
    }

    pub(super) fn required_text(&self, field: &'static str) -> Result<&'t str, Problem> {
        self.text(field)?
            .ok_or_else(|| self.problem(format!("has no {field}"), format!("add {field} = \"…\"")))
    }

    pub(super) fn texts(&self, field: &'static str) -> Result<Option<Vec<&'t str>>, Problem> {
        const FIX: &str = "write it as a list of strings, [\"…\"]";
        let list = match self.value(field) {
            None => return Ok(None),
            Some(DeValue::Array(list)) => list,
            Some(other) => return Err(self.wrong_type(field, other, FIX)),
        };
        let texts = list.iter().map(|item| match item.get_ref() {
            DeValue::String(text) => Ok(&**text),
            other => Err(self.wrong_type(field, other, FIX)),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn time(&self, field: &'static str) -> Result<Option<Timestamp>, Problem> {
        const FIX: &str = "write it like 2026-01-01T00:00:00Z, without quotes";
        let date_time = match self.value(field) {
            None => return Ok(None),
            Some(DeValue::Datetime(date_time)) => date_time,
            Some(other) => return Err(self.wrong_type(field, other, FIX)),
        };
        let what = match date_time::timestamp(date_time) {
            Ok(time) => return Ok(Some(time)),
            Err(Unusable::Local) => "is not a date, a time and an offset",
            Err(Unusable::NoSuchTime) => "is a time that does not exist, or a leap second",
        };
        Err(self.problem(format!("has a {field} that {what}"), FIX))
    }

    /// Whether the id is the secret as well, as it is under the scheme `basic`.
    fn is_secret(&self, id: &str) -> bool {
        let is = |value: &DeValue<'_>, text| matches!(value, DeValue::String(s) if s == text);
        let basic = match self.value("schemes") {
            Some(DeValue::Array(schemes)) => schemes
                .iter()
                .any(|scheme| is(scheme.get_ref(), SchemeId::BASIC.name())),
            _ => false,
        };
        basic || self.value("secret").is_some_and(|secret| is(secret, id))
    }

    fn value(&self, field: &str) -> Option<&'t DeValue<'t>> {
        self.fields.get(field).map(Spanned::get_ref)
    }

    /// Names the type alone: the value may be a secret.
    fn wrong_type(&self, field: &'static str, value: &DeValue<'_>, fix: &'static str) -> Problem {
        let found = match value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date-time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.problem(format!("has {found} in {field}"), fix)
    }
}

/// The line, counted from 1, of the byte at `place`.
pub(super) fn line(text: &[u8], place: usize) -> usize {
    let before = text.get(..place).unwrap_or(text);
    before.split(|byte| *byte == b'\n').count()
}
