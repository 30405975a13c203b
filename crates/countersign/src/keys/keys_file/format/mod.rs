//! From the text of a key file to its keys.

use std::path::Path;

use countersign_core::{Algorithm, MIN_SECRET_LEN, SchemeId, SigningKey};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::record::{Record, line};
use self::secret::secret_of;
use super::error::{KeysFileError, Problem};
use super::reading::Reading;
use crate::keys::table::KeyTable;

mod date_time;
mod decode;
mod record;
mod secret;
#[cfg(test)]
mod tests;

/// The largest key file: more than 100 000 keys fit, reading them takes a few hundred MB for a
/// moment, and a wrong path may lead to anything.
const MAX_FILE_LEN: u64 = 16 << 20;

/// The fields of a key besides those of its secret.
const FIELDS: [&str; 6] = [
    "id",
    "principal",
    "schemes",
    "not_before",
    "not_after",
    "algorithm",
];

const ALGORITHMS: [(&str, Algorithm); 2] = [
    ("hmac-sha-1", Algorithm::Sha1),
    ("hmac-sha-256", Algorithm::Sha256),
];

/// What is in a key file.
pub(super) struct Loaded {
    pub(super) table: KeyTable<String>,
    /// The ids, as they may be shown, of keys whose secret is shorter than it should be.
    pub(super) short_secrets: Vec<String>,
}

/// Reads the key file at `path` and its secret files.
pub(super) fn load(path: &Path, reading: &mut Reading) -> Result<Loaded, KeysFileError> {
    keys_in(path, reading).map_err(|problem| problem.in_file(path))
}

fn keys_in(path: &Path, reading: &mut Reading) -> Result<Loaded, Problem> {
    let bytes = reading.read(path, "the key file", MAX_FILE_LEN)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Problem::new(
            format!("line {} is not UTF-8", line(&bytes, error.valid_up_to())),
            "save the file as UTF-8; put binary secrets into secret_base64",
        )
    })?;
    let document = DeTable::parse(text).map_err(|error| not_toml(text, &error))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut short_secrets = Vec::new();
    let mut keys = Vec::new();
    for (header, fields) in key_tables(document.get_ref())? {
        let record = Record::new(fields, text, header);
        let key = key_of(&record, directory, reading)?;
        if key.secret().expose().len() < MIN_SECRET_LEN {
            short_secrets.push(key.public_id().to_owned());
        }
        keys.push(key);
    }
    Ok(Loaded {
        table: KeyTable::build(keys)?,
        short_secrets,
    })
}

/// The `[[key]]` tables, each with the place of its header in the text.
fn key_tables<'t>(document: &'t DeTable<'t>) -> Result<Vec<(usize, &'t DeTable<'t>)>, Problem> {
    const FIX: &str = "give every key a table with the header [[key]]";
    if let Some(unknown) = document.keys().find(|name| name.get_ref() != "key") {
        return Err(Problem::new(
            format!("it has an unknown entry {:?}", unknown.get_ref()),
            FIX,
        ));
    }
    let tables = match document.get("key").map(Spanned::get_ref) {
        None => return Err(Problem::new("it has no keys", FIX)),
        Some(DeValue::Array(tables)) if !tables.is_empty() => tables,
        Some(_) => return Err(Problem::new("its \"key\" is not a list of tables", FIX)),
    };
    let tables = tables.iter().map(|table| match table.get_ref() {
        DeValue::Table(fields) => Ok((table.span().start, fields)),
        _ => Err(Problem::new(
            "its \"key\" has entries that are no tables",
            FIX,
        )),
    });
    tables.collect()
}

fn key_of(
    record: &Record<'_>,
    directory: &Path,
    reading: &mut Reading,
) -> Result<SigningKey, Problem> {
    record.refuse_fields_but(FIELDS.into_iter().chain(secret::FORMS))?;
    let id = record.required_text("id")?;
    let principal = record.required_text("principal")?.to_owned();
    let secret = secret_of(record, directory, reading)?;
    let mut key = SigningKey::with_short_secret(id, &*secret, principal)?;
    if let Some(schemes) = schemes_of(record)? {
        key = key.schemes(schemes);
    }
    if let Some(algorithm) = algorithm_of(record)? {
        key = key.algorithm(algorithm);
    }
    let (start, end) = (record.time("not_before")?, record.time("not_after")?);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(record.problem(
            "has a not_after before its not_before",
            "exchange them, or remove the key",
        ));
    }
    if let Some(start) = start {
        key = key.not_before(start);
    }
    if let Some(end) = end {
        key = key.not_after(end);
    }
    Ok(key)
}

fn schemes_of(record: &Record<'_>) -> Result<Option<Vec<SchemeId>>, Problem> {
    let fix = || {
        let names = SchemeId::ALL.map(SchemeId::name).join(", ");
        format!("the schemes are {names}; leave it out for every enabled one but basic")
    };
    let Some(names) = record.texts("schemes")? else {
        return Ok(None);
    };
    if names.is_empty() {
        return Err(record.problem("has no scheme in schemes", fix()));
    }
    let schemes = names.into_iter().map(|name| {
        SchemeId::from_name(name).ok_or_else(|| {
            record.problem(format!("has an unknown scheme {name:?} in schemes"), fix())
        })
    });
    schemes.collect::<Result<_, _>>().map(Some)
}

fn algorithm_of(record: &Record<'_>) -> Result<Option<Algorithm>, Problem> {
    let Some(given) = record.text("algorithm")? else {
        return Ok(None);
    };
    let known = ALGORITHMS.into_iter().find(|(name, _)| *name == given);
    match known {
        Some((_, algorithm)) => Ok(Some(algorithm)),
        None => Err(record.problem(
            format!("has an unknown algorithm {given:?}"),
            format!("use {}", ALGORITHMS.map(|(name, _)| name).join(" or ")),
        )),
    }
}

fn not_toml(text: &str, error: &toml::de::Error) -> Problem {
    let place = error.span().map_or(0, |span| span.start);
    Problem::new(
        format!("line {} is not TOML", line(text.as_bytes(), place)),
        error.message(),
    )
}
