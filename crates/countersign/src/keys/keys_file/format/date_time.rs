//! TOML's date-times as [`Timestamp`]s.

use countersign_core::Timestamp;
use toml::value::{Date, Datetime, Offset, Time};

/// Why a date-time is not a point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unusable {
    /// It lacks the date, the time or the offset.
    Local,
    /// There is no such second, or it is a leap second, which no clock of ours shows.
    NoSuchTime,
}

/// The second in which `date_time` lies.
pub(super) fn timestamp(date_time: &Datetime) -> Result<Timestamp, Unusable> {
    let (Some(date), Some(time), Some(offset)) = (date_time.date, date_time.time, date_time.offset)
    else {
        return Err(Unusable::Local);
    };
    let offset = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes).saturating_mul(60),
    };
    let start_of_day = days_since_epoch(date)
        .ok_or(Unusable::NoSuchTime)?
        .saturating_mul(24 * 60 * 60);
    let of_day = second_of_day(time).ok_or(Unusable::NoSuchTime)?;
    Ok(Timestamp::from_unix(start_of_day)
        .plus(of_day)
        .plus(offset.saturating_neg()))
}

fn second_of_day(time: Time) -> Option<i64> {
    let second = time.second.unwrap_or(0);
    let exists = time.hour < 24 && time.minute < 60 && second < 60;
    let [hour, minute, second] = [time.hour, time.minute, second].map(i64::from);
    exists.then(|| {
        second
            .saturating_add(minute.saturating_mul(60))
            .saturating_add(hour.saturating_mul(60 * 60))
    })
}

/// Days from 1970-01-01, in the proleptic Gregorian calendar.
#[allow(clippy::arithmetic_side_effects)] // a four-digit year
fn days_since_epoch(date: Date) -> Option<i64> {
    // The days of a year before the first of the month, and those of the month.
    const MONTHS: [(i64, i64); 12] = [
        (0, 31),
        (31, 28),
        (59, 31),
        (90, 30),
        (120, 31),
        (151, 30),
        (181, 31),
        (212, 31),
        (243, 30),
        (273, 31),
        (304, 30),
        (334, 31),
    ];
    let [year, month, day] = [date.year, date.month.into(), date.day.into()].map(i64::from);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let &(before, length) = MONTHS.get(usize::from(date.month).checked_sub(1)?)?;
    let length = length + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    // Whole years before this one, counted from the year 1; the year 0 comes out right as well.
    let years = year - 1;
    let leap_days = years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    let before = before + i64::from(leap && month > 2);
    Some(years * 365 + leap_days + before + day - 1 - 719_162)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Timestamp, Unusable> {
        timestamp(&text.parse().unwrap())
    }

    #[test]
    fn offset_date_times_are_points_in_time() {
        for (text, imf_fixdate) in [
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("2012-09-27T12:14:56Z", "Thu, 27 Sep 2012 12:14:56 GMT"),
            ("2012-09-27 14:14:56+02:00", "Thu, 27 Sep 2012 12:14:56 GMT"),
            ("2012-09-27T01:14:56-11:00", "Thu, 27 Sep 2012 12:14:56 GMT"),
            ("2000-02-29T23:59:59Z", "Tue, 29 Feb 2000 23:59:59 GMT"),
            ("2000-03-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT"),
            ("2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            ("9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let expected = Timestamp::parse_imf_fixdate(imf_fixdate).unwrap();
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = read("0000-12-31T00:00:00Z").unwrap();
        for year in 1..=2400_u16 {
            for month in 1..=12 {
                for day in 1..=31 {
                    let date = Date { year, month, day };
                    let Some(days) = days_since_epoch(date) else {
                        continue;
                    };
                    let this = Timestamp::from_unix(days * 86_400);
                    assert_eq!(this.seconds_since(last), 86_400, "{date}");
                    last = this;
                }
            }
        }
    }

    #[test]
    fn a_fraction_is_cut_off_and_seconds_may_be_left_out() {
        let whole = read("2026-01-01T00:00:00Z");
        assert_eq!(read("2026-01-01T00:00:00.999Z"), whole);
        assert_eq!(read("2026-01-01T00:00Z"), whole);
    }

    #[test]
    fn local_times_and_leap_seconds_are_no_points_in_time() {
        for local in ["2026-01-01T00:00:00", "2026-01-01", "00:00:00"] {
            assert_eq!(read(local), Err(Unusable::Local), "{local}");
        }
        assert_eq!(read("2016-12-31T23:59:60Z"), Err(Unusable::NoSuchTime));
        let date = |year, month, day| days_since_epoch(Date { year, month, day });
        for none in [
            date(2026, 0, 1),
            date(2026, 13, 1),
            date(2026, 1, 0),
            date(2026, 2, 29),
            date(2100, 2, 29),
            date(2026, 4, 31),
        ] {
            assert_eq!(none, None);
        }
    }
}
