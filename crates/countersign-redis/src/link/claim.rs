//! The claim itself: one `SET … NX PXAT`, with the server's time in the same round trip.

use std::time::Duration;

use redis::{Pipeline, ServerError, ServerErrorKind, Value};

use super::Link;
use crate::clocks::ServerTime;
use crate::fault::Fault;
use crate::fingerprint::EntryKey;
use crate::servers::Address;
use crate::settings::Replicas;

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'a> {
    pub(crate) key: &'a EntryKey,
    pub(crate) expiry: ServerTime,
    pub(crate) replicas: Option<Replicas>,
    /// Whether the node was named by another that is handing the slot over.
    pub(crate) handed_over: bool,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// When, by its clock.
    pub(crate) time: ServerTime,
    /// How many replicas have the entry.
    pub(crate) acknowledged: Option<i64>,
}

/// What became of the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was not there, and is now.
    First,
    /// It was there.
    Seen,
    /// Nothing: another node serves it.
    Moved(Option<Address>),
    /// Nothing: another node has it, or not, while the slot is handed over.
    Ask(Option<Address>),
}

/// What the entries hold. Nobody reads it.
const VALUE: &str = "1";

impl Link {
    /// Sends the claim and takes the answer, within the time given.
    pub(crate) async fn claim(
        &self,
        demand: Demand<'_>,
        timeout: Duration,
    ) -> Result<Answer, Fault> {
        if let Some(fault) = self.fault() {
            return Err(fault.clone());
        }
        let answer = match tokio::time::timeout(timeout, self.ask(demand)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::TimedOut),
        };
        match answer {
            // Pushed before this answer, so that the entry may have gone into the new memory, in
            // which nobody would find that there was one before.
            Ok(_) if self.has_lost() => Err(Fault::Lost),
            Err(fault) => {
                if fault.ends_connection() {
                    self.end(fault.clone());
                }
                Err(fault)
            }
            answer => answer,
        }
    }

    async fn ask(&self, demand: Demand<'_>) -> Result<Answer, Fault> {
        let mut pipeline = Pipeline::with_capacity(4);
        if demand.handed_over {
            pipeline.cmd("ASKING");
        }
        pipeline
            .cmd("SET")
            .arg(demand.key.as_str())
            .arg(VALUE)
            .arg("NX")
            .arg("PXAT")
            .arg(demand.expiry.0);
        if let Some(replicas) = demand.replicas {
            let within = u64::try_from(replicas.within.as_millis()).unwrap_or(u64::MAX);
            pipeline.cmd("WAIT").arg(replicas.wanted).arg(within);
        }
        pipeline.cmd("TIME");
        let mut connection = self.connection.clone();
        let answers = connection
            .send_packed_commands(&pipeline, 0, pipeline.len())
            .await
            .map_err(|error| Fault::of("SET", &error))?;
        let mut answers = answers.into_iter();
        if demand.handed_over {
            answers.next();
        }
        let verdict = verdict(answers.next())?;
        let acknowledged = match demand.replicas {
            Some(_) => Some(acknowledged(answers.next())?),
            None => None,
        };
        Ok(Answer {
            verdict,
            time: server_time(answers.next())?,
            acknowledged,
        })
    }
}

fn verdict(answer: Option<Value>) -> Result<Verdict, Fault> {
    match answer {
        Some(Value::Okay) => Ok(Verdict::First),
        Some(Value::Nil) => Ok(Verdict::Seen),
        Some(Value::ServerError(error)) => match error.kind() {
            Some(ServerErrorKind::Moved) => Ok(Verdict::Moved(node_named_by(&error))),
            Some(ServerErrorKind::Ask) => Ok(Verdict::Ask(node_named_by(&error))),
            _ => Err(Fault::answered_by("SET", &error)),
        },
        _ => Err(Fault::Unexpected { command: "SET" }),
    }
}

/// `<slot> <host>:<port>`
fn node_named_by(error: &ServerError) -> Option<Address> {
    let (_slot, address) = error.details()?.split_once(' ')?;
    Address::of_redirection(address)
}

fn acknowledged(answer: Option<Value>) -> Result<i64, Fault> {
    match answer {
        Some(Value::Int(number)) => Ok(number),
        Some(Value::ServerError(error)) => Err(Fault::answered_by("WAIT", &error)),
        _ => Err(Fault::Unexpected { command: "WAIT" }),
    }
}

/// Seconds and microseconds, as two strings.
pub(super) fn server_time(answer: Option<Value>) -> Result<ServerTime, Fault> {
    let unexpected = Fault::Unexpected { command: "TIME" };
    let parts = match answer {
        Some(Value::Array(parts)) => parts,
        Some(Value::ServerError(error)) => return Err(Fault::answered_by("TIME", &error)),
        _ => return Err(unexpected),
    };
    let number = |value: &Value| -> Option<i64> {
        match value {
            Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
            Value::Int(number) => Some(*number),
            _ => None,
        }
    };
    let [seconds, microseconds] = parts.as_slice() else {
        return Err(unexpected);
    };
    let milliseconds = number(seconds)
        .and_then(|seconds| seconds.checked_mul(1000))
        .zip(number(microseconds).and_then(|micros| micros.checked_div(1000)))
        .and_then(|(whole, rest)| whole.checked_add(rest));
    milliseconds.map(ServerTime).ok_or(unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn only_ok_is_a_first_use() {
        assert_eq!(verdict(Some(Value::Okay)), Ok(Verdict::First));
        assert_eq!(verdict(Some(Value::Nil)), Ok(Verdict::Seen));
        for other in [
            None,
            Some(Value::Int(1)),
            Some(Value::SimpleString("QUEUED".to_owned())),
            Some(bulk("OK")),
            Some(Value::Boolean(true)),
        ] {
            assert_eq!(verdict(other), Err(Fault::Unexpected { command: "SET" }));
        }
    }

    #[test]
    fn the_time_is_read_to_the_millisecond() {
        let time =
            |seconds, micros| server_time(Some(Value::Array(vec![bulk(seconds), bulk(micros)])));
        assert_eq!(
            time("1700000000", "123456"),
            Ok(ServerTime(1_700_000_000_123))
        );
        assert!(time("x", "1").is_err());
        assert!(time("9223372036854775807", "1").is_err());
        assert!(server_time(Some(Value::Nil)).is_err());
        assert!(server_time(None).is_err());
    }
}
