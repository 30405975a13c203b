//! What is kept is what was given.

use countersign_core::{Algorithm, Timestamp};
use countersign_key_server::credential::{AuthScheme, Principal};
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{Creation, Life, Record, Revision, State};

use crate::support::{Stores, all, at, everything, id, principal, record};

/// The first and the last second that RFC 3339 can write.
const YEARS_0_AND_9999: [i64; 2] = [-62_167_219_200, 253_402_300_799];

pub(crate) async fn every_field_comes_back_as_it_was(stores: &Stores) {
    let mut records = vec![record("usual", "dave@example.com")];
    for (n, scheme) in AuthScheme::ALL.into_iter().enumerate() {
        for algorithm in Algorithm::ALL {
            records.push(Record {
                scheme,
                algorithm,
                ..record(&format!("scheme-{n}-{}", algorithm.name()), "p")
            });
        }
    }
    let longest = "\u{1f511}".repeat(Principal::MAX_CHARS);
    let [year_0, year_9999] = YEARS_0_AND_9999.map(Timestamp::from_unix);
    records.push(Record {
        created_at: year_9999,
        life: Life {
            state: State::Inactive,
            deleted_at: Some(year_9999),
            expires_at: Some(year_9999),
            rotated_to: Some(id(&"~".repeat(256))),
        },
        last_used_at: Some(year_9999),
        sealed: Sealed::from_bytes((0..=u8::MAX).cycle().take(4096).collect::<Vec<_>>()),
        revision: Revision::from_number(u32::MAX),
        ..record(&"!".repeat(256), &longest)
    });
    records.push(Record {
        created_at: year_0,
        life: Life {
            deleted_at: Some(year_0),
            expires_at: Some(at(0)),
            ..Life::default()
        },
        last_used_at: Some(year_0),
        sealed: Sealed::from_bytes([]),
        ..record("0", " e\u{301} \u{202e}'\"\\;--%00 ")
    });
    for record in &records {
        let creation = stores.create(record.clone().into()).await.unwrap();
        assert_eq!(creation, Creation::Created, "{record:?}");
    }
    for (n, record) in records.iter().enumerate() {
        let found = stores.nth(n).get(&record.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(record));
    }
    assert_eq!(all(&***stores, &everything(100)).await, records);
}

pub(crate) async fn an_unknown_id_is_not_found(stores: &Stores) {
    let name = id("nobody-has-it");
    assert_eq!(stores.get(&name).await.unwrap(), None);
}

pub(crate) async fn ids_are_matched_byte_for_byte(stores: &Stores) {
    let names = [
        "abc",
        "ABC",
        "Abc",
        "ab_",
        "ab%",
        "%",
        "_",
        "*",
        "a'b",
        "a\"b",
        "a`b",
        "a\\b",
        "';--",
        "a/b",
        "a%2Fb",
        "a%2fb",
        "a+b",
        "a?b#c",
        "..",
        "../abc",
        "_design/abc",
        "_all_docs",
        "_local/abc",
        "1",
        "01",
        "1.0",
        "1e0",
        "null",
        "NULL",
        "$1",
        "?1",
        ":id",
        "{}",
        "[1]",
        "x'41'",
    ];
    for name in names {
        // Each is somebody's own, so that a mix-up shows.
        let creation = stores.create(record(name, name).into()).await.unwrap();
        assert_eq!(creation, Creation::Created, "{name}");
    }
    for name in names {
        let found = stores.get(&id(name)).await.unwrap().unwrap();
        assert_eq!((found.id, found.principal), (id(name), principal(name)));
    }
    for name in ["aBc", "ab", "abcd", "%%", "a", "''", "0", "a%2B", "_design"] {
        assert_eq!(stores.get(&id(name)).await.unwrap(), None, "{name}");
    }
}

pub(crate) async fn a_new_store_is_ready_and_empty(stores: &Stores) {
    for n in 0..2 {
        let store = stores.nth(n);
        store.ready().await.unwrap();
        assert_eq!(all(&*store, &everything(10)).await, []);
        assert_eq!(store.tokens().await.unwrap(), []);
        assert_eq!(store.keyring().await.unwrap(), None);
    }
}
