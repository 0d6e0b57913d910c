//! Pages of lists.

use hexdesk_domain::Page;

/// The number of rows to read: one more than the page holds, which shows whether there is a next
/// page.
pub(crate) fn rows_to_ask_for(limit: u32) -> i64 {
    i64::from(limit) + 1
}

/// Returns the first `limit` entries as a page. `position` returns the position of an entry.
pub(crate) fn cut<T, P>(mut entries: Vec<T>, limit: u32, position: impl FnOnce(&T) -> P) -> Page<T, P> {
    // A limit beyond the address space cuts nothing.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = entries.len() > limit;
    entries.truncate(limit);
    let next = if goes_on { entries.last().map(position) } else { None };
    Page { entries, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_next_one_if_there_is_more() {
        let cut = |entries: &[i32]| {
            let page = cut(entries.to_vec(), 2, |entry| *entry);
            (page.entries, page.next)
        };
        assert_eq!(cut(&[]), (vec![], None));
        assert_eq!(cut(&[1, 2]), (vec![1, 2], None));
        assert_eq!(cut(&[1, 2, 3]), (vec![1, 2], Some(2)));
    }
}
