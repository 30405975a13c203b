//! What is done with hostile input: one function for each fuzz target.
//!
//! A function takes any bytes. It returns when what the project promises held for them, and panics
//! when it did not: that is what the fuzzer looks for. The targets in `fuzz/` hand them what the
//! fuzzer makes up; the test `replay` hands them the seeds and everything that was ever found.
//!
//! Invariants: a function depends on nothing but its input, so that a find can be replayed, and it
//! waits for nothing.
//!
//! | function | what must hold |
//! |---|---|
//! | [`claim_auth_key`] and its like | no panic; what is claimed is bounded; nothing that nobody signed is accepted |
//! | [`canonical`] | two accepted requests share a string to sign only if they share all that is covered |
//! | [`pipeline`] | through hyper and the layer, only what was signed reaches the service, and once |
//! | [`challenge`] | what is written is read back by a parser of its own |
//! | [`key_file`], [`names`] | a value or an error, and no secret in its text |
//! | [`creds_json`] | the key server always answers, and never that it is broken |
//! | [`agent_api`] | so do its agents' resources, and they judge JSON and XML that say the same alike |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
#![allow(clippy::missing_panics_doc)] // to panic is how they say that something did not hold

use std::sync::LazyLock;

use countersign_tests::Case;

mod agent_api;
mod canonical;
mod challenge;
mod claims;
mod creds_json;
mod key_file;
mod names;
mod pipeline;
mod written;

pub use self::agent_api::agent_api;
pub use self::canonical::canonical;
pub use self::challenge::challenge;
pub use self::claims::{claim_auth_key, claim_basic, claim_hmac_auth, claim_mac, claim_moxie};
pub use self::creds_json::creds_json;
pub use self::key_file::key_file;
pub use self::names::names;
pub use self::pipeline::pipeline;

/// Every scheme in every form, made once.
fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(Case::all);
    &CASES
}

/// What is done with the input of one target.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its function, of its file in `fuzz/fuzz_targets`
/// and of its folders of seeds and finds.
pub const TARGETS: &[(&str, Target)] = &[
    ("agent_api", agent_api),
    ("canonical", canonical),
    ("challenge", challenge),
    ("claim_auth_key", claim_auth_key),
    ("claim_basic", claim_basic),
    ("claim_hmac_auth", claim_hmac_auth),
    ("claim_mac", claim_mac),
    ("claim_moxie", claim_moxie),
    ("creds_json", creds_json),
    ("key_file", key_file),
    ("names", names),
    ("pipeline", pipeline),
];
