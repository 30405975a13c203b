//! The words of the command line and of configuration files.

use std::net::IpAddr;

use countersign::{BodyPolicy, ConfigError, ReplayPolicy, RestartGuard};
use ipnet::IpNet;

/// `unsafe` or `all`.
///
/// # Errors
/// For any other word, with the valid ones.
pub fn replay_policy(word: &str) -> Result<ReplayPolicy, ConfigError> {
    match word {
        "unsafe" => Ok(ReplayPolicy::UnsafeMethods),
        "all" => Ok(ReplayPolicy::All),
        _ => Err(ConfigError::new(
            "replay-policy",
            word.to_owned(),
            "use unsafe (requests whose method changes something) or all",
        )),
    }
}

/// `require` or `allow-unsigned`.
///
/// # Errors
/// For any other word, with the valid ones.
pub fn body_policy(word: &str) -> Result<BodyPolicy, ConfigError> {
    match word {
        "require" => Ok(BodyPolicy::Require),
        "allow-unsigned" => Ok(BodyPolicy::AllowUnsigned),
        _ => Err(ConfigError::new(
            "body-policy",
            word.to_owned(),
            "use require or allow-unsigned",
        )),
    }
}

/// `on` or `off`.
///
/// # Errors
/// For any other word, with the valid ones.
pub fn restart_guard(word: &str) -> Result<RestartGuard, ConfigError> {
    match word {
        "on" => Ok(RestartGuard::SinceStart),
        "off" => Ok(RestartGuard::Off),
        _ => Err(ConfigError::new(
            "restart-guard",
            word.to_owned(),
            "use on or off",
        )),
    }
}

/// A network, or a single address.
pub(super) fn trusted_proxy(text: &str) -> Result<IpNet, ConfigError> {
    let network = text.parse::<IpNet>().ok();
    network
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        .ok_or_else(|| {
            ConfigError::new(
                "trusted-proxy",
                text.to_owned(),
                "use an address or a network, as in 127.0.0.1, 10.0.0.0/8 or fd00::/8",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_word_is_answered_with_the_key_the_value_and_the_valid_ones() {
        let errors = [
            replay_policy("some").unwrap_err(),
            body_policy("maybe").unwrap_err(),
            restart_guard("yes").unwrap_err(),
            trusted_proxy("10.0.0.0/33").unwrap_err(),
        ];
        let shown = errors.map(|error| error.to_string());
        for (text, parts) in shown.iter().zip([
            ["replay-policy", "some", "unsafe"],
            ["body-policy", "maybe", "allow-unsigned"],
            ["restart-guard", "yes", "on or off"],
            ["trusted-proxy", "10.0.0.0/33", "10.0.0.0/8"],
        ]) {
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }

    #[test]
    fn a_single_address_is_a_network_of_one() {
        let network = trusted_proxy("127.0.0.1").unwrap();
        assert!(network.contains(&"127.0.0.1".parse::<std::net::IpAddr>().unwrap()));
        assert!(!network.contains(&"127.0.0.2".parse::<std::net::IpAddr>().unwrap()));
    }
}
