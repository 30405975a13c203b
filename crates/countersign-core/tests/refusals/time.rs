//! When a request may be accepted.

use std::time::Duration;

use countersign_core::{AuthKey, HmacAuth, Mac, Moxie, Policy, Reason, ReplayPolicy, Window};

use crate::common::{
    Keys, NOW, Request, SECRET, Service, Variant, base64, hmac_sha256, key, sha256, variants,
};

fn sides(variant: &Variant) -> (i64, i64) {
    let window = variant.scheme.default_window();
    let seconds = |side: Duration| i64::try_from(side.as_secs()).expect("at most a day");
    (seconds(window.past()), seconds(window.future()))
}

/// Why the example, signed at `NOW`, is refused `later` seconds later.
fn refusal(variant: &Variant, later: i64) -> Option<Reason> {
    let service = Service::new([variant.key()]).at(NOW.plus(later));
    service.refusal(&*variant.scheme, &variant.example())
}

#[test]
fn bad_62_and_63_the_past_edge_is_inside_and_the_next_second_is_not() {
    for variant in variants() {
        let (past, _) = sides(&variant);
        assert_eq!(refusal(&variant, past), None, "{}", variant.name);
        let outside = refusal(&variant, past + 1);
        assert_eq!(outside, Some(Reason::TimestampExpired), "{}", variant.name);
    }
}

#[test]
fn bad_64_and_65_the_future_edge_is_inside_and_the_next_second_is_not() {
    for variant in variants() {
        let (_, future) = sides(&variant);
        assert_eq!(refusal(&variant, -future), None, "{}", variant.name);
        let outside = refusal(&variant, -future - 1);
        assert_eq!(outside, Some(Reason::TimestampInFuture), "{}", variant.name);
    }
}

#[test]
fn bad_66_a_clock_one_second_fast_is_accepted() {
    for variant in variants() {
        assert_eq!(refusal(&variant, -1), None, "{}", variant.name);
    }
}

#[test]
fn bad_79_no_skew_is_learned_from_the_first_request_of_a_key() {
    const YEAR: i64 = 365 * 86_400;
    for variant in variants() {
        let service = Service::new([variant.key()]).at(NOW.plus(YEAR));
        for _ in 0..2 {
            let refusal = service.refusal(&*variant.scheme, &variant.example());
            assert_eq!(refusal, Some(Reason::TimestampExpired), "{}", variant.name);
        }
    }
}

#[test]
fn a_stale_request_is_refused_before_any_lookup_and_told_the_time() {
    for variant in variants() {
        let keys = Keys::new([variant.key()]);
        let now = NOW.plus(100_000);
        let service = Service::with_lookup(keys.clone()).at(now);
        let refusal = service
            .verify(&*variant.scheme, &variant.example())
            .expect_err("refused");
        let told = refusal.server_time().expect("bad_80");
        assert_eq!(
            (told.now, told.window),
            (now, variant.scheme.default_window())
        );
        assert_eq!((keys.asked(), service.replay.len()), (0, 0));
    }
}

#[test]
fn bad_69_milliseconds_are_not_seconds() {
    let milliseconds = (NOW.as_unix() * 1000).to_string();
    for variant in variants() {
        let credential = variant.credential(&variant.example());
        let changed = credential.replacen(&NOW.as_unix().to_string(), &milliseconds, 1);
        if changed != credential {
            let request = variant.with_credential(&variant.example(), &changed);
            let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &request);
            assert_eq!(refusal, Some(Reason::TimestampInFuture), "{}", variant.name);
        }
    }
}

#[test]
fn bad_73_no_byte_of_the_secret_can_pass_for_one_of_the_date() {
    // Whoever has the secret `abc…` could sign for the key whose secret is the rest of it.
    let (long, rest) = ("abc-0123456789abcdef", "-0123456789abcdef");
    let scheme = AuthKey::default();
    for (date, secret) in [(NOW.to_string(), long), (format!("{NOW}abc"), rest)] {
        let mut request = Request::new("GET", "/")
            .header("date", NOW.to_string())
            .header("x-mac-date", &date);
        let text = format!("GET\nx-mac-date:{date}\n/\n");
        let signing_key = sha256(format!("{NOW}{long}"));
        let signature = base64(hmac_sha256(signing_key, text));
        request = request.header("auth-key", format!("MAC example-id:{signature}"));
        let refusal = Service::new([key("example-id", secret)]).refusal(&scheme, &request);
        let expected = (date.len() != 29).then_some(Reason::InvalidTimestamp);
        assert_eq!(refusal, expected, "{date}");
    }
}

#[test]
fn bad_74_only_the_signed_date_counts() {
    let fresh = NOW.plus(1000).to_string();
    for variant in variants() {
        let request = variant.example().header("x-date", &fresh);
        let service = Service::new([variant.key()]).at(NOW.plus(1000));
        let refusal = service.refusal(&*variant.scheme, &request);
        assert_eq!(refusal, Some(Reason::TimestampExpired), "{}", variant.name);
    }
}

#[test]
fn bad_75_a_fresh_date_does_not_freshen_an_old_signed_one() {
    let scheme = AuthKey::default();
    let key = || key("example-id", SECRET);
    let signed = Request::new("GET", "/").signed(&scheme, &key());
    let later = NOW.plus(301);
    let request = signed.set("date", later.to_string());
    let refusal = Service::new([key()]).at(later).refusal(&scheme, &request);
    assert_eq!(refusal, Some(Reason::TimestampExpired));
}

#[test]
fn bad_75_a_date_that_contradicts_the_signed_one_is_refused() {
    let scheme = AuthKey::default();
    let key = || key("example-id", SECRET);
    for (apart, expected) in [
        (-301, Some(Reason::InvalidTimestamp)),
        (-300, None),
        (0, None),
        (300, None),
        (301, Some(Reason::InvalidTimestamp)),
    ] {
        let signed = Request::new("GET", "/").signed(&scheme, &key());
        let request = signed.set("date", NOW.plus(apart).to_string());
        let refusal = Service::new([key()]).refusal(&scheme, &request);
        assert_eq!(refusal, expected, "{apart}");
    }
}

#[test]
fn a_body_that_takes_longer_than_the_window_is_refused_at_its_end() {
    for variant in variants() {
        let (past, _) = sides(&variant);
        let request = variant.example();
        for (arrives, expected) in [(past, None), (past + 1, Some(Reason::TimestampExpired))] {
            let service = Service::new([variant.key()]);
            let scheme = &*variant.scheme;
            let claim = request.claim(scheme).expect("claimed").expect("read");
            let checked = service.check(scheme, &request, &claim);
            let checked = checked.expect(variant.name);
            let result = service.accept(checked, &request, NOW.plus(arrives), None);
            let refusal = result.err().map(|refusal| refusal.reason());
            assert_eq!(refusal, expected, "{}", variant.name);
            // What is refused is not remembered, and what is accepted is.
            assert_eq!(service.replay.len(), usize::from(expected.is_none()));
        }
    }
}

#[test]
fn the_window_of_the_service_wins_over_that_of_the_scheme() {
    let window = Window::new(Duration::from_secs(10), Duration::ZERO).expect("a window");
    for variant in variants() {
        for (later, expected) in [
            (-1, Some(Reason::TimestampInFuture)),
            (0, None),
            (10, None),
            (11, Some(Reason::TimestampExpired)),
        ] {
            let service = Service::new([variant.key()])
                .window(window)
                .at(NOW.plus(later));
            let refusal = service.refusal(&*variant.scheme, &variant.example());
            assert_eq!(refusal, expected, "{} {later}", variant.name);
        }
    }
}

#[test]
fn bad_67_and_68_a_signed_time_that_is_none_is_refused() {
    // Signed as it stands, so that only its form is wrong.
    let key = || key("example-id", SECRET);
    for ts in [
        "abc",
        "",
        " 1348748096",
        "+1348748096",
        "01348748096",
        "1348748096.0",
        "-1",
        "1e9",
    ] {
        let signed = Request::new("GET", "/").signed(&Mac::yar(), &key());
        let changed = signed
            .value("authorization")
            .replacen(&NOW.as_unix().to_string(), ts, 1);
        let request = signed.set("authorization", changed);
        let refusal = Service::new([key()]).refusal(&Mac::yar(), &request);
        assert_eq!(refusal, Some(Reason::InvalidTimestamp), "{ts:?}");
    }
    for date in [
        "abc",
        "",
        "0",
        "1348748096",
        "Thu, 27 Sep 2012 12:14:56 UTC",
    ] {
        let moxie = Request::new("GET", "/").signed(&Moxie::default(), &key());
        let refusal = Service::new([key()]).refusal(&Moxie::default(), &moxie.set("date", date));
        assert_eq!(refusal, Some(Reason::InvalidTimestamp), "{date:?}");
        let ncsu = Request::new("GET", "/").signed(&HmacAuth::sha1(), &key());
        let refusal = Service::new([key()]).refusal(&HmacAuth::sha1(), &ncsu.set("date", date));
        assert_eq!(refusal, Some(Reason::InvalidTimestamp), "{date:?}");
    }
}

#[test]
fn where_nothing_is_remembered_the_window_still_holds() {
    let forgetful = Policy {
        replay: ReplayPolicy::Off,
        ..Policy::default()
    };
    for variant in variants() {
        let (past, _) = sides(&variant);
        let request = variant.example();
        let service = Service::new([variant.key()])
            .policy(forgetful)
            .at(NOW.plus(past + 1));
        let refusal = service.refusal(&*variant.scheme, &request);
        assert_eq!(refusal, Some(Reason::TimestampExpired), "{}", variant.name);
    }
}
