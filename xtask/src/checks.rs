//! The steps that are one cargo command each.

use crate::Result;
use crate::command::{cargo, run};

/// rustfmt would change nothing.
pub(crate) fn fmt() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
    run(&mut cargo(&fuzz))
}

/// No lint fires, on any target with any feature.
pub(crate) fn clippy() -> Result<()> {
    let everything = ["clippy", "--workspace", "--all-targets", "--all-features"];
    run(cargo(&everything).args(["--", "-D", "warnings"]))
}

/// The documentation builds without a warning: no broken link, nothing public undocumented.
pub(crate) fn docs() -> Result<()> {
    run(
        cargo(&["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Licences, sources and banned crates. Not advisories: they need a database from the network, and a
/// new one is no fault of the change under test.
pub(crate) fn deny() -> Result<()> {
    run(&mut cargo(&[
        "deny", "check", "bans", "licenses", "sources",
    ]))
}

/// Unit and integration tests, each in a process of its own, those that need programs from
/// [`setup`](crate::setup) included.
pub(crate) fn nextest() -> Result<()> {
    run(&mut cargo(&[
        "nextest",
        "run",
        "--workspace",
        "--all-features",
        "--no-fail-fast",
        "--run-ignored",
        "all",
    ]))
}

/// The examples in the documentation, which nextest does not run.
pub(crate) fn doctests() -> Result<()> {
    run(&mut cargo(&[
        "test",
        "--doc",
        "--workspace",
        "--all-features",
    ]))
}

/// The vectors once more, to show how many were verified: a file that lost its cases still passes.
pub(crate) fn vectors() -> Result<()> {
    // Selected as for nextest: with the features of one package alone, much would be built again.
    let everything = ["test", "--workspace", "--all-features"];
    run(cargo(&everything).args(["--test", "vectors", "--", "--nocapture"]))
}
