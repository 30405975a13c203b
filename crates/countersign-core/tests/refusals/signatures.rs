//! Signatures that are nearly right.

use countersign_core::{Algorithm, Reason};

use crate::common::{
    Encoding, Request, SECRET, Service, Variant, base64, hex, hmac_sha1, hmac_sha256, variants,
};

/// Refuses the request of the variant with this signature, as malformed or as wrong.
fn assert_refused(variant: &Variant, request: &Request, signature: &str) {
    let changed = variant.with_signature(request, signature);
    let refusal = Service::new([variant.key()]).refusal(&*variant.scheme, &changed);
    let expected = [Reason::MalformedCredentials, Reason::InvalidCredentials];
    let refused = refusal.is_some_and(|reason| expected.contains(&reason));
    assert!(refused, "{}: {signature:?}: {refusal:?}", variant.name);
}

fn for_each_example(test: impl Fn(&Variant, &Request)) {
    for variant in variants() {
        let request = variant.example();
        let result = Service::new([variant.key()]).verify(&*variant.scheme, &request);
        assert!(result.is_ok(), "{}: {result:?}", variant.name);
        test(&variant, &request);
    }
}

#[test]
fn bad_27_and_28_no_prefix_of_the_signature_is_taken_for_it() {
    for_each_example(|variant, request| {
        let text = variant.signature(request);
        for length in 0..text.len() {
            assert_refused(variant, request, &text[..length]);
        }
        let bytes = variant.signature_bytes(request);
        for length in 0..bytes.len() {
            assert_refused(variant, request, &variant.encode(&bytes[..length]));
        }
    });
}

#[test]
fn bad_29_nothing_may_follow_the_signature() {
    for_each_example(|variant, request| {
        let text = variant.signature(request);
        for more in ["0", "00", "A", "AAAA", "==", "\t.", ".", "%00"] {
            assert_refused(variant, request, &format!("{text}{more}"));
        }
        let bytes = variant.signature_bytes(request);
        for more in [&[0][..], &[0; 12], &bytes] {
            let longer = [&bytes, more].concat();
            assert_refused(variant, request, &variant.encode(&longer));
        }
    });
}

#[test]
fn bad_30_no_bit_of_the_signature_may_be_flipped() {
    for_each_example(|variant, request| {
        let bytes = variant.signature_bytes(request);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_refused(variant, request, &variant.encode(&flipped));
        }
    });
}

#[test]
fn bad_31_signatures_that_anybody_can_write_are_refused() {
    for_each_example(|variant, request| {
        let length = variant.signature_bytes(request).len();
        for bytes in [vec![0; length], vec![0xff; length]] {
            assert_refused(variant, request, &variant.encode(&bytes));
        }
        for key in ["", SECRET] {
            let of_nothing = match length {
                20 => hmac_sha1(key, ""),
                _ => hmac_sha256(key, ""),
            };
            assert_refused(variant, request, &variant.encode(&of_nothing));
        }
    });
}

#[test]
fn bad_32_the_right_bytes_in_another_encoding_are_refused() {
    for_each_example(|variant, request| {
        let bytes = variant.signature_bytes(request);
        let other = match variant.encoding {
            Encoding::Hex => base64(bytes),
            Encoding::Base64 | Encoding::Base64Unpadded => hex(bytes),
        };
        assert_refused(variant, request, &other);
    });
}

#[test]
fn bad_33_a_list_of_signatures_is_refused() {
    for_each_example(|variant, request| {
        let text = variant.signature(request);
        for list in [
            format!("{text},{text}"),
            format!("{text} {text}"),
            format!("v1,{text}"),
            format!("{text}:{text}"),
        ] {
            assert_refused(variant, request, &list);
        }
    });
}

#[test]
fn bad_25_hmac_auth_takes_the_padding_or_leaves_it() {
    for variant in variants().iter().filter(|variant| variant.is("hmac-auth")) {
        let request = variant.example();
        let padded = base64(variant.signature_bytes(&request));
        assert_ne!(padded, variant.signature(&request));
        let changed = variant.with_signature(&request, &padded);
        let result = Service::new([variant.key()]).verify(&*variant.scheme, &changed);
        assert!(result.is_ok(), "{}: {result:?}", variant.name);
    }
}

#[test]
fn bad_26_hexadecimal_is_taken_in_either_case() {
    for_each_example(|variant, request| {
        if variant.encoding == Encoding::Hex {
            let upper = variant.signature(request).to_ascii_uppercase();
            let changed = variant.with_signature(request, &upper);
            let result = Service::new([variant.key()]).verify(&*variant.scheme, &changed);
            assert!(result.is_ok(), "{}: {result:?}", variant.name);
        }
    });
}

#[test]
fn the_sha1_half_of_a_sha256_signature_is_refused() {
    for_each_example(|variant, request| {
        if variant.algorithm == Algorithm::Sha256 {
            let short = &variant.signature_bytes(request)[..20];
            assert_refused(variant, request, &variant.encode(short));
        }
    });
}
