//! The scenarios, each in every order of its threads.

use countersign_interleavings::{claims, lookups};

#[test]
fn one_request_claimed_twice_is_accepted_once() {
    claims::one_request_claimed_twice_is_accepted_once();
}

#[test]
fn a_second_that_is_dropped_meanwhile_does_not_let_a_replay_through() {
    claims::a_second_that_is_dropped_meanwhile_does_not_let_a_replay_through();
}

#[test]
fn a_span_that_is_dropped_meanwhile_does_not_let_a_replay_through() {
    claims::a_span_that_is_dropped_meanwhile_does_not_let_a_replay_through();
}

#[test]
fn the_last_room_is_given_once() {
    claims::the_last_room_is_given_once();
}

#[test]
fn room_is_given_back_exactly_once() {
    claims::room_is_given_back_exactly_once();
}

#[test]
fn two_lookups_are_one_call() {
    lookups::two_lookups_are_one_call();
}

#[test]
fn an_invalidation_is_not_undone_by_a_lookup_under_way() {
    lookups::an_invalidation_is_not_undone_by_a_lookup_under_way();
}

#[test]
fn a_caller_that_leaves_strands_nobody() {
    lookups::a_caller_that_leaves_strands_nobody();
}
