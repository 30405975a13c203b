//! The algorithms against published vectors, and public keys that must be refused.

use ecdsa::Signature;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use serde_json::Value;

use super::{Algorithm, AlgorithmError, NAMESPACES};

fn vectors() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/key-algorithms.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn by_algorithm(part: &str) -> Vec<(Algorithm, Vec<Value>)> {
    let vectors = vectors();
    let named = |(name, cases): (&String, &Value)| {
        let algorithm = Algorithm::find(name, NAMESPACES[0]).unwrap();
        (algorithm, cases.as_array().unwrap().clone())
    };
    let algorithms: Vec<_> = vectors[part]
        .as_object()
        .unwrap()
        .iter()
        .map(named)
        .collect();
    assert!(!algorithms.is_empty());
    algorithms
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    let digits = hexadecimal.as_str().unwrap();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn edwards_signatures_are_those_of_rfc_8032() {
    for (algorithm, cases) in by_algorithm("signatures") {
        for case in cases {
            let signed = algorithm.sign(&bytes(&case["private"]), &bytes(&case["message"]));
            assert_eq!(signed, Ok(bytes(&case["signature"])), "{algorithm:?}");
        }
    }
}

#[test]
fn ecdsa_signatures_are_those_of_rfc_6979() {
    for (algorithm, cases) in by_algorithm("ecdsa") {
        for case in cases {
            let message = case["message"].as_str().unwrap().as_bytes();
            let signed = algorithm.sign(&bytes(&case["private"]), message).unwrap();
            let parts = match algorithm {
                Algorithm::P256 => {
                    Signature::<NistP256>::from_der(&signed).map(|it| it.to_bytes().to_vec())
                }
                Algorithm::P384 => {
                    Signature::<NistP384>::from_der(&signed).map(|it| it.to_bytes().to_vec())
                }
                Algorithm::P521 => {
                    Signature::<NistP521>::from_der(&signed).map(|it| it.to_bytes().to_vec())
                }
                other => panic!("no vectors of {other:?} are expected"),
            };
            assert_eq!(parts.unwrap(), bytes(&case["signature"]), "{algorithm:?}");
        }
    }
}

#[test]
fn x448_agrees_as_in_rfc_7748() {
    for (algorithm, cases) in by_algorithm("agreements") {
        for case in cases {
            let agreed = algorithm.agree(&bytes(&case["private"]), &bytes(&case["peer"]));
            assert_eq!(agreed.unwrap().to_vec(), bytes(&case["shared"]));
        }
    }
}

#[test]
fn x448_iterated_a_thousand_times_is_that_of_rfc_7748() {
    let vectors = vectors();
    let expected = &vectors["iterated"]["x448"];
    let mut point = vec![0; 56];
    point[0] = 5;
    let mut scalar = point.clone();
    for round in 1..=1000 {
        let shared = Algorithm::X448.agree(&scalar, &point).unwrap().to_vec();
        point = std::mem::replace(&mut scalar, shared);
        if round == 1 || round == 1000 {
            assert_eq!(scalar, bytes(&expected[round.to_string()]), "{round}");
        }
    }
}

#[test]
fn points_of_low_order_are_refused() {
    for (algorithm, points) in by_algorithm("low_order") {
        for point in points {
            let private = algorithm.generate().unwrap().private;
            let agreed = algorithm.agree(&private, &bytes(&point));
            assert_eq!(agreed, Err(AlgorithmError::InvalidPublicKey), "{point}");
        }
    }
}

#[test]
fn public_keys_of_a_wrong_length_are_refused() {
    for algorithm in Algorithm::ALL {
        let pair = match algorithm.agree(&[], &[]) {
            Err(AlgorithmError::CannotAgree) => continue,
            _ => algorithm.generate().unwrap(),
        };
        let longer = [&pair.public[..], &[0]].concat();
        let all_but_one = &pair.public[..pair.public.len() - 1];
        for wrong in [&longer[..], all_but_one, &[], &[0], &pair.public[..1]] {
            let agreed = algorithm.agree(&pair.private, wrong);
            assert_eq!(agreed, Err(AlgorithmError::InvalidPublicKey), "{wrong:?}");
        }
    }
}

#[test]
fn what_is_no_uncompressed_point_of_the_curve_is_refused() {
    use Algorithm::{Bp256, Bp384, P192, P224, P256, P384, P521};
    for algorithm in [P192, P224, P256, P384, P521, Bp256, Bp384] {
        let pair = algorithm.generate().unwrap();
        let refuse = |wrong: &[u8]| {
            let agreed = algorithm.agree(&pair.private, wrong);
            assert_eq!(agreed, Err(AlgorithmError::InvalidPublicKey), "{wrong:?}");
        };
        let coordinates = &pair.public[1..];
        let (x, y) = coordinates.split_at(coordinates.len() / 2);

        let mut off_the_curve = pair.public.clone();
        *off_the_curve.last_mut().unwrap() ^= 1;
        refuse(&off_the_curve);
        refuse(&[&[4], y, x].concat());
        refuse(&[&[4], &vec![0; coordinates.len()][..]].concat());
        refuse(&[&[4], &vec![0xff; coordinates.len()][..]].concat());

        let parity = y.last().unwrap() & 1;
        refuse(&[&[2 + parity], x].concat());
        refuse(&[&[6 + parity], coordinates].concat());
        refuse(&[&[5], x].concat());
    }
}

#[test]
fn scalars_outside_the_group_are_damaged() {
    use Algorithm::{Bp256, Bp384, P192, P224, P256, P384, P521};
    for algorithm in [P192, P224, P256, P384, P521, Bp256, Bp384] {
        let length = algorithm.generate().unwrap().private.len();
        for scalar in [vec![0; length], vec![0xff; length], vec![1; length - 1]] {
            let signed = algorithm.sign(&scalar, b"data");
            assert_eq!(signed, Err(AlgorithmError::Damaged), "{algorithm:?}");
        }
    }
}
