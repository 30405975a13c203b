//! Help, completions and the manual.

use crate::run::countersign;

const SUBCOMMANDS: &[&str] = &[
    "quickstart",
    "gateway",
    "sign",
    "curl",
    "explain",
    "attack",
    "agent",
    "echo",
    "completions",
    "man",
];

#[test]
fn help_teaches_with_an_example_for_every_subcommand() {
    let help = countersign(["--help"]).run().success();
    assert!(
        help.contains("Exit status: 0 done, 1 failed, 2 usage, 3 refused"),
        "{help}"
    );
    for subcommand in SUBCOMMANDS {
        assert!(help.contains(subcommand), "{subcommand}");
        let help = countersign([*subcommand, "--help"]).run().success();
        assert!(help.contains("Example"), "{subcommand}");
        assert!(
            help.contains(&format!("countersign {subcommand}")),
            "{subcommand}"
        );
        assert!(
            !help.contains('\u{1b}'),
            "{subcommand}: no colour off a terminal"
        );
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = countersign(["--version"]).run().success();
    assert_eq!(
        version.trim_end(),
        concat!("countersign ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = countersign(["completions", shell]).run().success();
        assert!(script.contains("secret-file"), "{shell}");
    }
    let ran = countersign(["completions", "cmd"]).run();
    assert_eq!(ran.status, 2);
    assert!(ran.sentence().contains("bash"));
}

#[test]
fn the_manual_has_a_page_for_the_command_and_each_subcommand() {
    let page = countersign(["man"]).run().success();
    assert!(page.contains(".TH countersign 1"), "{page}");
    for subcommand in SUBCOMMANDS {
        let page = countersign(["man", subcommand]).run().success();
        let title = format!(".TH countersign-{subcommand} 1");
        assert!(
            page.contains(&title) && page.contains("Example"),
            "{subcommand}: {page}"
        );
    }
    let page = countersign(["man", "agent", "login"]).run().success();
    assert!(page.contains(".TH countersign-agent-login 1"), "{page}");
    for (unknown, known) in [(&["nothing"][..], "sign"), (&["agent", "nothing"], "login")] {
        let ran = countersign(["man"]).arguments(unknown).run();
        assert_eq!(ran.status, 2);
        assert!(ran.sentence().contains(known), "{}", ran.sentence());
    }
}

#[test]
fn a_missing_or_unknown_subcommand_is_a_usage_error_that_names_them() {
    for arguments in [&[][..], &["sing"]] {
        let ran = countersign(arguments).run();
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(ran.sentence().contains("sign"), "{}", ran.sentence());
    }
}
