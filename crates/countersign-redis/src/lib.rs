#![doc = include_str!("../README.md")]

mod cache;
mod clocks;
mod error;
mod fault;
mod fingerprint;
mod guard;
mod keeper;
mod link;
mod routes;
mod secret_file;
mod servers;
mod settings;
mod slot;
mod telemetry;

pub use self::cache::RedisReplayCache;
pub use self::error::{ConnectError, Unusable};
pub use self::guard::LossGuard;
pub use self::settings::RedisReplayCacheBuilder;
