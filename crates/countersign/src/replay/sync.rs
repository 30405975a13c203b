//! What the memory of the cache is shared with between threads, in one place: the workspace's tests
//! compile the same sources over types that try every order in which threads can meet.

pub(super) use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering, fence};
pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use arc_swap::ArcSwapOption;
pub(super) use moka::sync::Cache;
