//! Auth-Key's x-headers: sent twice, under another name, with other values.

use countersign_core::Reason;
use http::HeaderValue;

use crate::common::{NOW, Request, Service, variants};

#[test]
fn bad_137_an_absent_x_header_and_an_empty_one_are_different() {
    for variant in variants()
        .iter()
        .filter(|variant| variant.x_prefix.is_some())
    {
        let name = format!("{}empty", variant.x_prefix.expect("just looked"));
        let sign = |request: Request| request.signed(&*variant.scheme, &variant.key());
        let absent = sign(variant.plain_example());
        let empty = sign(variant.plain_example().header(&name, ""));
        let service = || Service::new([variant.key()]);
        assert_eq!(service().refusal(&*variant.scheme, &empty), None);
        for changed in [absent.header(&name, ""), empty.without(&name)] {
            let refusal = service().refusal(&*variant.scheme, &changed);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_136_the_values_of_two_x_headers_cannot_be_swapped() {
    for variant in variants()
        .iter()
        .filter(|variant| variant.x_prefix.is_some())
    {
        let prefix = variant.x_prefix.expect("just looked");
        let (from, to) = (format!("{prefix}from"), format!("{prefix}to"));
        let request = variant
            .plain_example()
            .header(&from, "alice")
            .header(&to, "bob");
        let signed = request.signed(&*variant.scheme, &variant.key());
        let swapped = signed.set(&from, "bob").set(&to, "alice");
        let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &swapped);
        assert_eq!(
            refusal,
            Some(Reason::InvalidCredentials),
            "{}",
            variant.name
        );
    }
}

#[test]
fn bad_140_an_x_header_in_several_lines_is_neither_signed_nor_accepted() {
    for variant in variants()
        .iter()
        .filter(|variant| variant.x_prefix.is_some())
    {
        let name = format!("{}list", variant.x_prefix.expect("just looked"));
        let twice = variant
            .plain_example()
            .header(&name, "a")
            .header(&name, "b");
        let signed = twice.try_sign(&*variant.scheme, &variant.key(), NOW, Some("n"));
        assert!(signed.is_err(), "{}", variant.name);
        let joined = variant.plain_example().header(&name, "a, b");
        let signed = joined.signed(&*variant.scheme, &variant.key());
        let split = signed.without(&name).header(&name, "a").header(&name, "b");
        let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &split);
        assert_eq!(refusal, Some(Reason::DuplicateHeader), "{}", variant.name);
    }
}

#[test]
fn bad_139_an_alias_with_an_underscore_is_neither_signed_nor_accepted() {
    for variant in variants()
        .iter()
        .filter(|variant| variant.x_prefix.is_some())
    {
        let alias = format!("{}role", variant.x_prefix.expect("just looked")).replace('-', "_");
        let signed = variant.example().header(&alias, "admin");
        let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &signed);
        assert_eq!(
            refusal,
            Some(Reason::MalformedCredentials),
            "{}",
            variant.name
        );
        let unsigned = variant.plain_example().header(&alias, "admin");
        let result = unsigned.try_sign(&*variant.scheme, &variant.key(), NOW, Some("n"));
        assert!(result.is_err(), "{}", variant.name);
    }
}

#[test]
fn bad_144_bytes_that_are_no_text_stay_different() {
    for variant in variants()
        .iter()
        .filter(|variant| variant.x_prefix.is_some())
    {
        let name = format!("{}bytes", variant.x_prefix.expect("just looked"));
        let request = variant.plain_example().header(&name, b"\xfe");
        let signed = request.signed(&*variant.scheme, &variant.key());
        let service = || Service::new([variant.key()]);
        assert_eq!(service().refusal(&*variant.scheme, &signed), None);
        for other in [&b"\xff"[..], "\u{fffd}".as_bytes(), b"?"] {
            let changed = signed.clone().set(&name, other);
            let refusal = service().refusal(&*variant.scheme, &changed);
            assert_eq!(
                refusal,
                Some(Reason::InvalidCredentials),
                "{}",
                variant.name
            );
        }
    }
}

#[test]
fn bad_134_no_header_value_can_hold_a_line_break() {
    for value in ["a\nb", "a\rb", "a\r\n b", "a\0b"] {
        assert!(
            HeaderValue::from_bytes(value.as_bytes()).is_err(),
            "{value:?}"
        );
    }
}
