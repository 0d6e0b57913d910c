//! Stores that wrap another store.

/// Within an implementation of a port, forwards these methods to the store in a field:
/// `forward!(store: find_ticket, list_tickets);`.
///
/// A method expands as with `async_trait`. So the attribute is needed only if the implementation
/// has methods of its own. The future of the inner store is returned unchanged.
///
/// With `forward!(store, in turns: list_tickets);`, the field `turns` decides when the call is made:
/// its method `run` receives the shop, the name of the method, and a function that makes the call.
#[doc(hidden)]
#[macro_export]
macro_rules! forward {
    ($field:ident, in $turns:ident: $($method:ident),+ $(,)?) => {
        $($crate::forward_named!(($field $turns) $method);)+
    };
    ($field:ident: $($method:ident),+ $(,)?) => {
        $($crate::forward_named!($field $method);)+
    };
}

/// Forwards one method. Holds the signature of each method of a store.
#[doc(hidden)]
#[macro_export]
macro_rules! forward_named {
    ($field:tt create_shop) => {
        $crate::forward_method!(create_shop<'domain>(
            $field, domain: &'domain $crate::ShopDomain, now: $crate::Timestamp
        ) -> $crate::ports::CreateShopOutcome);
    };
    ($field:tt create_shop_from) => {
        $crate::forward_method!(create_shop_from<'domain>(
            $field, domain: &'domain $crate::ShopDomain, from: $crate::ShopId, now: $crate::Timestamp
        ) -> $crate::ports::CreateShopOutcome);
    };
    ($field:tt find_shop) => {
        $crate::forward_method!(find_shop<'domain>(
            $field, domain: &'domain $crate::ShopDomain
        ) -> Option<$crate::Shop>);
    };
    ($field:tt list_shops) => {
        $crate::forward_method!(list_shops<>($field) -> Vec<$crate::Shop>);
    };
    ($field:tt change_shop) => {
        $crate::forward_method!(change_shop<'domain>(
            $field, domain: &'domain $crate::ShopDomain, change: $crate::ShopChange, stamp: $crate::AuditStamp
        ) -> Option<$crate::Shop>);
    };
    ($field:tt read_archive) => {
        $crate::forward_method!(read_archive<>(
            $field, shop: $crate::ShopId
        ) -> Option<Box<dyn $crate::ArchiveReader>>);
    };
    ($field:tt begin_load) => {
        $crate::forward_method!(begin_load<>(
            $field, shop: $crate::ArchivedShop
        ) -> $crate::ports::BeginLoadOutcome);
    };
    ($field:tt find_load) => {
        $crate::forward_method!(find_load<>($field, shop: $crate::ShopId) -> Option<u64>);
    };
    ($field:tt load_entries) => {
        $crate::forward_method!(load_entries<>(
            $field, shop: $crate::ShopId, after: u64, entries: Vec<$crate::ArchiveEntry>
        ) -> $crate::ports::LoadEntriesOutcome);
    };
    ($field:tt finish_load) => {
        $crate::forward_method!(finish_load<>($field, shop: $crate::ShopId) -> bool);
    };
    ($field:tt discard_load) => {
        $crate::forward_method!(discard_load<>($field, shop: $crate::ShopId) -> bool);
    };
    ($field:tt create_customer) => {
        $crate::forward_method!(create_customer<>(
            $field, shop: $crate::ShopId, customer: $crate::NewCustomer,
            claim: Option<$crate::DeferredClaim<$crate::ports::CreateCustomerOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::CreateCustomerOutcome>);
    };
    ($field:tt find_customer) => {
        $crate::forward_method!(find_customer<>(
            $field, shop: $crate::ShopId, id: $crate::CustomerId
        ) -> Option<$crate::Customer>);
    };
    ($field:tt list_customers) => {
        $crate::forward_method!(list_customers<>(
            $field, shop: $crate::ShopId, filter: $crate::CustomerFilter,
            after: Option<$crate::CustomerId>, size: $crate::PageSize
        ) -> $crate::Page<$crate::Customer, $crate::CustomerId>);
    };
    ($field:tt count_customers) => {
        $crate::forward_method!(count_customers<>(
            $field, shop: $crate::ShopId, filter: $crate::CustomerFilter
        ) -> u64);
    };
    ($field:tt update_customer) => {
        $crate::forward_method!(update_customer<>(
            $field, shop: $crate::ShopId, id: $crate::CustomerId, update: $crate::ports::CustomerUpdate,
            claim: Option<$crate::DeferredClaim<$crate::ports::UpdateCustomerOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::UpdateCustomerOutcome>);
    };
    ($field:tt merge_customers) => {
        $crate::forward_method!(merge_customers<>(
            $field, shop: $crate::ShopId, merge: $crate::ports::CustomerMerge,
            claim: Option<$crate::DeferredClaim<$crate::ports::MergeCustomersOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::MergeCustomersOutcome>);
    };
    ($field:tt find_merged_customer) => {
        $crate::forward_method!(find_merged_customer<>(
            $field, shop: $crate::ShopId, id: $crate::CustomerId
        ) -> Option<$crate::CustomerId>);
    };
    ($field:tt erase_customer) => {
        $crate::forward_method!(erase_customer<>(
            $field, shop: $crate::ShopId, id: $crate::CustomerId, stamp: $crate::AuditStamp
        ) -> Option<$crate::ports::Erased>);
    };
    ($field:tt create_user) => {
        $crate::forward_method!(create_user<>(
            $field, shop: $crate::ShopId, user: $crate::NewUser,
            claim: Option<$crate::DeferredClaim<$crate::ports::CreateUserOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::CreateUserOutcome>);
    };
    ($field:tt find_user) => {
        $crate::forward_method!(find_user<>(
            $field, shop: $crate::ShopId, id: $crate::UserId
        ) -> Option<$crate::User>);
    };
    ($field:tt list_users) => {
        $crate::forward_method!(list_users<>(
            $field, shop: $crate::ShopId, filter: $crate::UserFilter, after: Option<$crate::UserId>,
            size: $crate::PageSize
        ) -> $crate::Page<$crate::User, $crate::UserId>);
    };
    ($field:tt count_users) => {
        $crate::forward_method!(count_users<>(
            $field, shop: $crate::ShopId, filter: $crate::UserFilter
        ) -> u64);
    };
    ($field:tt update_user) => {
        $crate::forward_method!(update_user<>(
            $field, shop: $crate::ShopId, id: $crate::UserId, update: $crate::ports::UserUpdate,
            claim: Option<$crate::DeferredClaim<$crate::ports::UpdateUserOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::UpdateUserOutcome>);
    };
    ($field:tt create_tickets) => {
        $crate::forward_method!(create_tickets<>(
            $field, batch: Vec<$crate::ports::TicketCreation>
        ) -> Vec<$crate::ports::CreateTicketOutcome>);
    };
    ($field:tt find_ticket) => {
        $crate::forward_method!(find_ticket<>(
            $field, shop: $crate::ShopId, id: $crate::TicketId
        ) -> Option<$crate::TicketView>);
    };
    ($field:tt list_tickets) => {
        $crate::forward_method!(list_tickets<>(
            $field, shop: $crate::ShopId, filter: $crate::TicketFilter,
            after: Option<$crate::TicketPosition>, size: $crate::PageSize
        ) -> $crate::Page<$crate::TicketView, $crate::TicketPosition>);
    };
    ($field:tt count_tickets) => {
        $crate::forward_method!(count_tickets<>(
            $field, shop: $crate::ShopId, filter: $crate::TicketFilter, at_most: u64
        ) -> u64);
    };
    ($field:tt update_ticket) => {
        $crate::forward_method!(update_ticket<>(
            $field, shop: $crate::ShopId, id: $crate::TicketId, update: $crate::ports::TicketUpdate,
            claim: Option<$crate::DeferredClaim<$crate::ports::UpdateTicketOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::UpdateTicketOutcome>);
    };
    ($field:tt delete_ticket) => {
        $crate::forward_method!(delete_ticket<>(
            $field, shop: $crate::ShopId, id: $crate::TicketId, expected_version: Option<i64>,
            stamp: $crate::AuditStamp
        ) -> $crate::ports::DeleteTicketOutcome);
    };
    ($field:tt create_comments) => {
        $crate::forward_method!(create_comments<>(
            $field, batch: Vec<$crate::ports::CommentCreation>
        ) -> Vec<$crate::IdempotentOutcome<$crate::ports::CreateCommentOutcome>>);
    };
    ($field:tt update_comment) => {
        $crate::forward_method!(update_comment<>(
            $field, shop: $crate::ShopId, ticket: $crate::TicketId, id: $crate::CommentId,
            update: $crate::ports::CommentUpdate,
            claim: Option<$crate::DeferredClaim<$crate::ports::UpdateCommentOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::UpdateCommentOutcome>);
    };
    ($field:tt delete_comment) => {
        $crate::forward_method!(delete_comment<>(
            $field, shop: $crate::ShopId, ticket: $crate::TicketId, id: $crate::CommentId,
            expected_version: Option<i64>, stamp: $crate::AuditStamp
        ) -> $crate::ports::DeleteCommentOutcome);
    };
    ($field:tt list_comments) => {
        $crate::forward_method!(list_comments<>(
            $field, shop: $crate::ShopId, ticket: $crate::TicketId,
            after: Option<$crate::CommentPosition>, size: $crate::PageSize
        ) -> Option<$crate::Page<$crate::CommentView, $crate::CommentPosition>>);
    };
    ($field:tt count_comments) => {
        $crate::forward_method!(count_comments<>(
            $field, shop: $crate::ShopId, ticket: $crate::TicketId
        ) -> Option<u64>);
    };
    ($field:tt search_tickets) => {
        $crate::forward_method!(search_tickets<>(
            $field, shop: $crate::ShopId, query: $crate::SearchQuery,
            after: Option<$crate::SearchPosition>, size: $crate::PageSize
        ) -> $crate::Page<$crate::TicketView, $crate::SearchPosition>);
    };
    ($field:tt capabilities) => {
        fn capabilities(&self) -> $crate::Capabilities {
            self.$field.capabilities()
        }
    };
    ($field:tt create_key) => {
        $crate::forward_method!(create_key<>(
            $field, shop: $crate::ShopId, key: $crate::NewApiKey,
            claim: Option<$crate::DeferredClaim<$crate::ports::CreateKeyOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::CreateKeyOutcome>);
    };
    ($field:tt find_key) => {
        $crate::forward_method!(find_key<>(
            $field, shop: $crate::ShopId, number: $crate::KeyNumber
        ) -> Option<($crate::ApiKey, $crate::Shop)>);
    };
    ($field:tt list_keys) => {
        $crate::forward_method!(list_keys<>(
            $field, shop: $crate::ShopId, after: Option<$crate::KeyNumber>, size: $crate::PageSize
        ) -> $crate::Page<$crate::ApiKey, $crate::KeyNumber>);
    };
    ($field:tt count_keys) => {
        $crate::forward_method!(count_keys<>($field, shop: $crate::ShopId) -> u64);
    };
    ($field:tt revoke_key) => {
        $crate::forward_method!(revoke_key<>(
            $field, shop: $crate::ShopId, number: $crate::KeyNumber, stamp: $crate::AuditStamp
        ) -> Option<$crate::ApiKey>);
    };
    ($field:tt rotate_key) => {
        $crate::forward_method!(rotate_key<>(
            $field, shop: $crate::ShopId, number: $crate::KeyNumber,
            rotation: $crate::ports::KeyRotation,
            claim: Option<$crate::DeferredClaim<$crate::ports::RotateKeyOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::RotateKeyOutcome>);
    };
    ($field:tt create_webhook) => {
        $crate::forward_method!(create_webhook<>(
            $field, shop: $crate::ShopId, webhook: $crate::NewWebhook, stamp: $crate::AuditStamp,
            claim: Option<$crate::DeferredClaim<$crate::ports::CreateWebhookOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::CreateWebhookOutcome>);
    };
    ($field:tt find_webhook) => {
        $crate::forward_method!(find_webhook<>(
            $field, shop: $crate::ShopId, id: $crate::WebhookId
        ) -> Option<$crate::Webhook>);
    };
    ($field:tt list_webhooks) => {
        $crate::forward_method!(list_webhooks<>($field, shop: $crate::ShopId) -> Vec<$crate::Webhook>);
    };
    ($field:tt update_webhook) => {
        $crate::forward_method!(update_webhook<>(
            $field, shop: $crate::ShopId, id: $crate::WebhookId, update: $crate::ports::WebhookUpdate,
            claim: Option<$crate::DeferredClaim<$crate::ports::UpdateWebhookOutcome>>
        ) -> $crate::IdempotentOutcome<$crate::ports::UpdateWebhookOutcome>);
    };
    ($field:tt delete_webhook) => {
        $crate::forward_method!(delete_webhook<>(
            $field, shop: $crate::ShopId, id: $crate::WebhookId, expected_version: Option<i64>,
            stamp: $crate::AuditStamp
        ) -> $crate::ports::DeleteWebhookOutcome);
    };
    ($field:tt list_due_webhooks) => {
        $crate::forward_method!(list_due_webhooks<>(
            $field, now: $crate::Timestamp
        ) -> Vec<($crate::ShopId, $crate::WebhookId)>);
    };
    ($field:tt plan_deliveries) => {
        $crate::forward_method!(plan_deliveries<>(
            $field, shop: $crate::ShopId, webhook: $crate::WebhookId, now: $crate::Timestamp, limit: u32
        ) -> u32);
    };
    ($field:tt claim_deliveries) => {
        $crate::forward_method!(claim_deliveries<>(
            $field, shop: $crate::ShopId, webhook: $crate::WebhookId, now: $crate::Timestamp,
            until: $crate::Timestamp, limit: u32
        ) -> Option<$crate::ports::ClaimedDeliveries>);
    };
    ($field:tt settle_deliveries) => {
        $crate::forward_method!(settle_deliveries<>(
            $field, shop: $crate::ShopId, webhook: $crate::WebhookId,
            settlements: Vec<$crate::Settlement>, stamp: $crate::AuditStamp
        ) -> Vec<$crate::ports::SettleOutcome>);
    };
    ($field:tt list_attempts) => {
        $crate::forward_method!(list_attempts<>(
            $field, shop: $crate::ShopId, webhook: $crate::WebhookId, before: Option<i64>,
            size: $crate::PageSize
        ) -> Option<$crate::Page<$crate::Attempt, i64>>);
    };
    ($field:tt count_events) => {
        $crate::forward_method!(count_events<>(
            $field, shop: $crate::ShopId, range: $crate::DeliveryRange, at_most: u64
        ) -> u64);
    };
    ($field:tt replay_deliveries) => {
        $crate::forward_method!(replay_deliveries<>(
            $field, shop: $crate::ShopId, webhook: $crate::WebhookId, range: $crate::DeliveryRange,
            now: $crate::Timestamp, limit: u32
        ) -> Option<$crate::ports::Replayed>);
    };
    ($field:tt note_test) => {
        $crate::forward_method!(note_test<>(
            $field, shop: $crate::ShopId, webhook: $crate::WebhookId, attempt: $crate::NewAttempt
        ) -> Option<$crate::Attempt>);
    };
    ($field:tt create_link) => {
        $crate::forward_method!(create_link<>(
            $field, shop: $crate::ShopId, link: $crate::NewLink
        ) -> $crate::ports::CredentialOutcome);
    };
    ($field:tt find_link) => {
        $crate::forward_method!(find_link<>(
            $field, shop: $crate::ShopId, token_hash: $crate::SecretHash, now: $crate::Timestamp
        ) -> Option<$crate::LinkHolder>);
    };
    ($field:tt set_password) => {
        $crate::forward_method!(set_password<>(
            $field, shop: $crate::ShopId, token_hash: $crate::SecretHash, password: $crate::PasswordHash,
            stamp: $crate::AuditStamp
        ) -> Option<$crate::User>);
    };
    ($field:tt set_role) => {
        $crate::forward_method!(set_role<>(
            $field, shop: $crate::ShopId, user: $crate::UserId, role: $crate::Role, stamp: $crate::AuditStamp
        ) -> $crate::ports::CredentialOutcome);
    };
    ($field:tt find_credential) => {
        $crate::forward_method!(find_credential<>(
            $field, shop: $crate::ShopId, email: String
        ) -> Option<($crate::User, $crate::Credential)>);
    };
    ($field:tt find_credentials) => {
        $crate::forward_method!(find_credentials<>(
            $field, shop: $crate::ShopId, users: Vec<$crate::UserId>
        ) -> Vec<$crate::Credential>);
    };
    ($field:tt create_session) => {
        $crate::forward_method!(create_session<>(
            $field, shop: $crate::ShopId, session: $crate::NewSession
        ) -> bool);
    };
    ($field:tt find_session) => {
        $crate::forward_method!(find_session<>(
            $field, shop: $crate::ShopId, token_hash: $crate::SecretHash, now: $crate::Timestamp
        ) -> Option<$crate::Session>);
    };
    ($field:tt note_session_use) => {
        $crate::forward_method!(note_session_use<>(
            $field, shop: $crate::ShopId, token_hash: $crate::SecretHash, now: $crate::Timestamp
        ) -> ());
    };
    ($field:tt end_session) => {
        $crate::forward_method!(end_session<>(
            $field, shop: $crate::ShopId, token_hash: $crate::SecretHash
        ) -> ());
    };
    ($field:tt create_saved_reply) => {
        $crate::forward_method!(create_saved_reply<>(
            $field, shop: $crate::ShopId, id: $crate::SavedReplyId, reply: $crate::NewSavedReply,
            now: $crate::Timestamp
        ) -> $crate::ports::CreateSavedReplyOutcome);
    };
    ($field:tt find_saved_reply) => {
        $crate::forward_method!(find_saved_reply<>(
            $field, shop: $crate::ShopId, id: $crate::SavedReplyId
        ) -> Option<$crate::SavedReply>);
    };
    ($field:tt list_saved_replies) => {
        $crate::forward_method!(list_saved_replies<>(
            $field, shop: $crate::ShopId
        ) -> Vec<$crate::SavedReply>);
    };
    ($field:tt update_saved_reply) => {
        $crate::forward_method!(update_saved_reply<>(
            $field, shop: $crate::ShopId, id: $crate::SavedReplyId, reply: $crate::NewSavedReply,
            now: $crate::Timestamp
        ) -> Option<$crate::SavedReply>);
    };
    ($field:tt delete_saved_reply) => {
        $crate::forward_method!(delete_saved_reply<>(
            $field, shop: $crate::ShopId, id: $crate::SavedReplyId
        ) -> bool);
    };
    ($field:tt list_events) => {
        $crate::forward_method!(list_events<>(
            $field, shop: $crate::ShopId, filter: $crate::EventFilter, after: Option<$crate::EventPosition>,
            size: $crate::PageSize
        ) -> ::std::result::Result<$crate::Page<$crate::Event, $crate::EventPosition>, $crate::EventsRemoved>);
    };
    ($field:tt find_log_end) => {
        $crate::forward_method!(find_log_end<>($field, shop: $crate::ShopId) -> $crate::EventPosition);
    };
    ($field:tt count_day) => {
        $crate::forward_method!(count_day<>(
            $field, shop: $crate::ShopId, day: $crate::Day, at_most: u64
        ) -> Option<$crate::DayFigures>);
    };
    ($field:tt count_open_tickets) => {
        $crate::forward_method!(count_open_tickets<>(
            $field, shop: $crate::ShopId, at_most: u64
        ) -> $crate::OpenTickets);
    };
    ($field:tt remove_idempotency_records) => {
        $crate::forward_method!(remove_idempotency_records<>(
            $field, before: $crate::Timestamp, limit: u32
        ) -> u64);
    };
    ($field:tt remove_events) => {
        $crate::forward_method!(remove_events<>(
            $field, shop: $crate::ShopId, before: $crate::Timestamp, limit: u32
        ) -> u64);
    };
    ($field:tt remove_attempts) => {
        $crate::forward_method!(remove_attempts<>(
            $field, shop: $crate::ShopId, before: $crate::Timestamp, limit: u32
        ) -> u64);
    };
    ($field:tt reserve_id_range) => {
        $crate::forward_method!(reserve_id_range<>(
            $field, now: $crate::Timestamp, span_millis: i64, current: Option<$crate::IdRange>
        ) -> $crate::IdRange);
    };
    ($field:tt check_ready) => {
        $crate::forward_method!(check_ready<>($field) -> ());
    };
}

/// Expands to one method with this signature, as `async_trait` does.
#[doc(hidden)]
#[macro_export]
macro_rules! forward_method {
    (
        $method:ident<>(
            ($field:ident $turns:ident), $shop:ident: $shop_type:ty $(, $name:ident: $type:ty)*
        ) -> $output:ty
    ) => {
        fn $method<'store, 'async_trait>(
            &'store self,
            $shop: $shop_type
            $(, $name: $type)*
        ) -> ::std::pin::Pin<::std::boxed::Box<
            dyn ::std::future::Future<Output = ::std::result::Result<$output, $crate::StorageError>>
                + ::std::marker::Send
                + 'async_trait,
        >>
        where
            'store: 'async_trait,
            Self: 'async_trait,
        {
            let call = move || self.$field.$method($shop $(, $name)*);
            ::std::boxed::Box::pin(self.$turns.run($shop, ::std::stringify!($method), call))
        }
    };
    ($method:ident<$($lifetime:lifetime)?>($field:tt $(, $name:ident: $type:ty)*) -> $output:ty) => {
        fn $method<'store, $($lifetime,)? 'async_trait>(
            &'store self
            $(, $name: $type)*
        ) -> ::std::pin::Pin<::std::boxed::Box<
            dyn ::std::future::Future<Output = ::std::result::Result<$output, $crate::StorageError>>
                + ::std::marker::Send
                + 'async_trait,
        >>
        where
            'store: 'async_trait,
            $($lifetime: 'async_trait,)?
            Self: 'async_trait,
        {
            self.$field.$method($($name),*)
        }
    };
}
