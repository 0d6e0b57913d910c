//! Suggests a known name for an unknown one.

/// The most characters of a client's name in a message.
const MAX_SHOWN_CHARS: usize = 50;

/// The least similarity of a suggestion.
const MIN_SIMILARITY: f64 = 0.7;

/// Returns the name as messages show it.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN_CHARS).collect()
}

/// Returns the end of a message about an unknown name: the most similar known one, or nothing.
pub(crate) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let name = shown(name).to_lowercase();
    let similarity = |known: &str| strsim::jaro_winkler(&name, &known.to_lowercase());
    let similar = known.map(|known| (similarity(known), known));
    let similar = similar.filter(|(similarity, _)| *similarity >= MIN_SIMILARITY);
    match similar.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
        Some((_, nearest)) => format!("; the nearest is {nearest}"),
        None => String::new(),
    }
}
