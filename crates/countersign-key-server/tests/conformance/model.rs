//! Random operations on a store and on the model of all stores, which must not tell them apart.

use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{
    Change, CredentialStore, Idempotency, Life, Listing, MemoryStore, NewRecord, Record, Revision,
    Scope, State, TokenHash, TokenId, TokenRecord, Which,
};

use crate::support::{Stores, all, at, everything, id, pages, principal, record};

const OPERATIONS: i64 = 600;

/// A small generator (splitmix): the same numbers at every run, so that a failure can be looked into.
struct Dice {
    state: u64,
    /// Whether new records may be limited.
    limited: bool,
}

impl Dice {
    fn new(state: u64, limited: bool) -> Self {
        Self { state, limited }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn byte(&mut self, end: u8) -> u8 {
        u8::try_from(self.below(end.into())).unwrap()
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(2) == 0).then_some(value)
    }

    /// One of few ids, so that operations meet.
    fn name(&mut self) -> String {
        format!("id-{}", self.below(40))
    }

    fn whose(&mut self) -> &'static str {
        ["dave", "Dave", "eve"][usize::from(self.byte(3))]
    }

    fn revision(&mut self) -> Revision {
        Revision::from_number(1 + u32::from(self.byte(3)))
    }

    fn life(&mut self, now: i64) -> Life {
        let expires_at = at(now - 20 + i64::from(self.byte(60)));
        Life {
            state: [State::Active, State::Active, State::Inactive][usize::from(self.byte(3))],
            deleted_at: (self.below(4) == 0).then(|| at(now)),
            expires_at: self.maybe(expires_at),
            rotated_to: None,
        }
    }

    fn new_record(&mut self, now: i64) -> NewRecord {
        let record = Record {
            created_at: at(now),
            life: self.life(now),
            ..record(&self.name(), self.whose())
        };
        let retry = Idempotency {
            key: [self.byte(8); 32],
            fingerprint: [self.byte(250); 32],
            until: at(now + i64::from(self.byte(60))),
        };
        let most = u32::from(self.byte(8));
        NewRecord {
            record,
            idempotency: self.maybe(retry),
            max_active: self.maybe(most).filter(|_| self.limited),
        }
    }
}

pub(crate) async fn random_operations_end_as_they_do_in_the_model(stores: &Stores) {
    let model = MemoryStore::new();
    let limited = !stores.refuse_limits().await;
    let mut dice = Dice::new(1, limited);
    for now in 0..OPERATIONS {
        let server = stores.nth(usize::from(dice.byte(2)));
        let seed = dice.state;
        // The same dice for both, so that both are asked for the same.
        let ours = step(&*server, &mut Dice::new(seed, limited), now).await;
        let theirs = step(&model, &mut dice, now).await;
        assert_eq!(ours, theirs, "operation {now}");
    }
    let everything = everything(1000);
    let (ours, theirs) = (
        all(&***stores, &everything).await,
        all(&model, &everything).await,
    );
    assert_eq!(ours, theirs);
    assert!(ours.len() > 20, "too little happened: {}", ours.len());
    assert_eq!(
        stores.tokens().await.unwrap(),
        model.tokens().await.unwrap()
    );
}

/// One operation, and what became of it in words.
async fn step(store: &dyn CredentialStore, dice: &mut Dice, now: i64) -> String {
    match dice.below(14) {
        0..=3 => {
            let new = dice.new_record(now);
            format!("{:?}", store.create(new).await.unwrap())
        }
        4 => {
            let (name, revision) = (id(&dice.name()), dice.revision());
            let change = Change::Life(dice.life(now));
            format!("{:?}", store.update(&name, revision, change).await.unwrap())
        }
        5 => {
            let (name, revision) = (id(&dice.name()), dice.revision());
            let change = Change::Sealed(Sealed::from_bytes(now.to_be_bytes()));
            format!("{:?}", store.update(&name, revision, change).await.unwrap())
        }
        6 | 7 => {
            let (name, revision) = (id(&dice.name()), dice.revision());
            let successor = dice.new_record(now);
            let life = Life {
                rotated_to: Some(successor.record.id.clone()),
                ..dice.life(now)
            };
            let rotation = store.rotate(&name, revision, life, successor).await;
            format!("{:?}", rotation.unwrap())
        }
        8 => {
            let used = [0; 5].map(|_| (id(&dice.name()), at(now - i64::from(dice.byte(50)))));
            format!("{:?}", store.touch(&used).await.unwrap())
        }
        9 | 10 => {
            let whose = principal(dice.whose());
            let listing = Listing {
                principal: dice.maybe(whose),
                which: [Which::Present, Which::WithDeleted][usize::from(dice.byte(2))],
                after: None,
                limit: 1 + usize::from(dice.byte(9)),
            };
            let pages = pages(store, &listing).await;
            let records: Vec<_> = pages.iter().map(|page| &page.records).collect();
            format!("{records:?}")
        }
        11 => {
            let token = TokenRecord {
                id: TokenId::parse(&format!("{}", dice.below(9))).unwrap(),
                name: None,
                scope: Scope::ALL[usize::from(dice.byte(3))],
                hash: TokenHash([dice.byte(20); 32]),
                created_at: at(now),
                revoked_at: None,
            };
            format!("{:?}", store.add_token(token).await.unwrap())
        }
        12 => {
            let token = TokenId::parse(&format!("{}", dice.below(9))).unwrap();
            format!("{:?}", store.revoke_token(&token, at(now)).await.unwrap())
        }
        _ => {
            let revision = dice.revision();
            let expected = dice.maybe(revision);
            let put = store.put_keyring(&now.to_be_bytes(), expected).await;
            format!("{:?} {:?}", put.unwrap(), store.keyring().await.unwrap())
        }
    }
}
