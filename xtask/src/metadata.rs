//! What cargo knows about the workspace: its packages, their folders and features.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::command;

/// The workspace as `cargo metadata` describes it, without dependencies.
pub(crate) struct Workspace {
    root: PathBuf,
    packages: Vec<Package>,
}

/// One member of the workspace.
pub(crate) struct Package {
    /// Cargo's identifier, which build messages repeat.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Absolute path of its `Cargo.toml`.
    pub(crate) manifest: PathBuf,
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// When cargo refuses the workspace or answers in another format.
    pub(crate) fn load() -> Result<Self> {
        let query = ["metadata", "--no-deps", "--format-version", "1"];
        Self::parse(&command::output_of(&mut command::cargo(&query))?)
    }

    /// The packages in a folder of the workspace, `crates` or `examples` for instance.
    pub(crate) fn inside(&self, folder: &str) -> impl Iterator<Item = &Package> {
        let folder = self.root.join(folder);
        self.packages
            .iter()
            .filter(move |package| package.manifest.starts_with(&folder))
    }

    fn parse(text: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(text)?;
        let packages = metadata.get("packages").and_then(Value::as_array);
        Ok(Self {
            root: Path::new(string(&metadata, "workspace_root")?).to_owned(),
            packages: packages
                .ok_or("cargo metadata lists no packages")?
                .iter()
                .map(Package::parse)
                .collect::<Result<_>>()?,
        })
    }
}

impl Package {
    fn parse(package: &Value) -> Result<Self> {
        let features = package.get("features").and_then(Value::as_object);
        Ok(Self {
            id: string(package, "id")?.to_owned(),
            name: string(package, "name")?.to_owned(),
            manifest: string(package, "manifest_path")?.into(),
            features: features
                .ok_or("cargo metadata lists no features")?
                .keys()
                .cloned()
                .collect(),
        })
    }
}

/// A string member of a JSON object.
///
/// # Errors
/// When it is missing or not a string.
pub(crate) fn string<'a>(object: &'a Value, name: &str) -> Result<&'a str> {
    let value = object.get(name).and_then(Value::as_str);
    Ok(value.ok_or_else(|| format!("cargo's output has no string `{name}`"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/w",
        "packages": [
            {"id": "1", "name": "one", "manifest_path": "/w/crates/one/Cargo.toml",
             "features": {"default": ["a"], "a": []}},
            {"id": "2", "name": "example-two", "manifest_path": "/w/examples/two/Cargo.toml",
             "features": {}}
        ]
    }"#;

    #[test]
    fn packages_are_found_by_the_folder_they_are_in() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let names = |folder| -> Vec<&str> {
            workspace
                .inside(folder)
                .map(|package| package.name.as_str())
                .collect()
        };
        assert_eq!(names("crates"), ["one"]);
        assert_eq!(names("examples"), ["example-two"]);
        assert!(names("crate").is_empty());
    }

    #[test]
    fn features_are_listed_by_name() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let package = workspace.inside("crates").next().unwrap();
        assert_eq!(package.features, ["a", "default"]);
    }

    #[test]
    fn another_format_is_an_error() {
        assert!(Workspace::parse("{}").is_err());
        assert!(Workspace::parse(r#"{"workspace_root": "/w", "packages": [{}]}"#).is_err());
    }
}
