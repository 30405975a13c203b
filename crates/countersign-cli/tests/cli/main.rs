//! The command, driven as a user drives it: the real program, its output and its exit status.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::format_push_string
)]

mod agent;
mod attack;
mod curl;
mod echo;
mod explain;
mod gateway;
mod help;
mod independent;
mod key_server;
mod protected;
mod quickstart;
mod run;
mod secrets;
mod settings;
mod shared_replay;
mod sign;
