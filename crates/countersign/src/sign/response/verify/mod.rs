//! The caller's side: gives out answers that are signed for the request that was sent.

mod layer;
mod service;

pub use self::layer::{UnsignedAnswers, UnsignedRequests, VerifyResponseLayer};
pub use self::service::VerifyResponse;
