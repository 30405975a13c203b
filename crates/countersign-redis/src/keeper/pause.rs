//! How long to wait before the next attempt.

use std::time::Duration;

/// A server that restarts is back within some tens of milliseconds.
pub(super) const SHORTEST: Duration = Duration::from_millis(20);

/// Service is back no later than this after the server.
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses that grow, each up to half shorter at random, so that many instances do not knock at
/// once.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Pause {
    pub(super) fn new() -> Self {
        Self(SHORTEST)
    }

    pub(super) fn reset(&mut self) {
        self.0 = SHORTEST;
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.saturating_mul(2).min(LONGEST);
        // Without random bytes the pause is merely not shortened.
        let random = getrandom::u32().unwrap_or(0);
        let half = f64::from(random) / f64::from(u32::MAX) / 2.0;
        pause.mul_f64(1.0 - half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_begin_anew() {
        let mut pause = Pause::new();
        let pauses: Vec<Duration> = (0..12).map(|_| pause.next()).collect();
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(pauses.iter().all(|pause| *pause >= SHORTEST / 2));
        assert!(pauses[11] >= LONGEST / 2);
        pause.reset();
        assert!(pause.next() <= SHORTEST);
    }
}
