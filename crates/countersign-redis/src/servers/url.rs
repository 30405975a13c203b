//! `redis://`, `rediss://` and their forms for Cluster and Sentinel.
//!
//! Invariant: no error repeats what stands before the `@`.

use countersign_core::ConfigError;
use percent_encoding::percent_decode_str;

use super::{Address, Deployment, Password, Servers, Transport};

/// Where Redis listens unless told otherwise.
const PORT: u16 = 6379;

/// Where sentinels listen unless told otherwise.
const SENTINEL_PORT: u16 = 26379;

/// More nodes than this in a URL are a mistake: the others are found by asking.
const MAX_ADDRESSES: usize = 64;

const FORMS: &str = "use redis://HOST:PORT/DB, redis+cluster://HOST:PORT,HOST:PORT/ or \
                     redis+sentinel://HOST:PORT,HOST:PORT/MASTER, with rediss for TLS";

impl Servers {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it has none of the forms.
    pub(crate) fn parse(url: &str) -> Result<Self, ConfigError> {
        let unusable = |fix: &str| ConfigError::new("replay", masked(url), fix.to_owned());
        let (scheme, rest) = url.split_once("://").ok_or_else(|| unusable(FORMS))?;
        let (transport, kind) = match scheme.split_once('+').unwrap_or((scheme, "")) {
            ("redis", kind) => (Transport::Plain, kind),
            ("rediss", kind) => (Transport::Tls, kind),
            _ => return Err(unusable(FORMS)),
        };
        // A password may hold any character but those a URL must escape; a host none of them.
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials), rest),
            None => (None, rest),
        };
        if rest.contains(['?', '#']) {
            return Err(unusable(
                "leave out what follows ? or #; settings are not in the URL",
            ));
        }
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let default_port = if kind == "sentinel" {
            SENTINEL_PORT
        } else {
            PORT
        };
        let addresses: Vec<Address> = hosts
            .split(',')
            .take(MAX_ADDRESSES)
            .map(|text| Address::parse(text, default_port))
            .collect::<Option<_>>()
            .ok_or_else(|| unusable(FORMS))?;
        let (deployment, database) = match kind {
            "" => (single(addresses), Some(path)),
            "cluster" => (
                Some(Deployment::Cluster(addresses)),
                Some(path).filter(|p| p.is_empty()),
            ),
            "sentinel" => {
                let (master, database) = path.split_once('/').unwrap_or((path, ""));
                (sentinel(addresses, master), Some(database))
            }
            _ => return Err(unusable(FORMS)),
        };
        let database = match database {
            Some("") => Some(0),
            Some(number) => number.parse().ok(),
            None => None,
        };
        let (user, password) = match credentials {
            Some(credentials) => login(credentials)
                .ok_or_else(|| unusable("write user and password as UTF-8, percent-encoded"))?,
            None => (None, None),
        };
        Ok(Self {
            deployment: deployment.ok_or_else(|| unusable(FORMS))?,
            transport,
            user,
            password,
            database: database.ok_or_else(|| unusable(FORMS))?,
        })
    }
}

fn single(addresses: Vec<Address>) -> Option<Deployment> {
    let mut addresses = addresses.into_iter();
    let first = addresses.next()?;
    addresses
        .next()
        .is_none()
        .then_some(Deployment::Single(first))
}

fn sentinel(sentinels: Vec<Address>, master: &str) -> Option<Deployment> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let named = !master.is_empty() && master.bytes().all(named);
    named.then(|| Deployment::Sentinel {
        sentinels,
        master: master.to_owned(),
    })
}

type Login = (Option<String>, Option<Password>);

fn login(credentials: &str) -> Option<Login> {
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(String::from)
    };
    let user = Some(decoded(user)?).filter(|user| !user.is_empty());
    let password = match password {
        Some("") | None => None,
        Some(password) => Some(Password::new(decoded(password)?)),
    };
    Some((user, password))
}

/// The URL without what may be a password, which in a mistaken URL may stand before the `://` too.
fn masked(url: &str) -> String {
    let Some((before, host)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    match before.split_once("://") {
        Some((scheme, _)) if !scheme.contains(':') => format!("{scheme}://***@{host}"),
        _ => format!("***@{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: &[u16]) -> Vec<Address> {
        ports.iter().map(|port| Address::new("h", *port)).collect()
    }

    #[test]
    fn each_form_is_read() {
        let servers = |url| Servers::parse(url).unwrap();
        let single = servers("redis://h");
        assert_eq!(
            single.deployment,
            Deployment::Single(Address::new("h", 6379))
        );
        assert_eq!((single.transport, single.database), (Transport::Plain, 0));
        assert_eq!(servers("rediss://h:7/3").transport, Transport::Tls);
        assert_eq!(servers("rediss://h:7/3").database, 3);
        assert_eq!(
            servers("redis+cluster://h:1,h:2/").deployment,
            Deployment::Cluster(addresses(&[1, 2]))
        );
        let sentinel = servers("rediss+sentinel://h:1,h/mymaster/2");
        assert_eq!(
            sentinel.deployment,
            Deployment::Sentinel {
                sentinels: addresses(&[1, 26379]),
                master: "mymaster".to_owned()
            }
        );
        assert_eq!((sentinel.transport, sentinel.database), (Transport::Tls, 2));
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let servers = Servers::parse("redis://us%40er:p%3Aa@ss/@h:1/").unwrap();
        assert_eq!(servers.user.as_deref(), Some("us@er"));
        let password = servers.password.as_ref().unwrap();
        assert_eq!(password.expose(), "p:a@ss/");
        assert!(!format!("{servers:?}").contains("ss/"));
        assert_eq!(Servers::parse("redis://:p@h").unwrap().user, None);
        assert_eq!(Servers::parse("redis://u@h").unwrap().password, None);
    }

    #[test]
    fn what_has_none_of_the_forms_is_refused_without_its_password() {
        for url in [
            "redis",
            "hunter2@h",
            "http://u:hunter2@h",
            "redis://u:hunter2@",
            "redis://u:hunter2@h,i",
            "redis://u:hunter2@h/x",
            "redis://u:hunter2@h/70000",
            "redis://u:hunter2@h:0",
            "redis://u:hunter2@h?db=1",
            "redis://u:%ffhunter2@h",
            "redis+cluster://u:hunter2@h/1",
            "redis+sentinel://u:hunter2@h",
            "redis+sentinel://u:hunter2@h/a b",
            "redis+other://u:hunter2@h",
            "redis:u:hunter2@://h",
            "redis:\n//u:hunter2@h://",
            "redis:u:hunter2://x@h",
        ] {
            let error = Servers::parse(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.starts_with("replay = "), "{error}");
        }
    }

    #[test]
    fn the_name_does_not_depend_on_order_or_password() {
        let name = |url| Servers::parse(url).unwrap().name();
        assert_eq!(
            name("redis+cluster://a:1,b:2"),
            name("redis+cluster://u:p@b:2,a:1/")
        );
        assert_ne!(name("redis://a/0"), name("redis://a/1"));
    }
}
