//! Who has the data.

use futures_util::future::join_all;
use redis::ProtocolVersion;

use super::Server;
use crate::cache::Inner;
use crate::fault::Fault;
use crate::link::{self, Door, Link, SlotRange};
use crate::routes::Routes;
use crate::servers::{Address, Deployment};

/// Whether it is known who has the data.
#[derive(Clone, Copy, Debug)]
pub(super) enum Discovery<'a> {
    Done,
    Failed(&'a Fault),
}

/// The servers to have links to, and who has which slots.
pub(super) struct Plan {
    pub(super) servers: Vec<Server>,
    pub(super) ranges: Option<Vec<SlotRange>>,
}

impl Inner {
    pub(super) async fn discover(&self, known: &Routes) -> Result<Plan, Fault> {
        match &self.settings.servers.deployment {
            Deployment::Single(address) => Ok(Plan::single(address.clone())),
            Deployment::Sentinel { sentinels, master } => {
                let master = self.ask_sentinels(sentinels, master).await?;
                Ok(Plan::single(master))
            }
            Deployment::Cluster(seeds) => {
                let ranges = self.ask_nodes(seeds, known).await?;
                Ok(Plan::cluster(ranges))
            }
        }
    }

    /// Asks all at once and believes the one whose knowledge is the most recent: one that was cut
    /// off still names the master of old.
    async fn ask_sentinels(&self, sentinels: &[Address], name: &str) -> Result<Address, Fault> {
        let door = Door {
            user: None,
            password: self.settings.sentinel_password.clone(),
            database: 0,
            protocol: ProtocolVersion::RESP2,
            // Nobody waits to hear that an answer was the last.
            keeper: std::sync::Arc::default(),
            ..self.door.clone()
        };
        let ask = |address| {
            let door = &door;
            async move {
                let link = door.open(address).await?;
                self.in_time(link::master_of(&link, name)).await
            }
        };
        let answers = join_all(sentinels.iter().map(ask)).await;
        let mut fault = Fault::NoMaster;
        let mut newest = None;
        for answer in answers {
            match answer {
                Ok((epoch, address)) => {
                    if newest.as_ref().is_none_or(|(seen, _)| *seen < epoch) {
                        newest = Some((epoch, address));
                    }
                }
                Err(error) => fault = error,
            }
        }
        newest.map(|(_, address)| address).ok_or(fault)
    }

    /// Asks one node after the other until one answers, those first that are in use.
    async fn ask_nodes(&self, seeds: &[Address], known: &Routes) -> Result<Vec<SlotRange>, Fault> {
        let mut fault = Fault::NoNode;
        for node in &known.nodes {
            let Ok(examined) = &node.link else {
                continue;
            };
            match self.slots_by(&examined.link).await {
                Ok(ranges) => return Ok(ranges),
                Err(error) => fault = error,
            }
        }
        // Nodes may have got other addresses since the URL was written, and the other way round.
        let others = known.nodes.iter().map(|node| &node.address);
        for address in seeds.iter().chain(others) {
            let answer = match self.door.open(address).await {
                Ok(link) => self.slots_by(&link).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(ranges) => return Ok(ranges),
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    async fn slots_by(&self, link: &Link) -> Result<Vec<SlotRange>, Fault> {
        if let Some(fault) = link.fault() {
            return Err(fault.clone());
        }
        let ranges = self.in_time(link::cluster_slots(link)).await?;
        // A node that was forgotten by the others knows of no slots.
        if ranges.is_empty() {
            Err(Fault::NoNode)
        } else {
            Ok(ranges)
        }
    }

    async fn in_time<T>(&self, answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let answer = tokio::time::timeout(self.settings.timeout, answer).await;
        answer.unwrap_or(Err(Fault::TimedOut))
    }
}

impl Plan {
    fn single(address: Address) -> Self {
        Self {
            servers: vec![Server {
                address,
                slots: None,
            }],
            ranges: None,
        }
    }

    fn cluster(ranges: Vec<SlotRange>) -> Self {
        let mut servers: Vec<Server> = Vec::new();
        for range in &ranges {
            let slots = (range.first, range.last);
            match servers
                .iter_mut()
                .find(|server| server.address == range.node)
            {
                Some(server) => server.slots.get_or_insert_default().push(slots),
                None => servers.push(Server {
                    address: range.node.clone(),
                    slots: Some(vec![slots]),
                }),
            }
        }
        Self {
            servers,
            ranges: Some(ranges),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_with_several_ranges_is_one_server() {
        let range = |first, last, port| SlotRange {
            first,
            last,
            node: Address::new("h", port),
        };
        let plan = Plan::cluster(vec![range(0, 9, 1), range(10, 19, 2), range(20, 29, 1)]);
        let servers: Vec<_> = plan
            .servers
            .iter()
            .map(|server| (server.address.port, server.slots.clone().unwrap()))
            .collect();
        assert_eq!(servers, [(1, vec![(0, 9), (20, 29)]), (2, vec![(10, 19)])]);
    }
}
