use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::{ArgAction, value_parser};

use super::*;

fn command() -> Command {
    let flag = |name: &'static str| clap::Arg::new(name).long(name).action(ArgAction::Set);
    Command::new("countersign")
        .subcommand_required(true)
        .arg(
            flag("config")
                .global(true)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            clap::Arg::new("print_config")
                .long("print-config")
                .global(true)
                .action(ArgAction::SetTrue),
        )
        .subcommand(
            Command::new("serve")
                .arg(flag("listen").default_value("default"))
                .arg(flag("keys").required(true))
                .arg(flag("key-server").conflicts_with("keys"))
                .arg(flag("size").value_parser(value_parser!(u16)))
                .arg(
                    flag("scheme")
                        .action(ArgAction::Append)
                        .value_delimiter(','),
                ),
        )
        .subcommand(
            Command::new("other").arg(flag("listen")).arg(
                clap::Arg::new("report-only")
                    .long("report-only")
                    .action(ArgAction::SetTrue),
            ),
        )
}

struct Case {
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    file: Option<&'static str>,
}

const BARE: Case = Case {
    arguments: &["serve", "--keys", "k"],
    variables: &[],
    file: None,
};

fn settled(case: &Case) -> Result<Settled, String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("countersign-settings-{}-{count}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut arguments: Vec<OsString> = vec!["countersign".into()];
    arguments.extend(case.arguments.iter().map(OsString::from));
    if let Some(text) = case.file {
        std::fs::write(&path, text).unwrap();
        arguments.extend(["--config".into(), path.clone().into_os_string()]);
    }
    let variables: HashMap<_, _> = case.variables.iter().copied().collect();
    let environment = |name: &str| variables.get(name).map(OsString::from);
    let settled = settle(command(), &arguments, &environment);
    let _ = std::fs::remove_file(path);
    settled.map_err(|error| match error {
        Unsettled::Failure(failure) => failure.to_string(),
        Unsettled::Show(shown) => shown.to_string(),
    })
}

fn value(settled: &Settled, flag: &str) -> String {
    let (_, flags) = settled.matches().subcommand().unwrap();
    let values = flags.get_raw(flag).into_iter().flatten();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    values.join(" ")
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let all = Case {
        arguments: &["serve", "--keys", "k", "--listen", "flag"],
        variables: &[("COUNTERSIGN_LISTEN", "variable")],
        file: Some("listen = 'file'"),
    };
    assert_eq!(value(&settled(&all).unwrap(), "listen"), "flag");
    let no_flag = Case {
        arguments: BARE.arguments,
        ..all
    };
    assert_eq!(value(&settled(&no_flag).unwrap(), "listen"), "variable");
    let no_variable = Case {
        variables: &[],
        ..no_flag
    };
    assert_eq!(value(&settled(&no_variable).unwrap(), "listen"), "file");
    assert_eq!(value(&settled(&BARE).unwrap(), "listen"), "default");
}

#[test]
fn what_is_required_may_come_from_anywhere() {
    let missing = Case {
        arguments: &["serve"],
        ..BARE
    };
    let sentence = settled(&missing).unwrap_err();
    assert!(
        sentence.contains("--keys") && sentence.contains("--help"),
        "{sentence}"
    );
    let file = Case {
        file: Some("[serve]\nkeys = 'k'"),
        ..missing
    };
    assert_eq!(value(&settled(&file).unwrap(), "keys"), "k");
}

#[test]
fn lists_come_as_arrays_and_with_commas() {
    let file = Case {
        file: Some("scheme = ['a', 'b']"),
        ..BARE
    };
    assert_eq!(value(&settled(&file).unwrap(), "scheme"), "a b");
    let variable = Case {
        variables: &[("COUNTERSIGN_SCHEME", "a,b")],
        ..BARE
    };
    assert_eq!(value(&settled(&variable).unwrap(), "scheme"), "a b");
}

#[test]
fn a_weaker_source_cannot_contradict_a_stronger_one() {
    let file = Case {
        file: Some("key-server = 'http://h'"),
        ..BARE
    };
    let settled_by_file = settled(&file).unwrap();
    assert_eq!(value(&settled_by_file, "key-server"), "");
    assert_eq!(value(&settled_by_file, "keys"), "k");
}

#[test]
fn an_unknown_key_is_an_error_that_lists_the_valid_ones() {
    for file in [
        "liste = 'a'",
        "[serve]\nliste = 'a'",
        "[nonsense]\nlisten = 'a'",
    ] {
        let sentence = settled(&Case {
            file: Some(file),
            ..BARE
        })
        .unwrap_err();
        for part in ["is not a key", "listen, keys, key-server, size, scheme"] {
            assert!(sentence.contains(part), "{sentence}");
        }
    }
    let elsewhere = Case {
        file: Some("[other]\nkeys = 'a'"),
        ..BARE
    };
    let sentence = settled(&elsewhere).unwrap_err();
    assert!(
        sentence.contains("the keys of other are listen, report-only"),
        "{sentence}"
    );
}

#[test]
fn tables_of_other_subcommands_do_not_count_and_ones_own_wins() {
    let file = Case {
        file: Some("listen = 'top'\n[other]\nlisten = 'other'\n[serve]\nkey_server = 'x'"),
        ..BARE
    };
    assert_eq!(value(&settled(&file).unwrap(), "listen"), "top");
    let own = Case {
        file: Some("listen = 'top'\n[serve]\nlisten = 'own'"),
        ..BARE
    };
    assert_eq!(value(&settled(&own).unwrap(), "listen"), "own");
}

#[test]
fn a_bad_value_is_reported_with_its_source() {
    let variable = Case {
        variables: &[("COUNTERSIGN_SIZE", "many")],
        ..BARE
    };
    let sentence = settled(&variable).unwrap_err();
    assert!(
        sentence.contains("'many'") && sentence.contains("COUNTERSIGN_SIZE"),
        "{sentence}"
    );
    let file = Case {
        file: Some("size = 70000"),
        ..BARE
    };
    let sentence = settled(&file).unwrap_err();
    assert!(
        sentence.contains("70000") && sentence.contains("the key size of"),
        "{sentence}"
    );
}

#[test]
fn a_file_that_is_not_toml_is_reported_without_its_text() {
    let file = Case {
        file: Some("listen = 'a'\nreplay = \"redis://:hunter2@h\n"),
        ..BARE
    };
    let sentence = settled(&file).unwrap_err();
    assert!(
        sentence.contains("line 2") && !sentence.contains("hunter2"),
        "{sentence}"
    );
}

#[test]
fn the_printed_settings_are_a_file_that_gives_the_same_settings() {
    let case = Case {
        arguments: &[
            "--print-config",
            "serve",
            "--scheme",
            "a",
            "--scheme",
            "b\"c",
        ],
        variables: &[("COUNTERSIGN_SIZE", "7")],
        file: Some("keys = 'k'"),
    };
    let first = settled(&case).unwrap();
    let printed = first.printed().unwrap();
    assert!(
        printed.contains("listen = \"default\"  # by default"),
        "{printed}"
    );
    assert!(
        printed.contains("size = \"7\"  # from COUNTERSIGN_SIZE"),
        "{printed}"
    );
    let again = Case {
        arguments: &["serve"],
        variables: &[],
        file: Some(Box::leak(printed.to_owned().into_boxed_str())),
    };
    let second = settled(&again).unwrap();
    for flag in ["listen", "keys", "size", "scheme"] {
        assert_eq!(value(&first, flag), value(&second, flag), "{flag}");
    }
}

#[test]
fn a_switch_is_true_or_false_in_variables_and_files() {
    const BARE: Case = Case {
        arguments: &["other"],
        variables: &[],
        file: None,
    };
    for (variable, file, expected) in [
        (Some("1"), None, "true"),
        (Some("off"), Some("report-only = true"), "false"),
        (None, Some("report_only = true"), "true"),
        (None, Some("report-only = false"), "false"),
        (None, None, "false"),
    ] {
        let variables: &[_] = match variable {
            Some(value) => Box::leak(Box::new([("COUNTERSIGN_REPORT_ONLY", value)])),
            None => &[],
        };
        let case = Case {
            variables,
            file,
            ..BARE
        };
        let settled = settled(&case).unwrap();
        assert_eq!(
            value(&settled, "report-only"),
            expected,
            "{variable:?} {file:?}"
        );
    }
    let wrong = Case {
        variables: &[("COUNTERSIGN_REPORT_ONLY", "maybe")],
        ..BARE
    };
    let sentence = settled(&wrong).unwrap_err();
    assert!(
        sentence.contains("COUNTERSIGN_REPORT_ONLY = \"maybe\"")
            && sentence.contains("true or false"),
        "{sentence}"
    );
}
