//! Ids in requests.

use hexdesk_domain::{CustomerId, KeyNumber, TicketId, UserId};

use crate::problem::Problem;

/// Reads the number in a string of ASCII digits. Signs, spaces, exponents and numbers beyond 64
/// bits are invalid.
pub(crate) fn parse(digits: &str) -> Option<i64> {
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// Returns the requirement on an id up to `max`, to follow its name.
pub(crate) fn requirement(max: i64) -> String {
    format!("must be a whole number from 1 to {max}")
}

/// Reads the ticket id of a path.
///
/// # Errors
/// 400 for an invalid id.
pub(crate) fn ticket_in_path(text: &str) -> Result<TicketId, Problem> {
    in_path("ticketId", text, TicketId::MAX, TicketId::new)
}

/// Reads the customer id of a path.
///
/// # Errors
/// 400 for an invalid id.
pub(crate) fn customer_in_path(text: &str) -> Result<CustomerId, Problem> {
    in_path("customerId", text, CustomerId::MAX, CustomerId::new)
}

/// Reads the user id of a path.
///
/// # Errors
/// 400 for an invalid id.
pub(crate) fn user_in_path(text: &str) -> Result<UserId, Problem> {
    in_path("userId", text, UserId::MAX, UserId::new)
}

/// Reads the API key id of a path.
///
/// # Errors
/// 400 for an invalid id.
pub(crate) fn key_in_path(text: &str) -> Result<KeyNumber, Problem> {
    in_path("keyId", text, i64::MAX, KeyNumber::new)
}

/// The id in the path of a request, or `()` if the path has none.
pub(crate) trait PathId {
    /// Returns its number.
    fn number(&self) -> Option<i64>;
}

impl PathId for () {
    fn number(&self) -> Option<i64> {
        None
    }
}

macro_rules! path_ids {
    ($($id:ident)+) => {$(
        impl PathId for $id {
            fn number(&self) -> Option<i64> {
                Some(self.get())
            }
        }
    )+};
}

path_ids!(CustomerId KeyNumber TicketId UserId);

fn in_path<T>(name: &str, text: &str, max: i64, new: impl Fn(i64) -> Option<T>) -> Result<T, Problem> {
    parse(text)
        .and_then(new)
        .ok_or_else(|| Problem::invalid_parameter(format!("{name} {}", requirement(max))))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_digits_are_a_number() {
        assert_eq!(parse("123"), Some(123));
        assert_eq!(parse("9223372036854775807"), Some(i64::MAX));
        for text in ["", "-1", "+1", " 1", "1 ", "1.5", "1e3", "12abc", "٣", "9223372036854775808", "0x1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
