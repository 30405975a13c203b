//! Which peers are believed when they say where a request came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

/// The networks of the proxies in front of the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Trusted(Arc<[IpNet]>);

impl Trusted {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// Peers on the same machine: for forward authentication, which nobody but the proxy beside
    /// it should be asking for.
    pub(crate) fn loopback() -> Self {
        let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        Self::new(vec![
            v4.into(),
            IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST)),
        ])
    }

    /// Whether `peer` is one of them. An IPv4 address is the same when it arrives through a
    /// socket for both families (`::ffff:127.0.0.1`).
    pub(crate) fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_peer_is_the_same_through_either_kind_of_socket() {
        let trusted = Trusted::loopback();
        for peer in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(trusted.contains(peer.parse().unwrap()), "{peer}");
        }
        for peer in ["10.0.0.1", "::ffff:10.0.0.1", "::2"] {
            assert!(!trusted.contains(peer.parse().unwrap()), "{peer}");
        }
    }

    #[test]
    fn nobody_is_trusted_unless_named() {
        assert!(!Trusted::new(Vec::new()).contains("127.0.0.1".parse().unwrap()));
    }
}
