//! The creds key server as a program.

fn main() {}
