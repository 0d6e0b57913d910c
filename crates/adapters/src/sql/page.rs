//! Pages of lists.

use hexdesk_domain::PageSize;

/// The number of rows to ask for: one more than the page may hold, which shows whether there is a
/// next page.
pub(crate) fn rows_to_ask_for(size: PageSize) -> i64 {
    i64::from(size.entries.max(1)) + 1
}
