//! What every store must do, and for each kind of store one test per behaviour.
//!
//! A kind of store is added with a file like `memory.rs`: a [`Fixture`](support::Fixture) and
//! `conformance!(ThatFixture);`. Where its server is not Rust's to start, the attribute goes along:
//! `conformance!(#[ignore = "needs …, which cargo xtask test installs"] ThatFixture);`.
//!
//! A behaviour is added as an `async fn(&Stores)` in the module it belongs to and by its name in
//! `conformance!`; one that is not named there is dead code, which the compiler reports.

// What clippy exempts in tests it does not in what they stand on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

/// Makes the tests of one kind of store, in the module where it stands.
macro_rules! conformance {
    ($(#[$attribute:meta])* $fixture:ty) => {
        conformance! { @modules [$(#[$attribute])*] $fixture;
            records {
                every_field_comes_back_as_it_was
                an_unknown_id_is_not_found
                ids_are_matched_byte_for_byte
                a_new_store_is_ready_and_empty
            }
            creation {
                of_64_racing_creates_with_one_id_one_wins
                a_taken_id_is_refused_and_its_record_stays
                the_id_of_a_deleted_record_stays_taken
            }
            idempotency {
                bad_204_of_64_racing_creates_with_one_idempotency_key_one_wins
                a_repeated_creation_tells_of_the_first_whatever_else_it_asks_for
                an_idempotency_key_is_remembered_until_its_last_second
                a_refused_creation_uses_up_no_idempotency_key
            }
            limits {
                bad_203_of_64_racing_creates_just_as_many_as_allowed_win
                only_active_credentials_of_the_same_principal_count
                a_credential_counts_until_its_last_second
                a_limit_of_none_allows_nothing
            }
            updates {
                of_64_racing_updates_of_one_revision_one_wins
                bad_230_a_stale_update_changes_nothing
                an_update_of_an_unknown_id_says_so
                an_update_changes_what_it_names_and_nothing_else
            }
            rotation {
                a_rotation_changes_the_old_and_keeps_the_new
                a_stale_or_unknown_rotation_changes_nothing
                a_rotation_to_a_taken_id_changes_nothing
                a_repeated_rotation_tells_of_the_first
                of_16_racing_rotations_one_wins
                a_rotation_does_not_count_the_one_it_replaces
                a_rotation_beyond_the_limit_changes_nothing
            }
            listing {
                records_are_listed_in_the_order_of_their_creation
                pages_of_any_size_cover_everything_once
                deleted_records_are_listed_only_when_asked_for
                bad_208_a_principal_is_matched_byte_for_byte
                bad_209_an_alien_position_ends_the_listing_or_is_refused
                paging_skips_and_repeats_nothing_while_others_write
            }
            use_times {
                the_latest_use_is_kept
                a_use_is_no_change_and_unknown_ids_are_ignored
                bad_228_ten_thousand_uses_at_once_are_noted
            }
            keyring {
                of_16_racing_first_keyrings_one_is_kept
                a_keyring_is_replaced_only_at_the_revision_it_was_read_at
            }
            tokens {
                tokens_are_listed_from_the_oldest_to_the_newest
                a_token_with_a_taken_id_or_hash_is_refused
                a_revoked_token_keeps_the_time_it_was_first_revoked
                of_16_racing_tokens_with_one_id_one_is_kept
            }
            entries {
                of_64_racing_entries_with_one_id_one_is_kept
                entries_are_told_apart_byte_for_byte
                an_entry_is_replaced_only_as_it_was_read
                pages_of_entries_of_any_size_cover_everything_once
                entries_are_forgotten_after_their_last_second
            }
            dropped {
                a_dropped_creation_is_whole_or_was_never_made
                a_dropped_rotation_is_whole_or_was_never_made
            }
            model {
                random_operations_end_as_they_do_in_the_model
            }
        }
    };
    (@modules $attributes:tt $fixture:ty; $($module:ident { $($behaviour:ident)* })*) => {
        $($(conformance! { @test $attributes $fixture; $module $behaviour })*)*
    };
    (@test [$(#[$attribute:meta])*] $fixture:ty; $module:ident $behaviour:ident) => {
        $(#[$attribute])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $behaviour() {
            $crate::support::run::<$fixture>(async |stores| {
                $crate::$module::$behaviour(stores).await;
            })
            .await;
        }
    };
}

#[cfg(feature = "couchdb")]
mod couchdb;
mod creation;
mod dropped;
mod entries;
mod idempotency;
mod keyring;
mod limits;
mod listing;
mod memory;
mod model;
#[cfg(all(unix, feature = "postgres"))]
mod postgres;
#[cfg(all(unix, feature = "postgres"))]
#[path = "../support/postgres_server.rs"]
mod postgres_server;
mod records;
mod rotation;
#[cfg(feature = "sqlite")]
mod sqlite;
mod support;
mod tokens;
mod updates;
mod use_times;
