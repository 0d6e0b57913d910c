//! Finds the member whose text holds half of a surrogate pair. JavaScript cuts such halves off emoji.

use std::borrow::Cow;

use crate::problem::Problem;

/// The most characters of a pointer in a message.
const MAX_POINTER_CHARS: usize = 200;

/// Returns the problem of a body in which the parser failed at this line and column, if half of a
/// surrogate pair is the reason.
pub(super) fn problem(json: &str, line: usize, column: usize) -> Option<Problem> {
    let before: usize = json.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let end = before.checked_add(column)?.min(json.len());
    let read = json.as_bytes().get(..end)?;
    let mut walk = Walk { json, at: 0, path: Vec::new() };
    let half = walk.first_half()?;
    // The parser notices a half at the end of its escape, or of the one after it.
    let is_the_reason = (half..half + "\\ud83d\\u0041".len() + 1).contains(&read.len());
    is_the_reason.then(|| {
        let (pointer, name) = walk.place();
        let message = format!("{name} holds half of a surrogate pair (line {line}, column {column})");
        Problem::unreadable_member(pointer, message)
    })
}

/// A step into a value.
enum Step<'a> {
    Member(Cow<'a, str>),
    Entry(usize),
}

/// A walk over JSON that is valid up to the half of a pair.
struct Walk<'a> {
    json: &'a str,
    at: usize,
    path: Vec<Step<'a>>,
}

impl<'a> Walk<'a> {
    /// Walks to the first half of a pair, and returns its position.
    fn first_half(&mut self) -> Option<usize> {
        // Whether the next text is the name of a member.
        let mut is_name = false;
        loop {
            let byte = *self.json.as_bytes().get(self.at)?;
            match byte {
                b'"' => {
                    let begin = self.at + 1;
                    if let Some(half) = self.skip_text()? {
                        return Some(half);
                    }
                    let text = self.json.get(begin..self.at)?;
                    if let (true, Some(step)) = (is_name, self.path.last_mut()) {
                        *step = Step::Member(unescaped(text));
                    }
                }
                b'{' => self.path.push(Step::Member(Cow::Borrowed(""))),
                b'[' => self.path.push(Step::Entry(0)),
                b'}' | b']' => {
                    self.path.pop()?;
                }
                b',' => {
                    if let Step::Entry(index) = self.path.last_mut()? {
                        *index += 1;
                    }
                }
                _ => {}
            }
            match byte {
                b'{' => is_name = true,
                b',' => is_name = matches!(self.path.last()?, Step::Member(_)),
                b'[' | b':' => is_name = false,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Moves to the quotation mark that ends the text, or returns the position of a half in it.
    fn skip_text(&mut self) -> Option<Option<usize>> {
        loop {
            self.at += 1;
            match self.json.as_bytes().get(self.at)? {
                b'"' => return Some(None),
                b'\\' => {
                    let begin = self.at;
                    self.at += 1;
                    let Some(unit) = self.unit(begin) else { continue };
                    if !(0xd800..0xe000).contains(&unit) {
                        continue;
                    }
                    let next = self.unit(begin + 6);
                    if unit >= 0xdc00 || !next.is_some_and(|next| (0xdc00..0xe000).contains(&next)) {
                        return Some(Some(begin));
                    }
                    self.at = begin + 11;
                }
                _ => {}
            }
        }
    }

    /// Returns the code unit of the escape at this position.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    }

    /// Returns the place as a JSON pointer, and as messages name it.
    fn place(&self) -> (String, String) {
        let (mut pointer, mut name) = (String::new(), String::new());
        for step in &self.path {
            match step {
                Step::Member(member) => {
                    pointer.push('/');
                    pointer.push_str(&member.replace('~', "~0").replace('/', "~1"));
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(member);
                }
                Step::Entry(index) => {
                    pointer.push_str(&format!("/{index}"));
                    name.push_str(&format!("[{index}]"));
                }
            }
        }
        let cut = |text: String| text.chars().take(MAX_POINTER_CHARS).collect();
        (cut(pointer), cut(name))
    }
}

/// Returns the name of a member without its escapes.
fn unescaped(text: &str) -> Cow<'_, str> {
    match serde_json::from_str(&format!("\"{text}\"")) {
        Ok(name) if text.contains('\\') => Cow::Owned(name),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn found(json: &str) -> Option<(String, String)> {
        let error = serde_json::from_str::<Value>(json).unwrap_err();
        let problem = problem(json, error.line(), error.column())?;
        let body = serde_json::to_value(problem.body("")).unwrap();
        let error = &body["errors"][0];
        Some((error["pointer"].as_str()?.to_owned(), error["message"].as_str()?.to_owned()))
    }

    #[test]
    fn the_member_with_half_a_pair_is_named() {
        for (json, pointer, name) in [
            (r#"{"a":"\ud83d"}"#, "/a", "a"),
            (r#"{"a":"\ud83d","b":1}"#, "/a", "a"),
            (r#"{"a":"\ud83d\ude00","b":"x\ude00"}"#, "/b", "b"),
            (r#"{"a":"\uD83D\u0041"}"#, "/a", "a"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "/a", "a"),
            (r#"{"a":"\ud83d\n"}"#, "/a", "a"),
            (r#"{"a":"\ud83dx"}"#, "/a", "a"),
            ("{\"a\":\"\\\"\\\\\",\n \"tags\":[\"é\", {\"c\": []}, \"\\ud83d \"]}", "/tags/2", "tags[2]"),
            (r#"{"o":{"x,y":[1,{"u\u0041/~":["\udc00"]}]}}"#, "/o/x,y/1/uA~1~0/0", "o.x,y[1].uA/~[0]"),
        ] {
            let (found, message) = found(json).unwrap();
            assert_eq!(found, pointer, "{json}");
            assert!(
                message.starts_with(&format!("{name} holds half of a surrogate pair (line ")),
                "{message}"
            );
        }
    }

    #[test]
    fn other_errors_are_not_named() {
        for json in ["", "{", r#"{"a":"\u12"}"#, r#"{"a":"\x"}"#, r#"{"a":1,}"#, r#"{"a":x,"b":"\ud83d"}"#] {
            assert_eq!(found(json), None, "{json}");
        }
    }
}
