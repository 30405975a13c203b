//! Credentials: what is issued, to whom, for which scheme.

mod generate;
mod id;
mod principal;

pub use self::generate::{Generated, IdForm, generate};
pub use self::id::{CredentialId, InvalidId};
pub use self::principal::{InvalidPrincipal, Principal};
pub use countersign_core::AuthScheme;
