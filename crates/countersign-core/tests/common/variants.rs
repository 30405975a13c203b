//! Every scheme in every dialect and with every algorithm, behind one interface.

use countersign_core::{
    Algorithm, AuthKey, Dialect, HmacAuth, Mac, Moxie, MoxieCanonical, Scheme, SigningKey,
};

use super::{Request, SECRET, base64, base64_decoded, hex, key};

/// How a credential spells its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Base64,
    Base64Unpadded,
    Hex,
}

/// One way to sign.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) scheme: Box<dyn Scheme>,
    /// What the key's record says.
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: Encoding,
    /// What every target has to begin with.
    pub(crate) base_path: &'static str,
    /// The prefix of the headers it signs, where it signs any.
    pub(crate) x_prefix: Option<&'static str>,
}

impl Variant {
    fn new(
        name: &'static str,
        scheme: impl Scheme,
        algorithm: Algorithm,
        encoding: Encoding,
    ) -> Self {
        Self {
            name,
            scheme: Box::new(scheme),
            algorithm,
            encoding,
            base_path: "",
            x_prefix: None,
        }
    }

    pub(crate) fn is(&self, family: &str) -> bool {
        self.name.starts_with(family)
    }

    /// Whether the scheme signs host and port.
    pub(crate) fn covers_host(&self) -> bool {
        self.is("moxie") || self.is("mac")
    }

    /// Whether the scheme binds the body.
    pub(crate) fn covers_body(&self) -> bool {
        self.scheme.body_digest().is_some()
    }

    /// The key `example-id`, fit for the variant.
    pub(crate) fn key(&self) -> SigningKey {
        self.key_of("example-id", SECRET)
    }

    pub(crate) fn key_of(&self, id: &str, secret: &str) -> SigningKey {
        key(id, secret).algorithm(self.algorithm)
    }

    /// A request with a body and everything the variant signs, signed.
    pub(crate) fn example(&self) -> Request {
        self.plain_example().signed(&*self.scheme, &self.key())
    }

    /// The same, unsigned.
    pub(crate) fn plain_example(&self) -> Request {
        let target = format!("{}/users/7?b=2&a=1", self.base_path);
        let request = Request::new("POST", &target)
            .header("content-type", "text/plain")
            .body("hello");
        match self.x_prefix {
            Some(prefix) => request.header(&format!("{prefix}role"), "admin"),
            None => request,
        }
    }

    pub(crate) fn credential(&self, request: &Request) -> String {
        request.value(self.scheme.credential_header().as_str())
    }

    pub(crate) fn with_credential(&self, request: &Request, credential: &str) -> Request {
        let name = self.scheme.credential_header().as_str();
        request.clone().set(name, credential)
    }

    /// The signature as the credential spells it.
    pub(crate) fn signature(&self, request: &Request) -> String {
        let credential = self.credential(request);
        let text = if self.is("moxie") {
            &credential
        } else if let Some((_, mac)) = credential.split_once("mac=\"") {
            mac.trim_end_matches('"')
        } else {
            credential.rsplit(':').next().expect("a colon")
        };
        text.to_owned()
    }

    pub(crate) fn with_signature(&self, request: &Request, signature: &str) -> Request {
        let credential = self.credential(request);
        let changed = credential.replace(&self.signature(request), signature);
        self.with_credential(request, &changed)
    }

    pub(crate) fn signature_bytes(&self, request: &Request) -> Vec<u8> {
        let text = self.signature(request);
        if self.encoding != Encoding::Hex {
            return base64_decoded(&text);
        }
        let digits = text.as_bytes().chunks(2);
        digits
            .map(|pair| {
                let pair = std::str::from_utf8(pair).expect("hexadecimal");
                u8::from_str_radix(pair, 16).expect("hexadecimal")
            })
            .collect()
    }

    pub(crate) fn encode(&self, signature: &[u8]) -> String {
        match self.encoding {
            Encoding::Base64 => base64(signature),
            Encoding::Base64Unpadded => base64(signature).trim_end_matches('=').to_owned(),
            Encoding::Hex => hex(signature),
        }
    }

    /// The id of the key as the request claims it, replaced.
    pub(crate) fn with_key_id(&self, request: &Request, id: &str) -> Request {
        if self.is("moxie") {
            return request.clone().set("x-moxie-key", id);
        }
        let changed = self.credential(request).replace("example-id", id);
        self.with_credential(request, &changed)
    }
}

/// All of them.
pub(crate) fn variants() -> Vec<Variant> {
    use Algorithm::{Sha1, Sha256};
    use Encoding::{Base64, Base64Unpadded, Hex};

    let auth_key = |name, dialect| Variant {
        x_prefix: Some("x-mac-"),
        ..Variant::new(name, AuthKey::dialect(dialect), Sha1, Base64)
    };
    let renamed = AuthKey::default()
        .header("X-Acme-Auth")
        .and_then(|scheme| scheme.scheme_word("ACME"))
        .and_then(|scheme| scheme.identifier("acme"))
        .expect("names");
    let ncsu = HmacAuth::sha256()
        .header("NCSU-MAC")
        .and_then(|scheme| scheme.base_path("/pager"))
        .expect("a header and a path");
    let documented = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
    vec![
        auth_key("auth-key wiki", Dialect::Wiki),
        auth_key("auth-key v1", Dialect::V1),
        auth_key("auth-key v2", Dialect::V2),
        auth_key("auth-key v3", Dialect::V3),
        Variant {
            x_prefix: Some("x-acme-"),
            ..Variant::new("auth-key with other names", renamed, Sha1, Base64)
        },
        Variant::new("hmac-auth sha1", HmacAuth::sha1(), Sha1, Base64Unpadded),
        Variant::new("hmac-auth sha256", HmacAuth::sha256(), Sha1, Base64Unpadded),
        Variant {
            base_path: "/pager",
            ..Variant::new("hmac-auth ncsu", ncsu, Sha1, Base64Unpadded)
        },
        Variant::new("moxie", Moxie::default(), Sha1, Hex),
        Variant::new("moxie as documented", documented, Sha1, Hex),
        Variant::new("mac yar sha1", Mac::yar(), Sha1, Hex),
        Variant::new("mac yar sha256", Mac::yar(), Sha256, Hex),
        Variant::new(
            "mac yar on port 8443",
            Mac::yar().default_port(8443),
            Sha1,
            Hex,
        ),
        Variant::new("mac draft sha1", Mac::draft(), Sha1, Base64),
        Variant::new("mac draft sha256", Mac::draft(), Sha256, Base64),
    ]
}
