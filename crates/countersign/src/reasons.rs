#![doc = include_str!("../docs/reasons.md")]

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use countersign_core::{PROBLEM_TYPES, Reason};

    const PAGE: &str = include_str!("../docs/reasons.md");

    fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
        let sections = PAGE.split("\n## `").skip(1);
        sections.filter_map(|section| section.split_once("`\n"))
    }

    #[test]
    fn every_reason_has_an_entry_that_begins_with_its_status() {
        for reason in Reason::ALL {
            let found = entries().find(|(name, _)| *name == reason.code());
            let (_, entry) = found.unwrap_or_else(|| panic!("{reason} is not explained"));
            let status = format!("Status {}", reason.status().as_u16());
            assert!(entry.trim_start().starts_with(&status), "{reason}: {entry}");
        }
    }

    #[test]
    fn every_entry_says_what_it_means_and_what_caller_and_operator_do() {
        for (name, entry) in entries() {
            for part in ["**Means:**", "**Caller:**", "**Operator:**"] {
                let merged = entry.contains("**Caller** and **operator:**");
                let said = entry.contains(part) || (merged && part != "**Means:**");
                assert!(said, "{name} lacks {part}");
            }
        }
    }

    #[test]
    fn no_code_is_explained_twice() {
        let names: BTreeSet<_> = entries().map(|(name, _)| name).collect();
        assert_eq!(names.len(), entries().count());
    }

    #[test]
    fn types_point_at_this_module() {
        let path = module_path!().replace("::", "/");
        let path = path.trim_end_matches("/tests");
        assert!(PROBLEM_TYPES.ends_with(&format!("/{path}/index.html#")));
    }
}
