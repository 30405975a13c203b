//! Each feature of each crate compiles alone, and the examples with those they ask for.
//!
//! The other steps build with all features, which hides code that only compiles because a second
//! feature happens to be on. The compiler flags stay as they are, so dependencies are built once.

use crate::Result;
use crate::command;
use crate::metadata::{Package, Workspace};

/// Checks every published crate with no feature, then with each feature alone, and the examples.
///
/// # Errors
/// After the last combination, naming those that did not compile.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut broken = Vec::new();
    for package in workspace.inside("crates") {
        for combination in combinations(package) {
            let mut check = command::cargo(&["check", "--quiet"]);
            if let Err(error) = command::run(check.args(&combination)) {
                broken.push(error.to_string());
            }
        }
    }
    let mut examples = command::cargo(&["check", "--quiet"]);
    for package in workspace.inside("examples") {
        examples.args(["--package", &package.name]);
    }
    broken.extend(
        command::run(&mut examples)
            .err()
            .map(|error| error.to_string()),
    );
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken.join("\n").into())
    }
}

/// The arguments of each check of one package.
fn combinations(package: &Package) -> Vec<Vec<&str>> {
    let bare = vec!["--package", &package.name, "--no-default-features"];
    let mut combinations = vec![bare.clone()];
    for feature in package
        .features
        .iter()
        .filter(|feature| *feature != "default")
    {
        let mut combination = bare.clone();
        combination.extend(["--features", feature]);
        combinations.push(combination);
    }
    combinations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[&str]) -> Package {
        Package {
            id: "id".to_owned(),
            name: "some-crate".to_owned(),
            manifest: "crates/some-crate/Cargo.toml".into(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
        }
    }

    #[test]
    fn each_feature_is_checked_alone_and_the_default_set_is_not_one_of_them() {
        let bare = ["--package", "some-crate", "--no-default-features"];
        let package = package(&["default", "mac", "moxie"]);
        assert_eq!(
            combinations(&package),
            [
                bare.to_vec(),
                [&bare[..], &["--features", "mac"]].concat(),
                [&bare[..], &["--features", "moxie"]].concat(),
            ]
        );
    }

    #[test]
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(combinations(&package(&[])).len(), 1);
    }
}
