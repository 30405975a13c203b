//! The secret of a key, in one of the forms that a file can give it in.

use std::path::Path;

use super::decode;
use super::record::Record;
use crate::keys::keys_file::error::Problem;
use crate::keys::keys_file::reading::Reading;
use crate::keys::keys_file::secret_bytes::SecretBytes;

/// The fields of which a key has exactly one.
pub(super) const FORMS: [&str; 5] = [TEXT, BASE64, BASE64URL, HEX, FILE];

const TEXT: &str = "secret";
const BASE64: &str = "secret_base64";
const BASE64URL: &str = "secret_base64url";
const HEX: &str = "secret_hex";
const FILE: &str = "secret_file";

/// The longest secret file: no secret needs more, and a wrong path may lead to anything.
const MAX_SECRET_FILE_LEN: u64 = 64 << 10;

/// The secret of `record`; relative paths start at `directory`.
pub(super) fn secret_of(
    record: &Record<'_>,
    directory: &Path,
    reading: &mut Reading,
) -> Result<SecretBytes, Problem> {
    let given: Vec<&'static str> = FORMS.into_iter().filter(|form| record.has(form)).collect();
    let form = match given[..] {
        [form] => form,
        [] => {
            return Err(
                record.problem("has no secret", format!("give one of {}", FORMS.join(", ")))
            );
        }
        _ => {
            return Err(record.problem(
                format!("has {}", given.join(" and ")),
                "give only one of them",
            ));
        }
    };
    let text = record.required_text(form)?;
    match form {
        FILE => from_file(record, &directory.join(text), reading),
        BASE64 => decoded(record, form, decode::base64(text), "Base64"),
        BASE64URL => decoded(record, form, decode::base64url(text), "base64url"),
        HEX => decoded(record, form, decode::hex(text), "hexadecimal"),
        _ => Ok(SecretBytes::new(text.into())),
    }
}

fn decoded(
    record: &Record<'_>,
    form: &'static str,
    secret: Option<SecretBytes>,
    encoding: &'static str,
) -> Result<SecretBytes, Problem> {
    secret.ok_or_else(|| {
        record.problem(
            format!("{form} is not {encoding}"),
            "write it without spaces and line ends, or as secret if it is plain text",
        )
    })
}

fn from_file(
    record: &Record<'_>,
    path: &Path,
    reading: &mut Reading,
) -> Result<SecretBytes, Problem> {
    let name = format!("{}: {FILE} {:?}", record.name(), path.display().to_string());
    let bytes = reading.read(path, &name, MAX_SECRET_FILE_LEN)?;
    let trimmed = match bytes.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => &bytes,
    };
    Ok(SecretBytes::new(trimmed.into()))
}
