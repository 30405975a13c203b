//! Files of any text: settings, or one sentence, and no password in either.

use std::sync::atomic::{AtomicU64, Ordering};

use clap::CommandFactory as _;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::cli::Cli;

const PASSWORD: &str = "hunter2";

/// Stands for the password and what says that it is one, so that no edit takes them apart.
const AFTER_USER: char = '\u{e000}';

const LINES: [&str; 18] = [
    "replay = \"redis://u\u{e000}h:6379/0\"",
    "replay = 'rediss://\u{e000}h'",
    "replay = 'redis+cluster://\u{e000}h:1,i:2/'",
    "replay = ['redis://\u{e000}h', 'memory']",
    "replay = '''\nredis://u\u{e000}h'''",
    "[gateway]",
    "scheme = ['mac', 'moxie']",
    "scheme = 'auth-key'",
    "upstream = 'http://127.0.0.1:9'",
    "key-server = \"https://keys.example.org/\\u0041\"",
    "keys = 'keys.toml'",
    "window_past = '300s'",
    "max-body = '1MiB'",
    "workers = 1_0",
    "optional = true",
    "report-only = 'yes'",
    "trusted-proxy = ['10.0.0.0/8', '::1']",
    "# of comments any number",
];

#[derive(Clone, Debug)]
enum Edit {
    Remove,
    Insert(char),
}

fn edits() -> impl Strategy<Value = Vec<(Index, Edit)>> {
    let meaningful: Vec<char> = "'\"=[]{}\\#\n\r\t :/@?&,.-_0\u{feff}\0".chars().collect();
    let insert = prop_oneof![select(meaningful), any::<char>()].prop_map(Edit::Insert);
    let edit = prop_oneof![Just(Edit::Remove), insert];
    proptest::collection::vec((any::<Index>(), edit), 0..6)
}

fn edited(lines: &[&str], edits: Vec<(Index, Edit)>) -> String {
    let mut text: Vec<char> = lines.join("\n").chars().collect();
    for (place, edit) in edits {
        match edit {
            Edit::Remove if text.is_empty() => {}
            Edit::Remove => {
                text.remove(place.index(text.len()));
            }
            Edit::Insert(character) => {
                text.insert(place.index(text.len().saturating_add(1)), character);
            }
        }
    }
    let text: String = text.into_iter().collect();
    text.replace(AFTER_USER, &format!(":{PASSWORD}@"))
}

/// What is said of a file, for every way to ask.
fn said(text: &str) -> Vec<String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("countersign-any-file-{}-{count}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    let asked = [&["--print-config"][..], &[]].map(|more| {
        let mut arguments = vec!["countersign".into(), "gateway".into(), "--config".into()];
        arguments.push(path.clone().into_os_string());
        arguments.extend(more.iter().map(OsString::from));
        match settle(Cli::command(), &arguments, &|_| None) {
            Ok(settled) => settled.printed().unwrap_or_default().to_owned(),
            Err(Unsettled::Show(shown)) => shown.to_string(),
            Err(Unsettled::Failure(failure)) => {
                let sentence = failure.to_string();
                assert!(!sentence.is_empty() && !sentence.contains(char::is_control));
                sentence
            }
        }
    });
    std::fs::remove_file(path).unwrap();
    asked.into()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_file_with_mistakes_is_answered_in_one_sentence_without_the_password(
        lines in proptest::collection::vec(select(&LINES[..]), 1..5),
        edits in edits(),
    ) {
        let text = edited(&lines, edits);
        for said in said(&text) {
            prop_assert!(!said.contains(PASSWORD), "{said} of {text}");
        }
    }

    #[test]
    fn no_text_makes_the_program_panic(text in any::<String>()) {
        said(&text);
    }
}
