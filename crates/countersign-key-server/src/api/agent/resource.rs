//! What the agent API has.

/// A resource of the agent API, all of which are posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Resource {
    Create,
    Login,
    Refresh,
    Logout,
    GetAlgorithms,
    CreateKey,
    GetPublicKey,
    SignData,
    GetSharedSecret,
}

/// What is known of a resource: its path, the element and the members of its requests, and what
/// metrics and audit lines call it.
struct Row {
    path: &'static str,
    element: &'static str,
    members: &'static [&'static str],
    operation: &'static str,
}

impl Resource {
    pub(in crate::api) const ALL: [Self; 9] = [
        Self::Create,
        Self::Login,
        Self::Refresh,
        Self::Logout,
        Self::GetAlgorithms,
        Self::CreateKey,
        Self::GetPublicKey,
        Self::SignData,
        Self::GetSharedSecret,
    ];

    const fn row(self) -> Row {
        match self {
            Self::Create => Row {
                path: "/Agent/Account/Create",
                element: "CreateAccount",
                members: &[
                    "userName",
                    "eMail",
                    "phoneNr",
                    "password",
                    "apiKey",
                    "nonce",
                    "signature",
                    "seconds",
                ],
                operation: "agent_create_account",
            },
            Self::Login => Row {
                path: "/Agent/Account/Login",
                element: "Login",
                members: &["userName", "nonce", "signature", "seconds"],
                operation: "agent_login",
            },
            Self::Refresh => Row {
                path: "/Agent/Account/Refresh",
                element: "Refresh",
                members: &["seconds"],
                operation: "agent_refresh",
            },
            Self::Logout => Row {
                path: "/Agent/Account/Logout",
                element: "Logout",
                members: &[],
                operation: "agent_logout",
            },
            Self::GetAlgorithms => Row {
                path: "/Agent/Crypto/GetAlgorithms",
                element: "GetAlgorithms",
                members: &[],
                operation: "agent_algorithms",
            },
            Self::CreateKey => Row {
                path: "/Agent/Crypto/CreateKey",
                element: "CreateKey",
                members: &[
                    "localName",
                    "namespace",
                    "id",
                    "nonce",
                    "keySignature",
                    "requestSignature",
                ],
                operation: "agent_create_key",
            },
            Self::GetPublicKey => Row {
                path: "/Agent/Crypto/GetPublicKey",
                element: "GetPublicKey",
                members: &["keyId"],
                operation: "agent_public_key",
            },
            Self::SignData => Row {
                path: "/Agent/Crypto/SignData",
                element: "SignData",
                members: &["keyId", "keySignature", "nonce", "data", "requestSignature"],
                operation: "agent_sign",
            },
            Self::GetSharedSecret => Row {
                path: "/Agent/Crypto/GetSharedSecret",
                element: "GetSharedSecret",
                members: &[
                    "keyId",
                    "keySignature",
                    "nonce",
                    "publicKey",
                    "requestSignature",
                ],
                operation: "agent_shared_secret",
            },
        }
    }

    pub(super) const fn path(self) -> &'static str {
        self.row().path
    }

    /// The element of its requests in XML.
    pub(super) const fn element(self) -> &'static str {
        self.row().element
    }

    /// The members of its requests in JSON, which are attributes in XML.
    pub(super) const fn members(self) -> &'static [&'static str] {
        self.row().members
    }

    pub(in crate::api) const fn operation(self) -> &'static str {
        self.row().operation
    }

    /// The resource with this path.
    pub(in crate::api) fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.path() == path)
    }
}
