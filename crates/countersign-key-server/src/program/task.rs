//! What is done instead of serving: tokens, import, re-keying, backup and restore.

use std::fmt::Write as _;
use std::path::Path;

use countersign_core::{Clock as _, SystemClock};

use super::address::Address;
use super::arguments::{
    ImportArguments, RekeyArguments, StoreArguments, Task, TokenCreateArguments, TokenTask,
};
use super::failure::Failure;
use super::print;
use super::store::{Existence, KeyStore, Place};
use crate::maintenance::import::import_yar;
use crate::maintenance::{
    backup, make_keyring, open_keyring, read_or_make_master_key, rekey, tokens,
};
use crate::seal::MasterKey;
use crate::store::TokenRecord;

pub(super) async fn run(task: &Task, store: &StoreArguments) -> Result<(), Failure> {
    // A token may be made before the first start, which needs one on other addresses than loopback.
    let existence = match task {
        Task::Token(TokenTask::Create(_)) | Task::Import(_) | Task::Restore(_) => {
            Existence::MadeIfMissing
        }
        Task::Token(_) | Task::Rekey(_) | Task::Backup(_) => Existence::Required,
    };
    let place = Place::of(store)?;
    if matches!(task, Task::Import(_) | Task::Rekey(_) | Task::Restore(_)) {
        place.master_key_file()?;
    }
    let key_store = place.open(existence).await?;
    let done = run_on(task, &key_store).await;
    key_store.store.close().await;
    done
}

async fn run_on(task: &Task, key_store: &KeyStore) -> Result<(), Failure> {
    let store = &*key_store.store;
    let now = SystemClock.now();
    match task {
        Task::Token(TokenTask::Create(arguments)) => create_token(key_store, arguments).await,
        Task::Token(TokenTask::List) => print(&listed(&store.tokens().await?)),
        Task::Token(TokenTask::Revoke(arguments)) => {
            tokens::revoke(store, &arguments.id, now).await?;
            say("the token is revoked; running servers notice within seconds");
            Ok(())
        }
        Task::Import(arguments) => import(key_store, arguments).await,
        Task::Rekey(arguments) => rekey_store(key_store, arguments).await,
        Task::Backup(arguments) => {
            let done = backup::back_up(store, &arguments.file, now).await?;
            let key = match key_store.place.master_key_file() {
                Ok(path) => format!(" {}", path.display()),
                Err(_) => String::new(),
            };
            say(&format!(
                "{} credentials and {} tokens are in {}; the master key{key} is not: keep a copy \
                 of it apart",
                done.records,
                done.tokens,
                arguments.file.display()
            ));
            Ok(())
        }
        Task::Restore(arguments) => restore(key_store, &arguments.file).await,
    }
}

async fn create_token(
    key_store: &KeyStore,
    arguments: &TokenCreateArguments,
) -> Result<(), Failure> {
    let name = arguments.name.clone();
    let now = SystemClock.now();
    let made = tokens::create(&*key_store.store, arguments.scope, name, now).await?;
    print(&format!("{}\n", *made.text))?;
    say(&format!(
        "token {} of scope {} is made; it is shown this once, and sent as `Authorization: Bearer \
         TOKEN`; from the first token on, running servers answer nobody without one",
        made.record.id,
        made.record.scope.name()
    ));
    Ok(())
}

fn listed(tokens: &[TokenRecord]) -> String {
    let mut text = String::new();
    for token in tokens {
        let date = |time: countersign_core::Timestamp| {
            jiff::Timestamp::from_second(time.as_unix())
                .map_or_else(|_| "?".to_owned(), |time| time.to_string())
        };
        let state = match token.revoked_at {
            Some(time) => format!("revoked {}", date(time)),
            None => "active".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\tcreated {}\t{}",
            token.id,
            token.scope.name(),
            state,
            date(token.created_at),
            token.name.as_deref().unwrap_or("-"),
        );
    }
    text
}

async fn import(key_store: &KeyStore, arguments: &ImportArguments) -> Result<(), Failure> {
    let Address::Couchdb(source) = Address::parse("--from", &arguments.from)? else {
        return Err(Failure::usage(
            "--from is the original's database: give couchdb://HOST:PORT/DATABASE",
        ));
    };
    let store = &*key_store.store;
    let keyring = make_keyring(store, &key_store.master_key().await?).await?;
    let report = import_yar(&source, store, &keyring, SystemClock.now()).await?;
    for left in &report.left {
        say(&format!("left {left}"));
    }
    say(&report.to_string());
    if report.is_complete() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} credentials of the original are not in the key store; see above which, and why",
        report.conflicts.saturating_add(report.invalid)
    )))
}

async fn rekey_store(key_store: &KeyStore, arguments: &RekeyArguments) -> Result<(), Failure> {
    let path = &arguments.new_master_key_file;
    let given = key_store.place.master_key_file()?;
    // After an interrupted run the old key may be gone already.
    let old = match MasterKey::read(given) {
        Ok(key) => Some(key),
        Err(error) if error.is_missing() && path.exists() => None,
        Err(error) => return Err(Failure::failed(error.to_string())),
    };
    if let Some(old) = &old {
        key_store.opens_or_was_rekeyed(old, path).await?;
    }
    let new = read_or_make_master_key(path)?;
    let report = rekey(&*key_store.store, old.as_ref().unwrap_or(&new), &new).await?;
    let begun = if report.continued {
        "the key store is under this master key already"
    } else {
        "the key store is under the new master key"
    };
    say(&format!(
        "{begun}; {} secrets were sealed anew, {} were already; start running servers again with \
         --master-key-file {}, and run this once more then for what they sealed meanwhile; keep \
         the old master key for backups made before",
        report.resealed,
        report.current,
        path.display()
    ));
    if report.damaged_count == 0 {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} credentials do not open, because their records were changed outside of the server; \
         they are left as they were: {}",
        report.damaged_count,
        report.damaged.join(", ")
    )))
}

impl KeyStore {
    /// Before a new master key is made: whether re-keying can begin or go on.
    async fn opens_or_was_rekeyed(&self, old: &MasterKey, new: &Path) -> Result<(), Failure> {
        match open_keyring(&*self.store, old).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Failure::failed(
                "the key store has no keyring yet: there is nothing to re-key; start the server \
                 with the new master key",
            )),
            Err(_) if new.exists() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn restore(key_store: &KeyStore, file: &Path) -> Result<(), Failure> {
    let path = key_store.place.master_key_file()?;
    let master = match MasterKey::read(path) {
        Ok(key) => Some(key),
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(Failure::failed(error.to_string())),
    };
    let done = backup::restore(&*key_store.store, file, master.as_ref()).await?;
    let key = if master.is_some() {
        String::new()
    } else {
        format!(
            "; now put the master key of the backup's time into {}: the server does not start \
             without it",
            path.display()
        )
    };
    say(&format!(
        "{} credentials and {} tokens are restored into {}{key}",
        done.records,
        done.tokens,
        key_store.place.address.shown()
    ));
    Ok(())
}

/// Says what was done to whoever watches; standard output is for what scripts read.
fn say(sentence: &str) {
    use std::io::Write as _;
    // There is nowhere left to report that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}
