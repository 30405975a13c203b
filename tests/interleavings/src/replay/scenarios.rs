//! Claims that meet each other, and the end of their second.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use countersign_core::{
    KeyId, NonceCase, NonceKey, NonceLife, ReplayError, SchemeId, Timestamp, Window,
};
use loom::thread;

use super::fingerprint::{Fingerprint, Fingerprinter};
use super::memory::Memory;
use super::restart::{RestartGuard, Start};
use super::room::Room;
use crate::every_order;

/// The second in which the requests are signed.
const SIGNED: i64 = 1_000;

/// A moment at which they are fresh, one at which their second is over and others of its span are
/// not, and one at which all of it is.
const FRESH: i64 = SIGNED + 10;
const JUST_OVER: i64 = SIGNED + 301;
const OVER: i64 = SIGNED + 1_000;

fn memory(capacity: usize) -> Arc<Memory> {
    let start = Start::new(RestartGuard::Off, Timestamp::from_unix(0));
    Arc::new(Memory::new(start, Room::new(capacity, capacity)))
}

/// The same ones in every order that is tried: loom goes back by doing the same again.
fn fingerprints<const N: usize>() -> [Fingerprint; N] {
    static FINGERPRINTER: LazyLock<Fingerprinter> =
        LazyLock::new(|| Fingerprinter::random().expect("randomness"));
    let id = KeyId::parse(b"id").expect("an id");
    std::array::from_fn(|index| {
        let nonce = [b'a' + u8::try_from(index).expect("a few")];
        FINGERPRINTER.of(&NonceKey::new(SchemeId::MAC, id, &nonce, NonceCase::Exact))
    })
}

fn life(signed_at: i64, now: i64) -> NonceLife {
    let signed_at = Timestamp::from_unix(signed_at);
    NonceLife {
        signed_at,
        expires: Window::DEFAULT.expiry(signed_at),
        now: Timestamp::from_unix(now),
    }
}

/// Two threads claim one request: one of them has it.
pub fn one_request_claimed_twice_is_accepted_once() {
    every_order(2, || {
        let memory = memory(8);
        let [request] = fingerprints();
        let other = thread::spawn({
            let memory = Arc::clone(&memory);
            move || memory.claim(request, life(SIGNED, FRESH)).is_ok()
        });
        let here = memory.claim(request, life(SIGNED, FRESH)).is_ok();
        let there = other.join().unwrap();
        assert!(here != there, "{here} {there}");
        assert_eq!(memory.room().len(), 1);
    });
}

/// A request is claimed by two threads while a third, whose clock is ahead, drops its second: it
/// is never accepted twice. What must not happen is that one is recorded in the slice that goes
/// and the other in one that is made anew.
pub fn a_second_that_is_dropped_meanwhile_does_not_let_a_replay_through() {
    claimed_while_dropped(JUST_OVER);
}

/// The same, where the slice goes as well.
pub fn a_span_that_is_dropped_meanwhile_does_not_let_a_replay_through() {
    claimed_while_dropped(OVER);
}

fn claimed_while_dropped(over: i64) {
    every_order(2, move || {
        let memory = memory(8);
        let [request, later] = fingerprints();
        let accepted = Arc::new(AtomicUsize::new(0));
        let claim = move |memory: &Memory, accepted: &AtomicUsize| {
            if memory.claim(request, life(SIGNED, FRESH)).is_ok() {
                accepted.fetch_add(1, Ordering::SeqCst);
            }
        };
        let sweeping = thread::spawn({
            let memory = Arc::clone(&memory);
            move || memory.claim(later, life(over, over)).is_ok()
        });
        let claiming = thread::spawn({
            let (memory, accepted) = (Arc::clone(&memory), Arc::clone(&accepted));
            move || claim(&memory, &accepted)
        });
        claim(&memory, &accepted);
        claiming.join().unwrap();
        assert!(sweeping.join().unwrap(), "the later request is a good one");
        assert!(accepted.load(Ordering::SeqCst) <= 1, "a replay got through");
        // Nor once all is over, whatever a clock that stepped back says.
        assert!(memory.claim(request, life(SIGNED, FRESH)).is_err());
    });
}

/// Two requests for the last room: one has it, and the other is told so.
pub fn the_last_room_is_given_once() {
    every_order(2, || {
        let memory = memory(1);
        let [one, two] = fingerprints();
        let other = thread::spawn({
            let memory = Arc::clone(&memory);
            move || memory.claim(one, life(SIGNED, FRESH))
        });
        let here = memory.claim(two, life(SIGNED, FRESH));
        let there = other.join().unwrap();
        assert!(here.is_ok() != there.is_ok());
        let refused = here.err().or(there.err());
        assert!(matches!(
            refused,
            Some(ReplayError::Full | ReplayError::KeyQuota)
        ));
        assert_eq!(memory.room().len(), 1);
    });
}

/// While a second goes, its room is given back once for each request: the count neither stays too
/// high, which would refuse good requests for ever, nor gets too low.
pub fn room_is_given_back_exactly_once() {
    every_order(2, || {
        let memory = memory(8);
        let [old, one, two] = fingerprints();
        memory.claim(old, life(SIGNED, FRESH)).unwrap();
        let other = thread::spawn({
            let memory = Arc::clone(&memory);
            move || memory.claim(one, life(OVER, OVER)).is_ok()
        });
        assert!(memory.claim(two, life(OVER, OVER)).is_ok());
        assert!(other.join().unwrap());
        // Whoever comes next gives back what is left.
        let _ = memory.claim(two, life(OVER, OVER));
        assert_eq!(memory.room().len(), 2);
    });
}
