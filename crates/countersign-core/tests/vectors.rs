//! Every entry of the vector files, run: what was printed in the schemes' documents, what their
//! original programs said, and what independent code computed.
//!
//! Where we differ from an original on purpose, the table in `vectors/deviations.rs` says so. A
//! difference that it does not list fails, and so does a row that no longer occurs.
//!
//! `cargo test -p countersign-core --test vectors -- --nocapture` prints the count.
#![cfg(all(
    feature = "auth-key",
    feature = "hmac-auth",
    feature = "moxie",
    feature = "mac"
))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

#[path = "vectors/auth_key.rs"]
mod auth_key;
#[path = "vectors/auth_key_dialects.rs"]
mod auth_key_dialects;
#[path = "vectors/deviations.rs"]
mod deviations;
#[path = "vectors/hmac_auth.rs"]
mod hmac_auth;
#[path = "vectors/mac.rs"]
mod mac;
#[path = "vectors/mac_golden.rs"]
mod mac_golden;
#[path = "vectors/moxie.rs"]
mod moxie;
#[path = "vectors/moxie_golden.rs"]
mod moxie_golden;
#[path = "vectors/tally.rs"]
mod tally;

use std::io::Write as _;

use self::deviations::DEVIATIONS;
use self::tally::{File, Tally};

#[test]
fn every_entry_is_run_and_every_difference_from_an_original_is_listed() {
    let mut tally = Tally::default();
    auth_key::run(&mut tally);
    auth_key_dialects::run(&mut tally);
    hmac_auth::run(&mut tally);
    moxie::run(&mut tally);
    moxie_golden::run(&mut tally);
    mac::run(&mut tally);
    mac_golden::run(&mut tally);

    for file in File::ALL {
        assert_eq!(tally.ran(file), file.entries(), "entries of {file:?}");
    }
    tally.assert_differences_are(DEVIATIONS);
    // Written past the capture of the test harness: the number is to be seen without options.
    writeln!(
        std::io::stdout(),
        "countersign-core: {} vectors run (auth-key {}, hmac-auth {}, moxie {}, mac {}; \
         {} deviations)",
        File::ALL.map(|file| tally.ran(file)).iter().sum::<usize>(),
        tally.ran(File::AuthKey),
        tally.ran(File::HmacAuth),
        tally.ran(File::Moxie),
        tally.ran(File::Mac),
        DEVIATIONS
            .iter()
            .map(|row| row.entries.len())
            .sum::<usize>(),
    )
    .expect("standard output takes a line");
}
