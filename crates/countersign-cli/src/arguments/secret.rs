//! The secret, which is never an argument: it would be in the list of processes and in the
//! history of the shell.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use clap::{Args, ValueEnum};
use zeroize::Zeroizing;

use super::standard_input;
use crate::failure::Failure;

/// The longest secret file: no secret needs more, and a wrong path may lead to anything.
const MAX_SECRET: usize = 64 << 10;

/// Where the secret comes from.
#[derive(Args, Clone, Debug)]
pub(crate) struct SecretArguments {
    /// Read the secret from this file (- is standard input)
    ///
    /// One line end (LF or CRLF) at the end of the file is not part of the secret. The secret can
    /// be in the variable `COUNTERSIGN_SECRET` instead, where every character counts. It cannot be
    /// an argument: those are seen by every user of the machine.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// How the secret is written
    ///
    /// Give a secret as it was issued: mac and mac-draft take theirs as utf8, even where it looks
    /// like base64url, and decode it themselves.
    #[arg(long, value_name = "ENCODING", default_value = "utf8")]
    secret_encoding: SecretEncoding,
}

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SecretEncoding {
    /// The bytes themselves.
    Utf8,
    /// Base64, padded or not.
    Base64,
    /// Base64 with - and _, padded or not.
    Base64url,
    /// Hexadecimal, in either case.
    Hex,
}

/// The bytes of a secret; wiped when dropped.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

impl SecretArguments {
    /// The secret.
    pub(crate) fn read(&self) -> Result<SecretBytes, Failure> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(Failure::usage(
                "the secret is empty; with an empty secret anybody could sign",
            ));
        }
        self.secret_encoding.decode(text).ok_or_else(|| {
            Failure::usage(format!(
                "the secret is not {}; write it so, or give the right --secret-encoding: utf8, \
                 base64, base64url, hex",
                self.secret_encoding.name()
            ))
        })
    }

    /// Whether it is read from standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.secret_file.as_deref() == Some(Path::new("-"))
    }

    fn text(&self) -> Result<SecretBytes, Failure> {
        let variable = std::env::var_os("COUNTERSIGN_SECRET").filter(|secret| !secret.is_empty());
        match (&self.secret_file, variable) {
            // Had the variable been stronger, no file would have come this far.
            (Some(path), _) => {
                let mut bytes = standard_input::read(path, "--secret-file", MAX_SECRET)?;
                trim_line_end(&mut bytes);
                Ok(bytes)
            }
            (None, Some(secret)) => Ok(Zeroizing::new(std::os::unix::ffi::OsStringExt::into_vec(
                secret,
            ))),
            (None, None) => Err(Failure::usage(
                "there is no secret; give --secret-file FILE (- is standard input), or set \
                 COUNTERSIGN_SECRET or COUNTERSIGN_SECRET_FILE",
            )),
        }
    }
}

impl SecretEncoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Base64 => "base64",
            Self::Base64url => "base64url",
            Self::Hex => "hex",
        }
    }

    fn decode(self, text: SecretBytes) -> Option<SecretBytes> {
        let decoded = match self {
            Self::Utf8 => return Some(text),
            Self::Base64 => engine(&alphabet::STANDARD).decode(&*text).ok()?,
            Self::Base64url => engine(&alphabet::URL_SAFE).decode(&*text).ok()?,
            Self::Hex => hex(&text)?,
        };
        Some(Zeroizing::new(decoded)).filter(|secret| !secret.is_empty())
    }
}

fn engine(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let padding =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, padding)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| match *pair {
            [high, low] => Some((digit(high)? << 4) | digit(low)?),
            _ => None,
        })
        .collect()
}

/// Editors and `echo` add one; it is not meant.
pub(crate) fn trim_line_end(bytes: &mut Vec<u8>) {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SecretEncoding::{Base64, Base64url, Hex, Utf8};
    use super::*;

    #[test]
    fn one_line_end_is_trimmed_and_no_more() {
        for (written, meant) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
            ("a \n", "a "),
        ] {
            let mut bytes = written.as_bytes().to_vec();
            trim_line_end(&mut bytes);
            assert_eq!(bytes, meant.as_bytes(), "{written:?}");
        }
    }

    #[test]
    fn encodings_are_decoded_strictly() {
        let decoded = |encoding: SecretEncoding, text: &str| {
            let text = Zeroizing::new(text.as_bytes().to_vec());
            encoding.decode(text).map(|secret| secret.to_vec())
        };
        for (encoding, text) in [
            (Utf8, "\u{fb}\u{ff}x"),
            (Base64, "w7vDv3g="),
            (Base64, "w7vDv3g"),
            (Base64url, "w7vDv3g="),
            (Hex, "c3bbC3BF78"),
        ] {
            assert_eq!(
                decoded(encoding, text).unwrap(),
                "\u{fb}\u{ff}x".as_bytes(),
                "{text}"
            );
        }
        for (encoding, text) in [
            (Base64, "w7vDv3g=\n"),
            (Base64, "-_"),
            (Base64url, "+/"),
            (Hex, "abc"),
            (Hex, "zz"),
            (Hex, ""),
        ] {
            assert_eq!(decoded(encoding, text), None, "{text}");
        }
    }
}
