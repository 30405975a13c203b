//! The look at a server before its first claim, and every two seconds after.
//!
//! A memory is known by the server's process and replication history. When one is first seen, the
//! time is written into it, under a key of its own that never expires. So every instance, also one
//! that starts later, knows since when this memory remembers. The key is read with tracking on:
//! from then on the server pushes a message when it goes, whatever took it away.

use redis::{Pipeline, Value};

use super::Link;
use super::claim::server_time;
use super::info::Info;
use crate::clocks::ServerTime;
use crate::fault::Fault;
use crate::settings::Settings;
use crate::slot;

/// What is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) settings: &'a Settings,
    /// The slots the server has, if it is the node of a cluster.
    pub(crate) slots: Option<&'a [(u16, u16)]>,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Examination {
    /// Since when the memory remembers.
    pub(crate) since: ServerTime,
    /// The present time of the server.
    pub(crate) time: ServerTime,
    /// Under which key that is written.
    pub(crate) epoch_key: String,
}

impl Link {
    /// Looks at a new connection. Nothing may be claimed over it before.
    pub(crate) async fn examine(&self, subject: Subject<'_>) -> Result<Examination, Fault> {
        self.within(subject, self.look_closely(subject)).await
    }

    /// Looks again.
    pub(crate) async fn check(
        &self,
        subject: Subject<'_>,
        first: &Examination,
    ) -> Result<(), Fault> {
        self.within(subject, self.look_again(subject, first)).await
    }

    async fn within<T>(
        &self,
        subject: Subject<'_>,
        look: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let outcome = tokio::time::timeout(subject.settings.timeout, look).await;
        outcome.unwrap_or(Err(Fault::TimedOut))
    }

    async fn look_closely(&self, subject: Subject<'_>) -> Result<Examination, Fault> {
        let (time, identity) = self.look(subject).await?;
        let epoch_key = epoch_key(subject, &identity)?;
        let mut pipeline = Pipeline::with_capacity(4);
        pipeline.cmd("CLIENT").arg("TRACKING").arg("ON");
        pipeline.cmd("SET").arg(&epoch_key).arg(time.0).arg("NX");
        pipeline.cmd("GET").arg(&epoch_key);
        if let Some(replicas) = subject.settings.replicas {
            let within = u64::try_from(replicas.within.as_millis()).unwrap_or(u64::MAX);
            pipeline.cmd("WAIT").arg(replicas.wanted).arg(within);
        }
        let mut answers = self.send(&pipeline).await?.into_iter();
        in_order("CLIENT TRACKING", answers.next())?;
        in_order("SET", answers.next())?;
        let since = epoch(answers.next())?;
        if let Some(replicas) = subject.settings.replicas {
            match answers.next() {
                Some(Value::Int(got)) if got >= i64::from(replicas.wanted) => {}
                Some(Value::Int(got)) => {
                    let wanted = replicas.wanted;
                    return Err(Fault::Acknowledged { wanted, got });
                }
                other => in_order("WAIT", other)?,
            }
        }
        Ok(Examination {
            since,
            time,
            epoch_key,
        })
    }

    async fn look_again(&self, subject: Subject<'_>, first: &Examination) -> Result<(), Fault> {
        let (_, identity) = self.look(subject).await?;
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.cmd("GET").arg(&first.epoch_key);
        let since = epoch(self.send(&pipeline).await?.into_iter().next());
        let same = first.epoch_key.ends_with(&identity) && since == Ok(first.since);
        // The slot of the key may have gone to another node.
        let moved = matches!(&since, Err(Fault::Answered { code, .. }) if code == "MOVED");
        if same || moved {
            Ok(())
        } else {
            Err(Fault::Lost)
        }
    }

    /// What is the same at the first look and at later ones.
    async fn look(&self, subject: Subject<'_>) -> Result<(ServerTime, String), Fault> {
        let before = subject.settings.clock.now();
        let mut pipeline = Pipeline::with_capacity(5);
        for section in ["server", "memory", "replication", "persistence"] {
            pipeline.cmd("INFO").arg(section);
        }
        pipeline.cmd("TIME");
        let mut answers = self.send(&pipeline).await?.into_iter();
        let server = Info::read(answers.next())?;
        let memory = Info::read(answers.next())?;
        let replication = Info::read(answers.next())?;
        let persistence = Info::read(answers.next())?;
        let eviction = subject.settings.eviction;
        Info::check(&server, &memory, &replication, &persistence, eviction)?;
        let time = server_time(answers.next())?;
        time.agrees_with(before)?;
        Ok((time, Info::identity(&server, &replication)?))
    }

    pub(super) async fn send(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Fault> {
        let mut connection = self.connection.clone();
        connection
            .send_packed_commands(pipeline, 0, pipeline.len())
            .await
            .map_err(|error| Fault::of("INFO", &error))
    }
}

fn in_order(command: &'static str, answer: Option<Value>) -> Result<(), Fault> {
    match answer {
        Some(Value::Okay | Value::Nil) => Ok(()),
        Some(Value::ServerError(error)) => Err(Fault::answered_by(command, &error)),
        _ => Err(Fault::Unexpected { command }),
    }
}

fn epoch(answer: Option<Value>) -> Result<ServerTime, Fault> {
    match answer {
        Some(Value::BulkString(digits)) => std::str::from_utf8(&digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .map(ServerTime)
            .ok_or(Fault::Unexpected { command: "GET" }),
        Some(Value::ServerError(error)) => Err(Fault::answered_by("GET", &error)),
        // Somebody took it away since it was set.
        Some(Value::Nil) => Err(Fault::Lost),
        _ => Err(Fault::Unexpected { command: "GET" }),
    }
}

/// The key under which the beginning of the memory called `identity` is written. In a cluster it
/// must be in a slot of that node. The server tracks names without regard to databases, so each
/// database has a name of its own.
fn epoch_key(subject: Subject<'_>, identity: &str) -> Result<String, Fault> {
    let tag = match subject.slots {
        None => String::new(),
        Some(slots) => {
            let number = slot::tag_within(slots).ok_or(Fault::NoNode)?;
            format!("{{{number}}}:")
        }
    };
    let prefix = &subject.settings.prefix;
    let database = subject.settings.servers.database;
    Ok(format!("{prefix}epoch:{database}:{tag}{identity}"))
}
