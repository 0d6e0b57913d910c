//! The fields of drafts, and their limits.

/// Declares the fields, each with its name in the drafts.
macro_rules! fields {
    ($($field:ident = $name:literal),+ $(,)?) => {
        /// A field of a draft. Violations are reported in this order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is the draft's field of the same name")]
        pub enum Field {
            $($field),+
        }

        impl Field {
            /// Returns the field with this name, as `validator` spells it.
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$field),)+
                    _ => None,
                }
            }
        }
    };
}

fields!(
    CustomerId = "customer_id",
    Channel = "channel",
    Name = "name",
    ThreadId = "thread_id",
    ContactReason = "contact_reason",
    Via = "via",
    EmailUsed = "email_used",
    Date = "date",
    LastMessageTime = "last_message_time",
    LastMessage = "last_message",
    AssignedTo = "assigned_to",
    IsOpened = "is_opened",
    UnreadCount = "unread_count",
    Tags = "tags",
    LanguageCode = "language_code",
    Email = "email",
    PhoneNumber = "phone_number",
    FirstName = "first_name",
    LastName = "last_name",
    FullName = "full_name",
    ShopifyId = "shopify_id",
    WordpressId = "wordpress_id",
    FbUserId = "fb_user_id",
    IgUserId = "ig_user_id",
    WhatsappId = "whatsapp_id",
    PrestashopId = "prestashop_id",
    IgPseudo = "ig_pseudo",
    ZendeskId = "zendesk_id",
    FreshdeskId = "freshdesk_id",
    GmeliusId = "gmelius_id",
    GorgiasId = "gorgias_id",
    Text = "text",
    Time = "time",
    Subject = "subject",
    FromEmail = "from_email",
    ToEmails = "to_emails",
    Attachments = "attachments",
    IsFromShop = "is_from_shop",
    IsNote = "is_note",
    IsActive = "is_active",
    Scopes = "scopes",
    UserId = "user_id",
    ExpiresAt = "expires_at",
    OverlapSeconds = "overlap_seconds",
    From = "from",
    Url = "url",
    Kinds = "kinds",
    Payload = "payload",
    IgnoreKey = "ignore_key",
    IsEnabled = "is_enabled",
    Event = "event",
    After = "after",
    Until = "until",
    Password = "password",
    Title = "title",
);

/// The limits of requests. Texts are measured in characters (Unicode scalar values), not in
/// bytes.
pub mod limits {
    /// `Channel` of a ticket.
    pub const MAX_CHANNEL_CHARS: u64 = 100;
    /// `name` (subject) of a ticket.
    pub const MAX_TICKET_NAME_CHARS: u64 = 1_000;
    /// `threadId` of a ticket. RFC 5322 message ids have at most 998 characters.
    pub const MAX_THREAD_ID_CHARS: u64 = 1_000;
    /// An e-mail address: the longest path of RFC 5321 without its angle brackets.
    pub const MAX_EMAIL_CHARS: u64 = 254;
    /// `lastMessage` of a ticket.
    pub const MAX_MESSAGE_CHARS: u64 = 262_144;
    /// `text` of a comment.
    pub const MAX_COMMENT_CHARS: u64 = 262_144;
    /// `subject` of a comment.
    pub const MAX_COMMENT_SUBJECT_CHARS: u64 = 1_000;
    /// `toEmails` of a comment.
    pub const MAX_TO_EMAILS: u64 = 100;
    /// Entries of a page. The minimum is 1.
    pub const MAX_PAGE_ENTRIES: u32 = 100;
    /// Bytes of texts that fill a page. Its last entry may exceed them.
    pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;
    /// Entries of a page by default.
    pub const DEFAULT_PAGE_ENTRIES: u32 = 50;
    /// Days of recent conversations. The minimum is 1.
    pub const MAX_RECENT_DAYS: i64 = 365;
    /// `contact_reason` of a ticket.
    pub const MAX_CONTACT_REASON_CHARS: u64 = 500;
    /// `via` of a ticket.
    pub const MAX_VIA_CHARS: u64 = 100;
    /// Tags of one ticket.
    pub const MAX_TAGS: u64 = 100;
    /// One tag.
    pub const MAX_TAG_CHARS: u64 = 200;
    /// `language_code` of a ticket.
    pub const MAX_LANGUAGE_CODE_CHARS: u64 = 35;
    /// `unReadChatCount` of a ticket.
    pub const MAX_UNREAD_COUNT: i64 = i32::MAX as i64;
    /// A first, last or full name of a customer or user.
    pub const MAX_PERSON_NAME_CHARS: u64 = 500;
    /// A phone number.
    pub const MAX_PHONE_NUMBER_CHARS: u64 = 50;
    /// A customer's id in another system.
    pub const MAX_EXTERNAL_ID_CHARS: u64 = 200;
    /// A shop's domain (RFC 1035).
    pub const MAX_SHOP_DOMAIN_CHARS: usize = 253;
    /// An idempotency key.
    pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 255;
    /// Bytes of the operation of an idempotency request. Callers keep this limit: stores rely on it.
    pub const MAX_IDEMPOTENCY_OPERATION_BYTES: usize = 255;
    /// Different words of one search. Further words are left out.
    pub const MAX_SEARCH_TERMS: usize = 32;
    /// Prefixes among the words of one search. Further prefixes are left out, because each may match
    /// most words of a shop.
    pub const MAX_SEARCH_PREFIXES: usize = 8;
    /// Characters of a word in a text or query. Longer words are cut.
    pub const MAX_SEARCH_WORD_CHARS: usize = 40;
    /// Different words of one text that a search finds. With the longest words, this is as much
    /// as PostgreSQL stores for one text (1 MB).
    pub const MAX_SEARCH_WORDS: usize = 4_000;
    /// Different words that a search finds in the short texts of a ticket, all together: its tags,
    /// reason and so on. Also of a comment.
    pub const MAX_SEARCH_DETAIL_WORDS: usize = 1_000;
    /// Characters of a search query: as many as of a ticket's name.
    pub const MAX_SEARCH_QUERY_CHARS: usize = 1_000;
    /// Seconds that a rotated key may keep working: 30 days.
    pub const MAX_KEY_OVERLAP_SECONDS: i64 = 30 * 24 * 60 * 60;
    /// Seconds that the former secret of a webhook may sign: 7 days.
    pub const MAX_WEBHOOK_OVERLAP_SECONDS: i64 = 7 * 24 * 60 * 60;
    /// `url` of a webhook.
    pub const MAX_WEBHOOK_URL_CHARS: u64 = 2_000;
    /// A password, at least.
    pub const MIN_PASSWORD_CHARS: u64 = 12;
    /// A password, at most.
    pub const MAX_PASSWORD_CHARS: u64 = 1_000;
    /// The title of a saved reply.
    pub const MAX_SAVED_REPLY_TITLE_CHARS: u64 = 100;
    /// The text of a saved reply.
    pub const MAX_SAVED_REPLY_CHARS: u64 = 20_000;
    /// Scopes in a request for one key.
    pub const MAX_KEY_SCOPES: u64 = 100;
}
