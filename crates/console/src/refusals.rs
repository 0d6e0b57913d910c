//! Why values of a form are refused, beside their fields.

use hexdesk_domain::{Field, Rule, Violation};

/// The refused fields of a form, each with a sentence.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Vec<(&'static str, String)>);

impl Refusals {
    /// Refuses one field.
    pub(crate) fn of(field: &'static str, sentence: impl Into<String>) -> Self {
        Self(vec![(field, sentence.into())])
    }

    /// Describes violations. A violation of a field that the form does not have belongs to the whole form.
    pub(crate) fn from_violations(violations: &[Violation]) -> Self {
        let sentence = |violation: &Violation| (field(violation.field), describe(violation.rule));
        Self(violations.iter().map(sentence).collect())
    }

    /// Why this field is refused, or nothing. The field `form` is the whole form.
    pub(crate) fn at(&self, field: &str) -> &str {
        self.0.iter().find(|(refused, _)| *refused == field).map_or("", |(_, sentence)| sentence)
    }
}

/// The name of the field in forms.
const fn field(field: Field) -> &'static str {
    match field {
        Field::Email => "email",
        Field::FullName => "name",
        Field::Scopes => "scope",
        Field::ExpiresAt => "days",
        Field::OverlapSeconds => "overlap",
        Field::Url => "url",
        Field::Kinds => "kind",
        Field::Payload => "payload",
        Field::IgnoreKey => "ignore",
        _ => "form",
    }
}

fn describe(rule: Rule) -> String {
    match rule {
        Rule::Required | Rule::NotBlank => "This is needed.".to_owned(),
        Rule::MaxLength(most) => format!("This must have at most {most} characters."),
        Rule::NoNul => "This cannot hold the character U+0000.".to_owned(),
        Rule::Email | Rule::BareEmail => "Enter an e-mail address, such as ada@example.com.".to_owned(),
        Rule::Range(least, most) => format!("Enter a number from {least} to {most}."),
        Rule::InTheFuture => "Choose a time in the future.".to_owned(),
        Rule::TargetUrl(error) => format!("The URL {error}."),
        _ => "This value is not allowed.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_stand_beside_their_fields() {
        let violation = |field, rule| Violation { field, index: None, rule };
        let refusals = Refusals::from_violations(&[
            violation(Field::Email, Rule::Email),
            violation(Field::Tags, Rule::MaxLength(5)),
        ]);
        assert_eq!(refusals.at("email"), "Enter an e-mail address, such as ada@example.com.");
        assert_eq!((refusals.at("form"), refusals.at("name")), ("This must have at most 5 characters.", ""));
    }
}
