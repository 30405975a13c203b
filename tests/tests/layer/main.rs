//! The layer among other layers, called without a network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::arithmetic_side_effects)]

mod answers;
mod any_of;
mod clocks;
mod composition;
mod configuration;
mod dropped;
mod extractors;
mod flood;
mod frames;
mod full;
mod identity;
mod lookup_faults;
mod memory;
mod metrics_labels;
mod optional;
mod oracle;
mod preflight;
mod readiness;
mod reasons;
mod report_only;
mod routing;
mod secrecy;
mod stacked;
mod streamed;
mod sunset;
mod unread;
