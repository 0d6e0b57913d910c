//! Values read from their `Debug` output.

/// A part of a `Debug` output, with its parts.
#[derive(Debug)]
pub(super) struct DebugValue<'a> {
    /// Its text.
    text: &'a str,
    /// The text before its parts: the name of a struct or variant.
    name: &'a str,
    /// `{`, `(` or `[`. A value without parts has none.
    bracket: Option<u8>,
    parts: Vec<Part<'a>>,
}

#[derive(Debug)]
struct Part<'a> {
    /// The field, or the key in a map.
    label: Option<&'a str>,
    value: DebugValue<'a>,
}

/// Where two values differ: the path, and both values.
pub(super) type Difference = (String, String, String);

impl<'a> DebugValue<'a> {
    /// Reads a value. Returns `None` for an output with unpaired brackets or quotes.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut reader = Reader { text, place: 0 };
        let value = reader.value()?;
        (reader.place == text.len()).then_some(value)
    }

    /// Returns the differences from another value, in the order of the output.
    pub(super) fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        self.compare(other, "", &mut found);
        found
    }

    fn compare(&self, other: &Self, path: &str, found: &mut Vec<Difference>) {
        if self.text == other.text {
            return;
        }
        let is_list = self.bracket == Some(b'[');
        let is_comparable = self.name == other.name
            && self.bracket == other.bracket
            && (is_list || self.labels().eq(other.labels()))
            // A number or a text in a type of its own is shown with the type.
            && !(self.bracket == Some(b'(') && self.is_plain() && other.is_plain());
        if self.bracket.is_none() || !is_comparable {
            found.push((path.to_owned(), self.text.to_owned(), other.text.to_owned()));
            return;
        }
        for index in 0..self.parts.len().max(other.parts.len()) {
            let (one, two) = (self.parts.get(index), other.parts.get(index));
            let step = match one.or(two).and_then(|part| part.label) {
                Some(label) if path.is_empty() => label.to_owned(),
                Some(label) => format!("{path}.{label}"),
                None if is_list => format!("{path}[{index}]"),
                // `Some(…)` and other variants with one value are no step of the path.
                None if self.parts.len() == 1 => path.to_owned(),
                None if path.is_empty() => index.to_string(),
                None => format!("{path}.{index}"),
            };
            match (one, two) {
                (Some(one), Some(two)) => one.value.compare(&two.value, &step, found),
                (one, two) => {
                    let shown =
                        |part: Option<&Part<'_>>| part.map_or("nothing", |part| part.value.text).to_owned();
                    found.push((step, shown(one), shown(two)));
                }
            }
        }
    }

    fn labels(&self) -> impl Iterator<Item = Option<&'a str>> {
        self.parts.iter().map(|part| part.label)
    }

    /// Whether its parts have no parts.
    fn is_plain(&self) -> bool {
        self.parts.iter().all(|part| part.value.bracket.is_none())
    }
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    /// Reads a value up to the `,`, `:` or bracket that ends it.
    fn value(&mut self) -> Option<DebugValue<'a>> {
        let start = self.place;
        self.plain()?;
        let name = self.text.get(start..self.place)?;
        let bracket = self.peek().filter(|byte| b"{([".contains(byte));
        let mut parts = Vec::new();
        if let Some(open) = bracket {
            let close = match open {
                b'{' => b'}',
                b'(' => b')',
                _ => b']',
            };
            self.place += 1;
            parts = self.parts(close)?;
        }
        Some(DebugValue { text: self.text.get(start..self.place)?.trim_end(), name, bracket, parts })
    }

    /// Reads the parts up to this bracket.
    fn parts(&mut self, close: u8) -> Option<Vec<Part<'a>>> {
        let mut parts = Vec::new();
        loop {
            self.spaces();
            if self.peek()? == close {
                self.place += 1;
                return Some(parts);
            }
            let value = self.value()?;
            self.spaces();
            parts.push(if self.peek()? == b':' {
                self.place += 1;
                self.spaces();
                Part { label: Some(value.text), value: self.value()? }
            } else {
                Part { label: None, value }
            });
            self.spaces();
            match self.peek()? {
                b',' => self.place += 1,
                byte if byte == close => {}
                _ => return None,
            }
        }
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.place += 1;
        }
    }

    /// Reads a number, a name or a text in quotes.
    fn plain(&mut self) -> Option<()> {
        let mut quote = None;
        while let Some(byte) = self.peek() {
            match (quote, byte) {
                (Some(_), b'\\') => self.place += 1,
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b',' | b':' | b'{' | b'}' | b'(' | b')' | b'[' | b']') => break,
                (None, _) => {}
            }
            self.place += 1;
        }
        quote.is_none().then_some(())
    }
}
