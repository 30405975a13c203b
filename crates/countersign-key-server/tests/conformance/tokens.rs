//! API tokens.

use countersign_key_server::store::{Scope, TokenHash, TokenId, TokenRecord};

use crate::support::{Stores, at, only, race};

fn token(name: &str, hash: u8) -> TokenRecord {
    TokenRecord {
        id: TokenId::parse(name).unwrap(),
        name: None,
        scope: Scope::Verify,
        hash: TokenHash([hash; 32]),
        created_at: at(0),
        revoked_at: None,
    }
}

pub(crate) async fn tokens_are_listed_from_the_oldest_to_the_newest(stores: &Stores) {
    let tokens = [
        TokenRecord {
            name: Some("Dave's '\"%\u{1f511}".into()),
            scope: Scope::Admin,
            ..token("z", 0)
        },
        TokenRecord {
            scope: Scope::Lookup,
            revoked_at: Some(at(5)),
            ..token("0123456789abcdefghijABCDEFGHIJ00", 255)
        },
        TokenRecord {
            name: Some(String::new()),
            ..token("Z", 1)
        },
        token("a", 2),
    ];
    for token in &tokens {
        assert!(stores.add_token(token.clone()).await.unwrap());
    }
    assert_eq!(stores.nth(1).tokens().await.unwrap(), tokens);
}

pub(crate) async fn a_token_with_a_taken_id_or_hash_is_refused(stores: &Stores) {
    assert!(stores.add_token(token("a", 1)).await.unwrap());
    for (name, hash) in [("a", 1), ("a", 2), ("b", 1)] {
        assert!(!stores.add_token(token(name, hash)).await.unwrap());
    }
    assert!(stores.add_token(token("A", 2)).await.unwrap());
    let kept = stores.tokens().await.unwrap();
    assert_eq!(kept, [token("a", 1), token("A", 2)]);
}

pub(crate) async fn a_revoked_token_keeps_the_time_it_was_first_revoked(stores: &Stores) {
    for (name, hash) in [("a", 1), ("b", 2)] {
        assert!(stores.add_token(token(name, hash)).await.unwrap());
    }
    let name = |text: &str| TokenId::parse(text).unwrap();
    for time in [10, 20, 5] {
        assert!(stores.revoke_token(&name("a"), at(time)).await.unwrap());
    }
    for unknown in ["A", "c"] {
        assert!(!stores.revoke_token(&name(unknown), at(10)).await.unwrap());
    }
    let revoked = TokenRecord {
        revoked_at: Some(at(10)),
        ..token("a", 1)
    };
    assert_eq!(stores.tokens().await.unwrap(), [revoked, token("b", 2)]);
    // It can neither come back nor be given to somebody else.
    assert!(!stores.add_token(token("a", 3)).await.unwrap());
    assert!(!stores.add_token(token("c", 1)).await.unwrap());
}

pub(crate) async fn of_16_racing_tokens_with_one_id_one_is_kept(stores: &Stores) {
    let added = race(stores, 16, |n, store| async move {
        let token = token("a", u8::try_from(n).unwrap());
        (token.clone(), store.add_token(token).await.unwrap())
    })
    .await;
    let (kept, _) = only(&added, |(_, added)| *added);
    assert_eq!(stores.tokens().await.unwrap(), std::slice::from_ref(kept));
}
