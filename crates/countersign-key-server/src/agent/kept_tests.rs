//! What is kept of a key, where the private key is known.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::{Agents, Algorithm, AskedKey, Claimed, KeyName, NAMESPACES, Signature, UserName};
use crate::registry::Registry;
use crate::seal::MasterKey;
use crate::store::{CredentialStore as _, MemoryStore};

const HOST: &str = "localhost:8070";

/// How bytes may be written down.
fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hexadecimal: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hexadecimal = hexadecimal.concat();
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let texts = [
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hexadecimal.to_uppercase(),
        hexadecimal,
        numbers.join(","),
    ];
    let texts = texts.into_iter().map(String::into_bytes);
    texts.chain([bytes.to_vec()]).collect()
}

fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// Makes a key and looks for its private half and what opens it: in the store, and in what the
/// master key opens of it.
async fn nothing_kept_shows(algorithm: Algorithm) {
    let store = Arc::new(MemoryStore::new());
    let master = MasterKey::generate().unwrap();
    let registry = Registry::open(Arc::clone(&store) as _, &master).await;
    let registry = Arc::new(registry.unwrap());
    let agents = Agents::new(Arc::clone(&registry));
    let user = UserName::parse("alice".to_owned()).unwrap();
    let id = KeyName::parse("first".to_owned()).unwrap();
    let key_signature = STANDARD.encode(b"32 bytes of a key signature here");
    let key_signature = Signature::parse(key_signature).unwrap();
    let asked = AskedKey {
        algorithm,
        namespace: NAMESPACES[0],
        host: HOST,
        id: &id,
    };
    let claimed = Claimed { user: user.clone() };
    let made = agents.create_key(claimed, asked, &key_signature).await;
    made.unwrap();

    let key = agents.key(&user, &id).await.unwrap();
    let private = key.open(&user, &id, key_signature.bytes()).unwrap();
    let public = STANDARD.encode(&key.public);
    let entries = store.entries(None, 1000).await.unwrap();
    assert_eq!(entries.len(), 1);
    for entry in entries {
        let opened = registry.entry(&entry.id).await.unwrap().unwrap();
        // What is looked through is the record indeed.
        assert!(holds(&opened, public.as_bytes()));
        for secret in [&private[..], &key_signature.bytes()[..]] {
            for spelling in spellings(secret) {
                assert!(!holds(&opened, &spelling), "{algorithm:?}");
                assert!(!holds(entry.sealed.as_bytes(), &spelling), "{algorithm:?}");
            }
        }
    }
}

#[tokio::test]
async fn no_private_key_is_kept_in_any_spelling_even_for_whoever_has_the_master_key() {
    for algorithm in Algorithm::ALL {
        nothing_kept_shows(algorithm).await;
    }
}
