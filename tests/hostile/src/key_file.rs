//! Files of keys: read, or refused without a word of any secret.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;

use countersign::keys::KeysFile;

/// What stands in the file wherever a secret may: valid text, Base64 and base64url, and nothing
/// that an error would say by itself.
const SECRET: &str = "CorrectHorseBatteryStaple4242AndSomeMoreOfItA";

/// This much of a secret is too much of it.
const TELLING: usize = 8;

/// Reads `input` as a file of keys, with one secret for the text of every field of a secret.
pub fn key_file(input: &[u8]) {
    let Some(text) = with_secrets(input) else {
        return;
    };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&text).expect("room for it");
    match KeysFile::open(file.path()) {
        Ok(keys) => {
            assert!(keys.key_count() > 0);
            assert_silent(&format!("{keys:?}"));
            assert!(keys.reload().is_ok(), "the same file is as good as before");
        }
        Err(error) => {
            let mut told = format!("{error} {error:?}");
            let mut source = error.source();
            while let Some(error) = source {
                let _ = write!(told, " {error} {error:?}");
                source = error.source();
            }
            assert!(!error.to_string().is_empty());
            assert_silent(&told);
        }
    }
}

fn assert_silent(told: &str) {
    let shown = (0..=SECRET.len() - TELLING)
        .map(|start| &SECRET[start..start + TELLING])
        .any(|part| told.contains(part));
    assert!(!shown, "{told}");
}

/// `None` where a secret cannot be told from what an error may show: in strings of several lines,
/// and where it is the name of a file.
fn with_secrets(input: &[u8]) -> Option<Vec<u8>> {
    let has = |text: &str| {
        input
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    if ["\"\"\"", "'''", "secret_file", "\\u", "\\U", "\\x"]
        .into_iter()
        .any(has)
    {
        return None;
    }
    let lines = input.split(|&byte| byte == b'\n');
    let lines: Vec<Vec<u8>> = lines.map(with_secret).collect();
    Some(lines.join(&b'\n'))
}

/// The line, with [`SECRET`] in the first string after the equals sign of a secret.
fn with_secret(line: &[u8]) -> Vec<u8> {
    let position = |from: usize, byte: u8| {
        let found = line[from..].iter().position(|&other| other == byte);
        found.map(|at| from + at)
    };
    let replaced = || {
        if !line.trim_ascii_start().starts_with(b"secret") {
            return None;
        }
        let equals = position(0, b'=')?;
        let quote = line[equals..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\''))?;
        let start = equals + quote + 1;
        let end = position(start, line[start - 1]).unwrap_or(line.len());
        Some([&line[..start], SECRET.as_bytes(), &line[end..]].concat())
    };
    replaced().unwrap_or_else(|| line.to_vec())
}
