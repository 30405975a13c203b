//! Whether what came back is what must come back.

use crate::answer::{Answer, Received};
use crate::attack::Strictness;
use crate::challenge;
use crate::expectation::Expectation;
use crate::text::{holds, shown};

/// What no refusal may show.
pub(crate) struct Hidden<'a> {
    /// The secret of the key; empty when there is none.
    pub(crate) secret: &'a [u8],
    /// The signature that would have been right.
    pub(crate) signature: &'a [u8],
}

/// Whether it means that the request reached the service.
pub(crate) fn is_accepted(received: &Received) -> bool {
    matches!(received, Received::Answer(answer) if (200..400).contains(&answer.status))
}

/// What is wrong with `received`, if anything.
pub(crate) fn wrong(
    received: &Received,
    expected: &[Expectation],
    strictness: Strictness,
    hidden: &Hidden<'_>,
) -> Option<String> {
    let answer = match received {
        Received::Answer(answer) => answer,
        Received::Closed => {
            let fits = expected.contains(&Expectation::Closed)
                || (strictness == Strictness::Lenient
                    && expected.iter().any(|one| !one.is_acceptance()));
            return (!fits).then(|| "the connection was closed without an answer".to_owned());
        }
        Received::Silence => return Some("no answer within the time".to_owned()),
        Received::Garbage => return Some("bytes that are no answer".to_owned()),
        Received::Unreachable(why) => return Some(format!("no connection: {why}")),
    };
    if !fits(answer, expected, strictness) {
        return Some(told(answer));
    }
    if answer.status < 400 {
        return None;
    }
    careless(answer, strictness, hidden).map(|what| format!("{}, {what}", told(answer)))
}

/// The status, and the code where there is one.
pub(crate) fn told(answer: &Answer) -> String {
    match answer.code() {
        Some(code) => format!("{} {}", answer.status, shown(code.as_bytes(), 60)),
        None => answer.status.to_string(),
    }
}

fn fits(answer: &Answer, expected: &[Expectation], strictness: Strictness) -> bool {
    let code = answer.code();
    let lenient = strictness == Strictness::Lenient && code.is_none();
    expected.iter().any(|one| match one {
        Expectation::Accepted => (200..400).contains(&answer.status),
        Expectation::Closed => lenient && (400..500).contains(&answer.status),
        Expectation::Refused(status, _) if lenient && *status >= 400 => {
            (400..500).contains(&answer.status)
        }
        Expectation::Refused(status, wanted) => {
            let says = |wanted: &String| match &code {
                Some(code) => code == wanted,
                None => answer.says(wanted),
            };
            answer.status == *status && wanted.as_ref().is_none_or(says)
        }
    })
}

/// What is wrong with a refusal, whatever its status.
fn careless(answer: &Answer, strictness: Strictness, hidden: &Hidden<'_>) -> Option<&'static str> {
    let ours = strictness == Strictness::Exact || answer.code().is_some();
    let mut challenges = answer.values("www-authenticate").peekable();
    if ours && answer.status == 401 {
        if challenges.peek().is_none() {
            return Some("without WWW-Authenticate");
        }
        if !challenges.all(challenge::is_valid) {
            return Some("with a WWW-Authenticate that is no challenge");
        }
    }
    let cached = !answer
        .values("cache-control")
        .any(|value| value.eq_ignore_ascii_case(b"no-store"));
    if answer.code().is_some() && cached {
        return Some("without Cache-Control: no-store");
    }
    if answer.interim.contains(&100) {
        return Some("after 100 Continue");
    }
    let values = answer.headers.iter().map(|(_, value)| value.as_slice());
    for part in values.chain([answer.body.as_slice()]) {
        if holds(part, hidden.secret) {
            return Some("with the secret in it");
        }
        if holds(part, hidden.signature) {
            return Some("with the right signature in it");
        }
        let raw = |byte: &u8| byte.is_ascii_control() && !b"\t\r\n".contains(byte);
        if part.iter().any(raw) || holds(&part.to_ascii_lowercase(), b"<script") {
            return Some("with bytes of the request unescaped in it");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Received {
        Received::Answer(Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: body.as_bytes().to_vec(),
            interim: Vec::new(),
        })
    }

    fn judged(received: &Received, expected: &str, strictness: Strictness) -> Option<String> {
        let expected = [Expectation::try_from(expected.to_owned()).unwrap()];
        let hidden = Hidden {
            secret: b"a secret",
            signature: b"c2ln",
        };
        wrong(received, &expected, strictness, &hidden)
    }

    const OURS: &str = r#"{"type":"urn:countersign:reason:x","code":"x"}"#;
    const HEADERS: [(&str, &str); 2] = [
        ("www-authenticate", "A realm=\"b\""),
        ("cache-control", "no-store"),
    ];

    #[test]
    fn an_answer_of_ours_is_judged_by_status_and_code_and_another_by_its_class() {
        for strictness in [Strictness::Exact, Strictness::Lenient] {
            assert_eq!(
                judged(&answer(401, &HEADERS, OURS), "401 x", strictness),
                None
            );
            for (status, body, expected) in [
                (401, OURS, "401 y"),
                (403, OURS, "401 x"),
                (200, "", "401 x"),
                (500, "", "401"),
                (401, "", "accepted"),
            ] {
                let received = answer(status, &HEADERS, body);
                assert!(
                    judged(&received, expected, strictness).is_some(),
                    "{expected}"
                );
            }
        }
        let foreign = answer(403, &[], "go away");
        assert_eq!(judged(&foreign, "401 x", Strictness::Lenient), None);
        assert!(judged(&foreign, "401 x", Strictness::Exact).is_some());
        let text = answer(404, &[], "key_unknown: There is none.");
        assert_eq!(judged(&text, "404 key_unknown", Strictness::Exact), None);
        assert!(judged(&text, "404 key", Strictness::Exact).is_some());
        assert_eq!(judged(&Received::Closed, "400", Strictness::Lenient), None);
        assert!(judged(&Received::Closed, "400", Strictness::Exact).is_some());
        assert!(judged(&Received::Silence, "400", Strictness::Lenient).is_some());
    }

    #[test]
    fn a_refusal_that_shows_too_much_or_challenges_badly_is_a_miss() {
        let (challenge, cache) = (HEADERS[0], HEADERS[1]);
        for (headers, body, why) in [
            (vec![cache], OURS, "without WWW-Authenticate"),
            (vec![challenge], OURS, "no-store"),
            (
                vec![("www-authenticate", "A b,"), cache],
                OURS,
                "no challenge",
            ),
            (
                vec![challenge, cache, ("x", "a secret!")],
                OURS,
                "the secret",
            ),
            (
                vec![challenge, cache, ("x", "c2ln")],
                OURS,
                "right signature",
            ),
            (
                vec![challenge, cache, ("x", "\u{1b}[0m")],
                OURS,
                "unescaped",
            ),
        ] {
            let told = judged(&answer(401, &headers, body), "401 x", Strictness::Lenient);
            assert!(
                told.as_ref().is_some_and(|told| told.contains(why)),
                "{why}: {told:?}"
            );
        }
    }
}
