//! The guard of instructions: what a request costs beside the cryptography, counted by callgrind, is
//! what `instructions.txt` says, within three in a hundred.
//!
//! Counted in the build of the tests, which is not the one that runs in production: a change shows
//! here, what it is worth is for `cargo xtask bench instructions` to say.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Command;

/// What was counted, and by which compiler.
const STORED: &str = include_str!("../instructions.txt");

/// How much a count may differ, in parts of one: hash maps seeded anew make up most of it.
const TOLERANCE: f64 = 0.03;

/// The same in an incremental build, where what comes from other crates is inlined less: of an
/// accepted request it counts four in a hundred more.
const TOLERANCE_OF_INCREMENTAL: f64 = 0.06;

/// The same when another compiler counts: it may inline more or less.
const TOLERANCE_OF_OTHERS: f64 = 0.3;

/// The lines with a name and a number, two blanks or more between them.
fn counts(text: &str) -> Vec<(&str, f64)> {
    let lines = text.lines().filter_map(|line| {
        let (name, number) = line.trim().rsplit_once("  ")?;
        Some((name.trim(), number.trim().parse().ok()?))
    });
    lines.collect()
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[test]
#[ignore = "needs valgrind, which cargo xtask test installs"]
fn a_request_takes_as_many_instructions_as_it_did() {
    let (used, this) = (STORED.lines().next().unwrap(), compiler());
    let tolerance = match option_env!("CARGO_INCREMENTAL") {
        _ if used != this => TOLERANCE_OF_OTHERS,
        // As continuous integration builds, and as what is stored was counted.
        Some("0") => TOLERANCE,
        _ => TOLERANCE_OF_INCREMENTAL,
    };
    let output = Command::new(env!("CARGO_BIN_EXE_instructions"))
        .output()
        .unwrap();
    // It ends with 1 when a goal of the optimised build is missed, which this one is not.
    let text = String::from_utf8(output.stdout).unwrap();
    let (stored, counted) = (counts(STORED), counts(&text));
    assert!(!text.contains("skipped"), "{text}");
    let of = |name: &str| counted.iter().find(|it| it.0 == name).map(|it| it.1);
    let mut wrong = Vec::new();
    for (name, before) in &stored {
        match of(name) {
            None => wrong.push(format!("{name}: not counted")),
            Some(now) if (now / before - 1.0).abs() > tolerance => {
                wrong.push(format!("{name}: {before} before, {now} now"));
            }
            Some(_) => {}
        }
    }
    assert!(
        wrong.is_empty() && stored.len() >= 12,
        "{}\nIf that is meant, put this into benches/instructions.txt, after the compiler:\n{text}",
        wrong.join("\n")
    );
}

#[test]
fn a_name_may_have_blanks_and_other_lines_are_no_counts() {
    let text = "Instructions beside  it\n  auth-key accepted, all     1234\n  goal 1: 5.00×  met\n";
    assert_eq!(counts(text), [("auth-key accepted, all", 1234.0)]);
}
