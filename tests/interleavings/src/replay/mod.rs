//! The replay cache.

#[path = "../../../../crates/countersign/src/replay/fingerprint.rs"]
mod fingerprint;
#[path = "../../../../crates/countersign/src/replay/memory.rs"]
mod memory;
#[path = "../../../../crates/countersign/src/replay/recent.rs"]
mod recent;
#[path = "../../../../crates/countersign/src/replay/restart.rs"]
mod restart;
#[path = "../../../../crates/countersign/src/replay/retired.rs"]
mod retired;
#[path = "../../../../crates/countersign/src/replay/room.rs"]
mod room;
#[path = "../../../../crates/countersign/src/replay/sharded.rs"]
mod sharded;
#[path = "../../../../crates/countersign/src/replay/slice.rs"]
mod slice;
#[path = "../../../../crates/countersign/src/replay/span.rs"]
mod span;
#[path = "../../../../crates/countersign/src/replay/timeline.rs"]
mod timeline;

pub mod scenarios;
mod sync;
