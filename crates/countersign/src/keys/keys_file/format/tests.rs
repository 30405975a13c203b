use std::error::Error as _;
use std::hash::RandomState;

use countersign_core::KeySet;

use super::*;
use crate::keys::testing::TemporaryDirectory;

const SECRET: &str = "correct horse battery staple";

fn loaded(text: impl AsRef<[u8]>) -> Result<Loaded, KeysFileError> {
    let directory = TemporaryDirectory::new();
    load(
        &directory.write("keys.toml", text),
        &mut Reading::start(&RandomState::new()),
    )
}

fn with(fields: &str) -> Result<KeySet, KeysFileError> {
    let text = format!("[[key]]\nid = \"a\"\nprincipal = \"dave\"\n{fields}");
    loaded(text).map(|loaded| loaded.table.find(b"a").unwrap())
}

/// What the error for a key with these fields says besides the path.
fn refused(fields: &str) -> String {
    let error = with(fields).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&*error.path().to_string_lossy()), "{text}");
    for part in ["horse", "636f7272", "Y29ycmVj"] {
        let shown = format!("{text} {error:?}");
        assert!(!shown.contains(part), "{shown}");
    }
    text
}

#[test]
fn every_form_of_a_secret_is_the_same_secret() {
    for form in [
        format!("secret = \"{SECRET}\""),
        "secret_base64 = \"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==\"".into(),
        "secret_base64url = \"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ\"".into(),
        "secret_hex = \"636f727265637420686F727365206261747465727920737461706c65\"".into(),
    ] {
        let keys = with(&form).unwrap();
        let key = &keys.keys()[0];
        assert_eq!(key.secret().expose(), SECRET.as_bytes(), "{form}");
        assert_eq!(key.principal(), "dave");
    }
}

#[test]
fn a_secret_file_lies_beside_the_key_file_and_one_line_end_is_cut() {
    let directory = TemporaryDirectory::new();
    let text = "key = [{ id = \"a\", principal = \"dave\", secret_file = \"a.secret\" }]";
    let path = directory.write("keys.toml", text);
    for (contents, secret) in [
        (
            &b"a secret of enough bytes"[..],
            &b"a secret of enough bytes"[..],
        ),
        (b"a secret of enough bytes\n", b"a secret of enough bytes"),
        (b"a secret of enough bytes\r\n", b"a secret of enough bytes"),
        (
            b"a secret of enough bytes\n\n",
            b"a secret of enough bytes\n",
        ),
        (b"a secret of enough bytes\r", b"a secret of enough bytes\r"),
        (
            b"\xff\0 of binary and more of it\n",
            b"\xff\0 of binary and more of it",
        ),
    ] {
        directory.write("a.secret", contents);
        let loaded = load(&path, &mut Reading::start(&RandomState::new())).unwrap();
        let keys = loaded.table.find(b"a").unwrap();
        assert_eq!(keys.keys()[0].secret().expose(), secret);
    }
    std::fs::remove_file(directory.path().join("a.secret")).unwrap();
    let error = load(&path, &mut Reading::start(&RandomState::new()));
    let error = error.err().unwrap();
    let text = error.to_string();
    assert!(text.contains("key \"a\": secret_file"), "{text}");
    assert!(
        text.contains("a.secret") && error.source().is_some(),
        "{text}"
    );
}

#[test]
fn optional_fields_reach_the_key() {
    let keys = with(&format!(
        "secret = \"{SECRET}\"\nschemes = [\"mac\", \"basic\"]\nalgorithm = \"hmac-sha-256\"\n\
         not_before = 2026-01-01T00:00:00Z\nnot_after = 2027-01-01T00:00:00+01:00"
    ));
    let shown = format!("{:?}", keys.unwrap());
    for part in [
        "schemes: Some([mac, basic])",
        "not_before: Some(Timestamp(1767225600))",
        "not_after: Some(Timestamp(1798758000))",
        "algorithm: Sha256",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn bad_58_a_short_secret_is_taken_and_named() {
    let keys = "[[key]]\nid = \"a\"\nprincipal = \"d\"\nsecret = \"mysecretkeydata\"\n\
                [[key]]\nid = \"b\"\nprincipal = \"d\"\nsecret = \"mysecretkeydata2\"\n";
    assert_eq!(loaded(keys).unwrap().short_secrets, ["a"]);
    assert!(refused("secret = \"\"").contains("anybody could sign"));
}

#[test]
fn bad_193_an_unknown_field_is_refused_with_the_list_of_fields() {
    let text = refused(&format!("secret = \"{SECRET}\"\nscheme = \"mac\""));
    assert!(
        text.contains("key \"a\" has an unknown field \"scheme\""),
        "{text}"
    );
    for known in [
        "principal",
        "schemes",
        "not_before",
        "algorithm",
        "secret_file",
    ] {
        assert!(text.contains(known), "{text}");
    }
    let text = loaded("[keys]\n").err().unwrap().to_string();
    assert!(
        text.contains("\"keys\"") && text.contains("[[key]]"),
        "{text}"
    );
}

#[test]
fn bad_50_unknown_names_are_refused_with_the_known_ones() {
    let text = refused(&format!(
        "secret = \"{SECRET}\"\nalgorithm = \"HMAC-SHA-256\""
    ));
    assert!(text.contains("hmac-sha-1 or hmac-sha-256"), "{text}");
    let text = refused(&format!("secret = \"{SECRET}\"\nschemes = [\"hmac\"]"));
    assert!(
        text.contains("\"hmac\"") && text.contains("hmac-auth-sha256"),
        "{text}"
    );
    let text = refused(&format!("secret = \"{SECRET}\"\nschemes = []"));
    assert!(
        text.contains("no scheme") && text.contains("auth-key-v3"),
        "{text}"
    );
}

#[test]
fn wrong_fields_are_named_and_their_values_are_not() {
    for (fields, says) in [
        (
            "",
            "key \"a\" has no secret; give one of secret, secret_base64,",
        ),
        (
            "secret = \"correct horse\"\nsecret_hex = \"636f7272\"",
            "has secret and secret_hex; give only one",
        ),
        (
            "secret_base64 = \"Y29ycmVj dA==\"",
            "secret_base64 is not Base64",
        ),
        (
            "secret_base64url = \"Y29ycmVj+/\"",
            "secret_base64url is not base64url",
        ),
        (
            "secret_hex = \"636f7272x\"",
            "secret_hex is not hexadecimal",
        ),
        ("secret = [\"correct horse\"]", "has a list in secret"),
        ("secret_hex = 0x636f7272", "has an integer in secret_hex"),
        ("secret = \"correct horse", "line 4 is not TOML"),
        (
            "secret = correct horse",
            "line 4 is not TOML; string values must be quoted",
        ),
        (
            "secret = \"correct horse\"\nsecret = \"horse\"",
            "duplicate key",
        ),
        (
            "secret = \"s\"\nschemes = \"mac\"",
            "has a string in schemes",
        ),
        (
            "secret = \"s\"\nnot_after = \"2026-01-01\"",
            "has a string in not_after",
        ),
        (
            "secret = \"s\"\nnot_after = 2026-01-01",
            "not a date, a time and an offset",
        ),
        (
            "secret = \"s\"\nnot_before = 2016-12-31T23:59:60Z",
            "leap second",
        ),
        (
            "secret = \"s\"\nnot_before = 2026-02-30T00:00:00Z",
            "line 5 is not TOML",
        ),
        (
            "secret = \"s\"\nnot_before = 2027-01-01T00:00:00Z\nnot_after = 2026-01-01T00:00:00Z",
            "not_after before its not_before",
        ),
    ] {
        let text = refused(fields);
        assert!(text.contains(says), "{fields}: {text}");
    }
}

#[test]
fn bad_56_an_id_that_is_its_own_secret_is_not_shown() {
    for fields in [
        "secret = \"horse\"\nnot_after = 7",
        "secret_hex = \"686f727365\"\nschemes = [\"basic\"]\nnot_after = 7",
    ] {
        let text = format!("[[key]]\nid = \"horse\"\nprincipal = \"dave\"\n{fields}");
        let error = loaded(text).err().unwrap().to_string();
        assert!(
            error.contains("the key in line 1 has an integer"),
            "{error}"
        );
        assert!(!error.contains("horse"), "{error}");
    }
    let text = "[[key]]\nid = \"horse\"\nprincipal = \"dave\"\nsecret = \"horse\"";
    let short = loaded(text).unwrap().short_secrets;
    assert!(short.len() == 1 && short[0] != "horse", "{short:?}");
}

#[test]
fn what_every_key_needs_is_asked_for() {
    for (text, says) in [
        (
            "",
            "it has no keys; give every key a table with the header [[key]]",
        ),
        ("key = []", "not a list of tables"),
        ("[key]\nid = \"a\"", "not a list of tables"),
        ("\n\n[[key]]\nsecret = \"s\"", "the key in line 3 has no id"),
        ("[[key]]\nid = 7", "the key in line 1 has an integer in id"),
        (
            "[[key]]\nid = \"a\"\nsecret = \"s\"",
            "key \"a\" has no principal",
        ),
        (
            "[[key]]\nid = \"a b\"\nprincipal = \"p\"\nsecret = \"s\"",
            "visible ASCII",
        ),
    ] {
        let error = loaded(text).err().unwrap().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    let error = loaded(b"[[key]]\nid = \"\xff\"").err().unwrap().to_string();
    assert!(error.contains("line 2 is not UTF-8"), "{error}");
}

#[test]
fn keys_that_do_not_go_together_are_refused() {
    let entry =
        |id: &str| format!("[[key]]\nid = \"{id}\"\nprincipal = \"p\"\nsecret = \"{SECRET}\"\n");
    let text = entry("a") + &entry("b");
    let error = loaded(text).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains(r#""a" and "b""#) && error.source().is_some(),
        "{text}"
    );
    assert!(!text.contains("horse"), "{text}");
    assert_eq!(loaded(entry("a").repeat(4)).unwrap().table.len(), 4);
    assert!(loaded(entry("a").repeat(5)).is_err());
}

#[test]
fn a_byte_order_mark_and_crlf_are_no_hindrance() {
    let text = "\u{feff}[[key]]\r\nid = \"a\"\r\nprincipal = \"p\"\r\nsecret = \"secret\"\r\n";
    assert!(loaded(text).is_ok());
}
