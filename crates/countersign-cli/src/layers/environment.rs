//! The variables `COUNTERSIGN_<FLAG>`.

use std::ffi::OsString;

/// The variable `name` of this process; an empty one counts as not set.
pub(crate) fn of_process(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The variable that may have the text itself which the file of `flag` has.
pub(super) fn in_itself(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "secret-file" => "COUNTERSIGN_SECRET",
        "password-file" => "COUNTERSIGN_PASSWORD",
        "key-password-file" => "COUNTERSIGN_KEY_PASSWORD",
        "api-key-secret-file" => "COUNTERSIGN_API_KEY_SECRET",
        _ => return None,
    })
}

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
        let itself = in_itself("key-password-file").unwrap();
        assert_eq!(name_of("key-password-file"), format!("{itself}_FILE"));
    }
}
