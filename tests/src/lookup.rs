//! Keys whose lookup counts, fails, panics or takes its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::{KeyId, KeyLookup, KeySet, LookupError, StaticKeys};

use crate::wait::pending;

/// What a lookup does before it answers.
#[derive(Clone, Debug, Default)]
pub enum Holding {
    /// Nothing.
    #[default]
    Up,
    /// Is pending so many times.
    Waiting(usize),
    /// Fails with this text.
    Down(String),
    /// Panics.
    Panicking,
    /// Never answers.
    Hanging,
}

/// Keys in memory, behind a lookup that can be told to misbehave.
#[derive(Clone, Debug)]
pub struct TestKeys {
    keys: StaticKeys,
    holding: Holding,
    asked: Asked,
}

impl TestKeys {
    /// `keys`, found at once.
    pub fn new(keys: StaticKeys) -> Self {
        Self {
            keys,
            holding: Holding::Up,
            asked: Asked::default(),
        }
    }

    /// The same keys, whose lookup does this first.
    pub fn holding(mut self, holding: Holding) -> Self {
        self.holding = holding;
        self
    }

    /// Counts the lookups.
    pub fn asked(&self) -> Asked {
        self.asked.clone()
    }
}

/// A count of lookups, shared with the lookup.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<AtomicUsize>);

impl Asked {
    /// How often keys were looked up.
    pub fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl KeyLookup for TestKeys {
    type Principal = String;

    async fn lookup(&self, id: KeyId<'_>) -> Result<Option<KeySet>, LookupError> {
        self.asked.0.fetch_add(1, Ordering::SeqCst);
        match &self.holding {
            Holding::Up => {}
            Holding::Waiting(times) => pending(*times).await,
            Holding::Down(text) => return Err(LookupError::new(text.clone())),
            Holding::Panicking => panic!("the lookup panics, as the test wants it to"),
            Holding::Hanging => std::future::pending().await,
        }
        self.keys.lookup(id).await
    }
}
