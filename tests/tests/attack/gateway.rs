//! The gateway, in front of a service that counts its calls.

use std::net::SocketAddr;

use countersign::RestartGuard;
use countersign_attack::{Attack, Catalogue, Strictness, Tcp};
use countersign_gateway::{Gateway, GatewayConfig};
use countersign_tests::{Bench, Case, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::flaws;

/// The schemes of the gateway, by the names of their cases here and of its settings.
pub(crate) const SCHEMES: [(&str, &str); 9] = [
    ("auth-key wiki", "auth-key"),
    ("auth-key v2", "auth-key-v2"),
    ("auth-key v3", "auth-key-v3"),
    ("hmac-auth sha1", "hmac-auth"),
    ("hmac-auth sha256", "hmac-auth-sha256"),
    ("moxie as built", "moxie"),
    ("mac yar sha1", "mac"),
    ("mac draft sha256", "mac-draft"),
    ("basic", "basic"),
];

/// A gateway that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(config: GatewayConfig) -> Self {
        let gateway = Gateway::bind(config).await.unwrap();
        let address = gateway.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(gateway.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            serving,
        }
    }

    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.serving.await.unwrap();
    }
}

#[tokio::test]
async fn the_gateway_treats_every_request_of_the_catalogue_as_it_must() {
    let catalogue = Catalogue::requests().unwrap();
    let mut found = Vec::new();
    for (case, scheme) in SCHEMES {
        let case = Case::named(case);
        let bench = Bench::new();
        let echo = bench.echo.clone();
        let behind = Server::start(echo.clone()).await;
        let config = GatewayConfig::reverse_proxy(format!("http://{}", behind.address()))
            .listen("127.0.0.1:0")
            .scheme(scheme)
            .keys(case.static_keys())
            .restart_guard(RestartGuard::Off)
            .clock(bench.clock.clone());
        let gateway = Running::start(config).await;
        let address = gateway.address;
        let url = format!("http://{address}/").parse().unwrap();
        let attack = Attack::new(case.shared_scheme(), case.key(), &url)
            .unwrap()
            .strictness(Strictness::Exact)
            .clock(bench.clock.clone())
            .observe(move || echo.calls());
        let scorecard = attack.run(&catalogue, &Tcp::new(address)).await;
        found.extend(flaws(scheme, &scorecard));
        gateway.stop().await;
        behind.stop().await;
    }
    assert!(found.is_empty(), "{}", found.concat());
}
