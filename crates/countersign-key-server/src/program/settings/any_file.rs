//! Files of any text: settings, or one sentence, and no password in either.

use std::io::Write as _;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::program::address::Address;

const PASSWORD: &str = "hunter2";

/// Stand for the password and what says that it is one, so that no edit takes them apart.
const AFTER_USER: char = '\u{e000}';
const IN_QUERY: char = '\u{e001}';

const LINES: [&str; 16] = [
    "key-store = \"postgres://u\u{e000}h:5432/d\"",
    "key_store = 'couchdb://u\u{e000}h:5984/d'",
    "key-store = 'postgres://u@h:1,i:2/d?sslmode=disable&\u{e001}&a=b'",
    "key-store = '''\npostgres://u\u{e000}h/d'''",
    "key-store = ['postgres://u\u{e000}h/d']",
    "master-key-file = 'k'",
    "listen = '127.0.0.1:0'",
    "lon = \"[::1]:8070\"",
    "tls-cert = 'c'",
    "tls-key = 'k'",
    "behind-tls-proxy = true",
    "public-url = \"https://keys.example.org/a\\u0041\"",
    "drain-timeout = '5s'",
    "max-connections = 1_000",
    "agent-host = 'a.example,b.example:1'",
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
        .replace(IN_QUERY, &format!("password={PASSWORD}"))
}

/// What is said of a file, for every way to ask.
fn said(text: &str) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let sentence = |failure: Failure| {
        let sentence = failure.to_string();
        assert!(!sentence.is_empty() && !sentence.contains(char::is_control));
        sentence
    };
    let asked = [&["--print-config"][..], &[]].map(|more| {
        let mut arguments: Vec<OsString> = vec!["key_server".into(), "--config".into()];
        arguments.push(file.path().into());
        arguments.extend(more.iter().map(OsString::from));
        match settle(&arguments) {
            Ok(Settled::Print(text)) => text,
            Ok(Settled::Show(error)) => error.to_string(),
            Err(failure) => sentence(failure),
            Ok(Settled::Run(arguments, _)) => {
                match Address::parse("--key-store", &arguments.store.key_store) {
                    Ok(address) => format!("{address:?}"),
                    Err(failure) => sentence(failure),
                }
            }
        }
    });
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
