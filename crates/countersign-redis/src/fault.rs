//! Why a claim cannot be answered, or a server not be used.
//!
//! Invariant: nothing a server sent is repeated but an error's code, in capital letters. Some
//! servers quote the command they refuse, and the first command holds the password.

use std::error::Error;
use std::fmt;
use std::io;

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind};

/// The longest code repeated: the longest that Redis has is `NOTBUSY`'s length thrice over.
const MAX_CODE: usize = 24;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection could be made.
    Unconnected(io::ErrorKind),
    /// The TLS handshake failed.
    Tls(String),
    /// There was no answer in time.
    TimedOut,
    /// The connection was closed.
    Closed,
    /// What answers does not speak the protocol.
    NotRedis,
    /// User or password are wrong.
    WrongPassword,
    /// The server answered with an error.
    Answered { command: &'static str, code: String },
    /// The server answered something that the command cannot give.
    Unexpected { command: &'static str },
    /// The server lacks `SET … PXAT` or RESP3.
    TooOld,
    /// The server forgets what it was told when memory runs out.
    Evicting(String),
    /// The server does not say whether it forgets.
    EvictionUnknown,
    /// The server does not say which process and data set it is.
    Unidentified,
    /// The server is a replica.
    Replica,
    /// The server is still reading its data.
    Loading,
    /// The clocks of server and gateway are too far apart; by how much the server's is ahead.
    Clock { ahead_seconds: i64 },
    /// The server's memory was emptied or replaced.
    Lost,
    /// Too few replicas have the entry.
    Acknowledged { wanted: u32, got: i64 },
    /// No sentinel knows the master.
    NoMaster,
    /// No node of the cluster serves the entry.
    NoNode,
}

impl Fault {
    /// Whether nobody was reached, as opposed to somebody who cannot be used.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Unconnected(_) | Self::TimedOut | Self::Closed | Self::NoMaster | Self::NoNode
        )
    }

    /// Whether another connection may do better.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Answered { code, .. } => matches!(
                code.as_str(),
                "READONLY" | "LOADING" | "MASTERDOWN" | "NOAUTH" | "UNBLOCKED"
            ),
            Self::Acknowledged { .. } | Self::NoNode => false,
            _ => true,
        }
    }

    /// A word for metrics; there are few.
    #[cfg(feature = "metrics")]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unconnected(_) | Self::Closed | Self::Tls(_) => "disconnected",
            Self::TimedOut => "timeout",
            Self::Clock { .. } => "clock",
            Self::Lost => "data_lost",
            Self::Acknowledged { .. } => "replicas",
            Self::NoMaster | Self::NoNode | Self::Replica => "no_master",
            _ => "refused",
        }
    }

    /// What the client library says.
    pub(crate) fn of(command: &'static str, error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::WrongPassword,
            ErrorKind::RESP3NotSupported => Self::TooOld,
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::NotRedis,
            ErrorKind::Server(ServerErrorKind::NoPerm) => Self::answered(command, "NOPERM"),
            ErrorKind::Server(_) | ErrorKind::Extension => {
                Self::answered(command, error.code().unwrap_or("ERR"))
            }
            _ => Self::Closed,
        }
    }

    /// An error among the answers of a pipeline.
    pub(crate) fn answered_by(command: &'static str, error: &ServerError) -> Self {
        Self::answered(command, error.code())
    }

    fn answered(command: &'static str, code: &str) -> Self {
        match code {
            "WRONGPASS" => Self::WrongPassword,
            "LOADING" => Self::Loading,
            _ => Self::Answered {
                command,
                code: presentable(code),
            },
        }
    }
}

fn presentable(code: &str) -> String {
    let harmless =
        code.len() <= MAX_CODE && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if harmless && !code.is_empty() {
        code.to_owned()
    } else {
        "ERR".to_owned()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unconnected(kind) => write!(
                f,
                "no connection could be made ({kind}); check address and port, and that the server \
                 runs"
            ),
            Self::Tls(what) => write!(
                f,
                "the TLS handshake failed ({what}); check that the server speaks TLS there, its \
                 name, and the CA file"
            ),
            Self::TimedOut => f.write_str("it did not answer in time"),
            Self::Closed => f.write_str("it closed the connection"),
            Self::NotRedis => f.write_str(
                "what answers there does not speak the Redis protocol; check the port, and \
                 redis:// against rediss://",
            ),
            Self::WrongPassword => f.write_str("it refuses this user and password"),
            Self::Answered { command, code } => answered(f, command, code),
            Self::Unexpected { command } => {
                write!(
                    f,
                    "it answered {command} with something that makes no sense"
                )
            }
            Self::TooOld => f.write_str("it is too old; use Redis 6.2 or later, or Valkey"),
            Self::Evicting(policy) => write!(
                f,
                "its maxmemory-policy is {policy}, which forgets accepted requests when memory \
                 runs out; set maxmemory-policy noeviction"
            ),
            Self::EvictionUnknown => f.write_str(
                "it does not tell its maxmemory-policy, which must be noeviction; if you know that \
                 it is, say so with dangerously_assume_noeviction",
            ),
            Self::Unidentified => f.write_str(
                "INFO does not tell run_id and master_replid, by which a restart is noticed; \
                 connect to the server itself, not through a proxy that hides it",
            ),
            Self::Replica => {
                f.write_str("it is a replica; give the address of the master, or use Sentinel")
            }
            Self::Loading => f.write_str("it is still loading its data"),
            Self::Clock { ahead_seconds } => {
                let (side, by) = match *ahead_seconds {
                    ahead @ 0.. => ("ahead of", ahead),
                    behind => ("behind", behind.saturating_neg()),
                };
                write!(
                    f,
                    "its clock is {by} s {side} this machine's; synchronise both, as the server \
                     decides when an entry ends"
                )
            }
            Self::Lost => f.write_str("its memory was emptied or replaced a moment ago"),
            Self::Acknowledged { wanted, got } => write!(
                f,
                "only {got} of {wanted} replicas acknowledged the entry in time"
            ),
            Self::NoMaster => f.write_str("no sentinel names a master of this name"),
            Self::NoNode => f.write_str("no node of the cluster serves the entry at present"),
        }
    }
}

fn answered(f: &mut fmt::Formatter<'_>, command: &str, code: &str) -> fmt::Result {
    let fix = match code {
        "NOPERM" => {
            return write!(
                f,
                "its user may not use {command}; the ACL rules needed are in the documentation of \
                 countersign-redis"
            );
        }
        "OOM" => "it is out of memory; raise maxmemory",
        "READONLY" => "it is a replica",
        "CLUSTERDOWN" => "the cluster is down",
        "NOAUTH" => "it wants a password",
        "MISCONF" => "it cannot save its data, and is set to refuse writes then",
        "NOREPLICAS" => "it has too few replicas (min-replicas-to-write)",
        "MASTERDOWN" => "it is a replica without a master",
        _ => "see the server's log",
    };
    write!(f, "it answered {command} with {code}: {fix}")
}

impl Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unconnected(error.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_server_wrote_is_repeated_but_a_code() {
        for text in [
            "ERR unknown command `HELLO`, with args beginning with: `hunter2`",
            "hunter2",
            "",
            "A_CODE_THAT_IS_LONGER_THAN_ANY_OTHER",
            "OOM\r\n",
        ] {
            assert_eq!(
                Fault::answered("SET", text).to_string(),
                Fault::answered("SET", "ERR").to_string()
            );
        }
        assert!(
            Fault::answered("SET", "OOM")
                .to_string()
                .contains("maxmemory")
        );
    }

    #[test]
    fn a_clock_is_ahead_or_behind() {
        let sentence = |ahead_seconds| Fault::Clock { ahead_seconds }.to_string();
        assert!(sentence(7).contains("7 s ahead of"));
        assert!(sentence(-7).contains("7 s behind"));
    }
}
