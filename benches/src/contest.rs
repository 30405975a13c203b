//! Comparing things by turns.

use std::fmt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// How long each gets in a round, in processor time: long beside the reading of the clock, short
/// beside what else the machine does.
const TURN: Duration = Duration::from_millis(1);

/// Something that is done again and again. `false` is a failure, which ends the contest.
pub type Once<'a> = Box<dyn FnMut() -> bool + 'a>;

/// Things to be compared.
#[derive(Default)]
pub struct Contest<'a> {
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    name: String,
    once: Once<'a>,
    times: u32,
    /// Nanoseconds for each time, by round.
    rounds: Vec<f64>,
}

/// Which of the things.
#[derive(Clone, Copy, Debug)]
pub struct Handle(usize);

impl<'a> Contest<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a thing.
    pub fn enter(&mut self, name: impl Into<String>, once: Once<'a>) -> Handle {
        self.entries.push(Entry {
            name: name.into(),
            once,
            times: 1,
            rounds: Vec::new(),
        });
        Handle(self.entries.len().saturating_sub(1))
    }

    /// Runs all of them by turns.
    ///
    /// # Errors
    /// When one fails.
    pub fn run(mut self, rounds: usize) -> Result<Results> {
        for entry in &mut self.entries {
            entry.find_times()?;
        }
        for _ in 0..rounds {
            for entry in &mut self.entries {
                let spent = entry.turn()?;
                let each = spent.as_secs_f64() * 1e9 / f64::from(entry.times);
                entry.rounds.push(each);
            }
        }
        let entries = self.entries.into_iter();
        Ok(Results(
            entries.map(|entry| (entry.name, entry.rounds)).collect(),
        ))
    }
}

impl Entry<'_> {
    /// How often it can be done in a turn; this warms it up as well.
    fn find_times(&mut self) -> Result<()> {
        while self.turn()?.saturating_mul(2) < TURN {
            self.times = self.times.saturating_mul(2);
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<Duration> {
        let before = thread_time();
        for _ in 0..self.times {
            if !(self.once)() {
                return Err(format!("{} failed", self.name).into());
            }
        }
        Ok(thread_time().saturating_sub(before))
    }
}

impl fmt::Debug for Contest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|entry| &entry.name);
        f.debug_list().entries(names).finish()
    }
}

/// What each has cost.
#[derive(Debug)]
pub struct Results(Vec<(String, Vec<f64>)>);

impl Results {
    /// Nanoseconds for each time, the median.
    pub fn nanoseconds(&self, handle: Handle) -> f64 {
        median(self.rounds(handle).to_vec())
    }

    /// How many times as long as `base` it takes: the median of the ratios within the rounds.
    pub fn ratio(&self, handle: Handle, base: Handle) -> f64 {
        let rounds = self.rounds(handle).iter().zip(self.rounds(base));
        median(rounds.map(|(one, base)| one / base).collect())
    }

    /// By how many times `base` it is dearer than `other`, the median.
    pub fn added(&self, handle: Handle, other: Handle, base: Handle) -> f64 {
        let rounds = self.rounds(handle).iter().zip(self.rounds(other));
        let rounds = rounds.zip(self.rounds(base));
        median(
            rounds
                .map(|((one, other), base)| (one - other) / base)
                .collect(),
        )
    }

    /// Its name.
    pub fn name(&self, handle: Handle) -> &str {
        self.0.get(handle.0).map_or("", |(name, _)| name)
    }

    fn rounds(&self, handle: Handle) -> &[f64] {
        self.0.get(handle.0).map_or(&[], |(_, rounds)| rounds)
    }
}

/// The middle one; not a number when there is none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The processor time this thread has used.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}
