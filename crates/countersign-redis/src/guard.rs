//! What is refused after the server's memory began anew.

use std::sync::atomic::{AtomicI64, Ordering};

use countersign_core::{Timestamp, Window};

use crate::clocks::MARGIN;

/// Which requests are refused because a memory that is gone may have held them.
///
/// Every start of a server, every failover to a replica and every emptying of its memory begins
/// a new memory. It is noticed before any claim is answered from the new memory, and the time of
/// it is written into the server, so that all instances know it. The guard refuses by signed
/// time, and so ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LossGuard {
    /// None: after a restart of the server, what was accepted before can be replayed for one
    /// window. For tests, and where nothing was accepted before.
    Off,
    /// Those signed up to the second in which the new memory was first seen, by the server's
    /// clock. What is left open: a request from a client whose clock runs ahead.
    #[default]
    SinceLoss,
    /// Also those signed after it by no more than the future side of the largest window in use
    /// and what clocks may differ: nothing that was accepted before. Clients with the right time
    /// are refused for so long after every restart of the server (65 s with the default window).
    Strict,
}

/// The beginning of the server's memory.
#[derive(Debug)]
pub(crate) struct Guard {
    kind: LossGuard,
    /// The last second that may have been forgotten.
    lost: AtomicI64,
    /// The longest future side, in seconds, of a window in use.
    future: AtomicI64,
}

impl Guard {
    pub(crate) fn new(kind: LossGuard) -> Self {
        Self {
            kind,
            lost: AtomicI64::new(i64::MIN),
            future: AtomicI64::new(0),
        }
    }

    pub(crate) fn prepare(&self, window: Window) {
        let future = i64::try_from(window.future().as_secs()).unwrap_or(i64::MAX);
        self.future.fetch_max(future, Ordering::Relaxed);
    }

    /// From now on, what was accepted up to `second` may be forgotten. It never goes back.
    pub(crate) fn raise(&self, second: Timestamp) {
        // Before the link that knows of it is published, and so seen by every claim over it.
        self.lost.fetch_max(second.as_unix(), Ordering::SeqCst);
    }

    pub(crate) fn admits(&self, signed_at: Timestamp) -> bool {
        let lost = Timestamp::from_unix(self.lost.load(Ordering::SeqCst));
        match self.kind {
            LossGuard::Off => true,
            LossGuard::SinceLoss => signed_at > lost,
            LossGuard::Strict => {
                let margin = i64::try_from(MARGIN.as_secs()).unwrap_or(i64::MAX);
                let future = self.future.load(Ordering::Relaxed);
                signed_at > lost.plus(margin).plus(future)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    #[test]
    fn nothing_is_refused_before_anything_was_lost() {
        assert!(Guard::new(LossGuard::SinceLoss).admits(at(0)));
        assert!(Guard::new(LossGuard::Strict).admits(at(0)));
    }

    #[test]
    fn the_second_of_the_loss_is_refused_and_the_next_is_not() {
        let guard = Guard::new(LossGuard::SinceLoss);
        guard.raise(at(1000));
        assert!(!guard.admits(at(1000)));
        assert!(guard.admits(at(1001)));
    }

    #[test]
    fn a_later_loss_counts_and_an_earlier_one_does_not_undo_it() {
        let guard = Guard::new(LossGuard::SinceLoss);
        guard.raise(at(1000));
        guard.raise(at(900));
        assert!(!guard.admits(at(1000)));
    }

    #[test]
    fn strict_reaches_as_far_as_clocks_and_windows_do() {
        let guard = Guard::new(LossGuard::Strict);
        guard.prepare(Window::DEFAULT);
        guard.raise(at(1000));
        assert!(!guard.admits(at(1065)));
        assert!(guard.admits(at(1066)));
    }

    #[test]
    fn off_admits_everything() {
        let guard = Guard::new(LossGuard::Off);
        guard.raise(at(1000));
        assert!(guard.admits(at(0)));
    }
}
