//! The variables `COUNTERSIGN_<FLAG>`.

use std::ffi::OsString;

/// The variable `name` of this process; an empty one counts as not set.
pub(crate) fn of_process(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The flag whose value may also be in a variable itself.
pub(super) const SECRET_FILE: &str = "secret-file";

/// That variable.
pub(super) const SECRET: &str = "COUNTERSIGN_SECRET";

/// The name of the variable for `--flag`.
pub(super) fn name_of(flag: &str) -> String {
    let name = flag.to_ascii_uppercase().replace('-', "_");
    format!("COUNTERSIGN_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_after_its_flag() {
        assert_eq!(name_of("window-past"), "COUNTERSIGN_WINDOW_PAST");
    }
}
