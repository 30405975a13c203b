//! Where the servers are: what a URL says.

mod address;
mod url;

use std::fmt;

use zeroize::Zeroizing;

pub(crate) use self::address::Address;

/// How the servers belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deployment {
    /// One server.
    Single(Address),
    /// A cluster, known by some of its nodes.
    Cluster(Vec<Address>),
    /// A master that sentinels watch under a name.
    Sentinel {
        sentinels: Vec<Address>,
        master: String,
    },
}

/// Whether connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    Tls,
}

/// A password; wiped when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    pub(crate) fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Servers {
    pub(crate) deployment: Deployment,
    pub(crate) transport: Transport,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Password>,
    pub(crate) database: u16,
}

impl Servers {
    /// The one to name where none in particular is at fault.
    pub(crate) fn first(&self) -> Address {
        match &self.deployment {
            Deployment::Single(address) => address.clone(),
            Deployment::Cluster(addresses)
            | Deployment::Sentinel {
                sentinels: addresses,
                ..
            } => addresses.first().cloned().unwrap_or_default(),
        }
    }

    /// The same for the same servers: what tells stores apart.
    pub(crate) fn name(&self) -> String {
        let (kind, addresses, master) = match &self.deployment {
            Deployment::Single(address) => ("single", vec![address], ""),
            Deployment::Cluster(nodes) => ("cluster", nodes.iter().collect(), ""),
            Deployment::Sentinel { sentinels, master } => {
                ("sentinel", sentinels.iter().collect(), master.as_str())
            }
        };
        let mut addresses: Vec<String> = addresses.into_iter().map(ToString::to_string).collect();
        addresses.sort_unstable();
        format!(
            "redis {kind} {} {master} {}",
            addresses.join(","),
            self.database
        )
    }
}
