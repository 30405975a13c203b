//! The table of bad inputs against the catalogue and the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign_attack::Catalogue;

/// The numbers that were given out.
fn numbers() -> BTreeSet<u16> {
    const MISSING: [u16; 16] = [
        19, 48, 59, 77, 113, 116, 129, 131, 142, 143, 146, 174, 182, 191, 217, 223,
    ];
    (1..=232)
        .filter(|number| !MISSING.contains(number))
        .collect()
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("the tests are in the workspace").to_owned()
}

/// The places that each number of the table names.
fn table() -> BTreeMap<u16, Vec<String>> {
    let text = std::fs::read_to_string(root().join("docs/bad-inputs.md")).expect("the table");
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(number) = cells.first().and_then(|cell| cell.parse().ok()) else {
            continue;
        };
        assert!(cells.len() >= 4, "{line}");
        let places = cells[cells.len() - 1].split(", ");
        let places = places.map(|place| place.trim_matches('`').to_owned());
        let before = rows.insert(number, places.collect());
        assert_eq!(before, None, "{number} has two rows");
    }
    rows
}

#[test]
fn the_table_has_a_row_for_every_number() {
    let rows: BTreeSet<_> = table().into_keys().collect();
    assert_eq!(rows, numbers());
}

#[test]
fn every_case_of_the_catalogue_is_in_the_row_of_its_number_and_every_other_name_is_of_a_test() {
    let mut cases = BTreeMap::new();
    for catalogue in [Catalogue::requests(), Catalogue::key_server()] {
        for case in catalogue.expect("it can be read").cases() {
            cases.insert(case.id.clone(), case.number);
        }
    }
    for (number, places) in table() {
        assert!(!places.is_empty(), "{number}");
        for place in places {
            let Some((file, test)) = place.split_once("::") else {
                assert_eq!(cases.remove(&place), Some(number), "{place}");
                continue;
            };
            let source = std::fs::read_to_string(root().join(file));
            let source = source.unwrap_or_else(|error| panic!("{number}: {file}: {error}"));
            assert!(source.contains(&format!("fn {test}(")), "{number}: {place}");
        }
    }
    assert!(cases.is_empty(), "not in the table: {cases:?}");
}
