//! Times as the API writes and reads them: RFC 3339, in UTC, to the second.

use std::fmt;

use countersign_core::Timestamp;
use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// The longest time that is read: nine digits of a second and an offset.
const MAX_LEN: usize = "2026-01-01T00:00:00.123456789+00:00".len();

/// The first second of the year 0, and the last of the year 9999.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// Writes a time as RFC 3339: `2026-01-01T00:00:00Z`. Times that it has no form for are written
/// as the nearest that it has.
#[derive(Clone, Copy)]
pub(crate) struct Rfc3339(pub(crate) Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_unix().clamp(FIRST, LAST);
        let since_epoch = SignedDuration::from_secs(seconds);
        let time = EPOCH.checked_add(since_epoch).unwrap_or(EPOCH);
        write!(f, "{time}Z")
    }
}

impl serde::Serialize for Rfc3339 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads an RFC 3339 time; parts of a second are dropped.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    // The parser of dates takes more forms than RFC 3339 has.
    if text.len() > MAX_LEN || !is_rfc_3339(text.as_bytes()) {
        return None;
    }
    let (local, rest) = text.split_at_checked(19)?;
    let local: DateTime = local.parse().ok()?;
    let offset = offset(rest.trim_start_matches(|it: char| it == '.' || it.is_ascii_digit()))?;
    let seconds = local.duration_since(EPOCH).as_secs().checked_sub(offset)?;
    (FIRST..=LAST)
        .contains(&seconds)
        .then(|| Timestamp::from_unix(seconds))
}

/// The seconds that a zone `Z` or `±dd:dd` is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (hours, minutes) = zone.split_once(':')?;
    let (sign, hours) = hours.split_at_checked(1)?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = hours
        .checked_mul(60)?
        .checked_add(minutes)?
        .checked_mul(60)?;
    Some(if sign == "-" {
        ahead.saturating_neg()
    } else {
        ahead
    })
}

/// Whether the text has the shape `dddd-dd-ddTdd:dd:dd[.d+](Z|±dd:dd)`.
fn is_rfc_3339(text: &[u8]) -> bool {
    let Some((head, rest)) = text.split_first_chunk::<19>() else {
        return false;
    };
    let rest = match rest.split_first() {
        Some((b'.', fraction)) => {
            let end = fraction.iter().position(|byte| !byte.is_ascii_digit());
            match fraction.split_at_checked(end.unwrap_or(fraction.len())) {
                Some((digits, zone)) if !digits.is_empty() => zone,
                _ => return false,
            }
        }
        _ => rest,
    };
    let zone = rest == b"Z" || has_shape(rest, b"+dd:dd") || has_shape(rest, b"-dd:dd");
    zone && has_shape(head, b"dddd-dd-ddTdd:dd:dd")
}

/// Whether the text is `shape`, with any digit for `d`.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, of): (&u8, &u8)| match of {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_348_748_096, "2012-09-27T12:14:56Z"),
            (FIRST, "0000-01-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            let time = Timestamp::from_unix(seconds);
            assert_eq!(Rfc3339(time).to_string(), text);
            assert_eq!(parse(text), Some(time));
        }
        for extreme in [i64::MIN, i64::MAX] {
            let written = Rfc3339(Timestamp::from_unix(extreme)).to_string();
            assert!(parse(&written).is_some(), "{written}");
        }
    }

    #[test]
    fn offsets_are_applied_and_fractions_dropped() {
        let expected = Some(Timestamp::from_unix(1_348_748_096));
        for text in [
            "2012-09-27T14:14:56+02:00",
            "2012-09-27T12:14:56.999Z",
            "2012-09-27T12:14:56-00:00",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(
            parse("1969-12-31T23:59:59.5Z"),
            Some(Timestamp::from_unix(-1))
        );
    }

    #[test]
    fn nothing_but_rfc_3339_is_read() {
        for text in [
            "",
            "2012-09-27",
            "2012-09-27 12:14:56Z",
            "2012-09-27T12:14:56",
            "2012-09-27T12:14Z",
            "2012-09-27T12:14:56z",
            "2012-09-27T12:14:56.Z",
            "2012-02-30T12:14:56Z",
            "2012-09-27T25:14:56Z",
            "2012-09-27T12:14:56+02",
            "2012-09-27T12:14:56Z[UTC]",
            "2012-09-27T12:14:56+24:00",
            "2012-09-27T12:14:56+00:60",
            "+002012-09-27T12:14:56Z",
            "1348748096",
            "2012-09-27T12:14:56.0000000000000000000Z",
            "0000-01-01T00:00:00+23:59",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
