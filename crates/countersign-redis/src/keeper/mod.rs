//! What looks after the links: it alone connects, examines and publishes them.
//!
//! Claims never wait for a connection: they take the link that is published, or fail. A round
//! finds out who has the data, looks at the links there are, makes those that are missing, and
//! publishes the result. Rounds follow one another every [`CHECK_EVERY`], at once when a claim or
//! a link reports a failure, and with growing pauses while something stays broken.
//!
//! Invariant: the guard is raised for a new memory before the link to it is published.

mod discover;
mod pause;

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;

use self::discover::{Discovery, Plan};
use self::pause::Pause;
use crate::cache::Inner;
use crate::fault::Fault;
use crate::link::Subject;
use crate::routes::{Examined, Node, Routes};
use crate::servers::Address;
use crate::telemetry;

/// How often a healthy server is looked at again: for its eviction policy, its role, and who the
/// sentinels say is the master. Everything that must be known sooner is in each answer or pushed.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// Looks after the links until the cache is gone.
pub(crate) async fn run(cache: Weak<Inner>) {
    let mut pause = Pause::new();
    loop {
        let (healthy, wake) = {
            let Some(cache) = cache.upgrade() else {
                return;
            };
            let healthy = cache.routes.load().fault().is_none();
            (healthy, Arc::clone(&cache.wake))
        };
        if healthy {
            pause.reset();
            tokio::select! {
                () = tokio::time::sleep(CHECK_EVERY) => {}
                () = wake.notified() => tokio::time::sleep(pause::SHORTEST).await,
            }
        } else {
            // No matter who asks: a server that is away is not asked more often by more claims.
            tokio::time::sleep(pause.next()).await;
        }
        let Some(cache) = cache.upgrade() else {
            return;
        };
        cache.round().await;
    }
}

impl Inner {
    /// One round. Publishes what it found.
    pub(crate) async fn round(&self) {
        let before = self.routes.load_full();
        let routes = match self.discover(&before).await {
            Ok(Plan { servers, ranges }) => Routes {
                nodes: self.tend(&servers, &before, Discovery::Done).await,
                ranges,
            },
            // Who has the data cannot be told. A link that is in order stays in use; no new one is
            // made, as it might lead to what is no longer the master.
            Err(fault) => {
                let servers: Vec<Server> = before.nodes.iter().map(Server::again).collect();
                let mut nodes = self
                    .tend(&servers, &before, Discovery::Failed(&fault))
                    .await;
                if nodes.is_empty() {
                    nodes = vec![Node {
                        address: self.settings.servers.first(),
                        link: Err(fault),
                    }];
                }
                Routes {
                    nodes,
                    ranges: before.ranges.clone(),
                }
            }
        };
        telemetry::changed(&before, &routes);
        self.routes.store(Arc::new(routes));
    }

    async fn tend(
        &self,
        servers: &[Server],
        before: &Routes,
        discovery: Discovery<'_>,
    ) -> Vec<Node> {
        let nodes = servers.iter().map(|server| async move {
            let before = before.node(&server.address).map(|node| &node.link);
            Node {
                address: server.address.clone(),
                link: self.tend_one(server, before, discovery).await,
            }
        });
        join_all(nodes).await
    }

    async fn tend_one(
        &self,
        server: &Server,
        before: Option<&Result<Examined, Fault>>,
        discovery: Discovery<'_>,
    ) -> Result<Examined, Fault> {
        let subject = Subject {
            settings: &self.settings,
            slots: server.slots.as_deref(),
        };
        let ended = match before {
            Some(Ok(examined)) => match self.still_in_order(examined, subject).await {
                Ok(()) => return Ok(examined.clone()),
                Err(fault) => Some(fault),
            },
            Some(Err(fault)) => Some(fault.clone()),
            None => None,
        };
        if let Discovery::Failed(fault) = discovery {
            return Err(fault.clone());
        }
        let link = self.door.open(&server.address).await?;
        let examination = link.examine(subject).await?;
        self.guard.raise(examination.since.second());
        if matches!(ended, Some(Fault::Clock { .. })) {
            // While its clock was off, it may have ended entries before their time.
            self.guard.raise(examination.time.second());
        }
        Ok(Examined {
            link: Arc::new(link),
            examination: Arc::new(examination),
        })
    }

    async fn still_in_order(&self, examined: &Examined, subject: Subject<'_>) -> Result<(), Fault> {
        let link = &examined.link;
        if let Some(fault) = link.fault() {
            return Err(fault.clone());
        }
        link.check(subject, &examined.examination)
            .await
            .inspect_err(|fault| link.end(fault.clone()))
    }
}

/// A server to have a link to.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) address: Address,
    pub(crate) slots: Option<Vec<(u16, u16)>>,
}

impl Server {
    fn again(node: &Node) -> Self {
        Self {
            address: node.address.clone(),
            slots: None,
        }
    }
}
