//! Where settings come from.

use crate::run::{Directory, countersign};

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let directory = Directory::new();
    let file = directory.file("settings.toml", "listen = '127.0.0.1:1'\n[gateway]\n");
    let print = || countersign(["echo", "--print-config"]);
    let listen = |printed: String| {
        let line = printed.lines().find(|line| line.starts_with("listen = "));
        line.expect("it is set").to_owned()
    };
    let by_default = listen(print().run().success());
    assert!(
        by_default.starts_with("listen = \"127.0.0.1:8080\""),
        "{by_default}"
    );
    let by_file = print().arguments(["--config", &file]);
    let by_file = listen(by_file.run().success());
    assert!(by_file.starts_with("listen = \"127.0.0.1:1\""), "{by_file}");
    let by_variable = print()
        .variable("COUNTERSIGN_CONFIG", &file)
        .variable("COUNTERSIGN_LISTEN", "127.0.0.1:2");
    let by_variable = listen(by_variable.run().success());
    assert!(
        by_variable.starts_with("listen = \"127.0.0.1:2\""),
        "{by_variable}"
    );
    let by_flag = print()
        .variable("COUNTERSIGN_CONFIG", &file)
        .variable("COUNTERSIGN_LISTEN", "127.0.0.1:2")
        .arguments(["--listen", "127.0.0.1:3"]);
    let by_flag = listen(by_flag.run().success());
    assert!(by_flag.starts_with("listen = \"127.0.0.1:3\""), "{by_flag}");
}

#[test]
fn what_is_settled_is_what_counts() {
    let directory = Directory::new();
    let file = directory.file("settings.toml", "[echo]\nlisten = '127.0.0.1:0'\n");
    let mut server = countersign(["--config", &file, "echo"]).serve();
    assert!(!server.address().ends_with(":0") && !server.address().ends_with(":8080"));
    server.signal("TERM");
    assert_eq!(server.wait().0, 0);
}

#[test]
fn an_unknown_key_is_an_error_that_lists_the_valid_ones() {
    let directory = Directory::new();
    let file = directory.file("settings.toml", "lisden = '127.0.0.1:1'\n");
    let ran = countersign(["echo", "--config", &file]).run();
    assert_eq!(ran.status, 2);
    for part in [
        "settings.toml",
        "lisden",
        "the keys of echo are listen, log-format",
    ] {
        assert!(ran.sentence().contains(part), "{}", ran.sentence());
    }
}

#[test]
fn a_bad_file_is_a_usage_error() {
    let directory = Directory::new();
    let broken = directory.file("broken.toml", "listen = ");
    for (path, part) in [
        (broken.as_str(), "line 1"),
        ("/nowhere.toml", "/nowhere.toml"),
    ] {
        let ran = countersign(["echo", "--config", path]).run();
        assert_eq!(ran.status, 2);
        assert!(ran.sentence().contains(part), "{}", ran.sentence());
    }
}
