//! The bodies that go in and come out of a verified service.

mod collect;
mod response;
mod verified;

pub(crate) use self::collect::{Collected, Failure, collect};
pub use self::response::ResponseBody;
pub use self::verified::VerifiedBody;

/// The error of a [`VerifiedBody`]: that of the body inside, or a
/// [`Rejection`](crate::Rejection) when a streamed body turned out to be another than was signed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
