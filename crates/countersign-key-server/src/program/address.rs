//! `--key-store`: which kind of store, and where.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// What `--key-store` takes.
const VALID: &str = "use sqlite:FILE, postgres://USER@HOST/DATABASE, couchdb://HOST:PORT/DATABASE, \
                     or HOST:PORT/DATABASE, which is CouchDB";

/// Where the key store is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// The embedded database in this file.
    Sqlite(PathBuf),
    /// PostgreSQL, at this URL.
    Postgres(String),
    /// CouchDB, at this URL.
    Couchdb(String),
}

impl Address {
    /// Reads the value of the option `key`.
    pub(super) fn parse(key: &str, text: &str) -> Result<Self, Failure> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme {
            "sqlite" => {
                let path = text.trim_start_matches("sqlite:");
                match path {
                    "" => Err(Failure::unusable(key, text, VALID)),
                    _ => Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path).into())),
                }
            }
            "postgres" | "postgresql" => Ok(Self::Postgres(text.to_owned())),
            "couchdb" | "couchdbs" => Ok(Self::Couchdb(text.to_owned())),
            _ if is_original(text) => Ok(Self::Couchdb(format!("couchdb://{text}"))),
            _ => Err(Failure::unusable(key, &without_password(text), VALID)),
        }
    }

    /// Where its master key is kept unless told otherwise: beside the file of an embedded one.
    pub(super) fn default_master_key_file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(beside(path, ".master-key")),
            Self::Postgres(_) | Self::Couchdb(_) => None,
        }
    }

    /// For messages: without a password.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) | Self::Couchdb(url) => without_password(url),
        }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether it is written as for the original: `host:port/database`.
fn is_original(text: &str) -> bool {
    let Some((host, rest)) = text.split_once(':') else {
        return false;
    };
    let Some((port, database)) = rest.split_once('/') else {
        return false;
    };
    !host.is_empty()
        && !host.contains(['/', '@'])
        && port.parse::<u16>().is_ok()
        && !database.is_empty()
}

/// `text` with `***` for what is or may be its password, also where the text is no URL yet: a
/// mistake in a URL must not show what it hides.
pub(super) fn without_password(text: &str) -> String {
    let is_scheme = |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        // No path has a password.
        _ if text.starts_with("sqlite:") => return text.to_owned(),
        _ => (None, text),
    };
    let hidden = passwords(rest);
    let mut shown = scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
    let mut hiding = false;
    for (at, character) in rest.char_indices() {
        let was_hiding = std::mem::replace(&mut hiding, hidden.iter().any(|it| it.contains(&at)));
        match (was_hiding, hiding) {
            (false, true) => shown.push_str("***"),
            (true, true) => {}
            (_, false) => shown.push(character),
        }
    }
    shown
}

/// Where passwords may stand. One that should have been percent-encoded may have any character in
/// it, so that of several ends the last is taken.
fn passwords(text: &str) -> Vec<Range<usize>> {
    const PARAMETER: &str = "password=";
    let mut found = Vec::new();
    if let (Some(colon), Some(at)) = (text.find(':'), text.rfind('@')) {
        found.push(colon.saturating_add(1)..at);
    }
    let folded = text.to_ascii_lowercase();
    for (at, _) in folded.match_indices(PARAMETER) {
        let start = at.saturating_add(PARAMETER.len());
        let length = folded.get(start..).and_then(|rest| rest.find('&'));
        found.push(start..length.map_or(text.len(), |length| start.saturating_add(length)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_store_has_its_form() {
        let parse = |text| Address::parse("--key-store", text).unwrap();
        assert_eq!(parse("sqlite:creds.db"), Address::Sqlite("creds.db".into()));
        assert_eq!(parse("sqlite:///a/b"), Address::Sqlite("/a/b".into()));
        for couch in ["couchdb://127.0.0.1:5984/creds", "127.0.0.1:5984/creds"] {
            assert_eq!(
                parse(couch),
                Address::Couchdb("couchdb://127.0.0.1:5984/creds".into())
            );
        }
        assert!(matches!(parse("postgresql://h/d"), Address::Postgres(_)));
        for bad in [
            "",
            "creds.db",
            "sqlite:",
            "mysql://h/d",
            "h:1",
            "h:x/d",
            ":1/d",
        ] {
            let error = Address::parse("--key-store", bad).unwrap_err().to_string();
            assert!(error.contains("sqlite:FILE"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://u:p@h:1/d", "postgres://u:***@h:1/d"),
            ("postgres://u:p/@x@h/d", "postgres://u:***@h/d"),
            (
                "postgres://u@h/d?password=p&a=b",
                "postgres://u@h/d?password=***&a=b",
            ),
            (
                "postgres://u@h:1/d?sslpassword=p@x:y@z",
                "postgres://u@h:***",
            ),
            ("postgres://u:p?password=x@h/d", "postgres://u:***"),
            ("postgres:/u:p@h/d", "postgres:***@h/d"),
            ("u:p://x@h/d", "u:***@h/d"),
            ("host=h PASSWORD=p dbname=d", "host=h PASSWORD=***"),
            ("couchdb://h:5984/d", "couchdb://h:5984/d"),
            ("sqlite:a:b@c", "sqlite:a:b@c"),
            ("creds.db", "creds.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
        let error = Address::parse("--key-store", "mysql://u:hunter2@h/d").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
