//! A master with a replica, watched by three sentinels.

use super::server::Server;
use super::wait_until;

/// The name the sentinels know the master by.
pub(crate) const NAME: &str = "countersign";

/// All five.
pub(crate) struct Watched {
    pub(crate) master: Server,
    pub(crate) replica: Server,
    pub(crate) sentinels: Vec<Server>,
}

impl Watched {
    pub(crate) fn start() -> Self {
        let master = Server::start();
        let of = master.port().to_string();
        let replica = Server::with(&["--replicaof", "127.0.0.1", &of]);
        until_linked(&replica);
        let sentinels: Vec<Server> = (0..3).map(|_| sentinel(master.port())).collect();
        for sentinel in &sentinels {
            wait_until("sentinels know each other and the replica", || {
                let seen = sentinel.ask(&["SENTINEL", "MASTER", NAME]);
                let mut lines = seen.lines();
                let mut field = |name: &str| {
                    lines.find(|line| *line == name)?;
                    lines.next()
                };
                field("num-slaves") == Some("1") && field("num-other-sentinels") == Some("2")
            });
        }
        Self {
            master,
            replica,
            sentinels,
        }
    }

    pub(crate) fn url(&self) -> String {
        let sentinels: Vec<String> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port()))
            .collect();
        format!("redis+sentinel://{}/{NAME}", sentinels.join(","))
    }
}

/// Waits until `replica` has what its master has.
pub(crate) fn until_linked(replica: &Server) {
    wait_until("the replica is linked", || {
        replica
            .ask(&["INFO", "replication"])
            .contains("master_link_status:up")
    });
}

fn sentinel(master: u16) -> Server {
    Server::sentinel(|port| {
        format!(
            "port {port}\n\
             sentinel monitor {NAME} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {NAME} 500\n\
             sentinel failover-timeout {NAME} 2000\n"
        )
    })
}
