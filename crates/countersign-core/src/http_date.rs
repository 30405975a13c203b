//! HTTP dates: the one strict form, and the lenient ones behind a named switch.
//!
//! Written by hand because a date is read on every request: a general date crate takes twice to
//! six times as long, and the widely used HTTP one also accepts asctime and RFC 850 dates, which
//! no scheme here allows.

use std::fmt::Write as _;

use crate::time::Timestamp;

/// The length of every IMF-fixdate.
pub(crate) const IMF_FIXDATE_LEN: usize = 29;

const WEEKDAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// How exactly a date must be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateForm {
    /// IMF-fixdate only, with the right weekday: `Fri, 10 Jan 2014 11:49:55 GMT`.
    #[default]
    Strict,
    /// Also `+0000` in place of `GMT` (what PHP's `RFC1123` constant prints).
    NumericZone,
    /// Also the form of `date(1)`, `Fri Jan 10 11:49:55 GMT 2014`, and a wrong weekday.
    Lenient,
}

/// Reads `text` in the given form.
pub(crate) fn parse_as(text: &[u8], form: DateForm) -> Option<Timestamp> {
    match form {
        DateForm::Strict => parse(text),
        DateForm::NumericZone => parse(text).or_else(|| {
            let head = text.strip_suffix(b"+0000")?;
            imf(head, Weekday::MustMatch)
        }),
        DateForm::Lenient => text
            .strip_suffix(b"GMT")
            .and_then(|head| imf(head, Weekday::Any))
            .or_else(|| date_command(text)),
    }
}

/// Reads an IMF-fixdate with the right weekday.
pub(crate) fn parse(text: &[u8]) -> Option<Timestamp> {
    imf(text.strip_suffix(b"GMT")?, Weekday::MustMatch)
}

#[derive(Clone, Copy, PartialEq)]
enum Weekday {
    MustMatch,
    Any,
}

/// Reads `Thu, 27 Sep 2012 12:14:56 ` (the zone already taken off, the blank before it not).
fn imf(text: &[u8], weekday: Weekday) -> Option<Timestamp> {
    let &[
        w0,
        w1,
        w2,
        b',',
        b' ',
        d0,
        d1,
        b' ',
        m0,
        m1,
        m2,
        b' ',
        y0,
        y1,
        y2,
        y3,
        b' ',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b' ',
    ] = text
    else {
        return None;
    };
    let date = ([y0, y1, y2, y3], [m0, m1, m2], [d0, d1]);
    let civil = Civil::read(date, [[h0, h1], [i0, i1], [s0, s1]])?;
    civil.timestamp([w0, w1, w2], weekday)
}

/// Reads what `date(1)` prints in UTC: `Fri Jan 10 11:49:55 GMT 2014`, the day padded with a
/// blank or a zero.
fn date_command(text: &[u8]) -> Option<Timestamp> {
    let &[
        w0,
        w1,
        w2,
        b' ',
        m0,
        m1,
        m2,
        b' ',
        d0,
        d1,
        b' ',
        h0,
        h1,
        b':',
        i0,
        i1,
        b':',
        s0,
        s1,
        b' ',
        z0,
        z1,
        z2,
        b' ',
        y0,
        y1,
        y2,
        y3,
    ] = text
    else {
        return None;
    };
    if !matches!(&[z0, z1, z2], b"GMT" | b"UTC") {
        return None;
    }
    let day = [if d0 == b' ' { b'0' } else { d0 }, d1];
    let date = ([y0, y1, y2, y3], [m0, m1, m2], day);
    let civil = Civil::read(date, [[h0, h1], [i0, i1], [s0, s1]])?;
    civil.timestamp([w0, w1, w2], Weekday::Any)
}

fn decimal<const N: usize>(digits: [u8; N]) -> Option<u32> {
    let mut value = 0_u32;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    Some(value)
}

fn month(name: [u8; 3]) -> Option<u32> {
    Some(match &name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// A date and time of day in UTC, not yet known to exist.
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

impl Civil {
    #[inline]
    fn read(
        (year, name, day): ([u8; 4], [u8; 3], [u8; 2]),
        [hour, minute, second]: [[u8; 2]; 3],
    ) -> Option<Self> {
        Some(Self {
            year: decimal(year)?,
            month: month(name)?,
            day: decimal(day)?,
            hour: decimal(hour)?,
            minute: decimal(minute)?,
            second: decimal(second)?,
        })
    }

    // Every field has at most four digits, so nothing here can overflow.
    #[inline]
    #[allow(clippy::arithmetic_side_effects)]
    fn timestamp(&self, weekday: [u8; 3], rule: Weekday) -> Option<Timestamp> {
        // Leap seconds and years before the epoch have no place in a signed request.
        let in_range = (1970..=9999).contains(&self.year)
            && (1..=days_in(self.month, self.year)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        if !in_range {
            return None;
        }
        let days = days_since_epoch(self.year, self.month, self.day);
        // 1970-01-01 was a Thursday.
        let right = WEEKDAYS.get(usize::try_from((days + 4) % 7).ok()?)?;
        let named = match rule {
            Weekday::MustMatch => **right == weekday,
            Weekday::Any => WEEKDAYS.contains(&&weekday),
        };
        let of_day = self.hour * 3600 + self.minute * 60 + self.second;
        named.then(|| Timestamp::from_unix(i64::from(days) * 86_400 + i64::from(of_day)))
    }
}

#[allow(clippy::arithmetic_side_effects)] // a four-digit year
fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the given date, which is not before it, in the proleptic Gregorian
/// calendar: years are counted from March so that the leap day is the last of its year.
#[allow(clippy::arithmetic_side_effects)] // a year from 1970 to 9999
fn days_since_epoch(year: u32, month: u32, day: u32) -> u32 {
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 719_469
}

/// Writes an IMF-fixdate. A time outside the years 0000–9999 is written at the nearer end.
#[allow(clippy::arithmetic_side_effects)] // clamped to four-digit years first
pub(crate) fn format(time: Timestamp) -> String {
    const FIRST: i64 = -62_167_219_200; // 0000-01-01T00:00:00Z
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    let seconds = time.as_unix().clamp(FIRST, LAST);
    let days = seconds.div_euclid(86_400);
    let of_day = seconds.rem_euclid(86_400);

    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);

    let name = |names: &[&'static [u8; 3]], index: i64| -> &'static str {
        let name = usize::try_from(index)
            .ok()
            .and_then(|index| names.get(index));
        name.and_then(|name| std::str::from_utf8(*name).ok())
            .unwrap_or("???")
    };
    let mut out = String::with_capacity(IMF_FIXDATE_LEN);
    let (weekday, month) = (
        name(&WEEKDAYS, (days + 4).rem_euclid(7)),
        name(&MONTHS, month - 1),
    );
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
    );
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unix(text: &str, form: DateForm) -> Option<i64> {
        parse_as(text.as_bytes(), form).map(Timestamp::as_unix)
    }

    #[test]
    fn the_strict_form_is_read() {
        assert_eq!(
            unix("Thu, 27 Sep 2012 12:14:56 GMT", DateForm::Strict),
            Some(1_348_748_096)
        );
        assert_eq!(
            unix("Thu, 01 Jan 1970 00:00:00 GMT", DateForm::Strict),
            Some(0)
        );
        assert_eq!(
            unix("Thu, 29 Feb 2024 23:59:59 GMT", DateForm::Strict),
            Some(1_709_251_199)
        );
    }

    #[test]
    fn every_other_form_is_refused_when_strict() {
        for text in [
            "",
            "Wednesday",
            "Fri Nov 15 06:25:24 2013",
            "Friday, 15-Nov-13 06:25:24 GMT",
            "Fri Jan 10 11:49:55 GMT 2014",
            "Thu, 27 Sep 2012 12:14:56 +0000",
            "Thu, 27 Sep 2012 12:14:56 UTC",
            "Thu, 27 Sep 2012 12:14:56 CST",
            "Thu, 27 Sep 2012 12:14:56 gmt",
            "thu, 27 Sep 2012 12:14:56 GMT",
            "Thu, 27 SEP 2012 12:14:56 GMT",
            " Thu, 27 Sep 2012 12:14:56 GMT",
            "Thu, 27 Sep 2012 12:14:56 GMTabc",
            "Thu, 27 Sep 2012 12:14:56  GMT",
            "Thu, 7 Sep 2012 12:14:56 GMT",
            "Wed, 15 Nov 2013 06:25:24 GMT", // it was a Friday
            "Fri, 31 Feb 2012 00:00:00 GMT",
            "Thu, 27 Sep 2012 24:00:00 GMT",
            "Thu, 27 Sep 2012 23:59:60 GMT",
            "Sat, 01 Jan 0000 00:00:00 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Thu, 27 Sep +012 12:14:56 GMT",
            "Thu, 27 Sep 2012 12:14:5\u{665} GMT",
        ] {
            assert_eq!(unix(text, DateForm::Strict), None, "{text:?}");
        }
    }

    #[test]
    fn a_numeric_zone_needs_its_switch() {
        let php = "Thu, 27 Sep 2012 12:14:56 +0000";
        assert_eq!(unix(php, DateForm::NumericZone), Some(1_348_748_096));
        assert_eq!(
            unix("Thu, 27 Sep 2012 12:14:56 +0100", DateForm::NumericZone),
            None
        );
    }

    #[test]
    fn the_lenient_form_takes_the_date_command_and_a_wrong_weekday() {
        let shell = "Fri Jan 10 11:49:55 GMT 2014";
        assert_eq!(unix(shell, DateForm::Lenient), Some(1_389_354_595));
        assert_eq!(
            unix("Fri Jan  3 11:49:55 UTC 2014", DateForm::Lenient),
            Some(1_388_749_795)
        );
        assert_eq!(
            unix("Wed, 15 Nov 2013 06:25:24 GMT", DateForm::Lenient),
            Some(1_384_496_724)
        );
        assert_eq!(
            unix("Xyz, 15 Nov 2013 06:25:24 GMT", DateForm::Lenient),
            None
        );
        assert_eq!(
            unix("Fri Jan 10 11:49:55 CET 2014", DateForm::Lenient),
            None
        );
    }

    #[test]
    fn times_beyond_the_calendar_are_written_at_its_end() {
        assert_eq!(
            format(Timestamp::from_unix(i64::MAX)),
            "Fri, 31 Dec 9999 23:59:59 GMT"
        );
        assert_eq!(
            format(Timestamp::from_unix(i64::MIN)),
            "Sat, 01 Jan 0000 00:00:00 GMT"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0_i64..253_402_300_800) {
            let time = Timestamp::from_unix(seconds);
            let text = format(time);
            prop_assert_eq!(text.len(), IMF_FIXDATE_LEN);
            prop_assert_eq!(parse(text.as_bytes()), Some(time));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_as(&bytes, DateForm::Lenient);
            let _ = parse_as(&bytes, DateForm::NumericZone);
        }
    }
}
