//! What a cache that has just been made does about the time before it.

use countersign_core::{Timestamp, Window};

use super::sync::{AtomicBool, AtomicI64, Ordering};

/// Which requests are refused because a predecessor of the cache may have accepted them.
///
/// Memory does not survive a restart, so a request recorded before it could be replayed after
/// it. The guard refuses by signed time, and so ends by itself: one window after the start no
/// fresh request is old enough to be refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartGuard {
    /// None: within one window of the start, what was accepted before can be replayed. For tests,
    /// and where nothing was accepted before.
    Off,
    /// Those signed before the second in which the cache was made. What is left open: a request
    /// accepted earlier in that very second, and one from a client whose clock runs ahead.
    #[default]
    SinceStart,
    /// Also those signed in that second, or after it by no more than the future side of the
    /// largest window in use: nothing that a predecessor can have accepted. Clients with the right
    /// time are refused for so long after every start (60 s with the default window).
    Strict,
}

/// The beginning of a cache's memory.
#[derive(Debug)]
pub(super) struct Start {
    guard: RestartGuard,
    /// When the first layer over the cache was built, or else when the cache was.
    second: AtomicI64,
    prepared: AtomicBool,
    /// The longest future side, in seconds, of a window in use.
    future: AtomicI64,
}

impl Start {
    pub(super) fn new(guard: RestartGuard, now: Timestamp) -> Self {
        Self {
            guard,
            second: AtomicI64::new(now.as_unix()),
            prepared: AtomicBool::new(false),
            future: AtomicI64::new(0),
        }
    }

    /// Takes the start from the clock of the first layer, so that cache and layer cannot be told
    /// different times.
    pub(super) fn prepare(&self, window: Window, now: Timestamp) {
        if !self.prepared.swap(true, Ordering::Relaxed) {
            self.second.store(now.as_unix(), Ordering::Relaxed);
        }
        let future = i64::try_from(window.future().as_secs()).unwrap_or(i64::MAX);
        self.future.fetch_max(future, Ordering::Relaxed);
    }

    pub(super) fn admits(&self, signed_at: Timestamp) -> bool {
        let second = Timestamp::from_unix(self.second.load(Ordering::Relaxed));
        match self.guard {
            RestartGuard::Off => true,
            RestartGuard::SinceStart => signed_at >= second,
            RestartGuard::Strict => signed_at > second.plus(self.future.load(Ordering::Relaxed)),
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
    fn off_admits_everything() {
        assert!(Start::new(RestartGuard::Off, at(1000)).admits(at(0)));
    }

    #[test]
    fn since_start_refuses_what_was_signed_before_the_second_of_the_start() {
        let start = Start::new(RestartGuard::SinceStart, at(1000));
        start.prepare(Window::DEFAULT, at(1000));
        assert!(!start.admits(at(999)));
        assert!(start.admits(at(1000)));
    }

    #[test]
    fn the_first_layer_says_when_the_start_was() {
        let start = Start::new(RestartGuard::SinceStart, at(5000));
        start.prepare(Window::DEFAULT, at(1000));
        start.prepare(Window::DEFAULT, at(3000));
        assert!(!start.admits(at(999)));
        assert!(start.admits(at(1000)));
    }

    #[test]
    fn strict_refuses_as_far_as_the_largest_window_reaches_into_the_future() {
        let start = Start::new(RestartGuard::Strict, at(1000));
        assert!(!start.admits(at(1000)));
        assert!(start.admits(at(1001)));
        start.prepare(Window::DEFAULT, at(1000));
        start.prepare(Window::NARROW, at(2000));
        assert!(!start.admits(at(1060)));
        assert!(start.admits(at(1061)));
    }
}
