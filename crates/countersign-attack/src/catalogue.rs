//! The cases, as they come with this crate.

use std::error::Error;
use std::fmt;

use serde::Deserialize;

use crate::case::Case;
use crate::scope;

/// The files with cases for a service that verifies requests.
const REQUESTS: [(&str, &str); 7] = [
    ("a-credentials", include_str!("../cases/a-credentials.toml")),
    ("b-keys", include_str!("../cases/b-keys.toml")),
    ("c-time", include_str!("../cases/c-time.toml")),
    ("d-replay", include_str!("../cases/d-replay.toml")),
    ("e-canonical", include_str!("../cases/e-canonical.toml")),
    ("f-body", include_str!("../cases/f-body.toml")),
    ("g-plumbing", include_str!("../cases/g-plumbing.toml")),
];

/// The files with cases for the key server.
const KEY_SERVER: [(&str, &str); 2] = [
    ("h-key-server", include_str!("../cases/h-key-server.toml")),
    ("h-agent", include_str!("../cases/h-agent.toml")),
];

/// A list of cases.
#[derive(Clone, Debug)]
pub struct Catalogue {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

impl Catalogue {
    /// The cases for a service that verifies requests.
    ///
    /// # Errors
    /// When the data was edited and no longer makes sense.
    pub fn requests() -> Result<Self, InvalidCatalogue> {
        Self::of(&REQUESTS)
    }

    /// The cases for the key server.
    ///
    /// # Errors
    /// When the data was edited and no longer makes sense.
    pub fn key_server() -> Result<Self, InvalidCatalogue> {
        Self::of(&KEY_SERVER)
    }

    fn of(files: &[(&str, &str)]) -> Result<Self, InvalidCatalogue> {
        let mut cases = Vec::new();
        for (name, text) in files {
            cases.extend(Self::parse(name, text)?.cases);
        }
        Ok(Self { cases })
    }

    /// Cases of one's own; `name` is for messages.
    ///
    /// # Errors
    /// When `text` is not TOML with cases in it.
    pub fn parse(name: &str, text: &str) -> Result<Self, InvalidCatalogue> {
        let invalid = |problem: String| InvalidCatalogue(format!("{name}: {problem}"));
        let file: File = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        for case in &file.case {
            let prefix = format!("{}-", case.number);
            if !case.id.starts_with(&prefix) {
                return Err(invalid(format!("{} does not begin with {prefix}", case.id)));
            }
            for word in &case.schemes {
                if !scope::is_known(word) {
                    return Err(invalid(format!("{}: no scheme is called {word}", case.id)));
                }
            }
            if case.expect.is_empty() {
                return Err(invalid(format!("{}: nothing is expected", case.id)));
            }
        }
        Ok(Self { cases: file.case })
    }

    /// Only the cases with these numbers.
    #[must_use]
    pub fn only(mut self, numbers: &[u16]) -> Self {
        self.cases.retain(|case| numbers.contains(&case.number));
        self
    }

    /// Without the cases with these ids.
    #[must_use]
    pub fn without(mut self, ids: &[&str]) -> Self {
        self.cases.retain(|case| !ids.contains(&case.id.as_str()));
        self
    }

    /// The cases, in the order of the catalogue.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }
}

/// The data of a catalogue cannot be read.
#[derive(Clone, Debug)]
pub struct InvalidCatalogue(String);

impl fmt::Display for InvalidCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the catalogue cannot be read: {}", self.0)
    }
}

impl Error for InvalidCatalogue {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_can_be_read_and_has_a_name_of_its_own() {
        let mut cases = Catalogue::requests().unwrap().cases;
        cases.extend(Catalogue::key_server().unwrap().cases);
        let names: BTreeSet<_> = cases.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.is_sorted_by_key(Case::section));
    }

    #[test]
    fn mistakes_in_the_data_are_named() {
        let case = |line: &str| {
            format!("[[case]]\nnumber = 1\nid = '1-x'\nwhat = 'x'\nexpect = ['400']\n{line}")
        };
        for (text, named) in [
            (case("color = 1"), "color"),
            (case("schemes = ['hmac']"), "hmac"),
            (case("edits = [{ burn = 'x' }]"), "burn"),
            (case("").replace("1-x", "2-x"), "2-x"),
            (case("").replace("'400'", ""), "1-x"),
            (case("").replace("400", "perhaps"), "perhaps"),
        ] {
            let error = Catalogue::parse("test", &text).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
