//! The creds key server.

pub mod credential;
pub mod seal;
pub mod store;
