//! Listings: complete, in a fixed order, and each record once.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_key_server::credential::CredentialId;
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{
    Change, CredentialStore, Listing, Position, Record, Revision, StoreErrorKind, Update, Which,
};
use tokio::task::JoinSet;

use crate::support::{
    Stores, all, at, deleted, everything, ids, numbered, pages, principal, record,
};

fn listed(whose: &str, which: Which) -> Listing {
    Listing {
        principal: Some(principal(whose)),
        which,
        ..everything(3)
    }
}

pub(crate) async fn records_are_listed_in_the_order_of_their_creation(stores: &Stores) {
    // Neither ids nor times are in that order.
    let names = ["m", "z", "a", "M", "0", "k"];
    for (n, name) in names.iter().enumerate() {
        let record = Record {
            created_at: at(-i64::try_from(n % 3).unwrap()),
            ..record(name, "p")
        };
        let _ = stores.nth(n).create(record.into()).await.unwrap();
    }
    assert_eq!(ids(&all(&***stores, &everything(2)).await), names);
    // A change moves nothing.
    let first = stores.get(&record("m", "p").id).await.unwrap().unwrap();
    let change = Change::Sealed(Sealed::from_bytes(*b"anew"));
    let updated = stores.update(&first.id, first.revision, change).await;
    assert!(matches!(updated.unwrap(), Update::Updated(_)));
    stores.touch(&[(first.id, at(50))]).await.unwrap();
    assert_eq!(ids(&all(&***stores, &everything(2)).await), names);
}

pub(crate) async fn pages_of_any_size_cover_everything_once(stores: &Stores) {
    const RECORDS: usize = 24;
    for n in 0..RECORDS {
        let record = record(&format!("{n}"), ["dave", "eve"][n % 2]);
        let _ = stores.create(record.into()).await.unwrap();
    }
    let expected = all(&***stores, &everything(1000)).await;
    assert_eq!(expected.len(), RECORDS);
    let daves: Vec<_> = expected.iter().step_by(2).cloned().collect();
    for limit in (1..=RECORDS + 1).chain([1000, usize::MAX]) {
        let everybody = everything(limit);
        let pages = pages(&***stores, &everybody).await;
        // No page is empty, and only the last is short.
        assert_eq!(pages.len(), RECORDS.div_ceil(limit), "limit {limit}");
        let found: Vec<_> = pages.into_iter().flat_map(|page| page.records).collect();
        assert_eq!(found, expected, "limit {limit}");
        let of_dave = Listing {
            principal: Some(principal("dave")),
            ..everybody
        };
        assert_eq!(all(&***stores, &of_dave).await, daves, "limit {limit}");
    }
}

pub(crate) async fn deleted_records_are_listed_only_when_asked_for(stores: &Stores) {
    for n in 0..9 {
        let record = record(&format!("{n}"), ["dave", "eve"][n % 2]);
        let _ = stores.create(record.clone().into()).await.unwrap();
        if n % 3 == 0 {
            let change = Change::Life(deleted(1));
            let _ = stores
                .update(&record.id, Revision::FIRST, change)
                .await
                .unwrap();
        }
    }
    let listed = async |whose: Option<&str>, which| {
        let listing = Listing {
            principal: whose.map(principal),
            which,
            ..everything(2)
        };
        ids(&all(&***stores, &listing).await).join("")
    };
    assert_eq!(listed(None, Which::Present).await, "124578");
    assert_eq!(listed(None, Which::WithDeleted).await, "012345678");
    assert_eq!(listed(Some("dave"), Which::Present).await, "248");
    assert_eq!(listed(Some("dave"), Which::WithDeleted).await, "02468");
    assert_eq!(listed(Some("eve"), Which::Present).await, "157");
    assert_eq!(listed(Some("nobody"), Which::WithDeleted).await, "");
}

pub(crate) async fn bad_208_a_principal_is_matched_byte_for_byte(stores: &Stores) {
    let look_alikes = [
        "dave",
        "Dave",
        "DAVE",
        "dave ",
        " dave",
        "dave%",
        "dav_",
        "da",
        "d%",
        "%",
        "_",
        "*",
        "dave'",
        "dave\"",
        "dave\\",
        "d\u{e0}ve",
        "da\u{300}ve",
        "\u{e0}",
        "a\u{300}",
        "dave;",
        "dave,",
        "dave]",
        "[\"dave\"]",
        "dave\u{ffff}",
        "dave\u{10ffff}",
        "\u{430}",
        "a",
        "null",
        "' OR '1'='1",
        "\u{200b}dave",
        "dave\u{200b}",
        "stra\u{df}e",
        "strasse",
        "1",
        "1.0",
    ];
    for (n, whose) in look_alikes.iter().enumerate() {
        let record = record(&format!("{n}"), whose);
        let _ = stores.create(record.into()).await.unwrap();
    }
    for (n, whose) in look_alikes.iter().enumerate() {
        let found = all(&***stores, &listed(whose, Which::Present)).await;
        assert_eq!(found, [record(&format!("{n}"), whose)], "{whose:?}");
    }
    for nobody in ["dav", "dave%%", "davee", "''", "\u{e1}"] {
        let found = all(&***stores, &listed(nobody, Which::WithDeleted)).await;
        assert_eq!(found, [], "{nobody:?}");
    }
}

pub(crate) async fn bad_209_an_alien_position_ends_the_listing_or_is_refused(stores: &Stores) {
    for n in 0..3 {
        let _ = stores.create(numbered(n).into()).await.unwrap();
    }
    let long = "9".repeat(Position::MAX_LEN);
    let aliens = [
        "",
        "x",
        " ",
        "-1",
        "+",
        "0x10",
        "1e3",
        "1.5",
        "NaN",
        "18446744073709551616",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        &long,
        "'",
        "\"",
        "'; DROP TABLE credentials; --",
        "1 OR 1=1",
        "%",
        "\\",
        "{}",
        "[]",
        "[1,\"a\"]",
        "{\"a\":",
        "null",
        "\u{1f511}",
        "\0",
        "1\0",
        "a/b?c#d&e=f",
    ];
    for alien in aliens {
        for whose in [None, Some(principal("dave@example.com"))] {
            let listing = Listing {
                principal: whose,
                after: Some(Position::new(alien)),
                ..everything(10)
            };
            match stores.list(&listing).await {
                // What it gives is at worst a part of what there is.
                Ok(page) => assert!(page.records.len() <= 3 && page.next.is_none()),
                Err(error) => {
                    assert_eq!(error.kind(), StoreErrorKind::InvalidPosition, "{alien:?}");
                }
            }
        }
    }
    assert_eq!(all(&***stores, &everything(10)).await.len(), 3);
}

pub(crate) async fn paging_skips_and_repeats_nothing_while_others_write(stores: &Stores) {
    const THROUGHOUT: usize = 60;
    const WRITERS: usize = 8;
    let mut throughout = Vec::new();
    for n in 0..THROUGHOUT {
        let lasting = record(&format!("lasting-{n}"), ["dave", "eve"][n % 2]);
        throughout.push(lasting.id.clone());
        let _ = stores.create(lasting.into()).await.unwrap();
    }
    let daves: Vec<_> = throughout.iter().step_by(2).collect();
    let walk = async |walk: usize, limit: usize| {
        let store = stores.nth(walk);
        let everybody = Listing {
            which: [Which::Present, Which::WithDeleted][walk % 2],
            ..everything(limit.max(5))
        };
        let found = all(&*store, &everybody).await;
        check_walk(&found, &throughout.iter().collect::<Vec<_>>());
        let of_dave = Listing {
            limit,
            ..listed("dave", Which::Present)
        };
        let found = all(&*store, &of_dave).await;
        assert!(found.iter().all(|it| it.principal == principal("dave")));
        check_walk(&found, &daves);
    };
    // Each listing before anybody writes: what stands in for CouchDB leaves out of an index that it
    // makes for the first time whatever changes meanwhile, until it is asked again.
    for number in 0..2 {
        walk(number, THROUGHOUT).await;
    }
    let writing = Arc::new(AtomicUsize::new(WRITERS));
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let (writing, store) = (writing.clone(), stores.nth(n));
        writers.spawn(async move {
            write(n, &*store).await;
            writing.fetch_sub(1, Ordering::Relaxed);
        });
    }
    for (number, limit) in [1, 7, 50].into_iter().cycle().enumerate() {
        let last = writing.load(Ordering::Relaxed) == 0;
        walk(number, limit).await;
        if last {
            break;
        }
    }
    writers.join_all().await;
}

/// Creates, changes, deletes and uses credentials, and changes a lasting one.
async fn write(writer: usize, store: &dyn CredentialStore) {
    const ROUNDS: u32 = 20;
    let whose = ["dave", "eve"][writer % 2];
    let lasting = record(&format!("lasting-{writer}"), whose).id;
    for round in 1..=ROUNDS {
        let passing = record(&format!("passing-{writer}-{round}"), whose);
        let _ = store.create(passing.clone().into()).await.unwrap();
        let change = Change::Sealed(Sealed::from_bytes(round.to_be_bytes()));
        let revision = Revision::from_number(round);
        let update = store.update(&lasting, revision, change).await;
        assert!(matches!(update.unwrap(), Update::Updated(_)));
        let change = Change::Life(deleted(1));
        let update = store.update(&passing.id, Revision::FIRST, change).await;
        assert!(matches!(update.unwrap(), Update::Updated(_)));
        let used = [&lasting, &passing.id].map(|it| (it.clone(), at(round.into())));
        store.touch(&used).await.unwrap();
    }
}

fn check_walk(found: &[Record], throughout: &[&CredentialId]) {
    let distinct: HashSet<_> = found.iter().map(|it| &it.id).collect();
    assert_eq!(distinct.len(), found.len(), "something is repeated");
    let lasting: Vec<_> = found
        .iter()
        .map(|it| &it.id)
        .filter(|it| it.as_str().starts_with("lasting-"))
        .collect();
    assert_eq!(lasting, throughout, "something is skipped or out of order");
}
