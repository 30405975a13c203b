//! Text of strangers, made fit to be shown.

use std::fmt::Write as _;

/// The first `most` characters of `text`, with control characters escaped.
pub(crate) fn shown(text: &str, most: usize) -> Box<str> {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        // Writing to a string does not fail.
        let _ = if is_plain(character) {
            shown.write_char(character)
        } else {
            write!(shown, "{}", character.escape_default())
        };
    }
    shown.into()
}

/// Neither a control character nor one that changes the direction of what is beside it.
fn is_plain(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !character.is_control() && !turns
}

/// `error` with everything behind it, in at most `most` characters.
pub(crate) fn causes(error: &dyn std::error::Error, most: usize) -> Box<str> {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    shown(&text, most)
}
