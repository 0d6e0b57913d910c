//! Pages, as they come out of a database.

use hexdesk_domain::Page;

/// How many rows to ask for: one more than the page holds, which tells whether the list
/// goes on.
pub(crate) fn rows_to_ask_for(limit: u32) -> i64 {
    i64::from(limit) + 1
}

/// The page of at most `limit` that these entries begin with. `position` tells an entry's
/// place in the list.
pub(crate) fn cut<T, P>(mut entries: Vec<T>, limit: u32, position: impl FnOnce(&T) -> P) -> Page<T, P> {
    // A page that does not fit into memory is not cut.
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
