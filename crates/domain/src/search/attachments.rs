//! The names of a comment's attachments.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Returns the names in this JSON: the member `name` of each object of an array, or of one object, if
/// it is a string. Any other JSON has no names. Keeps nothing else in memory.
pub(super) fn attachment_names(json: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut json = serde_json::Deserializer::from_str(json);
    // Invalid JSON is never stored. Of such JSON, the names before the error count.
    let _ = Place::List.read(&mut names).deserialize(&mut json);
    names
}

/// The place of a JSON value among attachments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    List,
    Attachment,
    Name,
}

impl Place {
    const fn read(self, names: &mut Vec<String>) -> Value<'_> {
        Value { place: self, names }
    }
}

struct Value<'n> {
    place: Place,
    names: &'n mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        match self.place {
            Place::List => while list.next_element_seed(Place::Attachment.read(self.names))?.is_some() {},
            _ => while list.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_key::<String>()? {
            if self.place != Place::Name && member == "name" {
                members.next_value_seed(Place::Name.read(self.names))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.place == Place::Name {
            self.names.push(text.to_owned());
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_attachments_are_found_in_any_json() {
        for (json, expected) in [
            (
                r#"[{"url": "https://cdn.example/1", "name": "photo.jpg"}, {"name": "in\u0076oice.pdf"}]"#,
                &["photo.jpg", "invoice.pdf"][..],
            ),
            (r#"{"name": "alone"}"#, &["alone"]),
            (
                r#"[{"name": 1}, {"name": null}, {"name": {"name": "deep"}}, {"name": ["deep"]}, {"other": {"name": "deep"}}]"#,
                &[],
            ),
            (r#"[1, -1, 1.5, true, null, "name", [{"name": "deep"}], {"name": "last"}]"#, &["last"]),
            (r#""name""#, &[]),
            ("null", &[]),
            ("", &[]),
            (r#"[{"name": "first"}, {"name""#, &["first"]),
        ] {
            assert_eq!(attachment_names(json), expected, "{json}");
        }
        let deep = format!(r#"{}{{"name": "deep"}}"#, "[".repeat(100_000));
        assert_eq!(attachment_names(&deep), [""; 0]);
    }
}
