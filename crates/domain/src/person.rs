//! The names of customers and users.

use crate::limits::MAX_PERSON_NAME_CHARS;

/// Returns the full name made from first and last name. Blank parts leave no blank. A name that would
/// be too long is cut.
pub(crate) fn joined_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let names: Vec<&str> =
        [first, last].into_iter().flatten().map(str::trim).filter(|name| !name.is_empty()).collect();
    let joined = names.join(" ").chars().take(MAX_PERSON_NAME_CHARS as usize).collect();
    if names.is_empty() { None } else { Some(joined) }
}

/// The names of a person.
pub(crate) struct Names<'a> {
    pub(crate) first: &'a mut Option<String>,
    pub(crate) last: &'a mut Option<String>,
    pub(crate) full: &'a mut Option<String>,
}

impl Names<'_> {
    /// Makes a change of first and last name. The full name follows if it was made from them.
    pub(crate) fn change(self, change: impl FnOnce(&mut Option<String>, &mut Option<String>)) {
        let joined =
            |first: &Option<String>, last: &Option<String>| joined_name(first.as_deref(), last.as_deref());
        let follows = *self.full == joined(self.first, self.last);
        change(self.first, self.last);
        if follows {
            *self.full = joined(self.first, self.last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_parts_leave_no_blank() {
        for (first, last, expected) in [
            (None, None, None),
            (Some("Ada"), Some("Lovelace"), Some("Ada Lovelace")),
            (Some("Ada"), None, Some("Ada")),
            (Some(""), Some("Lovelace"), Some("Lovelace")),
            (Some(" Ada "), Some(" "), Some("Ada")),
            (Some(" "), Some(""), None),
        ] {
            assert_eq!(joined_name(first, last).as_deref(), expected);
        }
        let long = "é".repeat(MAX_PERSON_NAME_CHARS as usize);
        assert_eq!(joined_name(Some(&long), Some("x")), Some(long));
    }
}
