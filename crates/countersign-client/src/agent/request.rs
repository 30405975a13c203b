//! Requests, as they are written.
//!
//! Members are in the order in which the original's client writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::account::{Account, ApiKey, NewAccount};
use super::key::Key;
use super::signature::{KeyTexts, signature};

/// A body, which may have passwords in it: wiped when dropped.
pub(super) type Body = Result<Zeroizing<Vec<u8>>, serde_json::Error>;

/// The room for a body without data, so that no password is left behind where it grows.
const ROOM: usize = 8 * 1024;

/// What is signed over between the key signature and the public key, so that a request to sign
/// data is never one to agree on a secret.
const SHARED_SECRET: &str = "shared-secret";

/// A request without members.
#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateAccount<'a> {
    user_name: &'a str,
    e_mail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_nr: Option<&'a str>,
    password: &'a str,
    api_key: &'a str,
    nonce: &'a str,
    signature: &'a str,
    seconds: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Login<'a> {
    user_name: &'a str,
    nonce: &'a str,
    signature: &'a str,
    seconds: u64,
}

#[derive(Serialize)]
struct Refresh {
    seconds: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateKey<'a> {
    local_name: &'a str,
    namespace: &'a str,
    id: &'a str,
    nonce: &'a str,
    key_signature: &'a str,
    request_signature: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetPublicKey<'a> {
    key_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UseKey<'a> {
    key_id: &'a str,
    key_signature: &'a str,
    nonce: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<&'a str>,
    request_signature: &'a str,
}

/// What is asked of a key, with what it is asked to do it.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    /// To sign this data.
    Sign(&'a [u8]),
    /// To agree on a secret with the owner of this public key.
    Agree(&'a [u8]),
}

pub(super) fn empty() -> Body {
    written(&Empty {}, 0)
}

pub(super) fn create_account(
    new: &NewAccount,
    api_key: &ApiKey,
    host: &str,
    nonce: &str,
    seconds: u64,
) -> Body {
    let account = new.account();
    let password = account.password().expose();
    let mut texts = vec![account.user_name(), host, new.e_mail()];
    texts.extend(new.phone());
    texts.extend([password, api_key.id(), nonce]);
    let body = CreateAccount {
        user_name: account.user_name(),
        e_mail: new.e_mail(),
        phone_nr: new.phone(),
        password,
        api_key: api_key.id(),
        nonce,
        signature: &signature(api_key.secret(), &texts),
        seconds,
    };
    written(&body, password.len())
}

pub(super) fn login(account: &Account, host: &str, nonce: &str, seconds: u64) -> Body {
    let user_name = account.user_name();
    let body = Login {
        user_name,
        nonce,
        signature: &signature(account.password(), &[user_name, host, nonce]),
        seconds,
    };
    written(&body, 0)
}

pub(super) fn refresh(seconds: u64) -> Body {
    written(&Refresh { seconds }, 0)
}

pub(super) fn create_key(account: &Account, key: &Key, host: &str, nonce: &str) -> Body {
    let texts = texts_of(account, key, host);
    let key_signature = texts.key_signature(key.password());
    let body = CreateKey {
        local_name: texts.local_name,
        namespace: texts.namespace,
        id: texts.id,
        nonce,
        key_signature: &key_signature,
        request_signature: &texts.request_signature(account.password(), &key_signature, &[], nonce),
    };
    written(&body, 0)
}

pub(super) fn public_key(id: &str) -> Body {
    written(&GetPublicKey { key_id: id }, 0)
}

pub(super) fn use_key(
    account: &Account,
    key: &Key,
    host: &str,
    nonce: &str,
    asked: Use<'_>,
) -> Body {
    let texts = texts_of(account, key, host);
    let key_signature = texts.key_signature(key.password());
    let (Use::Sign(bytes) | Use::Agree(bytes)) = asked;
    let given = STANDARD.encode(bytes);
    let (data, public_key, rest) = match asked {
        Use::Sign(_) => (Some(&*given), None, &[&*given][..]),
        Use::Agree(_) => (None, Some(&*given), &[SHARED_SECRET, &*given][..]),
    };
    let body = UseKey {
        key_id: texts.id,
        key_signature: &key_signature,
        nonce,
        data,
        public_key,
        request_signature: &texts.request_signature(
            account.password(),
            &key_signature,
            rest,
            nonce,
        ),
    };
    written(&body, given.len())
}

fn texts_of<'a>(account: &'a Account, key: &'a Key, host: &'a str) -> KeyTexts<'a> {
    KeyTexts {
        user_name: account.user_name(),
        host,
        local_name: key.local_name(),
        namespace: key.namespace_name(),
        id: key.id(),
    }
}

/// `data` is the length of what is in it and may be long.
fn written(body: &impl Serialize, data: usize) -> Body {
    let mut text = Zeroizing::new(Vec::with_capacity(ROOM.saturating_add(data)));
    serde_json::to_writer(&mut *text, body)?;
    Ok(text)
}
