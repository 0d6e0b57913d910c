//! Suggests a known name for an unknown one.

/// The most characters of a client's name in a message. An API key is longer.
const MAX_SHOWN_CHARS: usize = 32;

/// The least similarity of a suggestion.
const MIN_SIMILARITY: f64 = 0.7;

/// Returns the name in quotes, or `otherwise` unless it is a short word: anything else could be a
/// secret, or markup.
pub(crate) fn shown(name: &str, otherwise: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
    let is_shown = (1..=MAX_SHOWN_CHARS).contains(&name.len()) && name.bytes().all(is_word);
    if is_shown { format!("\"{name}\"") } else { otherwise.to_owned() }
}

/// Returns the end of a message about an unknown name: the most similar known one, or nothing.
pub(crate) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|nearest| format!("; the nearest is {nearest}")).unwrap_or_default()
}

/// Returns the most similar known name, if one is similar.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(MAX_SHOWN_CHARS).collect::<String>().to_lowercase();
    let similarity = |known: &str| strsim::jaro_winkler(&name, &known.to_lowercase());
    let similar = known.map(|known| (similarity(known), known));
    let similar = similar.filter(|(similarity, _)| *similarity >= MIN_SIMILARITY);
    similar.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, nearest)| nearest)
}
