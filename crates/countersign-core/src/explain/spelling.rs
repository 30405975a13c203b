//! Signatures as people spell them, when that is not how the scheme spells them.
//!
//! Verification accepts one spelling and refuses the others unread. Here all of them are read, to
//! tell somebody with the right MAC in the wrong letters that this is all that is wrong.

use base64::Engine as _;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::near_miss::NearMiss;
use super::percent;
use crate::encoding;
use crate::head::trim;
use crate::mac::Signature;

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Base64,
    Unpadded,
    UrlSafe,
    Hex,
    /// Hexadecimal, and that text in Base64.
    HexInBase64,
}

/// A signature, however it was written.
#[derive(Debug)]
pub(super) struct Spelt {
    bytes: Vec<u8>,
    spelling: Spelling,
}

impl Spelt {
    /// Reads `text`, which may have a word before it, and quotation marks or percent escapes.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let text = percent::decode(text);
        let last = trim(&text).rsplit(|&b| matches!(b, b' ' | b'\t')).next()?;
        let unquoted: &[u8] = trim_quotes(last);
        let (bytes, spelling) = hex(unquoted)
            .map(|bytes| (bytes, Spelling::Hex))
            .or_else(|| base64(unquoted))?;
        Some(Self { bytes, spelling })
    }

    /// The signature, when its length is that of one.
    pub(super) fn signature(&self) -> Option<Signature> {
        let sha1 = || self.bytes.as_slice().try_into().map(Signature::Sha1);
        let sha256 = || self.bytes.as_slice().try_into().map(Signature::Sha256);
        sha1().or_else(|_| sha256()).ok()
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What is wrong with the spelling, where `wanted` is the one that the scheme reads.
    pub(super) fn flaw(&self, wanted: Spelling) -> NearMiss {
        match (self.spelling, wanted) {
            (Spelling::HexInBase64, _) => NearMiss::SignatureHexThenBase64,
            (found, wanted) if found == wanted => NearMiss::SignatureDecorated,
            (Spelling::Hex, _) => NearMiss::SignatureInHex,
            (_, Spelling::Hex) => NearMiss::SignatureInBase64,
            (Spelling::UrlSafe, _) => NearMiss::SignatureUrlSafe,
            (Spelling::Unpadded, _) => NearMiss::SignatureUnpadded,
            (Spelling::Base64, _) => NearMiss::SignaturePadded,
        }
    }
}

/// The bytes of hexadecimal in either case, if there are enough of them for a hash.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = 32;
    let bytes = decoded_hex(text)?;
    (text.len() >= SHORTEST).then(|| bytes.to_vec())
}

fn base64(text: &[u8]) -> Option<(Vec<u8>, Spelling)> {
    let (bytes, url_safe) = match decoded_base64(text) {
        Some(bytes) => (bytes, false),
        None => (decoded_base64url(text)?, true),
    };
    if let Some(twice) = hex(&bytes) {
        return Some((twice, Spelling::HexInBase64));
    }
    let spelling = match (url_safe, text.ends_with(b"=")) {
        (true, _) => Spelling::UrlSafe,
        (false, true) => Spelling::Base64,
        (false, false) => Spelling::Unpadded,
    };
    Some((bytes.to_vec(), spelling))
}

fn trim_quotes(text: &[u8]) -> &[u8] {
    let quote = |b: u8| matches!(b, b'"' | b'\'');
    let mut text = text;
    while let Some((&first, rest)) = text.split_first().filter(|(b, _)| quote(**b)) {
        text = rest.strip_suffix(&[first]).unwrap_or(rest);
    }
    while let Some((_, rest)) = text.split_last().filter(|(b, _)| quote(**b)) {
        text = rest;
    }
    text
}

const fn lenient(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);

/// Standard Base64 of any length, padded or not. May be a secret, so it is wiped.
pub(super) fn decoded_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(text).ok().map(Zeroizing::new)
}

/// The same in the alphabet for URLs.
pub(super) fn decoded_base64url(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    URL_SAFE.decode(text).ok().map(Zeroizing::new)
}

/// Hexadecimal of any length, in either case.
pub(super) fn decoded_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let mut out = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for pair in pairs {
        out.extend(encoding::hex_exact::<1>(pair)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "43b379aac42842002feb66976e74c139a66f3cff";

    fn flaw(text: &str, wanted: Spelling) -> Option<NearMiss> {
        let spelt = Spelt::read(text.as_bytes())?;
        let expected = Spelt::read(HEX.as_bytes()).unwrap();
        assert_eq!(spelt.bytes, expected.bytes, "{text}");
        Some(spelt.flaw(wanted))
    }

    #[test]
    fn every_spelling_is_read_and_its_flaw_named() {
        use NearMiss::{
            SignatureDecorated, SignatureHexThenBase64, SignatureInBase64, SignatureInHex,
            SignaturePadded, SignatureUnpadded, SignatureUrlSafe,
        };
        let twice = encoding::to_base64(HEX.as_bytes());
        for (text, wanted, expected) in [
            (HEX, Spelling::Base64, SignatureInHex),
            (&HEX.to_uppercase(), Spelling::Base64, SignatureInHex),
            (
                "Q7N5qsQoQgAv62aXbnTBOaZvPP8=",
                Spelling::Hex,
                SignatureInBase64,
            ),
            (
                "Q7N5qsQoQgAv62aXbnTBOaZvPP8",
                Spelling::Hex,
                SignatureInBase64,
            ),
            (
                "Q7N5qsQoQgAv62aXbnTBOaZvPP8",
                Spelling::Base64,
                SignatureUnpadded,
            ),
            (
                "Q7N5qsQoQgAv62aXbnTBOaZvPP8=",
                Spelling::Unpadded,
                SignaturePadded,
            ),
            (&twice, Spelling::Base64, SignatureHexThenBase64),
            (&twice, Spelling::Hex, SignatureHexThenBase64),
            (
                "\"Q7N5qsQoQgAv62aXbnTBOaZvPP8=\"",
                Spelling::Base64,
                SignatureDecorated,
            ),
            (
                " Q7N5qsQoQgAv62aXbnTBOaZvPP8= ",
                Spelling::Base64,
                SignatureDecorated,
            ),
            (
                "Q7N5qsQoQgAv62aXbnTBOaZvPP8%3D",
                Spelling::Base64,
                SignatureDecorated,
            ),
            (
                &format!("HMACDigest {HEX}"),
                Spelling::Hex,
                SignatureDecorated,
            ),
        ] {
            assert_eq!(flaw(text, wanted), Some(expected), "{text} {wanted:?}");
        }
        let url_safe = Spelt::read(b"__________________________8").unwrap();
        assert_eq!(url_safe.flaw(Spelling::Base64), SignatureUrlSafe);
    }

    #[test]
    fn a_hash_of_another_length_is_read_but_no_signature() {
        let md5 = Spelt::read(b"g26hErLKewirhYsLEW7mDg").unwrap();
        assert_eq!(md5.len(), 16);
        assert!(md5.signature().is_none());
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(text in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Spelt::read(&text).map(|spelt| spelt.signature());
        }

        #[test]
        fn hexadecimal_of_any_length_is_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = encoding::to_hex(&bytes);
            prop_assert_eq!(decoded_hex(text.as_bytes()).unwrap().to_vec(), bytes);
        }
    }
}
