//! The text of HTML messages.

use std::borrow::Cow;
use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Error, Span, Tokenizer};

/// Returns the text that a reader of the message sees, if the message is HTML: without tags, comments,
/// styles and scripts. Any other message is returned unchanged. Takes linear time, and memory for at
/// most a few copies of the message.
pub fn readable_text(message: &str) -> Cow<'_, str> {
    // The part behind the last tag may begin a tag that never ends. It is kept as it is.
    let Some(end) = message.rfind('>') else { return Cow::Borrowed(message) };
    if !has_tag(&message[..=end]) {
        return Cow::Borrowed(message);
    }
    let open = message[end..].find('<').map_or(message.len(), |place| end + place);
    let (html, rest) = message.split_at(open);
    let mut text = Text::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        text.add(&event);
        None
    });
    // Styles and scripts contain no tags.
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter).for_each(drop);
    let mut readable = String::from_utf8_lossy(&text.bytes).into_owned();
    readable.push_str(rest);
    Cow::Owned(readable)
}

/// Whether the text has an HTML tag, a comment or a document type. Text in angle brackets alone, such
/// as `<ada@example.com>`, makes no HTML.
fn has_tag(text: &str) -> bool {
    text.match_indices('<').any(|(place, _)| {
        let tag = &text.as_bytes()[place + 1..];
        let tag = tag.strip_prefix(b"/").unwrap_or(tag);
        let length =
            tag.iter().take(MAX_NAME_BYTES + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let (name, after) = tag.split_at(length);
        let is_name_complete = matches!(after.first(), Some(b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r'));
        let is_declaration = |declaration: &[u8]| {
            tag.get(..declaration.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(declaration))
        };
        (is_name_complete && is_element(name)) || is_declaration(b"!--") || is_declaration(b"!doctype html")
    })
}

/// The length of the longest name of an element.
const MAX_NAME_BYTES: usize = 10;

/// Whether HTML has an element of this name.
fn is_element(name: &[u8]) -> bool {
    const BLOCKS: &[&str] = &[
        "address",
        "area",
        "article",
        "aside",
        "audio",
        "base",
        "blockquote",
        "body",
        "br",
        "button",
        "caption",
        "center",
        "col",
        "colgroup",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "iframe",
        "img",
        "input",
        "legend",
        "li",
        "link",
        "main",
        "map",
        "menu",
        "meta",
        "nav",
        "noscript",
        "object",
        "ol",
        "optgroup",
        "option",
        "p",
        "picture",
        "pre",
        "script",
        "section",
        "select",
        "source",
        "style",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
        "video",
    ];
    let is_name = |element: &&str| name.eq_ignore_ascii_case(element.as_bytes());
    INLINE.iter().chain(BLOCKS).any(is_name)
}

/// The elements that are part of a line. All others separate words.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
];

/// The text read so far.
#[derive(Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    /// The length before an open style or script.
    hidden_from: Option<usize>,
    /// Whether the end of the message ends the current comment.
    is_comment_open: bool,
    /// Whether the current tag is an address in angle brackets.
    is_address: bool,
}

impl Text {
    fn add(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.separate(name);
                self.is_address = name.contains(&b'@') || name.ends_with(b":");
                if self.is_address {
                    self.bytes.extend_from_slice(name);
                }
                if is_hidden(name) {
                    self.hidden_from = Some(self.bytes.len());
                }
            }
            // The rest of a URL in angle brackets.
            CallbackEvent::AttributeName { name: part } | CallbackEvent::AttributeValue { value: part }
                if self.is_address =>
            {
                self.bytes.push(b' ');
                self.bytes.extend_from_slice(part);
            }
            CallbackEvent::CloseStartTag { .. } if self.is_address => {
                self.bytes.push(b' ');
                self.is_address = false;
            }
            CallbackEvent::EndTag { name } => {
                // Without its end, a style would hide the rest of the message. It is kept then.
                if is_hidden(name)
                    && let Some(length) = self.hidden_from.take()
                {
                    self.bytes.truncate(length);
                }
                self.separate(name);
            }
            CallbackEvent::String { value } => self.bytes.extend_from_slice(value),
            CallbackEvent::Error(Error::EofInComment) => self.is_comment_open = true,
            CallbackEvent::Comment { value } if self.is_comment_open => {
                self.bytes.push(b' ');
                self.bytes.extend_from_slice(value);
            }
            _ => {}
        }
    }

    fn separate(&mut self, name: &[u8]) {
        if !INLINE.iter().any(|element| element.as_bytes() == name) {
            self.bytes.push(b' ');
        }
    }
}

fn is_hidden(name: &[u8]) -> bool {
    matches!(name, b"style" | b"script")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn words(message: &str) -> Vec<String> {
        readable_text(message).split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_text_of_html_is_what_a_reader_sees() {
        for (message, expected) in [
            ("<style>p{font-family:Arial}</style><p>caf&eacute;</p>", "café"),
            ("<p>one</p><p>two</p>three<br>four<br/>five<td>six", "one two three four five six"),
            ("re<b>fu</b>nd par<span class='x y'>cel</span> un<wbr>broken", "refund parcel unbroken"),
            ("<SCRIPT type=a>var x = '<p>hidden</p>';</SCRIPT >seen", "seen"),
            (
                "<!DOCTYPE html><!-- hidden <p> --><html><body>seen &amp; &lt;b&gt; &#233;&#x20AC;",
                "seen & <b> é€",
            ),
            ("a<!-- hidden -->b<br>", "ab"),
            ("<!--[if mso]><p>hidden</p><![endif]--><![if !mso]>seen<![endif]>", "seen"),
            ("<p title='hidden > hidden' hidden=hidden>seen", "seen"),
            (
                "<p>From Ada <ada@example.com>, <https://example.com/x> and <mailto:bob@example.com></p>",
                "From Ada ada@example.com , https: example.com x and mailto:bob@example.com",
            ),
            ("<o:p>one</o:p>two<br>", "one two"),
            ("<title>one</title><textarea>two</textarea>", "one two"),
        ] {
            assert_eq!(words(message).join(" "), expected, "{message}");
        }
    }

    #[test]
    fn what_never_ends_hides_nothing() {
        for (message, expected) in [
            ("<p>one</p><style>two", "one two"),
            ("<p>our page shows <script> in the <b>middle</b>", "our page shows in the <b>middle</b>"),
            ("<p>one <!-- two <b>three</b> four", "one two <b>three</b> four"),
            ("<p>one</p> two <b three", "one two <b three"),
            ("<p>one</p> two < three &amp; four", "one two < three &amp; four"),
            ("<p>one</p> two &amp; three", "one two & three"),
        ] {
            assert_eq!(words(message).join(" "), expected, "{message}");
        }
    }

    #[test]
    fn other_texts_are_unchanged() {
        for message in [
            "",
            "<",
            ">",
            "I <3 you",
            "a < b > c",
            "x<y",
            "<>",
            "</>",
            "Ada <ada@example.com>",
            "&amp;",
            "<l>",
            "p>",
            "<unknown>text</unknown>",
            "Vec<String>",
            "<p",
            "a <b",
            "<https://example.com/a>",
            "<pp>",
            "<日本>",
            "<é>",
        ] {
            assert_eq!(readable_text(message), message);
            assert!(matches!(readable_text(message), Cow::Borrowed(_)), "{message}");
        }
    }

    #[test]
    fn hostile_html_takes_linear_time() {
        let started = Instant::now();
        for part in [
            "<div>",
            "<",
            "<p",
            "</p",
            "<style>",
            "<script>",
            "</style>",
            "<!--",
            "<!-- -->",
            "<p a='",
            "&",
            "&amp",
            "<a b",
            "<p a>",
            "<![CDATA[",
            "<style></styl",
            "-->",
            "<!",
            "<title>",
            "<p a=b c=d e>",
        ] {
            for end in ["<p>", "</style>"] {
                let message = part.repeat(65_536 / part.len()) + end;
                assert!(readable_text(&message).len() <= 4 * message.len(), "{part}");
            }
        }
        // 2.6 MB. In quadratic time, one of them would take minutes.
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
