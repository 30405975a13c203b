//! What the benchmarks share: requests that are signed already, the checks of the core run on
//! them, the bare cryptography they are compared with, and how things are compared.
//!
//! Invariants: whatever is compared runs by turns in many short rounds, is timed by the processor
//! time of its own thread, and is reported as the median of the ratios of those rounds. Other work
//! on the machine then disturbs both sides alike.

pub mod child;
pub mod contest;
pub mod goal;
pub mod layered;
pub mod loopback;
pub mod paths;
pub mod raw;
pub mod requests;
pub mod traffic;

use std::error::Error;

/// What the benchmarks return.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
