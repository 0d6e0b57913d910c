//! The methods of all ports, for stores that wrap another store.

/// Passes every port with its methods to a macro. That macro's file imports the types by name.
macro_rules! for_each_method {
    ($callback:ident) => {
        $callback! {
            ShopStore {
                create_shop(domain by &: ShopDomain, now: Timestamp) -> CreateShopOutcome;
                create_shop_from(domain by &: ShopDomain, from: ShopId, now: Timestamp) -> CreateShopOutcome;
                find_shop(domain by &: ShopDomain) -> Option<Shop>;
                list_shops() -> Vec<Shop>;
                change_shop(domain by &: ShopDomain, change: ShopChange, stamp: AuditStamp) -> Option<Shop>;
            }
            CustomerStore {
                create_customer(shop: ShopId, customer: NewCustomer, claim:
                    Option<DeferredClaim<CreateCustomerOutcome>>) -> IdempotentOutcome<CreateCustomerOutcome>;
                find_customer(shop: ShopId, id: CustomerId) -> Option<Customer>;
                list_customers(shop: ShopId, filter: CustomerFilter, after: Option<CustomerId>, size: PageSize) ->
                    Page<Customer, CustomerId>;
                count_customers(shop: ShopId, filter: CustomerFilter) -> u64;
                update_customer(shop: ShopId, id: CustomerId, update: CustomerUpdate, claim:
                    Option<DeferredClaim<UpdateCustomerOutcome>>) -> IdempotentOutcome<UpdateCustomerOutcome>;
                merge_customers(shop: ShopId, merge: CustomerMerge, claim:
                    Option<DeferredClaim<MergeCustomersOutcome>>) -> IdempotentOutcome<MergeCustomersOutcome>;
                find_merged_customer(shop: ShopId, id: CustomerId) -> Option<CustomerId>;
                erase_customer(shop: ShopId, id: CustomerId, stamp: AuditStamp) -> Option<Erased>;
            }
            UserStore {
                create_user(shop: ShopId, user: NewUser, claim: Option<DeferredClaim<CreateUserOutcome>>) ->
                    IdempotentOutcome<CreateUserOutcome>;
                find_user(shop: ShopId, id: UserId) -> Option<User>;
                list_users(shop: ShopId, filter: UserFilter, after: Option<UserId>, size: PageSize) -> Page<User, UserId>;
                count_users(shop: ShopId, filter: UserFilter) -> u64;
                update_user(shop: ShopId, id: UserId, update: UserUpdate, claim:
                    Option<DeferredClaim<UpdateUserOutcome>>) -> IdempotentOutcome<UpdateUserOutcome>;
            }
            TicketStore {
                create_tickets(batch: Vec<TicketCreation>) -> Vec<CreateTicketOutcome>;
                find_ticket(shop: ShopId, id: TicketId) -> Option<TicketView>;
                list_tickets(shop: ShopId, filter: TicketFilter, after: Option<TicketPosition>, size: PageSize) ->
                    Page<TicketView, TicketPosition>;
                update_ticket(shop: ShopId, id: TicketId, update: TicketUpdate, claim:
                    Option<DeferredClaim<UpdateTicketOutcome>>) -> IdempotentOutcome<UpdateTicketOutcome>;
                delete_ticket(shop: ShopId, id: TicketId, expected_version: Option<i64>, stamp: AuditStamp) ->
                    DeleteTicketOutcome;
                count_tickets(shop: ShopId, filter: TicketFilter, at_most: u64) -> u64;
            }
            CommentStore {
                create_comments(batch: Vec<CommentCreation>) -> Vec<IdempotentOutcome<CreateCommentOutcome>>;
                update_comment(shop: ShopId, ticket: TicketId, id: CommentId, update: CommentUpdate, claim:
                    Option<DeferredClaim<UpdateCommentOutcome>>) -> IdempotentOutcome<UpdateCommentOutcome>;
                delete_comment(shop: ShopId, ticket: TicketId, id: CommentId, expected_version: Option<i64>, stamp:
                    AuditStamp) -> DeleteCommentOutcome;
                list_comments(shop: ShopId, ticket: TicketId, after: Option<CommentPosition>, size: PageSize) ->
                    Option<Page<CommentView, CommentPosition>>;
                count_comments(shop: ShopId, ticket: TicketId) -> Option<u64>;
            }
            SearchStore {
                search_tickets(shop: ShopId, query: SearchQuery, after: Option<SearchPosition>, size: PageSize) ->
                    Page<TicketView, SearchPosition>;
            }
            ApiKeyStore {
                create_key(shop: ShopId, key: NewApiKey, claim: Option<DeferredClaim<CreateKeyOutcome>>) ->
                    IdempotentOutcome<CreateKeyOutcome>;
                find_key(shop: ShopId, number: KeyNumber) -> Option<(ApiKey, Shop)>;
                list_keys(shop: ShopId, after: Option<KeyNumber>, size: PageSize) -> Page<ApiKey, KeyNumber>;
                count_keys(shop: ShopId) -> u64;
                revoke_key(shop: ShopId, number: KeyNumber, stamp: AuditStamp) -> Option<ApiKey>;
                rotate_key(shop: ShopId, number: KeyNumber, rotation: KeyRotation, claim:
                    Option<DeferredClaim<RotateKeyOutcome>>) -> IdempotentOutcome<RotateKeyOutcome>;
            }
            WebhookStore {
                create_webhook(shop: ShopId, webhook: NewWebhook, stamp: AuditStamp, claim:
                    Option<DeferredClaim<CreateWebhookOutcome>>) -> IdempotentOutcome<CreateWebhookOutcome>;
                find_webhook(shop: ShopId, id: WebhookId) -> Option<Webhook>;
                list_webhooks(shop: ShopId) -> Vec<Webhook>;
                update_webhook(shop: ShopId, id: WebhookId, update: WebhookUpdate, claim:
                    Option<DeferredClaim<UpdateWebhookOutcome>>) -> IdempotentOutcome<UpdateWebhookOutcome>;
                delete_webhook(shop: ShopId, id: WebhookId, expected_version: Option<i64>, stamp: AuditStamp) ->
                    DeleteWebhookOutcome;
            }
            DeliveryStore {
                list_due_webhooks(now: Timestamp) -> Vec<(ShopId, WebhookId)>;
                plan_deliveries(shop: ShopId, webhook: WebhookId, now: Timestamp, limit: u32) -> u32;
                claim_deliveries(shop: ShopId, webhook: WebhookId, now: Timestamp, until: Timestamp, limit: u32) ->
                    Option<ClaimedDeliveries>;
                settle_deliveries(shop: ShopId, webhook: WebhookId, settlements: Vec<Settlement>, stamp: AuditStamp) ->
                    Vec<SettleOutcome>;
                list_attempts(shop: ShopId, webhook: WebhookId, before: Option<i64>, size: PageSize) ->
                    Option<Page<Attempt, i64>>;
                count_events(shop: ShopId, range: DeliveryRange, at_most: u64) -> u64;
                replay_deliveries(shop: ShopId, webhook: WebhookId, range: DeliveryRange, now: Timestamp, limit: u32) ->
                    Option<Replayed>;
                note_test(shop: ShopId, webhook: WebhookId, attempt: NewAttempt) -> Option<Attempt>;
            }
            CredentialStore {
                create_link(shop: ShopId, link: NewLink) -> CredentialOutcome;
                find_link(shop: ShopId, token_hash: SecretHash, now: Timestamp) -> Option<LinkHolder>;
                set_password(shop: ShopId, token_hash: SecretHash, password: PasswordHash, stamp: AuditStamp) ->
                    Option<User>;
                set_role(shop: ShopId, user: UserId, role: Role, stamp: AuditStamp) -> CredentialOutcome;
                find_credential(shop: ShopId, email: String) -> Option<(User, Credential)>;
                find_credentials(shop: ShopId, users: Vec<UserId>) -> Vec<Credential>;
            }
            SessionStore {
                create_session(shop: ShopId, session: NewSession) -> bool;
                find_session(shop: ShopId, token_hash: SecretHash, now: Timestamp) -> Option<Session>;
                note_session_use(shop: ShopId, token_hash: SecretHash, now: Timestamp) -> ();
                end_session(shop: ShopId, token_hash: SecretHash) -> ();
            }
            SavedReplyStore {
                create_saved_reply(shop: ShopId, id: SavedReplyId, reply: NewSavedReply, now: Timestamp) ->
                    CreateSavedReplyOutcome;
                find_saved_reply(shop: ShopId, id: SavedReplyId) -> Option<SavedReply>;
                list_saved_replies(shop: ShopId) -> Vec<SavedReply>;
                update_saved_reply(shop: ShopId, id: SavedReplyId, reply: NewSavedReply, now: Timestamp) ->
                    Option<SavedReply>;
                delete_saved_reply(shop: ShopId, id: SavedReplyId) -> bool;
            }
            EventStore {
                list_events(shop: ShopId, filter: EventFilter, after: Option<EventPosition>, size: PageSize) ->
                    Result<Page<Event, EventPosition>, EventsRemoved>;
                find_log_end(shop: ShopId) -> EventPosition;
            }
            FigureStore {
                count_day(shop: ShopId, day: Day, at_most: u64) -> Option<DayFigures>;
                count_open_tickets(shop: ShopId, at_most: u64) -> OpenTickets;
            }
            RetentionStore {
                remove_idempotency_records(before: Timestamp, limit: u32) -> u64;
                remove_events(shop: ShopId, before: Timestamp, limit: u32) -> u64;
                remove_attempts(shop: ShopId, before: Timestamp, limit: u32) -> u64;
            }
            ArchiveStore {
                read_archive(shop: ShopId) -> Option<Box<dyn ArchiveReader>>;
                begin_load(shop: ArchivedShop) -> BeginLoadOutcome;
                find_load(shop: ShopId) -> Option<u64>;
                load_entries(shop: ShopId, after: u64, entries: Vec<ArchiveEntry>) -> LoadEntriesOutcome;
                finish_load(shop: ShopId) -> bool;
                discard_load(shop: ShopId) -> bool;
            }
            IdRangeStore {
                reserve_id_range(now: Timestamp, span_millis: i64, current: Option<IdRange>) -> IdRange;
            }
            Readiness {
                check_ready() -> ();
            }
        }
    };
}
pub(crate) use for_each_method;
