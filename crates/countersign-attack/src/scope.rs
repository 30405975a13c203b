//! Which schemes a case is for.

use countersign_core::SchemeId;

/// Words that stand for several schemes.
const GROUPS: [&str; 9] = [
    "signing", "all", "nonce", "body", "host", "seconds", "dates", "base64", "hex",
];

/// Whether a case may name this.
pub(crate) fn is_known(word: &str) -> bool {
    GROUPS.contains(&word) || SchemeId::from_name(word).is_some()
}

/// Whether a case with these words is for `scheme`.
pub(crate) fn covers(words: &[String], scheme: SchemeId) -> bool {
    words.iter().any(|word| is_in(scheme, word))
}

fn is_in(scheme: SchemeId, word: &str) -> bool {
    let name = scheme.name();
    let auth_key = name.starts_with("auth-key");
    let hmac_auth = name.starts_with("hmac-auth");
    let mac = name.starts_with("mac");
    match word {
        "all" => true,
        "signing" => scheme != SchemeId::BASIC,
        "nonce" => auth_key || mac || scheme == SchemeId::MOXIE,
        "body" => auth_key || hmac_auth || scheme == SchemeId::MAC,
        "host" => mac || scheme == SchemeId::MOXIE,
        "dates" => hmac_auth || scheme == SchemeId::AUTH_KEY || scheme == SchemeId::MOXIE,
        "seconds" => mac || (auth_key && scheme != SchemeId::AUTH_KEY),
        "base64" => auth_key || hmac_auth || scheme == SchemeId::MAC_DRAFT,
        "hex" => scheme == SchemeId::MAC || scheme == SchemeId::MOXIE,
        _ => name == word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_for_some_scheme_and_every_scheme_has_words() {
        for word in GROUPS {
            let schemes = SchemeId::ALL.into_iter();
            assert!(
                schemes.filter(|scheme| is_in(*scheme, word)).count() > 0,
                "{word}"
            );
        }
        for scheme in SchemeId::ALL {
            assert!(is_known(scheme.name()) && is_in(scheme, scheme.name()));
            let signs = scheme != SchemeId::BASIC;
            assert_eq!(is_in(scheme, "signing"), signs);
            assert_eq!(is_in(scheme, "base64") != is_in(scheme, "hex"), signs);
        }
        assert!(!is_known("hmac"));
    }
}
