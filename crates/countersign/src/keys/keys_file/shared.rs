//! The keys of a file, and what is known of the file.

use std::hash::RandomState;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use countersign_core::KeySet;

use super::error::KeysFileError;
use super::format::{self, Loaded};
use super::reading::{Reading, Trace};
use super::watch::Watcher;
use crate::keys::lock;
use crate::keys::table::KeyTable;

/// What the clones of a [`KeysFile`](super::KeysFile) share.
pub(super) struct Shared {
    path: PathBuf,
    keys: ArcSwap<KeyTable<String>>,
    seen: Mutex<Seen>,
    watcher: Mutex<Option<Watcher>>,
    hashing: RandomState,
}

/// What the last reading, good or bad, has seen.
struct Seen {
    trace: Trace,
    /// The fingerprint of the contents whose keys are in use.
    in_use: u64,
    /// What was last complained of, while it lasts: the fingerprint and the error's text.
    complaint: Option<(u64, String)>,
}

/// Why the file is looked at.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Trigger {
    /// Somebody asked: read it.
    Request,
    /// Time has passed: read it if it may have changed.
    Tick,
}

pub(super) enum Check {
    Same,
    Changed(News),
    Failed {
        error: KeysFileError,
        complaint: Complaint,
    },
}

/// What is worth telling of keys that have come into use.
#[derive(Debug)]
pub(super) struct News {
    pub(super) keys: usize,
    pub(super) short_secrets: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Complaint {
    New,
    Repeated,
}

impl Shared {
    pub(super) fn open(path: PathBuf) -> Result<(Self, News), KeysFileError> {
        let hashing = RandomState::new();
        let mut reading = Reading::start(&hashing);
        let (table, news) = split(format::load(&path, &mut reading)?);
        let seen = Seen {
            in_use: reading.fingerprint(),
            trace: reading.trace(),
            complaint: None,
        };
        let shared = Self {
            path,
            keys: ArcSwap::from_pointee(table),
            seen: Mutex::new(seen),
            watcher: Mutex::new(None),
            hashing,
        };
        Ok((shared, news))
    }

    /// Looks at the file, and takes its keys over when they are others and good.
    pub(super) fn check(&self, trigger: Trigger) -> Check {
        // Held to the end: two checks at once could otherwise finish in the wrong order.
        let mut seen = lock(&self.seen);
        if trigger == Trigger::Tick && !seen.trace.may_have_changed() {
            return Check::Same;
        }
        let mut reading = Reading::start(&self.hashing);
        let loaded = format::load(&self.path, &mut reading);
        let fingerprint = reading.fingerprint();
        seen.trace = reading.trace();
        match loaded {
            Ok(loaded) => {
                seen.complaint = None;
                if fingerprint == seen.in_use {
                    return Check::Same;
                }
                let (table, news) = split(loaded);
                seen.in_use = fingerprint;
                self.keys.store(Arc::new(table));
                Check::Changed(news)
            }
            Err(error) => {
                let now = Some((fingerprint, error.to_string()));
                let complaint = if seen.complaint == now {
                    Complaint::Repeated
                } else {
                    Complaint::New
                };
                seen.complaint = now;
                Check::Failed { error, complaint }
            }
        }
    }

    pub(super) fn find(&self, id: &[u8]) -> Option<KeySet> {
        self.keys.load().find(id)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn key_count(&self) -> usize {
        self.keys.load().len()
    }

    /// Takes the place of the previous watcher, which thereby ends.
    pub(super) fn set_watcher(&self, watcher: Watcher) {
        *lock(&self.watcher) = Some(watcher);
    }
}

fn split(loaded: Loaded) -> (KeyTable<String>, News) {
    let news = News {
        keys: loaded.table.len(),
        short_secrets: loaded.short_secrets,
    };
    (loaded.table, news)
}
