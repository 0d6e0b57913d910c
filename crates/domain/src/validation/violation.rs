//! Violations: the broken rules of a draft.

use std::ops::Deref;

use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::{Field, TargetUrlError};

/// A rule that a field breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// It is required.
    Required,
    /// It must hold more than white space.
    NotBlank,
    /// The minimum number of characters.
    MinLength(u64),
    /// The maximum number of characters, or of entries of a list.
    MaxLength(u64),
    /// It must not hold the character U+0000.
    NoNul,
    /// It must be an e-mail address.
    Email,
    /// It must be an e-mail address alone, without a name and angle brackets.
    BareEmail,
    /// It must be in this range, both ends included.
    Range(i64, i64),
    /// It must be a BCP 47 language tag. `_` may replace `-`.
    LanguageTag,
    /// An e-mail address, a phone number, or an id on Facebook, Instagram or WhatsApp is required.
    Reachable,
    /// It must be the name of a scope.
    Scope,
    /// It must be in the future.
    InTheFuture,
    /// It must be another customer.
    AnotherCustomer,
    /// It must be a URL that webhooks may send to.
    TargetUrl(TargetUrlError),
    /// It must be the name of an event kind.
    EventKind,
    /// It must be the name of a [`WebhookPayload`](crate::WebhookPayload).
    WebhookPayload,
}

/// One field that breaks one rule. It never holds the invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The field.
    pub field: Field,
    /// The index of the invalid entry, if one entry of a list is invalid.
    pub index: Option<usize>,
    /// The rule.
    pub rule: Rule,
}

impl Violation {
    /// Whether the field has no value, or a blank one.
    pub(crate) const fn is_missing(&self) -> bool {
        matches!(self.rule, Rule::Required | Rule::NotBlank)
    }
}

/// All violations of a draft: at least one, in the order of [`Field`], one for each field or
/// entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} rules are broken", .0.len())]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Returns these violations in order, or `Ok` if there are none.
    pub(crate) fn none_of(mut found: Vec<Violation>) -> Result<(), Self> {
        found.sort();
        found.dedup_by_key(|violation| (violation.field, violation.index));
        if found.is_empty() { Ok(()) } else { Err(Self(found)) }
    }
}

impl Deref for Violations {
    type Target = [Violation];

    fn deref(&self) -> &[Violation] {
        &self.0
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}

impl From<Violations> for Vec<Violation> {
    fn from(violations: Violations) -> Self {
        violations.0
    }
}

/// The codes that the checks of the drafts give to `validator`.
pub(crate) mod code {
    pub(crate) const NOT_BLANK: &str = "not_blank";
    pub(crate) const NO_NUL: &str = "no_nul";
    pub(crate) const EMAIL: &str = "email";
    pub(crate) const BARE_EMAIL: &str = "bare_email";
    pub(crate) const LANGUAGE_TAG: &str = "language_tag";
    pub(crate) const ENTRIES: &str = "entries";
    pub(crate) const REACHABLE: &str = "reachable";
}

/// The parameter of a [`code::ENTRIES`] error that lists the invalid entries.
pub(crate) const ENTRIES_PARAM: &str = "entries";

/// The field at which rules on a whole draft are reported. Errors that the code below cannot
/// assign are reported here, too: an error may have the wrong field, but is never dropped.
const WHOLE_DRAFT: Field = Field::Email;

/// Checks every rule of a draft.
pub(crate) fn check(draft: &impl Validate) -> Result<(), Violations> {
    draft.validate().map_err(|errors| violations(&errors))
}

/// Returns the value of a required field.
pub(crate) fn required<T>(field: Field, value: Option<T>) -> Result<T, Violations> {
    value.ok_or_else(|| Violation { field, index: None, rule: Rule::Required }.into())
}

fn violations(errors: &ValidationErrors) -> Violations {
    let mut found = Vec::new();
    for (name, kind) in errors.errors() {
        let field = Field::named(name).unwrap_or(WHOLE_DRAFT);
        match kind {
            ValidationErrorsKind::Field(errors) => {
                found.extend(errors.iter().flat_map(|error| violations_of(field, error)));
            }
            // No draft has another draft as a field.
            ValidationErrorsKind::Struct(_) | ValidationErrorsKind::List(_) => {
                found.push(Violation { field, index: None, rule: Rule::Required });
            }
        }
    }
    let unknown = Violation { field: WHOLE_DRAFT, index: None, rule: Rule::Required };
    Violations::none_of(found).err().unwrap_or_else(|| unknown.into())
}

fn violations_of(field: Field, error: &ValidationError) -> Vec<Violation> {
    let number = |param: &str| error.params.get(param);
    let rule = match error.code.as_ref() {
        "required" => Rule::Required,
        "length" => Rule::MaxLength(number("max").and_then(|max| max.as_u64()).unwrap_or_default()),
        "range" => Rule::Range(
            number("min").and_then(|min| min.as_i64()).unwrap_or(i64::MIN),
            number("max").and_then(|max| max.as_i64()).unwrap_or(i64::MAX),
        ),
        code::EMAIL => Rule::Email,
        code::BARE_EMAIL => Rule::BareEmail,
        code::NOT_BLANK => Rule::NotBlank,
        code::NO_NUL => Rule::NoNul,
        code::LANGUAGE_TAG => Rule::LanguageTag,
        code::REACHABLE => Rule::Reachable,
        code::ENTRIES => {
            let entries = number(ENTRIES_PARAM).and_then(|list| list.as_array());
            return entries
                .into_iter()
                .flatten()
                .map(|entry| {
                    let index = entry.get(0).and_then(|index| index.as_u64()).unwrap_or_default();
                    let max = entry.get(1).and_then(|max| max.as_u64());
                    let rule = max.map_or(Rule::NoNul, Rule::MaxLength);
                    Violation { field, index: usize::try_from(index).ok(), rule }
                })
                .collect();
        }
        // A code that is missing above still refuses the draft.
        _ => Rule::Required,
    };
    vec![Violation { field, index: None, rule }]
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;
    use crate::{CommentDraft, CustomerDraft, TicketDraft, UserDraft};

    /// Returns the names of a draft's fields, read from its `Debug` form: `    name: None,`.
    fn names(draft: &impl Debug) -> Vec<String> {
        let text = format!("{draft:#?}");
        let fields = text.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
        fields.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_field_of_every_draft_has_a_field_to_be_reported_at() {
        let drafts = [
            names(&TicketDraft::default()),
            names(&CommentDraft::default()),
            names(&CustomerDraft::default()),
            names(&UserDraft::default()),
        ];
        for fields in drafts {
            assert!(fields.len() > 4, "{fields:?}");
            // The command line sets `id`, a number without rules.
            for name in fields.iter().filter(|name| *name != "id") {
                assert!(Field::named(name).is_some(), "{name} is missing in the list of fields");
            }
        }
    }

    #[test]
    fn no_error_is_dropped() {
        let refused = |name: &'static str, error: ValidationError| {
            let mut errors = ValidationErrors::new();
            errors.add(name, error);
            violations(&errors).0
        };
        let violation = |field, rule| vec![Violation { field, index: None, rule }];
        assert_eq!(refused("fax", ValidationError::new(code::NO_NUL)), violation(WHOLE_DRAFT, Rule::NoNul));
        assert_eq!(refused("tags", ValidationError::new("odd")), violation(Field::Tags, Rule::Required));
        let no_entries = ValidationError::new(code::ENTRIES);
        assert_eq!(refused("tags", no_entries), violation(WHOLE_DRAFT, Rule::Required));
        assert_eq!(violations(&ValidationErrors::new()).0, violation(WHOLE_DRAFT, Rule::Required));
    }
}
