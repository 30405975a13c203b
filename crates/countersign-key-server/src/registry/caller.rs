//! Who calls, and what they may do.

use std::sync::Arc;

use crate::store::{Scope, TokenRecord};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody, where no token is asked for.
    Anonymous,
    /// The holder of this token.
    Token(Arc<TokenRecord>),
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// To see that a credential exists, and everything of it but its secret.
    Inspect,
    /// To see the secret of a credential it can name.
    Reveal,
    /// To have a signature verified.
    Verify,
    /// Everything else: to list, create, change, rotate and delete.
    Administer,
}

impl Caller {
    /// What audit lines call it: the id of its token, or `anonymous`.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token(token) => token.id.as_str(),
        }
    }

    /// Whether it may do this.
    pub fn may(&self, permission: Permission) -> bool {
        let scope = match self {
            Self::Anonymous => Scope::Admin,
            Self::Token(token) => token.scope,
        };
        match permission {
            Permission::Inspect => true,
            Permission::Reveal => matches!(scope, Scope::Lookup | Scope::Admin),
            Permission::Verify => matches!(scope, Scope::Verify | Scope::Admin),
            Permission::Administer => scope == Scope::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;

    use super::*;
    use crate::store::{TokenHash, TokenId};

    #[test]
    fn each_scope_allows_its_own_and_no_more() {
        let with = |scope| {
            let table = [
                Permission::Inspect,
                Permission::Reveal,
                Permission::Verify,
                Permission::Administer,
            ];
            let token = TokenRecord {
                id: TokenId::parse("t").unwrap(),
                name: None,
                scope,
                hash: TokenHash([0; 32]),
                created_at: Timestamp::from_unix(0),
                revoked_at: None,
            };
            table.map(|it| Caller::Token(Arc::new(token.clone())).may(it))
        };
        assert_eq!(with(Scope::Lookup), [true, true, false, false]);
        assert_eq!(with(Scope::Verify), [true, false, true, false]);
        assert_eq!(with(Scope::Admin), [true; 4]);
    }
}
