//! The text of an address.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::{Encryption, Host, misconfigured};
use crate::store::StoreError;

/// Where PostgreSQL listens when nobody says otherwise.
const DEFAULT_PORT: u16 = 5432;

/// What may stand after the question mark.
const PARAMETERS: &str = "application_name, dbname, host, options, passfile, password, port, \
                          sslmode, sslrootcert, user";

/// The parts of an address, decoded.
#[derive(Default)]
pub(super) struct Url {
    pub(super) hosts: Vec<(Host, u16)>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<Vec<u8>>>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) database: Option<String>,
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    mode: Option<Encryption>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or_else(|| {
                misconfigured(
                    "a PostgreSQL address begins with postgres://: write \
                     postgres://user@host:5432/database",
                )
            })?;
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        // One '@' at most, and that one here: else a part of the password would be taken for a
        // host, and shown.
        if rest.matches('@').count() > authority.matches('@').count().min(1) {
            return Err(misconfigured(
                "the PostgreSQL address has an @ where none can be: in the user, the password and \
                 the parameters write @ as %40, / as %2F, ? as %3F and : as %3A",
            ));
        }
        let mut url = Self::default();
        let (login, hosts) = authority.split_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        url.user = text_of("user", user)?;
        url.password = password.map(|it| bytes_of("password", it)).transpose()?;
        url.database = text_of("database", database)?;
        let mut ports = None;
        for pair in parameters.split('&').filter(|it| !it.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                misconfigured("a parameter of the PostgreSQL address has no value: write key=value")
            })?;
            url.set(key, value, &mut ports)?;
        }
        if !hosts.is_empty() {
            url.hosts = hosts
                .split(',')
                .map(host_and_port)
                .collect::<Result<_, _>>()?;
        }
        if let Some(port) = ports {
            for (_, own) in &mut url.hosts {
                *own = port;
            }
        }
        if url.hosts.is_empty() {
            return Err(misconfigured(
                "the PostgreSQL address names no host: write \
                 postgres://user@host:5432/database, or ?host=/var/run/postgresql for a Unix \
                 socket",
            ));
        }
        Ok(url)
    }

    fn set(&mut self, key: &str, value: &str, ports: &mut Option<u16>) -> Result<(), StoreError> {
        match key {
            "application_name" => self.application_name = text_of(key, value)?,
            "dbname" => self.database = text_of(key, value)?,
            "host" => self.hosts = vec![(host(value)?, DEFAULT_PORT)],
            "options" => self.options = text_of(key, value)?,
            "passfile" => self.password_file = text_of(key, value)?.map(PathBuf::from),
            "password" => self.password = Some(bytes_of(key, value)?),
            "port" => *ports = Some(port(value)?),
            "sslmode" => self.mode = Some(encryption(value)?),
            "sslrootcert" => self.root_certificates = text_of(key, value)?.map(PathBuf::from),
            "user" => self.user = text_of(key, value)?,
            // What is unknown is not repeated: it may be the rest of a password.
            _ => {
                return Err(misconfigured(format!(
                    "the PostgreSQL address has a parameter that is none of {PARAMETERS}: remove \
                     it, and if it is a part of the password write ? as %3F and & as %26"
                )));
            }
        }
        Ok(())
    }

    /// Whether to encrypt: what `sslmode` says, or else always, but for hosts on this machine.
    pub(super) fn encryption(&self) -> Result<Encryption, StoreError> {
        let local = self.hosts.iter().all(|(host, _)| host.is_local());
        let socket = |host: &Host| matches!(host, Host::Socket(_));
        match self.mode {
            Some(Encryption::Always) if self.hosts.iter().any(|(host, _)| socket(host)) => {
                Err(misconfigured(
                    "sslmode=require in the PostgreSQL address, but a Unix socket has no TLS: \
                     leave sslmode out, or name a host",
                ))
            }
            Some(Encryption::IfOffered) if !local => Err(misconfigured(
                "sslmode=prefer in the PostgreSQL address would send the password in the clear \
                 to whoever answers that it has no TLS: write sslmode=require, or \
                 sslmode=disable if the network may see it",
            )),
            Some(mode) => Ok(mode),
            None if local => Ok(Encryption::Never),
            None => Ok(Encryption::Always),
        }
    }
}

/// The address without its password and parameters.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = &self.user {
            write!(f, "{}@", user.escape_debug())?;
        }
        for (index, (host, port)) in self.hosts.iter().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            match host {
                Host::Name(name) if name.contains(':') => write!(f, "[{}]", name.escape_debug())?,
                Host::Name(name) => write!(f, "{}", name.escape_debug())?,
                Host::Socket(path) => write!(f, "{}", path.to_string_lossy().escape_debug())?,
            }
            write!(f, ":{port}")?;
        }
        if let Some(database) = &self.database {
            write!(f, "/{}", database.escape_debug())?;
        }
        Ok(())
    }
}

fn host_and_port(text: &str) -> Result<(Host, u16), StoreError> {
    let (name, rest) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((name, rest)) => (name, rest),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(digits) => port(digits)?,
        None if rest.is_empty() => DEFAULT_PORT,
        None => return Err(wrong_port()),
    };
    Ok((host(name)?, port))
}

fn host(text: &str) -> Result<Host, StoreError> {
    match text_of("host", text)? {
        Some(path) if path.starts_with('/') => Ok(Host::Socket(path.into())),
        Some(name) => Ok(Host::Name(name)),
        None => Err(misconfigured(
            "a host of the PostgreSQL address is empty: write its name before the port",
        )),
    }
}

fn port(text: &str) -> Result<u16, StoreError> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(wrong_port()),
    }
}

/// Does not repeat the port: `postgres://user:password` lacks a host, and has none either.
fn wrong_port() -> StoreError {
    misconfigured(
        "the port of the PostgreSQL address is no number from 1 to 65535: write \
         postgres://user@host:5432/database",
    )
}

fn encryption(text: &str) -> Result<Encryption, StoreError> {
    match text {
        "disable" => Ok(Encryption::Never),
        "prefer" => Ok(Encryption::IfOffered),
        "require" | "verify-full" => Ok(Encryption::Always),
        "allow" | "verify-ca" => Err(misconfigured(format!(
            "sslmode={text} in the PostgreSQL address is not supported: write sslmode=require, \
             which checks the certificate and its name"
        ))),
        _ => Err(misconfigured(
            "sslmode in the PostgreSQL address is none of disable, prefer and require",
        )),
    }
}

/// A part that is text; `None` when it is empty.
fn text_of(part: &str, encoded: &str) -> Result<Option<String>, StoreError> {
    let bytes = bytes_of(part, encoded)?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| {
        misconfigured(format!(
            "the {part} in the PostgreSQL address is no UTF-8 when its %XX are decoded"
        ))
    })?;
    Ok(Some(text).filter(|it| !it.is_empty()))
}

fn bytes_of(part: &str, encoded: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let is_escape = |rest: &str| {
        let mut digits = rest.bytes();
        let mut is_digit = || digits.next().is_some_and(|it| it.is_ascii_hexdigit());
        is_digit() && is_digit()
    };
    if !encoded.split('%').skip(1).all(is_escape) {
        return Err(misconfigured(format!(
            "the {part} in the PostgreSQL address has a % that begins no %XX: write it as %25"
        )));
    }
    let bytes = Zeroizing::new(percent_decode_str(encoded).collect::<Vec<u8>>());
    if bytes.contains(&0) {
        return Err(misconfigured(format!(
            "the {part} in the PostgreSQL address has a %00, which PostgreSQL cannot take"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let Err(error) = Url::parse(text).and_then(|url| url.encryption()) else {
            panic!("{text} was taken");
        };
        assert_eq!(error.kind(), crate::store::StoreErrorKind::Misconfigured);
        error.to_string()
    }

    fn encryption_of(text: &str) -> Encryption {
        Url::parse(text).unwrap().encryption().unwrap()
    }

    #[test]
    fn every_part_is_decoded() {
        let url = Url::parse("postgres://d%40ve:p%3Aw%2F%ff@db%2Eexample:6000/my%20creds").unwrap();
        assert_eq!(url.user.as_deref(), Some("d@ve"));
        assert_eq!(url.password.as_ref().unwrap().as_slice(), b"p:w/\xff");
        assert_eq!(url.hosts, [(Host::Name("db.example".into()), 6000)]);
        assert_eq!(url.database.as_deref(), Some("my creds"));
        assert_eq!(url.to_string(), "postgres://d@ve@db.example:6000/my creds");
    }

    #[test]
    fn hosts_may_be_several_or_sockets_or_parameters() {
        let hosts = |text: &str| Url::parse(text).unwrap().to_string();
        assert_eq!(hosts("postgresql://a,[::1]:7"), "postgres://a:5432,[::1]:7");
        let socket = "postgres:///creds?host=/run/pg&port=7&user=dave";
        assert_eq!(hosts(socket), "postgres://dave@/run/pg:7/creds");
        assert_eq!(hosts("postgres://%2Frun%2Fpg"), "postgres:///run/pg:5432");
    }

    #[test]
    fn an_address_that_cannot_be_right_is_refused_with_the_fix() {
        for (text, fix) in [
            ("mysql://h", "begins with postgres://"),
            ("postgres:///creds", "names no host"),
            ("postgres://u@:5432/creds", "is empty"),
            ("postgres://h:0/creds", "1 to 65535"),
            ("postgres://h:65536/creds", "1 to 65535"),
            ("postgres://[::1]x/creds", "1 to 65535"),
            ("postgres://h/%zz", "%25"),
            ("postgres://h/%0", "%25"),
            ("postgres://h/a%00", "%00"),
            ("postgres://%ff@h/a", "no UTF-8"),
            ("postgres://h/a?sslmode=on", "disable, prefer and require"),
            ("postgres://h/a?sslmode=allow", "sslmode=require"),
            ("postgres://h/a?sslmode=prefer", "sslmode=require"),
            ("postgres://localhost,h/a?sslmode=prefer", "sslmode=require"),
            ("postgres://%2Frun/a?sslmode=require", "leave sslmode out"),
            ("postgres://h/a?sslmode", "key=value"),
            ("postgres://h/a?ssl=true", "remove it"),
        ] {
            let error = refused(text);
            assert!(error.contains(fix), "{text}: {error}");
        }
    }

    #[test]
    fn no_part_of_a_badly_written_password_is_shown() {
        for text in [
            "postgres://user:sec@ret@h/creds",
            "postgres://user:sec/ret@h/creds",
            "postgres://user:sec?ret@h/creds",
            "postgres://user:sec?ret=a@h/creds",
            "postgres://user:sec%ret@h/creds",
            "postgres://user:secret",
            "postgres://user:12345678",
            "postgres://h/creds?pasword=secret",
            "postgres://h/creds?secret=ret",
        ] {
            let error = refused(text);
            for shown in ["sec", "ret", "12345678"] {
                let error = error.replace("secrets", "").replace("interpreted", "");
                assert!(!error.contains(shown), "{text}: {error}");
            }
        }
    }

    #[test]
    fn only_what_stays_on_this_machine_goes_unencrypted_without_being_asked() {
        for local in ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "%2Frun"] {
            let text = format!("postgres://{local}/creds");
            assert_eq!(encryption_of(&text), Encryption::Never, "{local}");
        }
        for far in ["h", "10.0.0.1", "localhost.example", "localhost,h"] {
            let text = format!("postgres://{far}/creds");
            assert_eq!(encryption_of(&text), Encryption::Always, "{far}");
        }
        let asked = |mode: &str| encryption_of(&format!("postgres://h/creds?sslmode={mode}"));
        assert_eq!(asked("disable"), Encryption::Never);
        assert_eq!(asked("verify-full"), Encryption::Always);
        let local = "postgres://localhost/creds?sslmode=prefer";
        assert_eq!(encryption_of(local), Encryption::IfOffered);
    }
}
