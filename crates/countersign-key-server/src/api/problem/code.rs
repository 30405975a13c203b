//! The codes of problems: all of them, in one table.

use http::StatusCode;

/// Declares [`Code`] from rows of a variant, its status, name, title, and what to do.
macro_rules! codes {
    ($($variant:ident: $status:ident, $name:literal, $title:literal, $advice:literal;)+) => {
        /// What went wrong; the [name](Code::name) is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::api) enum Code {
            $($variant,)+
        }

        impl Code {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant),+];

            const fn row(self) -> (StatusCode, &'static str, &'static str, &'static str) {
                match self {
                    $(Self::$variant => (StatusCode::$status, $name, $title, $advice),)+
                }
            }
        }
    };
}

codes! {
    InvalidJson: BAD_REQUEST, "invalid_json", "Body is not one JSON object",
        "Send one JSON object, in UTF-8.";
    InvalidMember: BAD_REQUEST, "invalid_member", "Invalid member",
        "A member of the body has a value that it cannot have.";
    UnknownMember: BAD_REQUEST, "unknown_member", "Unknown member",
        "The body has a member that means nothing here; leave it out.";
    DuplicateMember: BAD_REQUEST, "duplicate_member", "Member given twice",
        "The body has a member twice; give it once.";
    MissingMember: BAD_REQUEST, "missing_member", "Member missing",
        "The body lacks a member that it must have.";
    InvalidParameter: BAD_REQUEST, "invalid_parameter", "Invalid parameter",
        "A parameter of the query has a value that it cannot have.";
    RepeatedParameter: BAD_REQUEST, "repeated_parameter", "Parameter given twice",
        "The query has a parameter twice; give it once.";
    MissingParameter: BAD_REQUEST, "missing_parameter", "Parameter missing",
        "Say whose credentials are meant with principal=, or deleted=true for all.";
    InvalidHeader: BAD_REQUEST, "invalid_header", "Invalid header",
        "A header of the request has a value that it cannot have.";
    InvalidPath: BAD_REQUEST, "invalid_path", "Invalid path",
        "The path must be percent-encoded UTF-8.";
    InvalidXml: BAD_REQUEST, "invalid_xml", "Body is not the one element",
        "Send one empty element with attributes, in UTF-8, without a DTD.";
    NonceReused: BAD_REQUEST, "nonce_reused", "Nonce used before",
        "The account has used this nonce before; make a new one for every request.";
    AccountExists: BAD_REQUEST, "account_exists", "User name taken",
        "There is an account of this name already; choose another.";
    KeyExists: BAD_REQUEST, "key_exists", "Key id taken",
        "The account has a key with this id already; choose another id.";
    UnsuitableKey: BAD_REQUEST, "unsuitable_key", "Key cannot do that",
        "Keys of this algorithm cannot be used like that; GetAlgorithms says which can sign.";
    BodyIncomplete: BAD_REQUEST, "body_incomplete", "Body incomplete",
        "The body ended before its end; send the request again.";
    TokenRequired: UNAUTHORIZED, "token_required", "API token required",
        "Send a valid API token: Authorization: Bearer and the token.";
    SessionRequired: UNAUTHORIZED, "session_required", "Session required",
        "Log in, and send the token: Authorization: Bearer and the jwt.";
    WrongSignature: FORBIDDEN, "wrong_signature", "Wrong signature",
        "The request signature is not the one of these values; check the password, the host with its \
                 port, and the order of what is signed.";
    WrongKeySignature: FORBIDDEN, "wrong_key_signature", "Wrong key signature",
        "The key signature does not open this key; check the key password and the host.";
    ScopeInsufficient: FORBIDDEN, "scope_insufficient", "Scope insufficient",
        "This API token does not allow that; use one with another scope.";
    CrossSite: FORBIDDEN, "cross_site", "Cross-site request",
        "Web pages of other sites may not call this server.";
    CredentialUnknown: NOT_FOUND, "credential_unknown", "No such credential",
        "There is no credential with this id, or it was deleted.";
    AlgorithmUnknown: NOT_FOUND, "algorithm_unknown", "No such algorithm",
        "There is no algorithm of this name in this namespace; GetAlgorithms lists them.";
    KeyUnknown: NOT_FOUND, "key_unknown", "No such key",
        "The account has no key with this id.";
    NotFound: NOT_FOUND, "not_found", "Nothing here",
        "There is nothing at this path; /openapi.json lists the paths.";
    MethodNotAllowed: METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed",
        "Use one of the methods that Allow lists.";
    NotAcceptable: NOT_ACCEPTABLE, "not_acceptable", "No acceptable form",
        "Accept application/json, text/xml or application/xml.";
    LimitReached: CONFLICT, "limit_reached", "Too many active credentials",
        "The principal has as many active credentials as it may have; delete one first.";
    IdempotencyKeyReused: CONFLICT, "idempotency_key_reused", "Idempotency key used before",
        "The Idempotency-Key was sent with another request before; make a new one.";
    NotRotatable: CONFLICT, "not_rotatable", "Cannot be rotated",
        "Only a credential that is active, and was not rotated before, can be rotated.";
    RevisionStale: PRECONDITION_FAILED, "revision_stale", "Changed in the meantime",
        "The credential was changed since it was read; read it again.";
    BodyTooLarge: PAYLOAD_TOO_LARGE, "body_too_large", "Body too large",
        "The body may have 64 KiB.";
    UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Not application/json",
        "Send Content-Type: application/json, with charset=utf-8 or without a charset.";
    ForeignHost: MISDIRECTED_REQUEST, "foreign_host", "Not this server",
        "The Host header names another server; use the address this one listens on.";
    RateLimited: TOO_MANY_REQUESTS, "rate_limited", "Too many requests",
        "Wait as long as Retry-After says.";
    TooManyWrongSignatures: TOO_MANY_REQUESTS, "too_many_wrong_signatures", "Too many wrong signatures",
        "Wait as long as Retry-After says.";
    InternalError: INTERNAL_SERVER_ERROR, "internal_error", "Internal error",
        "Something is wrong with the server; its operator has the details.";
    StoreUnavailable: SERVICE_UNAVAILABLE, "store_unavailable", "Key store unavailable",
        "The key store does not answer; try again later, a creation with the same \
                 Idempotency-Key.";
    StoreContended: SERVICE_UNAVAILABLE, "store_contended", "Too many changes at once",
        "Others change the same credential all the time; nothing was done, try again.";
    CredentialUnreadable: SERVICE_UNAVAILABLE, "credential_unreadable", "Credential unreadable",
        "The secret of the credential cannot be opened; the server's operator has the \
                 details.";
    Overloaded: SERVICE_UNAVAILABLE, "overloaded", "Too much to do",
        "Too many keys are being made or used at this moment; try again later.";
    AuditUnavailable: SERVICE_UNAVAILABLE, "audit_unavailable", "Audit log unavailable",
        "What cannot be written to the audit log is not done; try again later.";
}

impl Code {
    pub(in crate::api) const fn status(self) -> StatusCode {
        self.row().0
    }

    pub(in crate::api) const fn name(self) -> &'static str {
        self.row().1
    }

    pub(in crate::api) const fn title(self) -> &'static str {
        self.row().2
    }

    /// What to do.
    pub(super) const fn advice(self) -> &'static str {
        self.row().3
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_codes_have_one_name() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_is_explained_with_its_status() {
        let page = std::fs::read_to_string("../../docs/reasons.md").unwrap();
        for code in Code::ALL {
            let entry = format!(
                "\n## `{}`\n\nStatus {}",
                code.name(),
                code.status().as_u16()
            );
            assert!(page.contains(&entry), "{entry}");
        }
    }

    #[test]
    fn every_code_is_a_refusal_and_says_what_to_do() {
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(code.advice().ends_with('.'), "{code:?}");
        }
    }
}
