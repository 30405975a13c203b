//! What the threads of a cache share, in one place: the workspace's tests compile the same sources
//! over types that try every order in which threads can meet.

pub(super) use std::sync::Mutex;
pub(super) use std::sync::atomic::{AtomicU64, Ordering};

pub(super) use crate::keys::lock;
