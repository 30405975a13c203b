//! Three masters that form a cluster.

use std::process::Command;

use super::server::Server;
use super::wait_until;

/// A cluster.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let nodes: Vec<Server> = (0..3)
            .map(|_| {
                Server::with(&[
                    "--cluster-enabled",
                    "yes",
                    "--cluster-config-file",
                    "nodes.conf",
                    "--cluster-node-timeout",
                    "1000",
                ])
            })
            .collect();
        let addresses = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()));
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(created.status.success(), "{created:?}");
        let cluster = Self { nodes };
        cluster.until_ok();
        cluster
    }

    /// Waits until every node says that all is well.
    pub(crate) fn until_ok(&self) {
        for node in &self.nodes {
            wait_until("cluster_state:ok", || {
                node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
            });
        }
    }

    /// Names two of the nodes.
    pub(crate) fn url(&self) -> String {
        let [first, second, _] = self.nodes.as_slice() else {
            unreachable!("there are three");
        };
        format!(
            "redis+cluster://127.0.0.1:{},127.0.0.1:{}/",
            first.port(),
            second.port()
        )
    }

    pub(crate) fn id_of(&self, node: usize) -> String {
        self.nodes[node].ask(&["CLUSTER", "MYID"]).trim().to_owned()
    }
}
