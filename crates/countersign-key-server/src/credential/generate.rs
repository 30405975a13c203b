//! New ids and secrets, from the operating system's random numbers and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::AuthScheme;

/// The bytes of a secret before they are written as text: as many as the MAC of HMAC-SHA-256 has.
const SECRET_BYTES: usize = 32;

/// What the characters of an HMAC-Auth key id are drawn from: two values of six bits are left
/// over, and drawn again.
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How long the ids of HMAC-Auth are. 62⁸ ≈ 2·10¹⁴ ids: a new one may be taken already, and then
/// another is drawn.
const HMAC_AUTH_ID_LEN: usize = 8;

/// A new id and secret, not yet anybody's.
pub struct Generated {
    /// The id, in the form of the scheme; for `basic` the api key itself.
    pub id: Zeroizing<String>,
    /// The secret as text: 43 characters of unpadded base64url, for `basic` the api key.
    pub secret: Zeroizing<String>,
}

impl std::fmt::Debug for Generated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Generated(***)")
    }
}

/// How the ids of a scheme are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// A version 4 UUID as 32 hexadecimal digits.
    Hex,
    /// A version 4 UUID with its hyphens.
    Hyphenated,
    /// 8 letters and digits.
    Alphanumeric,
}

impl IdForm {
    /// The form that `scheme` uses.
    pub const fn of(scheme: AuthScheme) -> Self {
        match scheme {
            AuthScheme::Basic | AuthScheme::Mac | AuthScheme::AuthKey | AuthScheme::Agent => {
                Self::Hex
            }
            AuthScheme::Moxie => Self::Hyphenated,
            AuthScheme::HmacAuth => Self::Alphanumeric,
        }
    }
}

/// Makes an id and a secret of 256 bits (`basic`: 122 bits, as the original).
///
/// # Errors
/// When the operating system has no random numbers.
pub fn generate(scheme: AuthScheme) -> Result<Generated, getrandom::Error> {
    let id = Zeroizing::new(match IdForm::of(scheme) {
        IdForm::Hex => uuid()?.simple().to_string(),
        IdForm::Hyphenated => uuid()?.hyphenated().to_string(),
        IdForm::Alphanumeric => alphanumeric()?,
    });
    let secret = match scheme {
        AuthScheme::Basic => id.clone(),
        _ => secret()?,
    };
    Ok(Generated { id, secret })
}

fn secret() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    getrandom::fill(&mut *bytes)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

fn uuid() -> Result<Uuid, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *bytes)?;
    Ok(uuid::Builder::from_random_bytes(*bytes).into_uuid())
}

fn alphanumeric() -> Result<String, getrandom::Error> {
    let mut id = String::with_capacity(HMAC_AUTH_ID_LEN);
    while id.len() < HMAC_AUTH_ID_LEN {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        let index = usize::from(byte[0] & 0x3f);
        if let Some(&character) = ALPHANUMERIC.get(index) {
            id.push(char::from(character));
        }
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_and_secrets_have_the_form_of_their_scheme() {
        let of = |scheme| generate(scheme).unwrap();
        let hex = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        for scheme in [
            AuthScheme::Mac,
            AuthScheme::AuthKey,
            AuthScheme::Basic,
            AuthScheme::Agent,
        ] {
            assert!(hex(&of(scheme).id), "{scheme:?}");
        }
        let uuid = Uuid::parse_str(&of(AuthScheme::Moxie).id).unwrap();
        assert_eq!(uuid.get_version_num(), 4);
        let short = of(AuthScheme::HmacAuth).id;
        assert!(short.len() == 8 && short.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(of(AuthScheme::Mac).secret.len(), 43);
        let basic = of(AuthScheme::Basic);
        assert_eq!(basic.id, basic.secret);
    }

    #[test]
    fn bad_229_secrets_are_unique_and_their_bits_are_fair() {
        const SECRETS: usize = 100_000;
        let mut seen = HashSet::with_capacity(SECRETS);
        let mut ones = [0_u32; SECRET_BYTES * 8];
        for _ in 0..SECRETS {
            let bytes = URL_SAFE_NO_PAD
                .decode(secret().unwrap().as_bytes())
                .unwrap();
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += u32::from(bytes[bit / 8] >> (bit % 8) & 1);
            }
            assert!(seen.insert(bytes), "a secret was given twice");
        }
        // Six standard deviations: a fair source fails once in two million runs.
        let (mean, spread) = (50_000.0, 6.0 * 158.2);
        for (bit, count) in ones.into_iter().enumerate() {
            assert!(
                (f64::from(count) - mean).abs() < spread,
                "bit {bit}: {count}"
            );
        }
    }

    #[test]
    fn nothing_of_a_new_credential_is_shown() {
        let new = generate(AuthScheme::Mac).unwrap();
        assert_eq!(format!("{new:?}"), "Generated(***)");
    }
}
