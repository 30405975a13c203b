//! Standard output, and whether it may be coloured.

use std::io::{IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Writes `text` and a line end to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| unwritable(&error))
}

/// Writes `bytes` to standard output as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| unwritable(&error))
}

/// Writes `value` to standard output as indented JSON.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    line(&format!("{value:#}"))
}

/// Writes `text` and a line end to standard error, where what is not the result belongs.
pub(crate) fn note(text: &str) {
    // Notes are a courtesy; the result does not depend on them.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn unwritable(error: &std::io::Error) -> Failure {
    Failure::failed(format!("standard output cannot be written: {error}"))
}

/// Whether standard output is written in colour: on a terminal, unless `NO_COLOR` is set
/// (no-color.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Ansi,
}

impl Colour {
    /// What standard output is suited for.
    pub(crate) fn of_stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    /// What standard error is suited for.
    pub(crate) fn of_stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    fn of(terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if terminal && !refused {
            Self::Ansi
        } else {
            Self::Plain
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_output_has_no_escapes() {
        assert_eq!(Colour::Plain.red("no"), "no");
        assert_eq!(Colour::Ansi.red("no"), "\u{1b}[31mno\u{1b}[0m");
    }
}
