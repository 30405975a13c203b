//! The signed time: another header's, or in another unit.

use http::HeaderValue;

use super::{NearMiss, Trials};
use crate::claim::Proof;
use crate::explain::reading::header;
use crate::head::trim;
use crate::mac::Derivation;

/// The headers that people take for the one whose date is signed.
const DATES: [&str; 3] = ["date", "x-date", "x-mac-date"];

pub(super) fn run(trials: &mut Trials<'_>) {
    let headers = trials.subject.head.headers();
    for other in DATES.iter().filter_map(|name| header(headers, name)) {
        if other != trials.subject.claim.time_text() {
            other_date(trials, other);
        }
    }
    units(trials);
}

/// In the text and for the signing key, or for the signing key alone.
fn other_date(trials: &mut Trials<'_>, other: &[u8]) {
    let subject = trials.subject;
    let signed = subject.claim.time_text();
    let mut parts = subject.parts.clone();
    for value in parts.headers.values_mut() {
        if trim(value.as_bytes()) == signed
            && let Ok(other) = HeaderValue::from_bytes(other)
        {
            *value = other;
        }
    }
    let mut claim = subject.claim.clone();
    claim.time_text = other;
    if let Proof::Signature { derivation, .. } = &mut claim.proof {
        *derivation = with_time(*derivation, other);
    }
    let text = parts.head().map(|head| subject.canonical(&head, &claim));
    if let Ok(text) = text {
        trials.timed(NearMiss::OtherDateHeader, &text, other);
        if text != subject.text {
            trials.timed(NearMiss::OtherDateHeader, subject.text, other);
        }
    }
}

fn units(trials: &mut Trials<'_>) {
    let subject = trials.subject;
    let text = subject.claim.time_text();
    let seconds = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if !seconds {
        let unix = subject.claim.time().map(|time| time.as_unix().to_string());
        if let Some(unix) = unix {
            retimed(trials, NearMiss::UnixTime, unix.as_bytes());
        }
        return;
    }
    // Ten digits are seconds until the year 2286, thirteen are milliseconds from 2001.
    let other = match text.split_at_checked(10) {
        Some((seconds, fraction)) if fraction.len() == 3 => seconds.to_vec(),
        _ => [text, b"000"].concat(),
    };
    retimed(trials, NearMiss::Milliseconds, &other);
}

/// The same claim with its time spelt otherwise.
fn retimed(trials: &mut Trials<'_>, miss: NearMiss, time: &[u8]) {
    let subject = trials.subject;
    let mut claim = subject.claim.clone();
    claim.time_text = time;
    let text = subject.canonical(&subject.head, &claim);
    trials.timed(miss, &text, time);
}

impl Trials<'_> {
    /// `text`, under the key that `time` gives.
    fn timed(&mut self, miss: NearMiss, text: &[u8], time: &[u8]) {
        let subject = self.subject;
        match subject.derivation {
            Derivation::Raw | Derivation::Base64Url => self.text(miss, text),
            derived => {
                let derivation = with_time(derived, time);
                let keyed = subject.key_of(derivation, subject.secret.expose());
                self.text_and_key(miss, text, keyed);
            }
        }
    }
}

fn with_time<'t>(derivation: Derivation<'t>, time: &'t [u8]) -> Derivation<'t> {
    match derivation {
        Derivation::HashOfTextThenSecret(_) => Derivation::HashOfTextThenSecret(time),
        Derivation::HashOfSecretThenText(_) => Derivation::HashOfSecretThenText(time),
        other => other,
    }
}
