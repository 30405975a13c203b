//! One connection to one server, from the moment it is made to the moment it fails.
//!
//! Invariant: a link never reconnects. Whatever ends the server's process, or empties or replaces
//! its memory, either closes the connection or is pushed to it before any later answer, so every
//! answer of a link comes from the memory that was examined when it was made.

mod ask;
mod claim;
mod examine;
mod info;
mod open;
mod tls;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub(crate) use self::ask::{SlotRange, cluster_slots, master_of};
pub(crate) use self::claim::{Answer, Demand, Verdict};
pub(crate) use self::examine::{Examination, Subject};
pub(crate) use self::open::Door;
pub(crate) use self::tls::Tls;
use crate::fault::Fault;
use crate::servers::Address;

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    address: Address,
    connection: MultiplexedConnection,
    state: Arc<State>,
    driver: AbortHandle,
}

/// What has become of a connection; shared with the task that drives it.
#[derive(Debug)]
pub(crate) struct State {
    fault: OnceLock<Fault>,
    /// Apart from `fault`, which may have been something else before.
    lost: AtomicBool,
    keeper: Arc<Notify>,
}

impl State {
    fn new(keeper: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            fault: OnceLock::new(),
            lost: AtomicBool::new(false),
            keeper,
        })
    }

    /// Ends the link, for the first reason given.
    fn end(&self, fault: Fault) {
        if self.fault.set(fault).is_ok() {
            self.keeper.notify_one();
        }
    }

    /// Takes what the server says unasked. It is called in the order of the answers: when one
    /// arrives, what was pushed before it has been seen.
    fn pushed(&self, push: &PushInfo) {
        match push.kind {
            // The one key that is tracked is gone or another: so is everything else.
            PushKind::Invalidate => {
                self.lost.store(true, Ordering::SeqCst);
                self.end(Fault::Lost);
            }
            PushKind::Disconnection => self.end(Fault::Closed),
            _ => {}
        }
    }
}

impl Link {
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Why it can no longer be used, if so.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.state.fault.get()
    }

    /// Whether its memory was emptied or replaced before the answer that was read last.
    fn has_lost(&self) -> bool {
        self.state.lost.load(Ordering::SeqCst)
    }

    /// Ends it; claims that wait for an answer may still get theirs.
    pub(crate) fn end(&self, fault: Fault) {
        self.state.end(fault);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_seen_on_a_link_that_has_another_fault_already() {
        let state = State::new(Arc::default());
        state.end(Fault::TimedOut);
        state.pushed(&PushInfo {
            kind: PushKind::Invalidate,
            data: Vec::new(),
        });
        assert_eq!(state.fault.get(), Some(&Fault::TimedOut));
        assert!(state.lost.load(Ordering::SeqCst));
    }
}
