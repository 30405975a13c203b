//! Who can reach the server, and what that demands.

use std::net::SocketAddr;

use crate::api::{Access, Transport};
use crate::program::arguments::NetworkArguments;
use crate::program::failure::Failure;
use crate::store::TokenRecord;

/// Who can reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The programs of this machine.
    ThisMachine,
    /// Whoever a proxy on this machine lets through.
    Proxy,
    /// Other machines.
    Network,
}

impl Reach {
    /// Of a server that listens on `addresses`.
    ///
    /// # Errors
    /// When secrets would cross the network in the clear.
    pub(super) fn of(
        arguments: &NetworkArguments,
        addresses: &[SocketAddr],
    ) -> Result<Self, Failure> {
        let encrypted = arguments.tls_cert.is_some() || arguments.behind_tls_proxy;
        if addresses.iter().all(|address| address.ip().is_loopback()) {
            return Ok(if arguments.behind_tls_proxy {
                Self::Proxy
            } else {
                Self::ThisMachine
            });
        }
        if encrypted {
            return Ok(Self::Network);
        }
        Err(Failure::unusable(
            "--listen",
            &arguments.listen,
            "other machines reach it, and secrets would cross the network in the clear; give \
             --tls-cert and --tls-key, or --behind-tls-proxy if a proxy ends TLS and nobody else \
             reaches this port, or listen on 127.0.0.1",
        ))
    }

    /// Whether `tokens` are enough to start with; says so where they are missing and need not be
    /// there yet.
    ///
    /// # Errors
    /// When other machines reach the server and there is no token.
    pub(super) fn check(self, listen: &str, tokens: &[TokenRecord]) -> Result<(), Failure> {
        if tokens.iter().any(|token| token.revoked_at.is_none()) {
            return Ok(());
        }
        let fix = "make one with `key_server token create --scope admin`";
        match self {
            Self::Network => Err(Failure::failed(format!(
                "--listen = {listen:?} is reached by other machines, and there is no API token \
                 that would keep anybody out; {fix}"
            ))),
            Self::Proxy => {
                tracing::warn!("there is no API token yet, so nobody is let in; {fix}");
                Ok(())
            }
            Self::ThisMachine if tokens.is_empty() => {
                tracing::warn!(
                    "there is no API token: every program on this machine may read and change \
                     every credential; {fix}"
                );
                Ok(())
            }
            Self::ThisMachine => {
                tracing::warn!("every API token is revoked, so nobody is let in; {fix}");
                Ok(())
            }
        }
    }

    pub(super) const fn access(self) -> Access {
        match self {
            Self::ThisMachine => Access::OpenOnLoopback,
            Self::Proxy | Self::Network => Access::TokensOnly,
        }
    }
}

/// How callers reach the server.
pub(super) const fn transport(arguments: &NetworkArguments) -> Transport {
    if arguments.tls_cert.is_some() || arguments.behind_tls_proxy {
        Transport::Tls
    } else {
        Transport::Plain
    }
}
