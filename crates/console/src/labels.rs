//! The names of people and things on pages.

use hexdesk_domain::{Customer, Ticket, User};

/// The name of a customer: the full name, else a way to reach them, else the number.
pub(crate) fn customer(customer: &Customer) -> String {
    let reached = [&customer.full_name, &customer.email, &customer.phone_number];
    first_with_text(reached).unwrap_or_else(|| format!("Customer {}", customer.id))
}

/// The name of a user: the full name, else the e-mail address.
pub(crate) fn user(user: &User) -> String {
    first_with_text([&user.full_name]).unwrap_or_else(|| user.email.clone())
}

/// The subject of a ticket.
pub(crate) fn ticket(ticket: &Ticket) -> String {
    first_with_text([&ticket.name]).unwrap_or_else(|| "No subject".to_owned())
}

/// The first of these texts that is not blank.
fn first_with_text<const N: usize>(texts: [&Option<String>; N]) -> Option<String> {
    texts.into_iter().flatten().find(|text| !text.trim().is_empty()).cloned()
}

/// The first characters of a text, on one line.
pub(crate) fn beginning(text: &str, max_chars: usize) -> String {
    let mut words = String::new();
    // A word takes at least one character, so this reads little of a long text.
    for word in text.split_whitespace().take(max_chars) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().take(max_chars + 1));
        if words.chars().nth(max_chars).is_some() {
            let cut: String = words.chars().take(max_chars).collect();
            return cut + "…";
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(beginning("  a\n\nb  c ", 9), "a b c");
        assert_eq!(beginning("ab cd", 5), "ab cd");
        assert_eq!(beginning("ab cde", 5), "ab cd…");
        assert_eq!(beginning(&"é".repeat(300_000), 3), "ééé…");
    }
}
