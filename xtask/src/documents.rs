//! What the documents say of the sources is true: whoever renames a test that a document names
//! hears of it here.

use std::fs;
use std::path::Path;

/// The documents that name tests, as `[`name`](path of its file)`.
const NAMING_TESTS: &[&str] = &["THREAT_MODEL.md"];

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The tests that `text` names, each with the file it should be in.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    let links = text.split("[`").skip(1);
    let parts = links.filter_map(|rest| {
        let (name, rest) = rest.split_once("`](")?;
        let (file, _) = rest.split_once(')')?;
        let is_source = Path::new(file).extension().is_some_and(|it| it == "rs");
        (!name.contains('[') && is_source).then_some((name, file))
    });
    parts.collect()
}

fn declares(source: &str, test: &str) -> bool {
    let declaration = format!("fn {test}(");
    source.contains(&declaration)
}

#[test]
fn every_test_that_a_document_names_is_in_its_file() {
    for document in NAMING_TESTS {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let named = named_tests(&text);
        assert!(named.len() > 20, "{document} is not read as it is written");
        for (test, file) in named {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            assert!(declares(&source, test), "{document}: no {test} in {file}");
        }
    }
}

/// Every document of the repository that people read in it.
fn documents() -> Vec<std::path::PathBuf> {
    let folders = ["", "docs"].map(|folder| root().join(folder));
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// The targets of links in `text` that are files of the repository.
fn linked_files(text: &str) -> Vec<&str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let files = targets.map(|(target, _)| target.split('#').next().unwrap_or_default());
    files
        .filter(|file| !file.is_empty() && !file.contains("://") && !file.contains(' '))
        .collect()
}

#[test]
fn every_file_that_a_document_links_to_is_there() {
    let documents = documents();
    assert!(documents.len() > 8, "{documents:?}");
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let folder = document.parent().unwrap();
        for file in linked_files(&text) {
            assert!(folder.join(file).exists(), "{}: {file}", document.display());
        }
    }
}

#[test]
fn names_and_files_are_read_from_links() {
    let text = "| [`one_test`](a/b.rs) [`Type`](docs/c.md) [`two`](d.rs) |";
    assert_eq!(named_tests(text), [("one_test", "a/b.rs"), ("two", "d.rs")]);
    assert!(declares("async fn two() {", "two"));
    assert!(!declares("fn two_more() {", "two"));
    assert_eq!(linked_files("[a](b.md#c) [d](https://e) [f](#g)"), ["b.md"]);
}
