//! What is signed says of itself which request it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::Authority;
use proptest::prelude::*;
use proptest::sample::select;

use super::{
    Algorithm, KeyName, NAMESPACES, Nonce, Signature, UserName, check_email, check_password,
    check_phone,
};

/// 32 bytes in base64: a key signature, a public key of X25519, data, an id or a nonce.
const BYTES: &str = "/YcqwUYWLejhT5BdMKBMYMPip4qo9iun7phIveCrEdY=";

/// A request that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Login,
    CreateKey,
    SignData,
    SharedSecret,
    CreateAccount,
    CreateAccountWithPhone,
}

/// A part of what is signed.
#[derive(Clone, Copy, Debug)]
enum Part {
    User,
    Host,
    LocalName,
    Namespace,
    Id,
    KeySignature,
    Data,
    SharedSecret,
    Email,
    Phone,
    Password,
    ApiKey,
    Nonce,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Login,
        Self::CreateKey,
        Self::SignData,
        Self::SharedSecret,
        Self::CreateAccount,
        Self::CreateAccountWithPhone,
    ];

    fn parts(self) -> &'static [Part] {
        use Part::{
            ApiKey, Data, Email, Host, Id, KeySignature, LocalName, Namespace, Nonce, Password,
            Phone, SharedSecret, User,
        };
        match self {
            Self::Login => &[User, Host, Nonce],
            Self::CreateKey => &[User, Host, LocalName, Namespace, Id, KeySignature, Nonce],
            Self::SignData => &[
                User,
                Host,
                LocalName,
                Namespace,
                Id,
                KeySignature,
                Data,
                Nonce,
            ],
            Self::SharedSecret => &[
                User,
                Host,
                LocalName,
                Namespace,
                Id,
                KeySignature,
                SharedSecret,
                Data,
                Nonce,
            ],
            Self::CreateAccount => &[User, Host, Email, Password, ApiKey, Nonce],
            Self::CreateAccountWithPhone => &[User, Host, Email, Phone, Password, ApiKey, Nonce],
        }
    }

    /// Whether the server takes a request with these values.
    fn accepts(self, values: &[&str]) -> bool {
        let mut parts = self.parts().iter().zip(values);
        values.len() == self.parts().len() && parts.all(|(part, value)| self.takes(*part, value))
    }

    fn takes(self, part: Part, value: &str) -> bool {
        let owned = value.to_owned();
        match part {
            Part::User => UserName::parse(owned).is_ok(),
            // As where any host may be named: with a list of hosts it is one of these.
            Part::Host => Authority::try_from(value).is_ok() && !value.contains('@'),
            Part::LocalName => Algorithm::find(value, NAMESPACES[0]).is_some(),
            Part::Namespace => NAMESPACES.contains(&value),
            Part::Id => KeyName::parse(owned).is_ok(),
            Part::KeySignature => Signature::parse(owned).is_some(),
            Part::Data => STANDARD.decode(value).is_ok(),
            Part::SharedSecret => value == "shared-secret",
            Part::Email => check_email(value).is_ok(),
            Part::Phone => check_phone(value).is_ok(),
            Part::Password => {
                let phone = (self == Self::CreateAccountWithPhone).then_some("1");
                check_password(value, phone).is_ok()
            }
            Part::ApiKey => !value.is_empty() && value.len() <= 256 && !value.contains(':'),
            Part::Nonce => Nonce::parse(owned).is_ok(),
        }
    }
}

/// Every request of this kind that the server takes and that is signed as `text`.
fn readings(kind: Kind, text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    read(kind, &[], text, &mut found);
    found
}

fn read<'a>(kind: Kind, before: &[&'a str], rest: &'a str, found: &mut Vec<Vec<&'a str>>) {
    let Some((part, parts_after)) = kind.parts()[before.len()..].split_first() else {
        return;
    };
    let with = |value| [before, &[value]].concat();
    if parts_after.is_empty() {
        if kind.takes(*part, rest) {
            found.push(with(rest));
        }
        return;
    }
    for (colon, _) in rest.match_indices(':') {
        let (value, after) = rest.split_at(colon);
        if kind.takes(*part, value) {
            read(kind, &with(value), &after[1..], found);
        }
    }
}

/// Values that look like those of other parts, or have colons.
fn value() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        "a",
        "1",
        "1.0",
        "e2e",
        "urn",
        "p256",
        "x448",
        "AAAA",
        "a@b",
        "x@1.0",
        "+46 70",
        "h:80",
        "h:",
        "[::1]:8070",
        "1:x",
        "a@b:1:x",
        "shared-secret",
        NAMESPACES[0],
        NAMESPACES[1],
        BYTES,
        "a@example.org-a-nonce-like-an-address",
        "a nonce of thirty-two characters",
    ])
    .prop_map(str::to_owned);
    let joined = proptest::collection::vec(odd.clone(), 1..4).prop_map(|it| it.join(":"));
    prop_oneof![4 => odd, 2 => joined, 1 => "\\PC{0,40}"]
}

/// A value that the server takes as this part, if one is drawn soon.
fn value_of(kind: Kind, part: Part) -> BoxedStrategy<String> {
    let fixed: Vec<String> = match part {
        Part::LocalName => Algorithm::ALL
            .iter()
            .map(|it| it.local_name().to_owned())
            .collect(),
        Part::Namespace => NAMESPACES.map(str::to_owned).to_vec(),
        Part::KeySignature => vec![BYTES.to_owned(), STANDARD.encode([0; 32])],
        Part::SharedSecret => vec!["shared-secret".to_owned()],
        _ => {
            let taken = move |it: &String| kind.takes(part, it);
            return value().prop_filter("not taken", taken).boxed();
        }
    };
    select(fixed).boxed()
}

fn request() -> impl Strategy<Value = (Kind, Vec<String>)> {
    select(Kind::ALL.to_vec()).prop_flat_map(|kind| {
        let parts = kind.parts().iter();
        let values: Vec<_> = parts.map(|part| value_of(kind, *part)).collect();
        values.prop_map(move |values| (kind, values))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_local_rejects: 1_000_000,
        ..ProptestConfig::with_cases(4096)
    })]

    #[test]
    fn no_two_requests_are_signed_alike((kind, values) in request()) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        prop_assert!(kind.accepts(&values));
        let signed = values.join(":");
        for other in Kind::ALL {
            let expected = if other == kind { vec![values.clone()] } else { vec![] };
            prop_assert_eq!(readings(other, &signed), expected, "{:?} is a {:?}", signed, other);
        }
    }
}
