//! How many instructions the checks of the core take, beside the cryptography, in the profile of
//! the tests: within 3 % of what is stored.
//!
//! Another compiler makes other code, so with another than the one named in `instructions.txt` a
//! quarter is allowed. To store anew, run the program this runs and put what it prints there.

use std::collections::BTreeMap;
use std::process::Command;

const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/instructions.txt");

#[test]
#[ignore = "needs valgrind, which cargo xtask test installs"]
fn the_core_takes_as_many_instructions_as_are_stored() {
    let output = Command::new(env!("CARGO_BIN_EXE_instructions"))
        .arg("figures")
        .output()
        .unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    let counted = figures(&String::from_utf8(output.stdout).unwrap());
    let stored = std::fs::read_to_string(STORED).unwrap();
    let (compiler, stored) = stored.split_once('\n').unwrap();
    let stored = figures(stored);
    assert_eq!(
        counted.keys().collect::<Vec<_>>(),
        stored.keys().collect::<Vec<_>>()
    );
    let allowed = if compiler == rustc() { 0.03 } else { 0.25 };
    let apart: Vec<_> = counted
        .iter()
        .filter(|(name, counted)| (*counted / stored[*name] - 1.0).abs() > allowed)
        .map(|(name, counted)| format!("{name}: {counted}, stored {}", stored[name]))
        .collect();
    assert!(apart.is_empty(), "{apart:#?}");
}

fn figures(lines: &str) -> BTreeMap<String, f64> {
    let fields = lines.lines().map(|line| line.split_once('\t').unwrap());
    fields
        .map(|(name, figure)| (name.to_owned(), figure.parse().unwrap()))
        .collect()
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
