//! What is said of an algorithm.

/// What `GetAlgorithms` says of an algorithm: the judgements of the original, except the strength
/// of `rsa`, which follows the size of our keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent, and flags in the API too"
)]
pub(crate) struct Facts {
    /// In bits.
    pub(crate) security_strength: u16,
    /// Whether the curve is one of the "safe curves", or there is none.
    pub(crate) safe: bool,
    /// Whether it is slow next to the others.
    pub(crate) slow: bool,
    /// Whether it withstands quantum computers.
    pub(crate) pqc: bool,
    /// How much it is recommended, from 0 to 5.
    pub(crate) score: u8,
    /// Whether a key signs.
    pub(crate) supports_signatures: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{Algorithm, NAMESPACES};

    const VECTORS: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/create-key.json"
    ));

    #[test]
    fn the_facts_are_those_of_the_original() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let listed = vectors["algorithms"].as_array().unwrap();
        let mut found = Vec::new();
        for original in listed {
            assert_eq!(original["namespaces"], serde_json::json!(NAMESPACES));
            let name = original["localName"].as_str().unwrap();
            let Some(algorithm) = Algorithm::find(name, NAMESPACES[0]) else {
                continue;
            };
            found.push(algorithm);
            let facts = algorithm.facts();
            // Null for rsa, where it depends on the size of the key: 128 bits for ours of 3072.
            let strength = original["securityStrength"].as_u64().unwrap_or(128);
            assert_eq!(u64::from(facts.security_strength), strength, "{name}");
            assert_eq!(original["safe"], facts.safe, "{name}");
            assert_eq!(original["slow"], facts.slow, "{name}");
            assert_eq!(original["pqc"], facts.pqc, "{name}");
            assert_eq!(original["score"], facts.score, "{name}");
            assert_eq!(
                original["supportsSignatures"], facts.supports_signatures,
                "{name}"
            );
        }
        assert_eq!(found, Algorithm::ALL);
    }
}
