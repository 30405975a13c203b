//! What `INFO` says.

use redis::{Value, VerbatimFormat};

use crate::fault::Fault;
use crate::settings::Eviction;

/// An answer to `INFO`: lines of `name:value`.
#[derive(Clone, Debug, Default)]
pub(super) struct Info(String);

impl Info {
    pub(super) fn read(answer: Option<Value>) -> Result<Self, Fault> {
        match answer {
            Some(Value::BulkString(bytes)) => {
                Ok(Self(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Some(Value::VerbatimString {
                format: VerbatimFormat::Text,
                text,
            }) => Ok(Self(text)),
            Some(Value::ServerError(error)) => Err(Fault::answered_by("INFO", &error)),
            _ => Err(Fault::Unexpected { command: "INFO" }),
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.0
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'))
            .find_map(|(field, value)| (field == name).then_some(value))
    }

    /// Which data set this is: the process, and the history that its memory belongs to. Either
    /// changes with a restart, the second with a promotion too.
    pub(super) fn identity(server: &Self, replication: &Self) -> Result<String, Fault> {
        let hexadecimal = |id: &&str| {
            (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let run = server.field("run_id").filter(hexadecimal);
        let history = replication.field("master_replid").filter(hexadecimal);
        match (run, history) {
            (Some(run), Some(history)) => Ok(format!("{run}:{history}")),
            _ => Err(Fault::Unidentified),
        }
    }

    /// That entries can be written here and are there to stay.
    pub(super) fn check(
        server: &Self,
        memory: &Self,
        replication: &Self,
        persistence: &Self,
        eviction: Eviction,
    ) -> Result<(), Fault> {
        if server.version().is_some_and(|version| version < OLDEST) {
            return Err(Fault::TooOld);
        }
        if persistence.field("loading") == Some("1") {
            return Err(Fault::Loading);
        }
        if replication.field("role") != Some("master") {
            return Err(Fault::Replica);
        }
        match (memory.field("maxmemory_policy"), eviction) {
            (Some("noeviction"), _) | (None, Eviction::AssumedOff) => Ok(()),
            (Some(policy), _) => Err(Fault::Evicting(presentable(policy))),
            (None, Eviction::MustBeToldOff) => Err(Fault::EvictionUnknown),
        }
    }

    /// Major and minor. Valkey gives the version of Redis that it is compatible with.
    fn version(&self) -> Option<(u32, u32)> {
        let mut parts = self.field("redis_version")?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

fn presentable(policy: &str) -> String {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    if policy.len() <= MAX_POLICY && policy.bytes().all(known) {
        policy.to_owned()
    } else {
        "unknown".to_owned()
    }
}

/// The first with `SET … PXAT`.
const OLDEST: (u32, u32) = (6, 2);

/// Twice what run ids have, which become part of a key.
const MAX_ID: usize = 80;

/// The longest policy is `volatile-random`.
const MAX_POLICY: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &str) -> Info {
        Info(text.replace('\n', "\r\n"))
    }

    fn check(version: &str, policy: &str, role: &str, loading: &str) -> Result<(), Fault> {
        Info::check(
            &info(&format!("# Server\nredis_version:{version}\n")),
            &info(policy),
            &info(&format!("role:{role}\nconnected_slaves:0\n")),
            &info(&format!("loading:{loading}\n")),
            Eviction::MustBeToldOff,
        )
    }

    #[test]
    fn only_a_master_that_never_evicts_is_in_order() {
        let policy = "maxmemory_policy:noeviction\n";
        assert_eq!(check("7.0.15", policy, "master", "0"), Ok(()));
        assert_eq!(check("6.2.0", policy, "master", "0"), Ok(()));
        assert_eq!(check("6.0.9", policy, "master", "0"), Err(Fault::TooOld));
        assert_eq!(check("7.0.15", policy, "slave", "0"), Err(Fault::Replica));
        assert_eq!(check("7.0.15", policy, "master", "1"), Err(Fault::Loading));
        assert_eq!(
            check("7.0.15", "maxmemory_policy:allkeys-lru", "master", "0"),
            Err(Fault::Evicting("allkeys-lru".to_owned()))
        );
        assert_eq!(
            check("7.0.15", "", "master", "0"),
            Err(Fault::EvictionUnknown)
        );
    }

    #[test]
    fn an_unknown_policy_can_be_assumed_to_be_right_but_a_wrong_one_cannot() {
        let check = |policy: &str| {
            let master = info("role:master");
            let none = Info::default();
            Info::check(&none, &info(policy), &master, &none, Eviction::AssumedOff)
        };
        assert_eq!(check(""), Ok(()));
        assert!(check("maxmemory_policy:volatile-ttl").is_err());
    }

    #[test]
    fn the_identity_needs_both_ids() {
        let server = info("run_id:ab12\n");
        let replication = info("master_replid:cd34\n");
        let identity = Info::identity(&server, &replication);
        assert_eq!(identity.as_deref(), Ok("ab12:cd34"));
        for odd in ["", "master_replid:\n", "master_replid:x y\n"] {
            assert_eq!(
                Info::identity(&server, &info(odd)),
                Err(Fault::Unidentified)
            );
        }
    }
}
