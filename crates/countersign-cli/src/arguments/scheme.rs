//! The name of a scheme, and the scheme it stands for.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use countersign::{Algorithm, AuthKey, Basic, Dialect, HmacAuth, Mac, Moxie, Scheme, SchemeId};

use crate::failure::Failure;

/// Takes the names of the schemes, and nothing else.
pub(crate) fn parser() -> impl TypedValueParser<Value = SchemeId> {
    PossibleValuesParser::new(SchemeId::ALL.map(SchemeId::name))
        .try_map(|name| SchemeId::from_name(&name).ok_or("it is no scheme"))
}

/// Takes the names of the algorithms of MAC credentials.
pub(crate) fn algorithm_parser() -> impl TypedValueParser<Value = Algorithm> {
    PossibleValuesParser::new(["hmac-sha-1", "hmac-sha-256"]).map(|name| match name.as_str() {
        "hmac-sha-256" => Algorithm::Sha256,
        _ => Algorithm::Sha1,
    })
}

/// Whether a request of a scheme has a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakesNonce {
    Yes,
    No,
}

impl TakesNonce {
    /// Of the scheme `id`.
    pub(crate) fn of(id: SchemeId) -> Self {
        match id {
            SchemeId::HMAC_AUTH | SchemeId::HMAC_AUTH_SHA256 | SchemeId::BASIC => Self::No,
            _ => Self::Yes,
        }
    }
}

/// The scheme `id`; `base_path` is for HMAC-Auth.
pub(crate) fn of(id: SchemeId, base_path: Option<&str>) -> Result<Box<dyn Scheme>, Failure> {
    let hmac_auth = |scheme: HmacAuth| {
        let based = match base_path {
            Some(path) => scheme.base_path(path),
            None => Ok(scheme),
        };
        based.map_err(|error| Failure::usage(format!("--base-path: {error}")))
    };
    Ok(match id {
        SchemeId::AUTH_KEY => Box::new(AuthKey::default()),
        SchemeId::AUTH_KEY_V1 => Box::new(AuthKey::dialect(Dialect::V1)),
        SchemeId::AUTH_KEY_V2 => Box::new(AuthKey::dialect(Dialect::V2)),
        SchemeId::AUTH_KEY_V3 => Box::new(AuthKey::dialect(Dialect::V3)),
        SchemeId::HMAC_AUTH => Box::new(hmac_auth(HmacAuth::sha1())?),
        SchemeId::HMAC_AUTH_SHA256 => Box::new(hmac_auth(HmacAuth::sha256())?),
        SchemeId::MOXIE => Box::new(Moxie::default()),
        SchemeId::MAC => Box::new(Mac::yar()),
        SchemeId::MAC_DRAFT => Box::new(Mac::draft()),
        SchemeId::BASIC => Box::new(Basic),
        other => {
            let names = SchemeId::ALL.map(SchemeId::name).join(", ");
            return Err(Failure::unusable(
                "--scheme",
                other.name(),
                format!("use one of {names}"),
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_gives_the_scheme_of_that_name() {
        for id in SchemeId::ALL {
            assert_eq!(of(id, None).unwrap().id(), id);
        }
    }
}
