//! Whatever is changed of what a scheme covers, each thing alone, is noticed.

use countersign_core::{Origin, Reason, Timestamp, UrlScheme};
use http::Uri;
use proptest::prelude::*;

use crate::common::{Request, Variant, base64, hex, md5, sha1, sha256, variants};
use crate::ingredients::{Ingredients, full_request};

type Checked = Result<(), TestCaseError>;

/// The request, changed, is refused for one of these reasons.
fn refused(
    from: &Ingredients,
    variant: &Variant,
    changed: &Request,
    reasons: &[Reason],
) -> Checked {
    let refusal = from.service(variant).refusal(&*variant.scheme, changed);
    let expected = refusal.is_some_and(|reason| reasons.contains(&reason));
    prop_assert!(expected, "{}: {:?} {:?}", variant.name, refusal, changed);
    Ok(())
}

const MISMATCH: &[Reason] = &[Reason::InvalidCredentials];

/// Another character, whatever the case.
fn other(character: char) -> char {
    if character.eq_ignore_ascii_case(&'a') {
        'b'
    } else {
        'a'
    }
}

/// All texts with one character changed, and all with one left out, from the `first` on.
fn changes(text: &str, first: usize) -> Vec<String> {
    let characters: Vec<_> = text.chars().collect();
    let mut all = Vec::new();
    for index in first..characters.len() {
        let mut changed = characters.clone();
        changed[index] = other(changed[index]);
        all.push(changed.iter().collect());
        changed.remove(index);
        all.push(changed.into_iter().collect());
    }
    all
}

fn x_header(variant: &Variant, name: &str) -> String {
    format!(
        "{}{name}",
        variant.x_prefix.expect("a scheme that signs x-headers")
    )
}

fn is_v1_to_v3(variant: &Variant) -> bool {
    variant.is("auth-key v")
}

/// The request with another signed time.
fn dated(variant: &Variant, signed: &Request, was: Timestamp, now: Timestamp) -> Request {
    if variant.is("mac") || is_v1_to_v3(variant) {
        let (was, now) = (was.as_unix().to_string(), now.as_unix().to_string());
        let credential = variant.credential(signed).replacen(&was, &now, 1);
        return variant.with_credential(signed, &credential);
    }
    let name = if variant.is("auth-key") {
        x_header(variant, "date")
    } else {
        "date".to_owned()
    };
    signed.clone().set(&name, now.to_string())
}

/// The request with another nonce, where it has one.
fn renonced(variant: &Variant, signed: &Request, was: &str, now: &str) -> Option<Request> {
    let credential = variant.credential(signed);
    let (was_in, now_in) = match variant.name {
        name if name.starts_with("hmac-auth") => return None,
        name if name.starts_with("moxie") => return Some(signed.clone().set("x-hmac-nonce", now)),
        "auth-key v3" => (format!(":{was}:"), format!(":{now}:")),
        name if name.starts_with("auth-key") => {
            return Some(signed.clone().set(&x_header(variant, "nonce"), now));
        }
        _ => (format!("nonce=\"{was}\""), format!("nonce=\"{now}\"")),
    };
    Some(variant.with_credential(signed, &credential.replacen(&was_in, &now_in, 1)))
}

/// The request with another body and the digest of that body.
fn rebodied(variant: &Variant, signed: &Request, body: &[u8]) -> Request {
    let changed = signed.clone().body(body);
    if variant.is("auth-key") {
        return changed.set(&x_header(variant, "content-sha256"), base64(sha256(body)));
    }
    if variant.is("hmac-auth") {
        return changed.set("content-md5", base64(md5(body)));
    }
    let content_type = signed.headers["content-type"].as_bytes();
    let ext = |body: &[u8]| hex(sha1([content_type, body].concat()));
    let credential = variant
        .credential(signed)
        .replace(&ext(&signed.body), &ext(body));
    variant.with_credential(&changed, &credential)
}

proptest! {
    #[test]
    fn bad_105_to_108_the_method_is_covered(request in full_request(), other in "[A-Za-z]{1,6}") {
        for variant in variants() {
            let folded = variant.name == "moxie as documented";
            let same = request.method == other
                || folded && request.method.eq_ignore_ascii_case(&other);
            if !same {
                let changed = request.signed(&variant).method(&other);
                refused(&request, &variant, &changed, MISMATCH)?;
            }
        }
    }

    #[test]
    fn bad_109_to_118_every_byte_of_the_target_is_covered(request in full_request()) {
        for variant in variants() {
            let signed = request.signed(&variant);
            let target = request.target(&variant);
            // All but the base path and the slash that has to follow it.
            for changed in changes(&target, variant.base_path.len() + 1) {
                if changed.parse::<Uri>().is_err() {
                    continue; // no request at all
                }
                let changed = signed.clone().target(&changed);
                // Auth-Key takes no empty query.
                let reasons = [Reason::InvalidCredentials, Reason::InvalidTarget];
                refused(&request, &variant, &changed, &reasons)?;
            }
        }
    }

    #[test]
    fn bad_136_to_138_every_byte_of_an_x_header_is_covered(request in full_request()) {
        for variant in variants().iter().filter(|variant| variant.x_prefix.is_some()) {
            let signed = request.signed(variant);
            for (name, value) in &request.x_headers {
                let name = x_header(variant, name);
                for index in 0..value.len() {
                    let mut changed = value.clone();
                    changed[index] = if changed[index] == b'a' { b'b' } else { b'a' };
                    let changed = signed.clone().set(&name, changed);
                    refused(&request, variant, &changed, MISMATCH)?;
                }
                refused(&request, variant, &signed.clone().without(&name), MISMATCH)?;
                // A repetition, even of the same value.
                let twice = signed.clone().header(&name, value);
                refused(&request, variant, &twice, &[Reason::DuplicateHeader])?;
                // The value under another name.
                let moved = signed.clone().without(&name).set(&format!("{name}-z"), value);
                refused(&request, variant, &moved, MISMATCH)?;
            }
            let more = signed.clone().header(&x_header(variant, "one-more"), "");
            refused(&request, variant, &more, MISMATCH)?;
        }
    }

    #[test]
    fn bad_76_the_signed_time_is_covered(request in full_request()) {
        for variant in variants() {
            let signed = request.signed(&variant);
            let changed = dated(&variant, &signed, request.at, request.at.plus(1));
            refused(&request, &variant, &changed, MISMATCH)?;
        }
    }

    #[test]
    fn bad_93_and_94_the_nonce_is_covered(request in full_request()) {
        for variant in variants() {
            let signed = request.signed(&variant);
            for nonce in changes(&request.nonce, 0) {
                let Some(changed) = renonced(&variant, &signed, &request.nonce, &nonce) else {
                    continue; // it has none
                };
                // One left empty is no nonce, or no credential.
                let empty = [Reason::InvalidNonce, Reason::InvalidCredentials];
                let reasons = if nonce.is_empty() { &empty[..] } else { MISMATCH };
                refused(&request, &variant, &changed, reasons)?;
            }
            if variant.is("moxie") {
                let without = signed.without("x-hmac-nonce");
                refused(&request, &variant, &without, &[Reason::MissingHeader])?;
            } else if variant.is("auth-key") && variant.name != "auth-key v3" {
                let without = signed.without(&x_header(&variant, "nonce"));
                refused(&request, &variant, &without, MISMATCH)?;
            }
        }
    }

    #[test]
    fn bad_147_every_byte_of_the_body_is_covered(request in full_request()) {
        for variant in variants().iter().filter(|variant| variant.covers_body()) {
            let signed = request.signed(variant);
            for index in 0..request.body.len() {
                let mut flipped = request.body.clone();
                flipped[index] ^= 1 << (index % 8);
                let cut = &request.body[..index];
                for body in [&flipped[..], cut] {
                    let changed = signed.clone().body(body);
                    refused(&request, variant, &changed, &[Reason::DigestMismatch])?;
                }
            }
            let longer = [&request.body[..], b"\0"].concat();
            refused(&request, variant, &signed.body(longer), &[Reason::DigestMismatch])?;
        }
    }

    #[test]
    fn bad_148_the_digest_is_covered(request in full_request(), body in "[a-z]{0,20}") {
        prop_assume!(body.as_bytes() != request.body);
        for variant in variants().iter().filter(|variant| variant.covers_body()) {
            let changed = rebodied(variant, &request.signed(variant), body.as_bytes());
            refused(&request, variant, &changed, MISMATCH)?;
        }
    }

    #[test]
    fn bad_165_the_content_type_is_covered_by_yars_ext(request in full_request()) {
        for variant in variants().iter().filter(|variant| variant.is("mac yar")) {
            let signed = request.signed(variant);
            let content_type = signed.value("content-type");
            for changed in changes(&content_type, 0) {
                let changed = signed.clone().set("content-type", changed);
                refused(&request, variant, &changed, &[Reason::DigestMismatch])?;
            }
        }
    }

    #[test]
    fn the_host_and_the_port_are_covered_by_moxie_and_mac(
        request in full_request(),
        port in 1_u16..,
    ) {
        for variant in variants().iter().filter(|variant| variant.covers_host()) {
            let signed = request.signed(variant);
            let changed_host = format!("x{}", request.host.replace(['[', ']', ':'], "."));
            refused(&request, variant, &signed.clone().set("host", changed_host), MISMATCH)?;

            // Not a port that any of the variants takes for granted.
            prop_assume!(![80, 443, 8443].contains(&port));
            let host = match request.host.rsplit_once(':') {
                Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => host,
                _ => &request.host,
            };
            let changed_port = format!("{host}:{port}");
            if changed_port != request.host {
                refused(&request, variant, &signed.set("host", changed_port), MISMATCH)?;
            }
        }
    }

    #[test]
    fn the_url_scheme_is_covered_by_moxie_and_through_the_port_by_mac(request in full_request()) {
        let without_port = Ingredients { host: "api.example.org".to_owned(), ..request };
        for variant in variants().iter().filter(|variant| variant.covers_host()) {
            if variant.name == "mac yar on port 8443" {
                continue; // the port is the same either way
            }
            let tls = Origin::served_over(UrlScheme::Https);
            let changed = without_port.signed(variant).origin(tls);
            refused(&without_port, variant, &changed, MISMATCH)?;
        }
    }

    #[test]
    fn every_bit_of_the_signature_counts(request in full_request(), bit in 0_usize..256) {
        for variant in variants() {
            let signed = request.signed(&variant);
            let mut signature = variant.signature_bytes(&signed);
            let bit = bit % (signature.len() * 8);
            signature[bit / 8] ^= 1 << (bit % 8);
            let changed = variant.with_signature(&signed, &variant.encode(&signature));
            refused(&request, &variant, &changed, MISMATCH)?;
        }
    }
}
