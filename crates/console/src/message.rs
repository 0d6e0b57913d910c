//! Messages of a conversation, as pages show them.

use std::borrow::Cow;

use hexdesk_domain::{Comment, CommentView, Ticket, Timestamp, readable_text};

use crate::labels;
use crate::when::When;

/// The characters of a line of a frame, roughly.
const FRAME_LINE_CHARS: usize = 90;

/// The height of a line of a frame, in pixels.
const FRAME_LINE_PIXELS: usize = 22;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Customer,
    Shop,
    Note,
}

impl Side {
    /// The word that pages show next to the author's name.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Shop => "Reply",
            Self::Note => "Internal note",
        }
    }

    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Customer => "from-customer",
            Self::Shop => "from-shop",
            Self::Note => "note",
        }
    }
}

/// The text of a message.
pub(crate) enum Body {
    /// Plain text, in pieces.
    Text(Vec<Piece>),
    /// HTML. It has a response and a frame of its own.
    Html { path: String, height: usize },
}

/// A piece of plain text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// An address that starts with `http://` or `https://`.
    Link(String),
}

/// A message of a conversation.
pub(crate) struct Message {
    /// The id in the page.
    pub(crate) anchor: String,
    pub(crate) side: Side,
    pub(crate) author: String,
    pub(crate) time: When,
    pub(crate) subject: Option<String>,
    pub(crate) body: Body,
    pub(crate) has_attachments: bool,
    /// Whether it was written while the user wrote an answer.
    pub(crate) is_news: bool,
    /// Shows the images of other servers, if the message is HTML and does not show them yet.
    pub(crate) images_path: Option<String>,
}

impl Message {
    /// The message that a ticket was created with.
    pub(crate) fn first(ticket: &Ticket, customer: &str, images_of: &str, now: Timestamp) -> Option<Self> {
        let (text, time) = ticket.first_message().filter(|(text, _)| !text.trim().is_empty())?;
        let (body, images_path) = body(text, ticket, ("first", "first"), images_of);
        Some(Self {
            anchor: "first".to_owned(),
            side: Side::Customer,
            author: customer.to_owned(),
            time: When::new(time, now),
            subject: None,
            body,
            has_attachments: false,
            is_news: false,
            images_path,
        })
    }

    /// A comment. Those with an id larger than `seen` are news.
    pub(crate) fn of_comment(
        view: &CommentView,
        ticket: &Ticket,
        images_of: &str,
        seen: i64,
        now: Timestamp,
    ) -> Self {
        let CommentView { comment, customer, author } = view;
        let side = match comment {
            Comment { is_note: true, .. } => Side::Note,
            Comment { is_from_shop: true, .. } => Side::Shop,
            _ => Side::Customer,
        };
        let author = match (side, author) {
            (Side::Customer, _) => labels::customer(customer),
            (_, Some(author)) => labels::user(author),
            (_, None) => "The shop".to_owned(),
        };
        let anchor = comment.id.to_string();
        let place = format!("{}.{anchor}", comment.time.unix_millis());
        let (body, images_path) = body(&comment.text, ticket, (&anchor, &place), images_of);
        Self {
            side,
            author,
            time: When::new(comment.time, now),
            subject: comment.subject.clone().filter(|subject| !subject.trim().is_empty()),
            body,
            has_attachments: comment.attachments.as_deref().is_some_and(|json| json.len() > "null".len()),
            is_news: comment.id.get() > seen,
            images_path,
            anchor,
        }
    }
}

/// Whether a message is HTML.
pub(crate) fn is_html(text: &str) -> bool {
    matches!(readable_text(text), Cow::Owned(_))
}

/// Returns the body of a message, and the path that shows its images. `images_of` is the message whose
/// images are shown. A message is named by its anchor on the page, and by its place in the path of its
/// frame.
fn body(
    text: &str,
    ticket: &Ticket,
    (anchor, place): (&str, &str),
    images_of: &str,
) -> (Body, Option<String>) {
    match readable_text(text) {
        Cow::Borrowed(text) => (Body::Text(pieces(text)), None),
        Cow::Owned(readable) => {
            let lines = readable.lines().map(|line| 1 + line.trim().len() / FRAME_LINE_CHARS).sum::<usize>();
            let height = (lines * FRAME_LINE_PIXELS).clamp(120, 480);
            let path = format!("/tickets/{}/messages/{place}", ticket.id);
            if images_of == anchor {
                (Body::Html { path: path + "?images=1", height }, None)
            } else {
                let images = format!("/tickets/{}?images={anchor}#message-{anchor}", ticket.id);
                (Body::Html { path, height }, Some(images))
            }
        }
    }
}

/// Splits a text at its links.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut done = 0;
    for (start, _) in text.match_indices("http") {
        let Some(before) = text.get(done..start) else { continue };
        let tail = &text[start..];
        let is_link = tail.starts_with("http://") || tail.starts_with("https://");
        let length = if is_link { link_length(tail) } else { 0 };
        if length > "https://".len() {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Link(tail[..length].to_owned()));
            done = start + length;
        }
    }
    if done < text.len() {
        pieces.push(Piece::Text(text[done..].to_owned()));
    }
    pieces
}

/// The length of a link, without the punctuation of the sentence around it.
fn link_length(text: &str) -> usize {
    let ends = |character: char| {
        character.is_whitespace() || character.is_control() || "<>\"'`{}|\\^".contains(character)
    };
    let link = text.split(ends).next().unwrap_or_default();
    let link = link.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    let link = if link.contains('(') { link } else { link.trim_end_matches(')') };
    link.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_links() {
        let split = |text: &str| -> Vec<String> {
            pieces(text)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::Link(link) => format!("[{link}]"),
                })
                .collect()
        };
        for (text, expected) in [
            ("", &[][..]),
            ("see https://a.example/x?y=1.", &["see ", "[https://a.example/x?y=1]", "."]),
            ("(http://a.example)", &["(", "[http://a.example]", ")"]),
            ("http://a.example/b_(c) d", &["[http://a.example/b_(c)]", " d"]),
            ("http://a.example, https://b.example", &["[http://a.example]", ", ", "[https://b.example]"]),
            (
                "javascript:alert(1) httpx://a http:// https://",
                &["javascript:alert(1) httpx://a http:// https://"],
            ),
            ("\"https://a.example\"><b>", &["\"", "[https://a.example]", "\"><b>"]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
