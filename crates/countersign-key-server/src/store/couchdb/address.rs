//! Where a CouchDB is, and who we are to it.

use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::store::{StoreError, StoreErrorKind};

/// Where CouchDB listens when nobody says otherwise.
const DEFAULT_PORT: u16 = 5984;

/// Where CouchDB listens with TLS when nobody says otherwise.
const DEFAULT_TLS_PORT: u16 = 6984;

/// The longest name of a database: CouchDB keeps it as a file name, with a suffix.
const MAX_DATABASE_NAME: usize = 238;

/// The most of a password file that is read: many times what it should hold.
const MAX_PASSWORD_FILE: u64 = 4096;

/// The address of a database, taken apart.
///
/// `couchdb://HOST:PORT/DATABASE`, or `couchdbs://` for TLS, or `HOST:PORT/DATABASE` alone. A user
/// and password stand before the host, percent-encoded, or in a file that `?passfile=FILE` names.
/// `?cafile=FILE` names authorities that are trusted besides the public ones.
pub(super) struct Address {
    pub(super) transport: Transport,
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) authorization: Option<HeaderValue>,
}

/// How requests get there.
pub(super) enum Transport {
    Plain,
    Tls { authorities: Option<PathBuf> },
}

impl Address {
    /// # Errors
    /// When it is no such address, the password file cannot be read, or a password would cross the
    /// network in the clear.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let with_scheme = if text.contains("://") {
            Zeroizing::new(text.to_owned())
        } else {
            Zeroizing::new(format!("couchdb://{text}"))
        };
        let url = Url::parse(&with_scheme).map_err(|_| malformed())?;
        let (mut transport, default_port) = match url.scheme() {
            "couchdb" => (Transport::Plain, DEFAULT_PORT),
            "couchdbs" => (Transport::Tls { authorities: None }, DEFAULT_TLS_PORT),
            _ => return Err(malformed()),
        };
        let host = http_host(&url)?;
        let mut credentials = credentials_in(&url)?;
        for (name, value) in parameters(&url)? {
            match (name.as_str(), &mut transport) {
                ("passfile", _) if credentials.is_none() => {
                    credentials = Some(read_password_file(&value)?);
                }
                ("passfile", _) => {
                    return Err(wrong(
                        "the address of CouchDB has a password and a passfile: give one of them",
                    ));
                }
                ("cafile", Transport::Tls { authorities }) => *authorities = Some(value),
                ("cafile", Transport::Plain) => {
                    return Err(wrong(
                        "a cafile needs TLS: write couchdbs:// for couchdb://",
                    ));
                }
                _ => {
                    return Err(wrong(
                        "the address of CouchDB takes the parameters passfile and cafile only",
                    ));
                }
            }
        }
        if credentials.is_some() && matches!(transport, Transport::Plain) && !is_loopback(&host) {
            return Err(wrong(
                "a password would cross the network in the clear: write couchdbs:// for \
                 couchdb://, or reach CouchDB through a loopback address",
            ));
        }
        Ok(Self {
            transport,
            host,
            port: url.port().unwrap_or(default_port),
            database: database_in(&url)?,
            authorization: credentials.as_deref().map(|it| basic(it)).transpose()?,
        })
    }
}

fn wrong(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Misconfigured, message)
}

fn malformed() -> StoreError {
    wrong(
        "the address of CouchDB is not of the form couchdb://USER:PASSWORD@HOST:PORT/DATABASE, \
         couchdbs://… or HOST:PORT/DATABASE",
    )
}

/// The host, read by the rules of `http`, which the rules of other schemes differ from.
fn http_host(url: &Url) -> Result<Host<String>, StoreError> {
    let host = url.host_str().ok_or_else(malformed)?;
    Host::parse(host).map_err(|_| malformed())
}

fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

fn database_in(url: &Url) -> Result<String, StoreError> {
    let name = url.path().strip_prefix('/').unwrap_or_default();
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_$()+-".contains(&byte);
    let is_name = name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.len() <= MAX_DATABASE_NAME
        && name.bytes().all(allowed)
        && url.fragment().is_none();
    if is_name {
        Ok(name.to_owned())
    } else {
        Err(wrong(
            "the name of a CouchDB database is a small letter, then small letters, digits and \
             _$()+-, and nothing follows it in the address",
        ))
    }
}

/// `user:password`, decoded.
fn credentials_in(url: &Url) -> Result<Option<Zeroizing<String>>, StoreError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded
            .map(|it| Zeroizing::new(it.into_owned()))
            .map_err(|_| malformed())
    };
    let user = decoded(url.username())?;
    let password = decoded(url.password().unwrap_or_default())?;
    if user.contains(':') {
        return Err(wrong("a CouchDB user name cannot have a colon"));
    }
    Ok(Some(Zeroizing::new(format!("{}:{}", *user, *password))))
}

/// The parameters with their values decoded; a plus is a plus.
fn parameters(url: &Url) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let pairs = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|it| !it.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(malformed)?;
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| malformed())?;
            Ok((name.to_owned(), PathBuf::from(value.into_owned())))
        })
        .collect()
}

fn read_password_file(path: &Path) -> Result<Zeroizing<String>, StoreError> {
    let shown = path.display();
    let io = |error: std::io::Error| wrong(&format!("the password file {shown}: {error}"));
    let file = File::open(path).map_err(io)?;
    refuse_if_others_can_read(&file, path).map_err(io)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_PASSWORD_FILE)
        .read_to_string(&mut text)
        .map_err(io)?;
    let line = text.trim_end_matches(['\r', '\n']);
    let holds_both = line
        .split_once(':')
        .is_some_and(|(user, _)| !user.is_empty());
    if !holds_both || line.contains(['\r', '\n']) {
        return Err(wrong(&format!(
            "the password file {shown} does not hold one line user:password"
        )));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

#[cfg(unix)]
fn refuse_if_others_can_read(file: &File, _: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        return Err(std::io::Error::other("others can read it; chmod 600 it"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_others_can_read(_: &File, _: &Path) -> std::io::Result<()> {
    Ok(())
}

fn basic(credentials: &str) -> Result<HeaderValue, StoreError> {
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(credentials)));
    let mut value = HeaderValue::from_str(&text).map_err(|_| malformed())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match Address::parse(text) {
            Ok(_) => panic!("{text} was taken"),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
                error.to_string()
            }
        }
    }

    #[test]
    fn the_address_of_the_original_has_no_scheme() {
        let address = Address::parse("127.0.0.1:5984/creds").unwrap();
        assert!(matches!(address.transport, Transport::Plain));
        assert_eq!(address.host.to_string(), "127.0.0.1");
        assert_eq!((address.port, address.database.as_str()), (5984, "creds"));
        assert!(address.authorization.is_none());
    }

    #[test]
    fn a_scheme_has_a_default_port_and_an_explicit_one_counts() {
        let port = |text: &str| Address::parse(text).unwrap().port;
        assert_eq!(port("couchdb://localhost/creds"), 5984);
        assert_eq!(port("couchdbs://couch.example/creds"), 6984);
        assert_eq!(port("couchdb://localhost:80/creds"), 80);
        assert_eq!(port("couchdbs://couch.example:443/creds"), 443);
        assert_eq!(port("localhost/creds"), 5984);
    }

    #[test]
    fn user_and_password_are_percent_decoded_and_never_shown() {
        let address = Address::parse("couchdb://a%40b:p%3Aw%2F%25@[::1]:1/creds").unwrap();
        let header = address.authorization.unwrap();
        assert_eq!(header, format!("Basic {}", STANDARD.encode("a@b:p:w/%")));
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn bad_218_a_password_never_crosses_the_network_in_the_clear() {
        let error = refusal("couchdb://admin:hunter2@couch.example/creds");
        assert!(
            error.contains("couchdbs://") && !error.contains("hunter2"),
            "{error}"
        );
        for loopback in ["127.0.0.9", "[::1]", "localhost"] {
            assert!(Address::parse(&format!("couchdb://a:b@{loopback}/creds")).is_ok());
        }
        assert!(Address::parse("couchdbs://a:b@couch.example/creds").is_ok());
        for disguised in [
            "localhost.example",
            "127.0.0.1.example",
            "10.0.0.1",
            "[::2]",
        ] {
            refusal(&format!("couchdb://a:b@{disguised}/creds"));
        }
    }

    #[test]
    fn a_name_that_could_lead_elsewhere_is_refused() {
        for bad in [
            "", "Creds", "_users", "a/b", "a/", "a%2Fb", ".x", "a?b", "a#b", "a b",
        ] {
            refusal(&format!("couchdb://localhost/{bad}"));
        }
        let longest = "a".repeat(MAX_DATABASE_NAME);
        assert!(Address::parse(&format!("couchdb://localhost/{longest}")).is_ok());
        refusal(&format!("couchdb://localhost/{longest}a"));
        for bad in [
            "http://localhost/a",
            "couchdb:creds",
            "couchdb:///creds",
            "",
        ] {
            refusal(bad);
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_password_may_stand_in_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass file+");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        std::fs::write(&path, "admin:pass:word\n").unwrap();
        let encoded = path.display().to_string().replace(' ', "%20");
        let text = format!("couchdb://localhost/creds?passfile={encoded}");
        mode(0o644).unwrap();
        assert!(refusal(&text).contains("chmod 600"));
        mode(0o600).unwrap();
        let header = Address::parse(&text).unwrap().authorization.unwrap();
        assert_eq!(
            header,
            format!("Basic {}", STANDARD.encode("admin:pass:word"))
        );
        refusal(&text.replace("localhost", "a:b@localhost"));
        std::fs::write(&path, "only-a-password\n").unwrap();
        assert!(!refusal(&text).contains("only-a-password"));
    }

    #[test]
    fn an_unknown_parameter_is_refused() {
        assert!(refusal("couchdb://localhost/a?timeout=1").contains("passfile"));
        assert!(refusal("couchdb://localhost/a?cafile=/x").contains("couchdbs://"));
    }
}
