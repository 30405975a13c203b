//! The creds key server.

pub mod api;
pub mod audit;
pub mod credential;
pub mod registry;
pub mod seal;
pub mod store;
