//! What stands in the place of the product's `sync`.

use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;

pub(super) use std::sync::{Arc, PoisonError};

pub(super) use loom::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering, fence};
pub(super) use loom::sync::{Mutex, MutexGuard};

use loom::sync::RwLock;

/// For `arc-swap`'s, as far as the recent slices use it.
pub(super) struct ArcSwapOption<T>(RwLock<Option<Arc<T>>>);

impl<T> ArcSwapOption<T> {
    pub(super) fn load(&self) -> Option<Arc<T>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    pub(super) fn store(&self, new: Option<Arc<T>>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *held = new;
    }

    pub(super) fn rcu(&self, change: impl Fn(&Option<Arc<T>>) -> Option<Arc<T>>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *held = change(&held);
    }
}

impl<T> Default for ArcSwapOption<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// For moka's cache, as far as the timeline uses it: a map that nothing is evicted from.
///
/// Like moka's, it makes the value of a key once however many ask for it, and publishes what it
/// holds to whoever finds it there; it promises no order between different keys.
pub(super) struct Cache<K, V>(Mutex<HashMap<K, V>>);

pub(super) struct CacheBuilder<K, V>(PhantomData<(K, V)>);

impl<K, V> Cache<K, V> {
    pub(super) fn builder() -> CacheBuilder<K, V> {
        CacheBuilder(PhantomData)
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(super) fn get_with(&self, key: K, init: impl FnOnce() -> V) -> V {
        let mut map = super::sharded::lock(&self.0);
        map.entry(key).or_insert_with(init).clone()
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        super::sharded::lock(&self.0).get(key).cloned()
    }

    pub(super) fn remove(&self, key: &K) -> Option<V> {
        super::sharded::lock(&self.0).remove(key)
    }

    #[expect(clippy::unused_self, reason = "it is called as moka's is")]
    pub(super) fn run_pending_tasks(&self) {}
}

impl<K, V> CacheBuilder<K, V> {
    #[expect(clippy::unused_self, reason = "it is called as moka's is")]
    pub(super) fn build(self) -> Cache<K, V> {
        Cache(Mutex::new(HashMap::new()))
    }
}
