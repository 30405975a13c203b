//! The service's side: signs every answer to a verified caller.

mod layer;
mod service;

pub use self::layer::{LargerAnswers, SignResponseLayer};
pub use self::service::SignResponse;
