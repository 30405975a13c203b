//! Asking who has the data: sentinels for a master, nodes for the slots of their cluster.

use redis::{Pipeline, Value};

use super::Link;
use crate::fault::Fault;
use crate::servers::Address;

/// A range of slots, both ends included, and the node that has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotRange {
    pub(crate) first: u16,
    pub(crate) last: u16,
    pub(crate) node: Address,
}

/// More ranges than slots cannot be.
const MAX_RANGES: usize = 16_384;

/// Which node has which slots, by the node at the other end.
pub(crate) async fn cluster_slots(link: &Link) -> Result<Vec<SlotRange>, Fault> {
    const COMMAND: &str = "CLUSTER SLOTS";
    let mut pipeline = Pipeline::with_capacity(1);
    pipeline.cmd("CLUSTER").arg("SLOTS");
    let ranges = match link.send(&pipeline).await?.into_iter().next() {
        Some(Value::Array(ranges)) if ranges.len() <= MAX_RANGES => ranges,
        Some(Value::ServerError(error)) => return Err(Fault::answered_by(COMMAND, &error)),
        _ => return Err(Fault::Unexpected { command: COMMAND }),
    };
    let mut ranges = ranges
        .iter()
        .map(|range| slot_range(range, link.address()))
        .collect::<Option<Vec<_>>>()
        .ok_or(Fault::Unexpected { command: COMMAND })?;
    ranges.sort_unstable_by_key(|range| range.first);
    Ok(ranges)
}

/// `[first, last, [host, port, …], replicas…]`. A host that is empty is the one that was asked.
fn slot_range(range: &Value, asked: &Address) -> Option<SlotRange> {
    let Value::Array(parts) = range else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(master),
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = master.as_slice() else {
        return None;
    };
    let host = match text(host) {
        Some("" | "?") | None => asked.host.as_str(),
        Some(host) => host,
    };
    Some(SlotRange {
        first: u16::try_from(*first).ok()?,
        last: u16::try_from(*last).ok()?,
        node: Address::new(host, u16::try_from(*port).ok()?),
    })
}

/// The master called `name`, by the sentinel at the other end, and how recent its knowledge is.
pub(crate) async fn master_of(link: &Link, name: &str) -> Result<(u64, Address), Fault> {
    const COMMAND: &str = "SENTINEL MASTER";
    let mut pipeline = Pipeline::with_capacity(1);
    pipeline.cmd("SENTINEL").arg("MASTER").arg(name);
    let pairs: Vec<(Value, Value)> = match link.send(&pipeline).await?.into_iter().next() {
        Some(Value::Map(pairs)) => pairs,
        Some(Value::Array(flat)) => pairs_of(flat),
        // What a sentinel says to a name it does not know.
        Some(Value::ServerError(error)) if error.code() == "ERR" => return Err(Fault::NoMaster),
        Some(Value::ServerError(error)) => return Err(Fault::answered_by(COMMAND, &error)),
        _ => return Err(Fault::Unexpected { command: COMMAND }),
    };
    let field = |name: &str| {
        let pair = pairs.iter().find(|(field, _)| text(field) == Some(name));
        pair.and_then(|(_, value)| text(value))
    };
    let master = (|| {
        let epoch = field("config-epoch")?.parse().ok()?;
        let port = field("port")?.parse().ok()?;
        Some((epoch, Address::new(field("ip")?, port)))
    })();
    master.ok_or(Fault::Unexpected { command: COMMAND })
}

fn pairs_of(flat: Vec<Value>) -> Vec<(Value, Value)> {
    let mut flat = flat.into_iter();
    std::iter::from_fn(|| flat.next().zip(flat.next())).collect()
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_node_without_a_host_is_the_one_that_was_asked() {
        let asked = Address::new("seed", 7000);
        let range = |host: Value| {
            let node = Value::Array(vec![host, Value::Int(7001), bulk("id")]);
            let replica = Value::Array(vec![bulk("r"), Value::Int(7002)]);
            Value::Array(vec![Value::Int(0), Value::Int(99), node, replica])
        };
        let host = |value| slot_range(&range(value), &asked).unwrap().node;
        assert_eq!(host(bulk("h")), Address::new("h", 7001));
        assert_eq!(host(bulk("")), Address::new("seed", 7001));
        assert_eq!(host(Value::Nil), Address::new("seed", 7001));
    }

    #[test]
    fn what_is_no_range_is_none() {
        let asked = Address::new("seed", 7000);
        for odd in [
            Value::Nil,
            Value::Array(vec![]),
            Value::Array(vec![
                Value::Int(0),
                Value::Int(99_999),
                Value::Array(vec![]),
            ]),
        ] {
            assert_eq!(slot_range(&odd, &asked), None);
        }
    }
}
