//! The replay cache in process.
