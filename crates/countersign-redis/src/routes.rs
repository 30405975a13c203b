//! Which link has which entry.

use std::sync::Arc;

use crate::fault::Fault;
use crate::link::{Examination, Link, SlotRange};
use crate::servers::Address;
use crate::slot;

/// All nodes, and who has what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    pub(crate) nodes: Vec<Node>,
    /// Sorted; `None` where one node has everything.
    pub(crate) ranges: Option<Vec<SlotRange>>,
}

/// A server that has entries.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) address: Address,
    pub(crate) link: Result<Examined, Fault>,
}

/// A link, and what was found when it was made.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(crate) link: Arc<Link>,
    pub(crate) examination: Arc<Examination>,
}

impl Routes {
    /// The link to the node that has `key`.
    pub(crate) fn find(&self, key: &str) -> Result<Arc<Link>, Fault> {
        let node = match &self.ranges {
            None => self.nodes.first(),
            Some(ranges) => {
                let slot = slot::of(key);
                let after = ranges.partition_point(|range| range.first <= slot);
                let range = after.checked_sub(1).and_then(|at| ranges.get(at));
                let range = range.filter(|range| slot <= range.last);
                range.and_then(|range| self.node(&range.node))
            }
        };
        link_of(node.ok_or(Fault::NoNode)?)
    }

    /// The link to the node at `address`, which another has named.
    pub(crate) fn at(&self, address: &Address) -> Result<Arc<Link>, Fault> {
        link_of(self.node(address).ok_or(Fault::NoNode)?)
    }

    pub(crate) fn node(&self, address: &Address) -> Option<&Node> {
        self.nodes.iter().find(|node| node.address == *address)
    }

    /// The first node that cannot be used, and why.
    pub(crate) fn fault(&self) -> Option<(&Address, &Fault)> {
        let faulty = |node: &&Node| node.link.is_err();
        let node = self.nodes.iter().find(faulty)?;
        Some((&node.address, node.link.as_ref().err()?))
    }
}

fn link_of(node: &Node) -> Result<Arc<Link>, Fault> {
    match &node.link {
        Ok(examined) => Ok(Arc::clone(&examined.link)),
        Err(fault) => Err(fault.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        let node = |port| Node {
            address: Address::new("h", port),
            link: Err(Fault::Clock {
                ahead_seconds: i64::from(port),
            }),
        };
        let range = |first, last, port| SlotRange {
            first,
            last,
            node: Address::new("h", port),
        };
        Routes {
            nodes: vec![node(1), node(2)],
            ranges: Some(vec![range(0, 8362, 1), range(12_000, 16_383, 2)]),
        }
    }

    #[test]
    fn an_entry_is_with_the_node_that_has_its_slot() {
        // Slots 8363, 4015 and 12182.
        let fault = |key| routes().find(key).unwrap_err();
        assert_eq!(fault("foo{}{bar}"), Fault::NoNode);
        assert_eq!(fault("foo{{bar}}zap"), Fault::Clock { ahead_seconds: 1 });
        assert_eq!(fault("foo"), Fault::Clock { ahead_seconds: 2 });
        assert_eq!(Routes::default().find("foo").unwrap_err(), Fault::NoNode);
    }

    #[test]
    fn a_node_nobody_knows_has_no_link() {
        let address = Address::new("other", 1);
        assert_eq!(routes().at(&address).unwrap_err(), Fault::NoNode);
    }
}
