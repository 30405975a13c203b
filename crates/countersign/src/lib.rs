//! Tower layers that verify HMAC-authenticated requests.

pub mod keys;
pub mod replay;

pub use countersign_core::*;
