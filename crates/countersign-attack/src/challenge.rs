//! Whether a `WWW-Authenticate` value is one (RFC 9110 §11.6.1).

/// Whether `value` is a challenge, or several: a scheme with parameters whose values are tokens or
/// quoted strings, and nothing left over.
pub(crate) fn is_valid(value: &[u8]) -> bool {
    let mut rest = value;
    let mut first = true;
    loop {
        let Some(after) = token(rest) else {
            return false;
        };
        // `name = value` continues the challenge before; a token and a blank begin a new one.
        rest = match parameter(after) {
            Some(after) if !first => after,
            _ => {
                let parameters = blanks(after);
                if parameters.is_empty() {
                    return true;
                }
                match token(parameters).and_then(parameter) {
                    Some(after) => after,
                    None => return false,
                }
            }
        };
        first = false;
        rest = blanks(rest);
        if rest.is_empty() {
            return true;
        }
        let Some(after) = rest.strip_prefix(b",") else {
            return false;
        };
        rest = blanks(after);
    }
}

/// What follows `=` and a value.
fn parameter(rest: &[u8]) -> Option<&[u8]> {
    let value = blanks(blanks(rest).strip_prefix(b"=")?);
    match value.strip_prefix(b"\"") {
        Some(quoted) => end_of_quoted(quoted),
        None => token(value),
    }
}

fn end_of_quoted(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (byte, after) = rest.split_first()?;
        rest = match byte {
            b'"' => return Some(after),
            b'\\' => after.get(1..)?,
            b'\t' | b' '..=b'~' | 0x80.. => after,
            _ => return None,
        };
    }
}

/// What follows a token.
fn token(text: &[u8]) -> Option<&[u8]> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let length = text.iter().take_while(|byte| is_token(byte)).count();
    (length > 0).then(|| text.get(length..)).flatten()
}

fn blanks(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_told_from_what_only_looks_like_them() {
        for good in [
            "Basic",
            r#"MAC realm="api", error="x y""#,
            r#"A b="\"", c=d, E f="g""#,
        ] {
            assert!(is_valid(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            r#"A b="c", "#,
            r#"A b="c"#,
            r#"A b="c" d"#,
            "A b=\"\r\"",
            "\"A\"",
        ] {
            assert!(!is_valid(bad.as_bytes()), "{bad}");
        }
    }
}
