//! Compares a store's results with the expected ones.

mod debug_value;

use std::fmt::Debug;

use debug_value::DebugValue;

/// Two values with no more characters than this are shown whole.
const WHOLE_CHARS: usize = 100;
/// The number of characters shown of one value. The longest tickets fill megabytes.
const SHOWN_CHARS: usize = 300;
/// The characters shown before the first different one of two long texts.
const SHOWN_BEFORE: usize = 30;

/// Fails unless the values are equal. Shows short values whole. Otherwise shows the path of the first
/// difference, both values there, and the number of the other differences.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, actual: &T, expected: &T) -> anyhow::Result<()> {
    if actual == expected {
        return Ok(());
    }
    anyhow::bail!("{what}: {}", difference(&format!("{actual:?}"), &format!("{expected:?}")))
}

fn difference(actual: &str, expected: &str) -> String {
    let is_short = |text: &str| text.chars().count() <= WHOLE_CHARS;
    if !(is_short(actual) && is_short(expected))
        && let (Some(actual), Some(expected)) = (DebugValue::parse(actual), DebugValue::parse(expected))
        && let [(path, left, right), others @ ..] = &*actual.differences(&expected)
    {
        let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let others = match others.len() {
            0 => String::new(),
            1 => " (and 1 more difference)".to_owned(),
            more => format!(" (and {more} more differences)"),
        };
        return format!("{path}{}{others}", both(left, right));
    }
    both(actual, expected)
}

/// Shows both values. Omits the beginning that long ones have in common.
fn both(actual: &str, expected: &str) -> String {
    let common = actual.chars().zip(expected.chars()).take_while(|(left, right)| left == right).count();
    let omitted = common.saturating_sub(SHOWN_BEFORE);
    let shown = |text: &str| {
        if text.chars().count() <= SHOWN_CHARS || omitted == 0 {
            return shortened(text, SHOWN_CHARS);
        }
        let rest: String = text.chars().skip(omitted).collect();
        format!("…({omitted} characters)…{}", shortened(&rest, SHOWN_CHARS))
    };
    format!("got {}, expected {}", shown(actual), shown(expected))
}

/// Cuts the middle out of a text with more characters than this.
pub(crate) fn shortened(text: &str, chars: usize) -> String {
    let length = text.chars().count();
    if length <= chars {
        return text.to_owned();
    }
    let (head, tail) = (chars * 2 / 3, chars / 3);
    let begin: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{begin}…({} characters)…{end}", length - head - tail)
}

#[cfg(test)]
mod tests {
    use hexdesk_domain::{Comment, Page, ShopId, TicketId, Timestamp};

    use super::*;
    use crate::samples::{at, comment_id, customer_id, ticket_id};

    fn message<T: PartialEq + Debug>(what: &str, actual: &T, expected: &T) -> String {
        same(what, actual, expected).unwrap_err().to_string()
    }

    fn comment(id: i64) -> Comment {
        Comment {
            id: comment_id(id).unwrap(),
            shop_id: ShopId::new(1).unwrap(),
            ticket_id: ticket_id(1).unwrap(),
            customer_id: customer_id(1).unwrap(),
            text: "Hello, \"you\" {and, (me)]".into(),
            time: at(3),
            channel: "Mail".into(),
            is_from_shop: true,
            is_note: false,
            author_id: None,
            subject: Some("a: b".into()),
            from_email: None,
            to_emails: vec!["a@example.com".into(), "b@example.com".into()],
            attachments: Some("[1]".into()),
            tags: vec![],
        }
    }

    #[test]
    fn short_values_are_shown_whole() {
        assert!(same("the number", &1, &1).is_ok());
        assert_eq!(message("the number", &1, &2), "the number: got 1, expected 2");
        let ids =
            |numbers: &[i64]| numbers.iter().map(|id| ticket_id(*id).unwrap()).collect::<Vec<TicketId>>();
        assert_eq!(
            message("the ids listed", &ids(&[2, 2]), &ids(&[2])),
            "the ids listed: got [TicketId(2), TicketId(2)], expected [TicketId(2)]"
        );
    }

    #[test]
    fn the_path_of_the_first_difference_is_shown() {
        let other = Comment { attachments: None, ..comment(1) };
        assert_eq!(
            message("the comment", &other, &comment(1)),
            "the comment: attachments: got None, expected Some(\"[1]\")"
        );
        let other =
            Comment { subject: Some("a".into()), is_from_shop: false, tags: vec!["x".into()], ..comment(1) };
        assert_eq!(
            message("it", &other, &comment(1)),
            "it: is_from_shop: got false, expected true (and 2 more differences)"
        );
        let mut other = comment(1);
        other.to_emails[1] = "c@example.com".into();
        assert_eq!(
            message("it", &Some(other), &Some(comment(1))),
            "it: to_emails[1]: got \"c@example.com\", expected \"b@example.com\""
        );
    }

    #[test]
    fn lists_of_different_lengths_are_compared_entry_by_entry() {
        let page = |ids: &[i64], next: Option<Timestamp>| Page {
            entries: ids.iter().map(|id| comment(*id)).collect(),
            next,
        };
        assert_eq!(
            message("the page", &page(&[1, 3], None), &page(&[1, 2], Some(at(7)))),
            "the page: entries[1].id: got CommentId(3), expected CommentId(2) (and 1 more difference)"
        );
        let lacks = message("the page", &page(&[1], None), &page(&[1, 2], None));
        assert!(
            lacks.starts_with("the page: entries[1]: got nothing, expected Comment { id: CommentId(2), "),
            "{lacks}"
        );
        let surplus = message("the page", &page(&[1, 2], None), &page(&[1], None));
        assert!(
            surplus.contains("Comment { id: CommentId(2), ") && surplus.ends_with(", expected nothing"),
            "{surplus}"
        );
    }

    #[test]
    fn long_texts_are_shortened_to_where_they_differ() {
        let long = |end: &str| Comment { text: "x".repeat(100_000) + end, ..comment(1) };
        let shown = message("it", &long("left"), &long("right"));
        assert!(shown.starts_with("it: text: got …(99971 characters)…xxx"), "{shown}");
        assert!(shown.contains("xleft\"") && shown.contains("xright\"") && shown.len() < 200, "{shown}");
        let shown = message("it", &long(""), &Comment { text: "short".into(), ..comment(1) });
        assert!(shown.len() < 500 && shown.ends_with("expected \"short\""), "{shown}");
        assert_eq!(shortened("abcdefghij", 6), "abcd…(4 characters)…ij");
    }

    #[test]
    fn values_of_different_kinds_are_shown_as_they_are() {
        let found = message("it", &Ok::<_, String>(comment(1)), &Err("x".repeat(200)));
        assert!(found.starts_with("it: got Ok(Comment { "), "{found}");
        // A `Debug` output that is not written like a value.
        struct Odd(&'static str);
        impl PartialEq for Odd {
            fn eq(&self, _: &Self) -> bool {
                false
            }
        }
        impl Debug for Odd {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0.repeat(60))
            }
        }
        let found = message("it", &Odd("(a"), &Odd("b)"));
        assert!(found.starts_with("it: got (a(a"), "{found}");
        let found = message("it", &Odd("same"), &Odd("same"));
        assert!(found.starts_with("it: got samesame"), "{found}");
    }
}
