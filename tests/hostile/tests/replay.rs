//! Every seed and every past find, once more.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use countersign_hostile::TARGETS;

fn folder(kind: &str, target: &str) -> PathBuf {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    fuzz.join(kind).join(target)
}

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_is_promised_holds_for_every_seed_and_every_past_find() {
    for (name, target) in TARGETS {
        let seeds = inputs(&folder("seeds", name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for path in seeds
            .into_iter()
            .chain(inputs(&folder("regressions", name)))
        {
            println!("{}", path.display()); // shown when it fails
            target(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_target_has_its_program_and_every_program_its_target() {
    let programs = inputs(&folder("fuzz_targets", ""));
    let mut programs: Vec<String> = programs
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    programs.sort_unstable();
    let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(programs, targets);
}

#[test]
fn no_folder_of_seeds_or_finds_is_left_without_a_target() {
    for kind in ["seeds", "regressions"] {
        for path in inputs(&folder(kind, "")) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(TARGETS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}
