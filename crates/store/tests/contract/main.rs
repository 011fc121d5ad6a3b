//! What a store does, whichever engine it stands on: every operation of every port, on SQLite and on PostgreSQL.
//!
//! Each case is an async function of a [`Fixture`]: an empty, open database of its own. The list below stamps it
//! once for each engine. A case that is missing from the list is dead code, which the lints refuse.
//! Needs PostgreSQL's server programs; says so where they are missing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

mod account_links;
mod archive;
mod audit;
mod audit_chain;
mod changes;
mod external_accounts;
mod fixture;
mod listing;
mod opening;
mod policy;
mod production;
mod records;
mod rep_overview;
mod reps;
mod sessions;
mod set_up;
mod standing;
mod token_moves;
mod token_selections;
mod tokens;

use fixture::Fixture;

macro_rules! contract {
    ($($noun:ident { $($case:ident),+ $(,)? })+) => {
        mod sqlite {
            $(mod $noun { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$noun::$case(crate::Fixture::sqlite().await).await;
                }
            )+ })+
        }
        mod postgres {
            $(mod $noun { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$noun::$case(crate::Fixture::postgres().await).await;
                }
            )+ })+
        }
    };
}

contract! {
    opening {
        an_empty_database_gets_its_schema,
        the_database_says_what_it_is,
        a_newer_schema_is_refused,
        an_unfinished_migration_is_refused,
        another_builds_migration_is_refused,
        another_programs_tables_are_refused,
        two_processes_open_an_empty_database_at_once,
        a_closed_store_fails,
    }
    set_up {
        a_code_opens_until_it_expires,
        a_new_code_replaces_the_old_one,
        the_first_admin_uses_up_the_code,
        a_wrong_code_makes_nothing,
        a_taken_address_leaves_the_code,
        many_at_once_make_one_admin,
        any_admin_closes_the_set_up,
        a_disabled_admin_does_not_count,
        an_admin_who_cannot_sign_in_does_not_count,
    }
    reps {
        a_rep_is_found_by_id_and_address,
        an_address_belongs_to_one_rep,
        reps_are_listed_by_address,
        a_system_rep_has_owners_and_no_password,
        a_system_rep_has_two_enabled_people_as_owners,
        a_rep_is_renamed,
        an_appearance_is_chosen,
        a_changed_address_ends_other_sessions,
        a_changed_password_ends_other_sessions,
        nobody_is_changed_without_a_trace,
    }
    standing {
        disabling_ends_sessions_and_stops_tokens_once,
        a_new_role_is_set_once,
        the_last_admin_stays,
        only_admins_who_can_sign_in_count,
        whoever_is_no_admin_any_longer_changes_nothing,
        two_admins_who_disable_each_other_leave_one,
        admins_who_demote_each_other_leave_one,
        one_rep_disabled_by_many_is_disabled_once,
    }
    account_links {
        an_invitation_is_accepted_once,
        an_invitation_needs_a_free_address,
        a_link_opens_nothing_else_and_not_for_ever,
        a_new_link_replaces_the_old_one,
        a_reset_ends_sessions,
        a_link_is_for_whom_it_fits,
        disabling_takes_the_link_away,
        an_invitation_is_withdrawn,
        a_link_used_by_many_works_once,
    }
    rep_overview {
        reps_are_listed_with_what_they_have,
        every_filter_finds_its_reps,
        names_are_found_in_any_case_however_they_came,
        owners_and_their_systems_are_found,
    }
    token_moves {
        live_tokens_move_and_keep_their_names,
        tokens_whose_description_is_taken_stay,
        a_move_needs_room_and_somebody_to_go_to,
        a_maker_stays_named,
        parallel_moves_make_one,
        moves_in_both_directions_do_not_wait_for_each_other,
        whoever_is_only_invited_owns_nothing,
    }
    token_selections {
        a_selection_is_what_was_chosen,
        what_was_chosen_is_revoked_and_nothing_else,
        a_selection_is_worked_on_once,
        old_selections_are_forgotten,
    }
    sessions {
        a_session_is_found_with_its_rep,
        sessions_are_listed_while_they_last,
        a_sighting_never_moves_back,
        a_confirmation_is_noted,
        a_session_ends_once,
        other_sessions_end_together,
        ended_sessions_are_removed,
        attempts_are_limited_by_account_and_address,
        attempts_are_limited_by_address,
        attempts_leave_the_window,
        a_session_clears_its_attempts_only,
        nothing_begins_by_a_password_that_is_another_one_by_now,
        parallel_attempts_are_counted_exactly,
        a_failed_attempt_is_written_down,
    }
    tokens {
        a_token_comes_back_as_it_was_stored,
        tokens_are_listed_newest_first,
        a_form_makes_one_token,
        a_description_is_taken_while_its_token_lives,
        an_owner_has_so_many_live_tokens,
        a_missing_or_disabled_owner_gets_none,
        parallel_posts_of_one_form_make_one_token,
        one_form_in_two_owners_hands_makes_one_token,
        parallel_tokens_of_one_description_make_one,
        parallel_tokens_stay_within_the_limit,
        a_token_is_revoked_once,
        parallel_revocations_make_one,
        an_expired_token_is_revoked_all_the_same,
        another_owners_token_is_not_found,
        a_credential_has_its_token_and_owner,
        a_tokens_limit_is_set,
        tokens_credentials_are_found_together,
        a_last_use_never_moves_back,
        a_last_call_is_known_with_where_it_came_from,
        noting_uses_changes_nothing_else,
        many_uses_are_noted_at_once,
        a_token_has_at_most_two_secrets,
    }
    listing {
        every_list_is_what_filtering_and_sorting_gives,
        a_list_follows_what_becomes_of_its_tokens,
        tokens_of_one_kind_share_it,
    }
    policy {
        a_policy_comes_back_as_it_was_saved,
        of_two_who_save_at_once_one_is_told,
        whoever_is_no_admin_saves_nothing,
        a_token_obeys_the_policy_that_holds,
        tokens_and_a_policy_at_once_have_an_order,
        address_rules_come_back_with_their_token,
        a_credential_knows_what_is_reserved,
        what_nobody_uses_is_revoked_and_nothing_else,
        another_policy_revokes_nothing,
    }
    changes {
        what_changes_a_verdict_takes_a_revision,
        what_cannot_be_committed_is_not_answered_as_done,
        what_is_given_up_as_it_begins_keeps_no_others_change,
        what_changes_nothing_takes_none,
        what_no_verdict_is_made_of_takes_none,
        revisions_are_in_the_order_of_commits,
        what_cannot_be_told_any_more_is_not_told,
        live_tokens_are_counted,
        live_secrets_are_read_in_pages,
        a_tokens_secrets_are_read_valid_or_not,
        a_watch_sees_every_commit,
        a_closed_stores_watch_fails,
        nodes_say_how_far_they_have_come,
        what_a_node_confirms_is_no_announcement,
        nodes_are_told_of_what_is_committed,
        nodes_are_not_told_of_their_own_changes,
        nodes_that_are_not_told_ask,
        room_for_notifications_is_known_where_there_is_any,
    }
    records {
        a_record_comes_back_as_it_was_stored,
        records_are_paged_by_id,
        a_collection_fills_up,
        parallel_records_stay_within_the_limit,
        a_record_is_replaced_at_its_version,
        a_record_is_deleted_at_its_version,
        records_are_searched_in_any_case,
        a_search_is_literal,
        a_search_of_many_collections_is_paged,
    }
    external_accounts {
        whoever_is_no_admin_any_longer_changes_no_account,
        a_draft_comes_back_as_it_was_stored,
        a_place_is_taken_once,
        a_step_is_kept_under_the_next_version,
        a_generated_token_comes_with_its_draft,
        a_pasted_token_is_one_accounts,
        a_submission_needs_a_live_token,
        parallel_submissions_make_one,
        a_cancelled_draft_takes_its_generated_token_along,
        submissions_and_cancellations_at_once_leave_one_of_the_two,
        an_active_account_keeps_a_token,
        tokens_for_accounts_and_others_do_not_wait_for_each_other,
        a_token_of_another_policy_is_not_given,
        a_confirmation_is_of_one_token,
        credentials_are_sealed_anew_one_by_one,
    }
    archive {
        everything_moves_to_either_engine,
        a_database_that_was_used_takes_nothing_in,
        a_copy_is_of_one_instant,
        what_was_cut_off_or_changed_is_refused,
        nothing_is_written_unless_all_is,
        what_was_taken_back_since_stays_so,
        what_was_revoked_since_is_not_guessed,
        running_nodes_follow_a_restore,
        what_others_have_put_there_is_left_alone,
    }
    audit {
        every_actor_and_subject_comes_back,
        every_action_comes_back,
        the_newest_entry_comes_first,
        what_fails_leaves_no_entry,
        unreadable_values_are_named,
        errors_quote_no_rows,
    }
    audit_chain {
        entries_are_put_into_one_chain,
        entries_from_before_the_chain_are_put_into_it,
        writers_at_once_make_one_chain,
        another_key_does_nothing,
        what_was_changed_is_named,
        a_sealed_part_is_taken_out,
        the_log_is_filtered,
        the_log_is_paged,
        the_log_is_searched_in_stretches,
        a_million_entries_are_filtered_in_time,
    }
}
