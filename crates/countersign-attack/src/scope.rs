//! Which schemes a case is for.

use countersign_core::SchemeId;

/// Words that stand for several schemes.
const GROUPS: [&str; 8] = [
    "signing", "all", "nonce", "body", "host", "seconds", "dates", "base64",
];

/// Whether a case may name this.
pub(crate) fn is_known(word: &str) -> bool {
    word == "hex" || GROUPS.contains(&word) || SchemeId::from_name(word).is_some()
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
