//! The list of cases, and the macro that makes tests from it.

/// The one list of cases. Passes it to the macro named in brackets, after the arguments.
/// A case that needs an optional capability names it.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_case {
    ([$($callback:tt)+] $arguments:tt) => {
        $($callback)+! { $arguments
            shops {
                "SHOP-1" shop_1_is_found_as_created
                "SHOP-2" shop_2_taken_domain_answers_the_shop
                "SHOP-3" shop_3_unknown_domain_is_none
                "SHOP-4" shop_4_list_holds_all_in_order
                "SHOP-5" shop_5_first_closing_stays
                "SHOP-8" shop_8_has_at_least_the_number
                "SHOP-9" shop_9_setting_changes_one_value
                "SHOP-10" shop_10_reopened_shop_is_open
            }
            customers {
                "CUSTOMER-1" customer_1_is_found_as_created
                "CUSTOMER-2" customer_2_same_email_is_existing
                "CUSTOMER-3" customer_3_same_phone_number_is_existing
                "CUSTOMER-21" customer_21_same_id_is_existing
                "CUSTOMER-22" customer_22_what_is_missing_is_filled_in
                "CUSTOMER-4" customer_4_shops_are_apart
                "CUSTOMER-5" customer_5_asked_number_is_kept
                "CUSTOMER-6" customer_6_taken_number_is_refused
                "CUSTOMER-19" customer_19_every_shop_counts_for_itself
            }
            customer_lists {
                "CUSTOMER-9" customer_9_list_meets_every_condition
                "CUSTOMER-10" customer_10_pages_hold_every_customer_once
                "CUSTOMER-23" customer_23_words_select_customers
            }
            customer_changes {
                "CUSTOMER-11" customer_11_update_changes_what_it_says
                "CUSTOMER-12" customer_12_refused_update_changes_nothing
                "CUSTOMER-18" customer_18_empty_update_changes_nothing
            }
            customer_erasure {
                "CUSTOMER-15" customer_15_erasure_takes_all_of_the_customers
                "CUSTOMER-16" customer_16_what_an_erased_one_had_is_free
            }
            customer_merges {
                "CUSTOMER-24" customer_24_merge_moves_everything
                "CUSTOMER-25" customer_25_merge_of_a_missing_customer_is_refused
                "CUSTOMER-26" customer_26_merged_number_leads_on
                "CUSTOMER-27" customer_27_merge_is_logged
                "CUSTOMER-28" customer_28_erasure_takes_what_was_merged
            }
            users {
                "USER-1" user_1_is_found_as_created
                "USER-2" user_2_same_email_is_taken
                "USER-3" user_3_shops_are_apart
                "USER-4" user_4_asked_number_is_kept
                "USER-5" user_5_taken_number_is_refused
                "USER-11" user_11_every_shop_counts_for_itself
            }
            user_lists {
                "USER-7" user_7_list_holds_all_in_order
                "USER-14" user_14_filter_finds_an_address
            }
            user_changes {
                "USER-8" user_8_update_changes_what_it_says
                "USER-9" user_9_refused_update_changes_nothing
            }
            tickets {
                "TICKET-1" ticket_1_is_found_as_created
                "TICKET-2" ticket_2_outcomes_are_in_order
                "TICKET-3" ticket_3_unknown_customer_is_refused
                "TICKET-4" ticket_4_unknown_assignee_is_refused
                "TICKET-5" ticket_5_missing_customer_wins
                "TICKET-6" ticket_6_refused_item_fails_alone
                "TICKET-7" ticket_7_open_ticket_has_human_ticket
                "TICKET-8" ticket_8_other_shops_ticket_is_not_found
                "TICKET-9" ticket_9_is_found_with_its_people
                "TICKET-10" ticket_10_taken_id_fails_the_batch
                "TICKET-11" ticket_11_batch_spans_shops
            }
            idempotency {
                "IDEMPOTENCY-1" idempotency_1_same_request_is_replayed
                "IDEMPOTENCY-2" idempotency_2_other_request_is_refused
                "IDEMPOTENCY-3" idempotency_3_keys_belong_to_shop_and_operation
                "IDEMPOTENCY-4" idempotency_4_refused_item_frees_its_key
                "IDEMPOTENCY-5" idempotency_5_key_twice_in_a_batch
                "IDEMPOTENCY-6" idempotency_6_record_answers_first
            }
            ticket_lists {
                "TICKET-13" ticket_13_list_meets_every_condition
                "TICKET-14" ticket_14_list_is_latest_first
                "TICKET-15" ticket_15_pages_hold_every_ticket_once
                "TICKET-16" ticket_16_count_is_the_lists_length
            }
            ticket_changes {
                "TICKET-17" ticket_17_update_changes_what_it_says
                "TICKET-18" ticket_18_empty_update_changes_nothing
                "TICKET-19" ticket_19_human_ticket_opens_and_closes
                "TICKET-20" ticket_20_other_version_or_shop_is_refused
                "TICKET-21" ticket_21_unknown_assignee_is_refused
                "TICKET-26" ticket_26_first_message_stays
                "TICKET-29" ticket_29_update_moves_the_ticket
                "COMMENT-20" comment_20_reply_opens_closed_ticket
            }
            ticket_deletion {
                "TICKET-23" ticket_23_deletion_takes_the_ticket_alone
            }
            comments {
                "COMMENT-1" comment_1_is_listed_as_created
                "COMMENT-2" comment_2_attempts_are_in_order
                "COMMENT-3" comment_3_unknown_ticket_or_author_is_refused
                "COMMENT-4" comment_4_last_message_follows
                "COMMENT-5" comment_5_customers_comment_is_unread
                "COMMENT-6" comment_6_version_counts_every_comment
                "COMMENT-7" comment_7_list_is_earliest_first
                "COMMENT-8" comment_8_pages_hold_every_comment_once
                "COMMENT-9" comment_9_other_shops_ticket_has_no_list
                "COMMENT-12" comment_12_taken_id_fails_the_batch
                "COMMENT-14" comment_14_note_moves_nothing
                "COMMENT-15" comment_15_update_changes_what_it_says
                "COMMENT-17" comment_17_message_before_is_shown
                "COMMENT-18" comment_18_refused_change_changes_nothing
                "COMMENT-19" comment_19_old_text_leaves_log_and_records
                "COMMENT-21" comment_21_version_is_checked
            }
            once {
                "COMMENT-10" comment_10_takes_effect_once
                "COMMENT-16" comment_16_takes_effect_once
                "CUSTOMER-8" customer_8_takes_effect_once
                "CUSTOMER-13" customer_13_takes_effect_once
                "CUSTOMER-29" customer_29_takes_effect_once
                "TICKET-22" ticket_22_takes_effect_once
                "USER-6" user_6_takes_effect_once
                "KEY-8" key_8_takes_effect_once
                "ONCE-1" once_1_all_operations_share_one_space
            }
            search {
                "SEARCH-1" search_1_finds_every_term (text_search)
                "SEARCH-2" search_2_answer_is_in_order_of_rank (text_search)
                "SEARCH-3" search_3_pages_hold_every_ticket_once (text_search)
                "SEARCH-4" search_4_follows_every_change (text_search)
                "SEARCH-5" search_5_finds_details_of_tickets (text_search)
                "SEARCH-6" search_6_finds_ids (text_search)
                "SEARCH-7" search_7_finds_details_of_comments (text_search)
                "SEARCH-8" search_8_finds_the_text_of_html (text_search)
                "SEARCH-9" search_9_finds_ids_and_numbers_of_customers (text_search)
            }
            api_keys {
                "KEY-1" key_1_is_found_with_its_shop
                "KEY-2" key_2_unknown_number_is_none
                "KEY-3" key_3_list_holds_all_in_order
                "KEY-4" key_4_first_revocation_stays
                "KEY-5" key_5_rotation_replaces_the_key
                "KEY-6" key_6_dead_key_is_not_rotated
                "KEY-7" key_7_missing_user_is_refused
            }
            events {
                "EVENT-1" event_1_creating_tickets_is_logged
                "EVENT-2" event_2_changing_and_deleting_a_ticket_is_logged
                "EVENT-3" event_3_creating_comments_is_logged
                "EVENT-4" event_4_creating_and_changing_a_customer_is_logged
                "EVENT-5" event_5_erasing_a_customer_is_logged
                "EVENT-6" event_6_creating_and_changing_a_user_is_logged
                "EVENT-7" event_7_making_and_ending_keys_is_logged
                "EVENT-8" event_8_what_changes_nothing_is_not_logged
                "EVENT-9" event_9_event_says_who_and_when
                "EVENT-10" event_10_snapshots_are_what_is_found
                "EVENT-11" event_11_erasure_takes_the_customers_snapshots
                "EVENT-12" event_12_pages_hold_every_event_once
                "EVENT-17" event_17_conditions_bound_what_is_listed
                "EVENT-18" event_18_changing_a_shop_is_logged
            }
            webhooks {
                "WEBHOOK-1" webhook_1_is_found_as_created
                "WEBHOOK-2" webhook_2_shops_are_apart
                "WEBHOOK-3" webhook_3_list_is_in_order
                "WEBHOOK-4" webhook_4_shop_has_a_maximum
                "WEBHOOK-5" webhook_5_taken_id_fails
                "WEBHOOK-6" webhook_6_update_changes_what_it_says
                "WEBHOOK-7" webhook_7_other_version_is_refused
                "WEBHOOK-8" webhook_8_deletion_removes_it
                "WEBHOOK-9" webhook_9_changes_are_logged
                "WEBHOOK-10" webhook_10_takes_effect_once
                "WEBHOOK-11" webhook_11_racing_commands_keep_the_rules
            }
            deliveries {
                "DELIVERY-1" delivery_1_planning_follows_the_log
                "DELIVERY-2" delivery_2_racing_plans_share_nothing
                "DELIVERY-3" delivery_3_due_deliveries_are_claimed
                "DELIVERY-4" delivery_4_one_subject_is_in_order
                "DELIVERY-5" delivery_5_claim_is_a_lease
                "DELIVERY-6" delivery_6_claims_have_a_maximum
                "DELIVERY-7" delivery_7_racing_claims_share_nothing
                "DELIVERY-8" delivery_8_removed_event_is_not_delivered
                "DELIVERY-9" delivery_9_settling_notes_the_attempt
                "DELIVERY-10" delivery_10_stale_settlement_changes_nothing
                "DELIVERY-11" delivery_11_disabling_is_logged
                "DELIVERY-12" delivery_12_due_webhooks_are_listed
                "DELIVERY-13" delivery_13_attempts_are_listed_latest_first
                "DELIVERY-14" delivery_14_replay_delivers_again
                "DELIVERY-15" delivery_15_range_is_counted
                "DELIVERY-16" delivery_16_test_is_an_attempt
            }
            credentials {
                "CREDENTIAL-1" credential_1_link_works_until_its_end
                "CREDENTIAL-2" credential_2_new_link_replaces_the_former
                "CREDENTIAL-3" credential_3_missing_user_or_role_is_refused
                "CREDENTIAL-4" credential_4_link_gives_a_role
                "CREDENTIAL-5" credential_5_link_sets_a_password
                "CREDENTIAL-6" credential_6_ended_link_sets_nothing
                "CREDENTIAL-7" credential_7_is_found_by_address
                "CREDENTIAL-8" credential_8_deactivation_removes_links
                "CREDENTIAL-9" credential_9_changes_are_logged
                "CREDENTIAL-10" credential_10_link_works_once
                "CREDENTIAL-11" credential_11_several_are_found
                "CREDENTIAL-12" credential_12_sign_ins_are_noted
            }
            sessions {
                "SESSION-1" session_1_is_found_as_created
                "SESSION-2" session_2_ends_with_time
                "SESSION-3" session_3_use_moves_forward
                "SESSION-4" session_4_ends_alone
                "SESSION-5" session_5_wrong_password_is_refused
                "SESSION-6" session_6_deactivation_ends_sessions
                "SESSION-7" session_7_shops_are_apart
                "SESSION-8" session_8_user_has_a_maximum
                "SESSION-9" session_9_racing_deactivation_leaves_no_session
            }
            saved_replies {
                "REPLY-1" reply_1_is_found_as_created
                "REPLY-2" reply_2_list_is_in_order
                "REPLY-3" reply_3_taken_id_changes_nothing
                "REPLY-4" reply_4_shop_has_a_maximum
                "REPLY-5" reply_5_update_changes_what_it_says
                "REPLY-6" reply_6_deletion_removes_it_alone
            }
            figures {
                "FIGURE-1" figure_1_opened_tickets_have_a_human_ticket
                "FIGURE-2" figure_2_first_answer_counts_once
                "FIGURE-3" figure_3_closed_tickets_count_once
                "FIGURE-4" figure_4_day_has_a_limit
                "FIGURE-5" figure_5_open_tickets_are_grouped
                "FIGURE-6" figure_6_open_tickets_have_a_limit
            }
            archive {
                "ARCHIVE-1" archive_1_loaded_shop_answers_as_its_source
                "ARCHIVE-2" archive_2_entries_are_in_order
                "ARCHIVE-3" archive_3_reader_shows_one_moment
                "ARCHIVE-4" archive_4_taken_shop_is_not_loaded
                "ARCHIVE-5" archive_5_unfinished_shop_is_closed
                "ARCHIVE-6" archive_6_entries_are_loaded_in_order
                "ARCHIVE-7" archive_7_finished_shop_is_what_it_was
                "ARCHIVE-8" archive_8_discarded_load_leaves_nothing
                "ARCHIVE-9" archive_9_new_numbers_follow_the_loaded
                "ARCHIVE-10" archive_10_concurrent_loads_add_each_entry_once
            }
            retention {
                "RETENTION-1" retention_1_removes_old_records
                "RETENTION-2" retention_2_removed_key_is_free
                "RETENTION-3" retention_3_removes_old_events
                "EVENT-15" event_15_no_list_skips_removed_events
                "EVENT-16" event_16_nothing_appears_before_the_end
                "RETENTION-5" retention_5_removes_old_attempts
            }
            id_ranges {
                "IDRANGE-2" id_range_2_has_its_span
                "IDRANGE-3" id_range_3_running_node_is_left_alone
                "IDRANGE-4" id_range_4_extension_goes_on
                "IDRANGE-5" id_range_5_outdated_range_is_not_extended
                "IDRANGE-6" id_range_6_survives_clock_steps
                "IDRANGE-7" id_range_7_succeeds_without_a_free_node
                "IDRANGE-8" id_range_8_ends_with_time
            }
            readiness {
                "READY-1" ready_1_new_store_is_ready
            }
            cancellation {
                "CANCEL-1" cancel_1_dropped_call_takes_effect_in_full_or_not_at_all
            }
            capabilities {
                "CAPABILITY-1" capability_1_declares_what_it_has
            }
            concurrency {
                "SHOP-6" shop_6_one_of_racing_creations_wins
                "SHOP-7" shop_7_closings_and_writes_all_take_effect
                "CUSTOMER-7" customer_7_one_of_racing_creations_wins
                "CUSTOMER-14" customer_14_one_of_racing_updates_wins
                "CUSTOMER-17" customer_17_racing_erasure_leaves_nothing
                "CUSTOMER-20" customer_20_racing_updates_all_take_effect
                "CUSTOMER-30" customer_30_racing_merge_loses_nothing
                "USER-10" user_10_deactivation_leaves_no_key
                "USER-12" user_12_one_of_racing_users_wins
                "USER-13" user_13_racing_updates_all_take_effect
                "TICKET-12" ticket_12_racing_batches_all_take_effect
                "IDEMPOTENCY-7" idempotency_7_one_of_racing_items_is_created
                "TICKET-24" ticket_24_one_of_racing_updates_wins
                "TICKET-25" ticket_25_inactive_user_gets_no_ticket
                "TICKET-30" ticket_30_racing_moves_lose_nothing
                "COMMENT-11" comment_11_racing_comments_are_all_stored
                "COMMENT-13" comment_13_racing_deletion_leaves_no_comment
                "COMMENT-22" comment_22_one_of_racing_comments_wins
                "KEY-9" key_9_one_of_racing_revocations_wins
                "KEY-10" key_10_revoked_key_is_not_rotated
                "EVENT-13" event_13_later_commands_stand_later
                "EVENT-14" event_14_reader_misses_no_event
                "RETENTION-4" retention_4_racing_steps_remove_everything_once
                "IDRANGE-1" id_range_1_racing_ranges_do_not_overlap
            }
        }
    };
}

/// Makes the contract's tests for an adapter: a plain `#[test]` for each case, in a module for each
/// port, and the property test in the module `model`.
///
/// Takes an expression of a [`StorageFixture`](crate::StorageFixture) and evaluates it once for
/// each test. Each use makes modules with the same names, so two fixtures in one file need a module
/// each. The [documentation of the crate](crate) has a whole example.
///
/// # Optional capabilities
///
/// If a store lacks a capability, declare it. The tests of that capability are then ignored instead
/// of run, and the output shows them as ignored:
///
/// ```
/// # use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};
/// # struct WithoutSearch;
/// # #[async_trait]
/// # impl StorageFixture for WithoutSearch {
/// #     async fn open(&self) -> anyhow::Result<TestStorage> {
/// #         anyhow::bail!("opens nothing")
/// #     }
/// # }
/// hexdesk_contract::storage_contract!(WithoutSearch, without: [text_search]);
/// # fn main() {}
/// ```
///
/// | capability | a store without it | cases |
/// | --- | --- | --- |
/// | `text_search` | does not declare it, and keeps the trait's `search_tickets`, which fails | SEARCH |
///
/// The test `declaration::names_what_the_store_lacks` fails if this list and the store's capabilities
/// disagree. Every store must meet all other obligations. Declaring another name does not compile:
///
/// ```compile_fail
/// # use hexdesk_contract::{StorageFixture, TestStorage, anyhow, async_trait};
/// # struct WithoutSearch;
/// # #[async_trait]
/// # impl StorageFixture for WithoutSearch {
/// #     async fn open(&self) -> anyhow::Result<TestStorage> {
/// #         anyhow::bail!("opens nothing")
/// #     }
/// # }
/// hexdesk_contract::storage_contract!(WithoutSearch, without: [readiness]);
/// # fn main() {}
/// ```
///
/// # Pending modules
///
/// While an adapter is being written, `pending: [shops, customers, model]` after these arguments
/// ignores the tests of these modules. The test `progress::of_pending_ports` runs their cases and
/// prints how many pass. It fails if every case of a module passes: take that module out.
#[macro_export]
macro_rules! storage_contract {
    (
        $fixture:expr
        $(, without: [$($capability:ident),* $(,)?])?
        $(, pending: [$($pending:ident),+ $(,)?])?
        $(,)?
    ) => {
        #[cfg(test)]
        fn __storage_contract_fixture() -> impl $crate::StorageFixture {
            $fixture
        }

        $crate::__for_each_case! { [$crate::__case_tests] ([$($($capability)*)?] [$($($pending)+)?]) }

        #[cfg(test)]
        const __MISSING: &[&str] = &[$($(stringify!($capability)),*)?];

        #[cfg(test)]
        mod declaration {
            #[test]
            fn names_what_the_store_lacks() -> Result<(), $crate::Failure> {
                $crate::expect_missing(&super::__storage_contract_fixture(), super::__MISSING)
            }
        }

        $(
            #[cfg(test)]
            mod progress {
                #[test]
                fn of_pending_ports() -> Result<(), $crate::Failure> {
                    let pending: &[&str] = &[$(stringify!($pending)),+];
                    $crate::expect_pending(&super::__storage_contract_fixture(), super::__MISSING, pending)
                }
            }
        )?
    };
}

/// One case of the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __case {
    (@ $module:ident $rule:literal $name:ident $capability:expr) => {
        $crate::Case {
            rule: $rule,
            name: concat!(stringify!($module), "::", stringify!($name)),
            capability: $capability,
            check: |storage| Box::pin($crate::cases::$module::$name(storage)),
        }
    };
    ($module:ident $rule:literal $name:ident) => { $crate::__case!(@ $module $rule $name None) };
    ($module:ident $rule:literal $name:ident ($capability:ident)) => {
        $crate::__case!(@ $module $rule $name Some(stringify!($capability)))
    };
}

/// Makes a test of each case. Tests of missing capabilities and of pending modules are ignored.
#[doc(hidden)]
#[macro_export]
macro_rules! __case_tests {
    (
        ([$($missing:ident)*] [$($pending:ident)*])
        $($module:ident { $($rule:literal $name:ident $(($capability:ident))?)+ })+
    ) => {
        // Macros can compare names only through their arms, so each known capability has an arm.
        #[allow(unused_macros)]
        macro_rules! __expect_capability {
            $($($(($capability) => {};)?)+)+
            ($unknown:ident) => {
                compile_error!(concat!(
                    "`", stringify!($unknown), "` is not an optional capability;  ",
                    "the documentation of `storage_contract!` lists them",
                ));
            };
        }
        $(__expect_capability! { $missing })*

        // Modules have arms in the same way.
        #[allow(unused_macros)]
        macro_rules! __expect_module {
            $(($module) => {};)+
            (model) => {};
            ($unknown:ident) => {
                compile_error!(concat!("the contract has no module `", stringify!($unknown), "`"));
            };
        }
        $(__expect_module! { $pending })*

        // One arm for each missing capability and each pending module.
        macro_rules! __case_test {
            $(
                ($of:ident [$missing] $test:item) => {
                    #[test]
                    #[ignore = "the store is declared to lack this capability"]
                    $test
                };
            )*
            $(
                ($pending [] $test:item) => { #[test] #[ignore = "pending"] $test };
                ($pending [$any:tt] $test:item) => { #[test] #[ignore = "pending"] $test };
            )*
            ($of:ident [] $test:item) => { #[test] $test };
            ($of:ident [$any:tt] $test:item) => { #[test] $test };
        }

        $(
            #[cfg(test)]
            mod $module {$(
                __case_test! {
                    $module [$($capability)?]
                    fn $name() -> Result<(), $crate::Failure> {
                        let case = $crate::__case!($module $rule $name $(($capability))?);
                        case.run(&super::__storage_contract_fixture())
                    }
                }
            )+}
        )+

        #[cfg(test)]
        mod model {
            __case_test! {
                model []
                fn agrees_with_the_reference() -> Result<(), $crate::Failure> {
                    $crate::agrees_with_the_reference(&super::__storage_contract_fixture())
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use crate::faults::FAULTS;
    use crate::faulty::FaultyFixture;
    use crate::search::faults::NO_SEARCH;
    use crate::{CASES, Case};

    fn without_search() -> FaultyFixture {
        FaultyFixture::new(FAULTS.iter().find(|fault| fault.sentence == NO_SEARCH).unwrap())
    }

    /// Every test of the contract, except ignored ones, passes on this store.
    mod without_text_search {
        crate::storage_contract!(super::without_search(), without: [text_search]);
    }

    /// The tests of this module's contract that the test binary lists with these arguments.
    fn listed(arguments: &[&str]) -> Vec<String> {
        let binary = std::env::current_exe().unwrap();
        let output =
            Command::new(binary).args(["--list", "--format=terse"]).args(arguments).output().unwrap();
        let list = String::from_utf8(output.stdout).unwrap();
        let module = "macros::tests::without_text_search::";
        let mut names: Vec<_> = list
            .lines()
            .filter_map(|line| line.strip_prefix(module)?.strip_suffix(": test"))
            .map(Into::into)
            .collect();
        names.sort_unstable();
        names
    }

    fn names<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<String> {
        let mut names: Vec<_> = cases.map(|case| case.name.to_owned()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn exactly_the_cases_of_missing_capabilities_are_ignored() {
        let search_cases = CASES.iter().filter(|case| case.rule.starts_with("SEARCH-"));
        assert_eq!(listed(&["--ignored"]), names(search_cases.clone()));
        assert_eq!(
            names(CASES.iter().filter(|case| case.capability == Some("text_search"))),
            names(search_cases)
        );
        let mut all = names(CASES.iter());
        all.push("declaration::names_what_the_store_lacks".to_owned());
        all.push("model::agrees_with_the_reference".to_owned());
        all.sort_unstable();
        assert_eq!(listed(&[]), all);
    }

    #[test]
    fn a_missing_capability_must_be_declared() {
        for case in CASES.iter().filter(|case| case.capability == Some("text_search")) {
            let failure = case.run(&without_search()).unwrap_err().to_string();
            assert!(failure.starts_with(case.rule), "{failure}");
            assert!(failure.contains("without: [text_search]"), "{failure}");
        }
    }
}
