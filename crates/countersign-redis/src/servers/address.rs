//! Host and port.

use std::fmt;

/// Where a server listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    pub(crate) fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
        }
    }

    /// Reads `host`, `host:port`, `[::1]` or `[::1]:port`.
    pub(crate) fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']')?;
                let in_order = host.parse::<std::net::Ipv6Addr>().is_ok();
                let port = match after {
                    "" => None,
                    after => Some(after.strip_prefix(':')?),
                };
                (in_order.then_some(host)?, port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(named) {
            return None;
        }
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None => default_port,
        };
        Some(Self::new(host, port))
    }

    /// Reads what a node says of another, `host:port`, where IPv6 has no brackets.
    pub(crate) fn of_redirection(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Some(Self::new(host, port.parse().ok()?))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The longest name the DNS has.
const MAX_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_the_same() {
        for (text, host, port) in [
            ("h", "h", 6379),
            ("h:1", "h", 1),
            ("10.0.0.1:7000", "10.0.0.1", 7000),
            ("[::1]", "::1", 6379),
            ("[fd00::2]:7000", "fd00::2", 7000),
        ] {
            let address = Address::parse(text, 6379).unwrap();
            assert_eq!(address, Address::new(host, port), "{text}");
            assert_eq!(Address::parse(&address.to_string(), 1), Some(address));
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "", ":1", "h:", "h:0", "h:x", "h:65536", "::1", "[::1", "[h]:1", "[::1]x", "h h",
            "h\r\n", "a@b",
        ] {
            assert_eq!(Address::parse(text, 6379), None, "{text:?}");
        }
    }
}
