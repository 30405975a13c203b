//! What is remembered, and the one step in which a request is claimed.

use countersign_core::{FirstUse, NonceLife, ReplayError, Timestamp, Window};

use super::fingerprint::Fingerprint;
use super::restart::Start;
use super::retired::Retired;
use super::room::Room;
use super::slice::Slice;
use super::timeline::Timeline;

/// The requests of all seconds that are still fresh.
pub(super) struct Memory {
    start: Start,
    timeline: Timeline,
    retired: Retired,
    room: Room,
}

impl Memory {
    pub(super) fn new(start: Start, room: Room) -> Self {
        Self {
            start,
            timeline: Timeline::new(),
            retired: Retired::default(),
            room,
        }
    }

    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    pub(super) fn start(&self) -> &Start {
        &self.start
    }

    pub(super) fn prepare(&self, window: Window, now: Timestamp) {
        let epoch = Timestamp::from_unix(0);
        let kept = window.expiry(epoch).seconds_since(epoch);
        self.timeline.retain_for(kept);
        self.start.prepare(window, now);
    }

    /// Records the request of `fingerprint`, once.
    pub(super) fn claim(
        &self,
        fingerprint: Fingerprint,
        life: NonceLife,
    ) -> Result<FirstUse, ReplayError> {
        if life.expires <= life.now {
            return Err(ReplayError::Expired);
        }
        if !self.start.admits(life.signed_at) {
            return Err(ReplayError::SignedBeforeStart);
        }
        let kept = life.expires.seconds_since(life.signed_at);
        self.timeline.retain_for(kept);
        self.timeline.sweep(life.now, &self.retired);
        self.retired.give_back_some(&self.room);

        let claimed = self
            .timeline
            .with_slice(life.signed_at, &self.retired, |slice, place| {
                self.claim_in(slice, place, fingerprint)
            });
        claimed.unwrap_or(Err(ReplayError::Expired))
    }

    fn claim_in(
        &self,
        slice: &Slice,
        place: usize,
        fingerprint: Fingerprint,
    ) -> Result<FirstUse, ReplayError> {
        loop {
            let reserve = || self.room.reserve(fingerprint.key_tag());
            match slice.claim(place, fingerprint, reserve) {
                Ok(()) => return Ok(FirstUse::recorded()),
                Err(refusal @ (ReplayError::Full | ReplayError::KeyQuota)) => {
                    // Not before everything that was dropped has given back its room.
                    if self.retired.give_back(&self.room) == 0 {
                        return Err(refusal);
                    }
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::restart::RestartGuard;
    use super::*;

    fn life(signed_at: i64, now: i64) -> NonceLife {
        let signed_at = Timestamp::from_unix(signed_at);
        NonceLife {
            signed_at,
            expires: Window::DEFAULT.expiry(signed_at),
            now: Timestamp::from_unix(now),
        }
    }

    #[test]
    fn when_everything_has_expired_all_counts_are_zero() {
        let start = Start::new(RestartGuard::Off, Timestamp::from_unix(0));
        let memory = Memory::new(start, Room::new(1 << 20, 1 << 20));
        for nonce in 0..50_000 {
            let fingerprint = Fingerprint::numbered(nonce % 77, nonce);
            let signed_at = 1000 + i64::try_from(nonce % 361).unwrap();
            memory.claim(fingerprint, life(signed_at, 1300)).unwrap();
        }
        assert_eq!((memory.room.len(), memory.room.keys()), (50_000, 77));
        let end = Timestamp::from_unix(1661);
        memory.timeline.sweep(end, &memory.retired);
        while memory.retired.give_back(&memory.room) > 0 {}
        assert_eq!((memory.room.len(), memory.room.keys()), (0, 0));
    }
}
