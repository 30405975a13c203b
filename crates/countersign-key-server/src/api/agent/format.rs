//! JSON or XML: what a request says it is, and what its answer may be.

use http::HeaderMap;
use http::header::ACCEPT;

use super::super::body::essence;
use super::super::problem::{Code, Problem};

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// As `text/xml` or `application/xml`.
    Xml(&'static str),
}

/// The names that XML has as a media type; the first is the one of the original.
const XML_TYPES: [&str; 2] = ["text/xml", "application/xml"];

const JSON_TYPE: &str = "application/json";

/// A weight of one, in thousandths.
const ONE: u16 = 1000;

impl Format {
    /// How the body of a request is written.
    pub(super) fn of_request(headers: &HeaderMap) -> Result<Self, Problem> {
        let found = essence(headers).and_then(Self::named);
        found.ok_or_else(|| {
            let fix = "Send Content-Type: application/json or text/xml, in UTF-8.";
            Problem::from(Code::UnsupportedMediaType).because(fix)
        })
    }

    /// How the answer is written: what `Accept` prefers, and of equals what the request was, so
    /// also if the client accepts anything.
    pub(super) fn of_answer(headers: &HeaderMap, request: Self) -> Result<Self, Problem> {
        let mut values = headers.get_all(ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Ok(request);
        }
        let ranges: Vec<&str> = values
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(','))
            .collect();
        let candidates = [Self::Json, Self::Xml(XML_TYPES[0]), Self::Xml(XML_TYPES[1])];
        let weighed = candidates.into_iter().map(|it| {
            let same = u8::from(it == request);
            (weight(&ranges, it.media_type()), same, it)
        });
        // Of equals the last is taken, so the order is turned round.
        let best = weighed
            .rev()
            .max_by_key(|(weight, same, _)| (*weight, *same));
        match best {
            Some((1.., _, format)) => Ok(format),
            _ => Err(Code::NotAcceptable.into()),
        }
    }

    fn named(media_type: &str) -> Option<Self> {
        if media_type.eq_ignore_ascii_case(JSON_TYPE) {
            return Some(Self::Json);
        }
        let mut xml = XML_TYPES.into_iter();
        xml.find(|it| media_type.eq_ignore_ascii_case(it))
            .map(Self::Xml)
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON_TYPE,
            Self::Xml(media_type) => media_type,
        }
    }

    /// What the answer says it is.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => JSON_TYPE,
            Self::Xml("application/xml") => "application/xml; charset=utf-8",
            Self::Xml(_) => "text/xml; charset=utf-8",
        }
    }
}

/// How much a client wants a media type, in thousandths: what the most exact of its ranges says
/// (RFC 9110, 12.5.1).
fn weight(ranges: &[&str], media_type: &str) -> u16 {
    let whole = media_type.split_once('/').map_or("", |(whole, _)| whole);
    let exactness = |range: &str| {
        let of_type = range.strip_suffix("/*");
        if range.eq_ignore_ascii_case(media_type) {
            Some(2)
        } else if of_type.is_some_and(|it| it.eq_ignore_ascii_case(whole)) {
            Some(1)
        } else {
            (range == "*/*").then_some(0)
        }
    };
    let matching = ranges.iter().filter_map(|range| {
        let mut parts = range.split(';').map(|it| it.trim_matches([' ', '\t']));
        let exactness = exactness(parts.next()?)?;
        let weight = parts.find_map(|it| it.strip_prefix("q=").or(it.strip_prefix("Q=")));
        Some((exactness, weight.map_or(ONE, thousandths)))
    });
    matching
        .max_by_key(|(exactness, _)| *exactness)
        .map_or(0, |(_, weight)| weight)
}

/// A weight of at most three digits; none that can be read is no wish at all.
fn thousandths(text: &str) -> u16 {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let is_number = digits.len() <= 3 && digits.bytes().all(|it| it.is_ascii_digit());
    match whole {
        "1" if digits.bytes().all(|it| it == b'0') && is_number => ONE,
        "0" if is_number => format!("{digits:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(accept: &[&str], request: Format) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, value.parse().unwrap());
        }
        Format::of_answer(&headers, request).ok()
    }

    const TEXT_XML: Format = Format::Xml("text/xml");
    const XML: Format = Format::Xml("application/xml");

    #[test]
    fn the_answer_is_written_as_accepted_and_else_like_the_request() {
        for request in [Format::Json, TEXT_XML, XML] {
            assert_eq!(answer(&[], request), Some(request));
            assert_eq!(answer(&["*/*"], request), Some(request));
            assert_eq!(answer(&["text/html, */*;q=0.1"], request), Some(request));
            assert_eq!(answer(&["application/json"], request), Some(Format::Json));
            assert_eq!(answer(&["Text/XML"], request), Some(TEXT_XML));
            assert_eq!(answer(&["application/xml"], request), Some(XML));
            for none in ["", "text/html", "application/json;q=0", "*/*;q=0", "json"] {
                assert_eq!(answer(&[none], request), None, "{none:?}");
            }
        }
        let both = ["application/json;q=0.5, text/xml;q=0.75"];
        assert_eq!(answer(&both, Format::Json), Some(TEXT_XML));
        assert_eq!(
            answer(&["text/html", "application/json"], XML),
            Some(Format::Json)
        );
        assert_eq!(
            answer(&["*/*, application/json;q=0"], Format::Json),
            Some(TEXT_XML)
        );
        assert_eq!(answer(&["text/*"], Format::Json), Some(TEXT_XML));
        assert_eq!(answer(&["application/*"], TEXT_XML), Some(Format::Json));
    }

    #[test]
    fn a_weight_that_is_none_is_no_wish() {
        for (text, weight) in [
            ("1", 1000),
            ("1.000", 1000),
            ("0.5", 500),
            ("0.001", 1),
            ("0", 0),
        ] {
            assert_eq!(thousandths(text), weight, "{text}");
        }
        for bad in ["", "1.5", "2", "-1", "0.1234", "0,5", ".5", "NaN", "1.0000"] {
            assert_eq!(thousandths(bad), 0, "{bad}");
        }
    }
}
