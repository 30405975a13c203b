//! What the operator learns.

use crate::fault::Fault;
use crate::routes::Routes;

/// A claim that failed for want of a server.
pub(crate) fn unavailable(fault: &Fault) {
    #[cfg(feature = "metrics")]
    metrics::counter!("countersign_replay_store_errors_total", "kind" => fault.kind()).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = fault;
}

/// A request that was accepted although nothing remembers it.
pub(crate) fn unprotected(fault: &Fault) {
    #[cfg(feature = "metrics")]
    metrics::counter!("countersign_replay_unprotected_total").increment(1);
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "countersign",
        %fault,
        "a request was accepted without a claim, as the settings demand; it can be replayed"
    );
    #[cfg(not(feature = "tracing"))]
    let _ = fault;
}

/// What a round has found: servers that came, went, or have a new memory.
pub(crate) fn changed(before: &Routes, after: &Routes) {
    #[cfg(feature = "metrics")]
    {
        let up = if after.fault().is_none() { 1.0 } else { 0.0 };
        metrics::gauge!("countersign_replay_store_up").set(up);
    }
    // Of a first round in which nothing can be used, whoever connects is told by an error.
    #[cfg(feature = "tracing")]
    if before.nodes.is_empty() && after.nodes.iter().all(|node| node.link.is_err()) {
        return;
    }
    #[cfg(feature = "tracing")]
    for node in &after.nodes {
        let server = &node.address;
        let known = before.node(server).map(|node| &node.link);
        match (known, &node.link) {
            (Some(Err(was)), Err(is)) if was == is => {}
            (_, Err(fault)) => {
                tracing::error!(target: "countersign", %server, "the replay store cannot be used: {fault}");
            }
            (Some(Ok(was)), Ok(is)) if was.examination.epoch_key == is.examination.epoch_key => {
                if !std::sync::Arc::ptr_eq(&was.link, &is.link) {
                    tracing::info!(target: "countersign", %server, "connected to the replay store again");
                }
            }
            (known, Ok(is)) => {
                let since = is.examination.since.second();
                let again = if known.is_some() { " anew" } else { "" };
                tracing::info!(
                    target: "countersign",
                    %server,
                    "connected to the replay store{again}; it remembers since {since}, and what was \
                     signed before is refused"
                );
            }
        }
    }
    let _ = (before, after);
}
