//! The cached lookup.

#[path = "../../../../crates/countersign/src/keys/cached/answers.rs"]
mod answers;
#[path = "../../../../crates/countersign/src/keys/cached/flights.rs"]
mod flights;
#[path = "../../../../crates/countersign/src/keys/cached/front.rs"]
mod front;

pub mod scenarios;
mod sync;
