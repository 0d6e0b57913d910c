//! What is wrong with a draft, in words of the domain.

use validator::{ValidationErrors, ValidationErrorsKind};

/// A field of a draft. The order is the order in which violations are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the field of the draft of the same name")]
pub enum Field {
    CustomerId,
    Channel,
    Name,
    ThreadId,
    ContactReason,
    Via,
    EmailUsed,
    Date,
    LastMessageTime,
    LastMessage,
    AssignedTo,
    IsOpened,
    UnreadCount,
    Tags,
    LanguageCode,
    Email,
    PhoneNumber,
    FirstName,
    LastName,
    FullName,
    ShopifyId,
    WordpressId,
    FbUserId,
    IgUserId,
    WhatsappId,
    Text,
    Time,
    Subject,
    FromEmail,
    ToEmails,
    Attachments,
    IsFromShop,
    IsActive,
    Scopes,
    UserId,
    ExpiresAt,
    OverlapSeconds,
}

/// The name of a draft's field in Rust, as `validator` reports it.
const FIELD_NAMES: &[(&str, Field)] = &[
    ("customer_id", Field::CustomerId),
    ("channel", Field::Channel),
    ("name", Field::Name),
    ("thread_id", Field::ThreadId),
    ("contact_reason", Field::ContactReason),
    ("via", Field::Via),
    ("email_used", Field::EmailUsed),
    ("last_message", Field::LastMessage),
    ("unread_count", Field::UnreadCount),
    ("tags", Field::Tags),
    ("language_code", Field::LanguageCode),
    ("email", Field::Email),
    ("phone_number", Field::PhoneNumber),
    ("first_name", Field::FirstName),
    ("last_name", Field::LastName),
    ("full_name", Field::FullName),
    ("shopify_id", Field::ShopifyId),
    ("wordpress_id", Field::WordpressId),
    ("fb_user_id", Field::FbUserId),
    ("ig_user_id", Field::IgUserId),
    ("whatsapp_id", Field::WhatsappId),
    ("text", Field::Text),
    ("subject", Field::Subject),
    ("from_email", Field::FromEmail),
    ("to_emails", Field::ToEmails),
];

/// A rule that a field broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It must be there.
    Required,
    /// It must hold more than white space.
    NotBlank,
    /// It may have this many characters, or (tags) entries, at most.
    MaxLength(u64),
    /// It may not hold the character U+0000.
    NoNul,
    /// It must be an e-mail address.
    Email,
    /// It must lie between these, both included.
    Range(i64, i64),
    /// It must be a BCP 47 language tag, `_` allowed for `-`.
    LanguageTag,
    /// An e-mail address or a phone number is needed.
    EmailOrPhoneNumber,
    /// It must be the name of a scope.
    Scope,
    /// It must lie in the future.
    InTheFuture,
}

/// One field that broke one rule. It never holds the value that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The field.
    pub field: Field,
    /// The entry, of a field that is a list; `None` for the list as a whole.
    pub index: Option<usize>,
    /// The rule.
    pub rule: Rule,
}

/// The codes that the checks of the drafts hand to `validator`.
pub(crate) mod code {
    pub(crate) const NOT_BLANK: &str = "not_blank";
    pub(crate) const NO_NUL: &str = "no_nul";
    pub(crate) const EMAIL: &str = "email";
    pub(crate) const LANGUAGE_TAG: &str = "language_tag";
    pub(crate) const ENTRIES: &str = "entries";
    pub(crate) const EMAIL_OR_PHONE_NUMBER: &str = "email_or_phone_number";
}

/// The name of the parameter that lists the entries which broke a rule.
pub(crate) const ENTRIES_PARAM: &str = "entries";

/// Turns what `validator` found into violations: ordered, one for each field or entry.
pub(crate) fn violations(errors: &ValidationErrors) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, kind) in errors.errors() {
        let ValidationErrorsKind::Field(errors) = kind else { continue };
        // A rule on a draft as a whole stands under this name.
        let name = if name == "__all__" { "email" } else { name };
        let Some((_, field)) = FIELD_NAMES.iter().find(|(known, _)| *known == name) else { continue };
        for error in errors {
            let number = |param: &str| error.params.get(param);
            let rule = match error.code.as_ref() {
                "required" => Rule::Required,
                "length" => Rule::MaxLength(number("max").and_then(|max| max.as_u64()).unwrap_or_default()),
                "range" => Rule::Range(
                    number("min").and_then(|min| min.as_i64()).unwrap_or(i64::MIN),
                    number("max").and_then(|max| max.as_i64()).unwrap_or(i64::MAX),
                ),
                code::EMAIL => Rule::Email,
                code::NOT_BLANK => Rule::NotBlank,
                code::NO_NUL => Rule::NoNul,
                code::LANGUAGE_TAG => Rule::LanguageTag,
                code::EMAIL_OR_PHONE_NUMBER => Rule::EmailOrPhoneNumber,
                code::ENTRIES => {
                    let entries = number(ENTRIES_PARAM).and_then(|list| list.as_array());
                    for entry in entries.into_iter().flatten() {
                        let index = entry.get(0).and_then(|index| index.as_u64()).unwrap_or_default();
                        let max = entry.get(1).and_then(|max| max.as_u64());
                        found.push(Violation {
                            field: *field,
                            index: usize::try_from(index).ok(),
                            rule: max.map_or(Rule::NoNul, Rule::MaxLength),
                        });
                    }
                    continue;
                }
                // A code without a rule would let the caller through with an empty list.
                _ => Rule::Required,
            };
            found.push(Violation { field: *field, index: None, rule });
        }
    }
    found.sort();
    found.dedup_by_key(|violation| (violation.field, violation.index));
    found
}
