/// Returns the default of a full name: first and last name.
pub(crate) fn joined_name(first: &Option<String>, last: &Option<String>) -> Option<String> {
    let names: Vec<&str> = [first, last].into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { None } else { Some(names.join(" ")) }
}
