//! Ids in requests.

use hexdesk_domain::{CommentId, CustomerId, KeyNumber, TicketId, UserId, WebhookId};

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

/// Reads the ids of a ticket and of its comment in a path.
///
/// # Errors
/// 400 for an invalid id.
pub(crate) fn comment_in_path(
    (ticket, comment): &(String, String),
) -> Result<(TicketId, CommentId), Problem> {
    Ok((ticket_in_path(ticket)?, in_path("commentId", comment, CommentId::MAX, CommentId::new)?))
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
    in_path("keyId", text, KeyNumber::MAX, KeyNumber::new)
}

/// Reads the webhook id of a path.
///
/// # Errors
/// 400 for an invalid id.
#[cfg(feature = "webhooks")]
pub(crate) fn webhook_in_path(text: &str) -> Result<WebhookId, Problem> {
    in_path("webhookId", text, WebhookId::MAX, WebhookId::new)
}

/// The ids in the path of a request, or `()` if the path has none.
pub(crate) trait PathId {
    /// Returns their numbers, in the order of the path.
    fn numbers(&self) -> Vec<i64>;
}

impl PathId for () {
    fn numbers(&self) -> Vec<i64> {
        Vec::new()
    }
}

impl PathId for (TicketId, CommentId) {
    fn numbers(&self) -> Vec<i64> {
        vec![self.0.get(), self.1.get()]
    }
}

macro_rules! path_ids {
    ($($id:ident)+) => {$(
        impl PathId for $id {
            fn numbers(&self) -> Vec<i64> {
                vec![self.get()]
            }
        }
    )+};
}

path_ids!(CustomerId KeyNumber TicketId UserId WebhookId);

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
