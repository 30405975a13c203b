//! Durations and sizes, as written in flags, variables and files.

use std::time::Duration;

/// Reads `300s`, `5m`, `1h`, `250ms`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const VALID: &str = "use a whole number and ms, s, m or h, as in 300s or 5m";
    let (digits, unit) = split(text);
    let number: u64 = digits.parse().map_err(|_| VALID.to_owned())?;
    let seconds = |factor: u64| {
        let seconds = number.checked_mul(factor);
        seconds.map(Duration::from_secs).ok_or(VALID.to_owned())
    };
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "" | "s" => seconds(1),
        "m" | "min" => seconds(60),
        "h" => seconds(3600),
        _ => Err(VALID.to_owned()),
    }
}

/// Reads `1MiB`, `64KiB`, `2GiB`, `500kB`; a bare number is bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    const VALID: &str = "use a whole number of bytes, or one with KiB, MiB, GiB, kB, MB or GB";
    let (digits, unit) = split(text);
    let number: u64 = digits.parse().map_err(|_| VALID.to_owned())?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(VALID.to_owned()),
    };
    number.checked_mul(factor).ok_or(VALID.to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_or_are_seconds() {
        for (text, expected) in [
            ("300s", Duration::from_secs(300)),
            ("30", Duration::from_secs(30)),
            ("5m", Duration::from_secs(300)),
            ("1 h", Duration::from_secs(3600)),
            ("250ms", Duration::from_millis(250)),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "s",
            "-1s",
            "1.5s",
            "1d",
            "99999999999999999999s",
            "9999999999999999999h",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_binary_or_decimal_by_their_unit() {
        for (text, expected) in [
            ("1MiB", 1 << 20),
            ("0", 0),
            ("64 KiB", 64 << 10),
            ("500kB", 500_000),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for bad in ["", "MiB", "-1", "1mib", "1.5MiB", "18446744073709551615KiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
