//! The algorithms against OpenSSL 3.0, which has all but ML-DSA.

#![allow(clippy::arithmetic_side_effects)]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

use proptest::prelude::*;
use tempfile::TempDir;

use super::Algorithm::{
    self, Bp256, Bp384, Ed448, Ed25519, Ml128, Ml192, Ml256, P192, P224, P256, P384, P521, Rsa,
    X448, X25519,
};

const DATA: &[u8] = b"what is signed";

const OID_X25519: &[u8] = b"\x2b\x65\x6e";
const OID_X448: &[u8] = b"\x2b\x65\x6f";

/// The command, in a folder of its own.
struct OpenSsl(TempDir);

impl OpenSsl {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    fn try_run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("this test needs the command `openssl`, version 3.0 or later: {error}")
            })
    }

    fn run(&self, arguments: &str) -> Vec<u8> {
        let output = self.try_run(arguments.split(' '));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
        output.stdout
    }

    /// Whether `signature` is one over `data` by the owner of `public`.
    fn verifies(&self, algorithm: Algorithm, public: &[u8], data: &[u8], signature: &[u8]) -> bool {
        self.file("public", &public_key_info(algorithm, public));
        self.file("data", data);
        self.file("signature", signature);
        let arguments = match algorithm {
            Ed448 | Ed25519 => {
                "pkeyutl -verify -rawin -pubin -keyform DER -inkey public -in data -sigfile signature"
            }
            Rsa => {
                "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
                 -sigopt rsa_mgf1_md:sha256 -keyform DER -verify public -signature signature data"
            }
            P384 | Bp384 => "dgst -sha384 -keyform DER -verify public -signature signature data",
            P521 => "dgst -sha512 -keyform DER -verify public -signature signature data",
            _ => "dgst -sha256 -keyform DER -verify public -signature signature data",
        };
        let output = self.try_run(arguments.split(' '));
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        // Told apart from a key it could not read, so that a refusal is one of the signature.
        let refused = said.to_lowercase().contains("verif");
        assert!(output.status.success() || refused, "{algorithm:?}: {said}");
        output.status.success()
    }

    /// A new key of OpenSSL's in the file `peer`; its public key as we encode it.
    fn peer(&self, algorithm: Algorithm, length: usize) -> Vec<u8> {
        let kind = match algorithm {
            X448 => "X448".to_owned(),
            X25519 => "X25519".to_owned(),
            curve => format!(
                "EC -pkeyopt ec_param_enc:named_curve -pkeyopt ec_paramgen_curve:{}",
                curve_name(curve)
            ),
        };
        self.run(&format!("genpkey -outform DER -out peer -algorithm {kind}"));
        let info = self.run("pkey -inform DER -in peer -pubout -outform DER");
        info[info.len() - length..].to_vec()
    }
}

fn curve_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        P192 => "prime192v1",
        P224 => "secp224r1",
        P256 => "prime256v1",
        P384 => "secp384r1",
        P521 => "secp521r1",
        Bp256 => "brainpoolP256r1",
        Bp384 => "brainpoolP384r1",
        other => panic!("{other:?} has no curve that OpenSSL names"),
    }
}

/// The DER `PrivateKeyInfo` of a private key for an agreement.
fn private_key_info(algorithm: Algorithm, private: &[u8]) -> Vec<u8> {
    let identifier = match algorithm {
        X25519 => der(6, OID_X25519),
        X448 => der(6, OID_X448),
        other => panic!("{other:?} is not needed here"),
    };
    let version = der(2, &[0]);
    let key = der(4, &der(4, private));
    der(0x30, &[version, der(0x30, &identifier), key].concat())
}

/// The DER `SubjectPublicKeyInfo` of a public key.
fn public_key_info(algorithm: Algorithm, public: &[u8]) -> Vec<u8> {
    const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
    let curve = |oid: &[u8]| [der(6, EC_PUBLIC_KEY), der(6, oid)].concat();
    let identifier = match algorithm {
        Rsa => return public.to_vec(),
        X25519 => der(6, OID_X25519),
        X448 => der(6, OID_X448),
        Ed25519 => der(6, b"\x2b\x65\x70"),
        Ed448 => der(6, b"\x2b\x65\x71"),
        P192 => curve(b"\x2a\x86\x48\xce\x3d\x03\x01\x01"),
        P224 => curve(b"\x2b\x81\x04\x00\x21"),
        P256 => curve(b"\x2a\x86\x48\xce\x3d\x03\x01\x07"),
        P384 => curve(b"\x2b\x81\x04\x00\x22"),
        P521 => curve(b"\x2b\x81\x04\x00\x23"),
        Bp256 => curve(b"\x2b\x24\x03\x03\x02\x08\x01\x01\x07"),
        Bp384 => curve(b"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"),
        Ml128 | Ml192 | Ml256 => panic!("OpenSSL 3.0 has no {algorithm:?}"),
    };
    let bits = der(3, &[&[0], public].concat());
    der(0x30, &[der(0x30, &identifier), bits].concat())
}

fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u8::try_from(contents.len()).unwrap();
    let head = match length {
        0..128 => vec![tag, length],
        _ => vec![tag, 0x81, length],
    };
    [&head, contents].concat()
}

fn with_a_bit_flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// Signs with a new key and has OpenSSL verify: the signature, and that no other passes.
fn openssl_verifies(algorithm: Algorithm) {
    let openssl = OpenSsl::new();
    let pair = algorithm.generate().unwrap();
    let signature = algorithm.sign(&pair.private, DATA).unwrap();
    let verifies =
        |data: &[u8], signature: &[u8]| openssl.verifies(algorithm, &pair.public, data, signature);
    assert!(verifies(DATA, &signature));
    assert!(!verifies(&with_a_bit_flipped(DATA, 9), &signature));
    assert!(!verifies(&[DATA, b"."].concat(), &signature));
    let middle = signature.len() * 4;
    assert!(!verifies(DATA, &with_a_bit_flipped(&signature, middle)));
}

/// Agrees with a new key of OpenSSL's, from both sides.
fn openssl_agrees(algorithm: Algorithm) {
    let openssl = OpenSsl::new();
    let pair = algorithm.generate().unwrap();
    let peer = openssl.peer(algorithm, pair.public.len());
    openssl.file("public", &public_key_info(algorithm, &pair.public));
    let theirs =
        openssl.run("pkeyutl -derive -keyform DER -inkey peer -peerform DER -peerkey public");
    let ours = algorithm.agree(&pair.private, &peer).unwrap();
    assert_eq!(ours.to_vec(), theirs);
}

macro_rules! each {
    ($check:ident: $($name:ident $algorithm:ident,)+) => {
        $(#[test] fn $name() { $check($algorithm); })+
    };
}

each! { openssl_verifies:
    openssl_verifies_ed448 Ed448,
    openssl_verifies_ed25519 Ed25519,
    openssl_verifies_p192 P192,
    openssl_verifies_p224 P224,
    openssl_verifies_p256 P256,
    openssl_verifies_p384 P384,
    openssl_verifies_p521 P521,
    openssl_verifies_bp256 Bp256,
    openssl_verifies_bp384 Bp384,
}

each! { openssl_agrees:
    openssl_agrees_on_x448 X448,
    openssl_agrees_on_x25519 X25519,
    openssl_agrees_on_p192 P192,
    openssl_agrees_on_p224 P224,
    openssl_agrees_on_p256 P256,
    openssl_agrees_on_p384 P384,
    openssl_agrees_on_p521 P521,
    openssl_agrees_on_bp256 Bp256,
    openssl_agrees_on_bp384 Bp384,
}

#[test]
fn openssl_verifies_rsa_and_finds_the_key_sound() {
    let openssl = OpenSsl::new();
    let pair = Rsa.generate().unwrap();
    openssl.file("private", &pair.private);
    let check = String::from_utf8(openssl.run("rsa -inform DER -in private -check -text -noout"));
    let check = check.unwrap();
    assert!(check.contains("RSA key ok"), "{check}");
    assert!(check.contains("3072 bit, 2 primes"), "{check}");
    let public = openssl.run("rsa -inform DER -in private -pubout -outform DER");
    assert_eq!(public, pair.public);

    let signature = Rsa.sign(&pair.private, DATA).unwrap();
    let again = Rsa.sign(&pair.private, DATA).unwrap();
    assert_ne!(signature, again, "the salt is random");
    for signature in [signature, again] {
        assert!(openssl.verifies(Rsa, &pair.public, DATA, &signature));
        assert!(!openssl.verifies(Rsa, &pair.public, b"another", &signature));
        let changed = with_a_bit_flipped(&signature, 9);
        assert!(!openssl.verifies(Rsa, &pair.public, DATA, &changed));
    }
}

proptest! {
    // Few: each case starts OpenSSL for every algorithm.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn a_signature_verifies_over_its_data_and_no_other(
        data in proptest::collection::vec(any::<u8>(), 1..300),
        bit in any::<usize>(),
    ) {
        let openssl = OpenSsl::new();
        for algorithm in [Ed448, Ed25519, P224, P256, P384, P521, Bp256] {
            let pair = algorithm.generate().unwrap();
            let signature = algorithm.sign(&pair.private, &data).unwrap();
            prop_assert!(openssl.verifies(algorithm, &pair.public, &data, &signature));
            let changed = with_a_bit_flipped(&data, bit);
            prop_assert!(!openssl.verifies(algorithm, &pair.public, &changed, &signature));
        }
    }

    #[test]
    fn any_bytes_agree_as_they_do_with_openssl(
        private in key_bytes(),
        public in key_bytes(),
    ) {
        let openssl = OpenSsl::new();
        for (algorithm, length) in [(X25519, 32), (X448, 56)] {
            let (private, public) = (&private[..length], &public[..length]);
            openssl.file("private", &private_key_info(algorithm, private));
            openssl.file("public", &public_key_info(algorithm, public));
            let arguments =
                "pkeyutl -derive -keyform DER -inkey private -peerform DER -peerkey public";
            let theirs = openssl.try_run(arguments.split(' '));
            let ours = algorithm.agree(private, public);
            // OpenSSL refuses a shared secret of zeros too.
            prop_assert_eq!(theirs.status.success(), ours.is_ok());
            prop_assert_eq!(theirs.stdout, ours.map(|it| it.to_vec()).unwrap_or_default());
        }
    }
}

/// Any bytes, and those at the edges: scalars of few bits, coordinates beyond the field.
fn key_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 56),
        1 => proptest::collection::vec(prop_oneof![Just(0), Just(0xff)], 56),
        1 => any::<u8>().prop_map(|first| [vec![first], vec![0; 55]].concat()),
        1 => any::<u8>().prop_map(|first| [vec![first], vec![0xff; 55]].concat()),
    ]
}
