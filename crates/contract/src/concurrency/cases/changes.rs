//! Checks of changes that ran at the same time.

use std::collections::BTreeSet;

use anyhow::ensure;

use crate::comparison::same;

/// Fails unless changes of one thing took effect one after another. Each result has the number of
/// its own change and all changes that it shows. So each shows those of the results before it.
pub(super) fn one_after_another(
    what: &str,
    mut results: Vec<(usize, BTreeSet<usize>)>,
) -> anyhow::Result<()> {
    results.sort_by_key(|(_, shown)| shown.len());
    let mut made = BTreeSet::new();
    for (own, shown) in results {
        made.insert(own);
        ensure!(shown.contains(&own), "change {own} of {what} does not show itself: {shown:?}");
        ensure!(
            shown.is_superset(&made),
            "changes of {what} took effect one after another: got {shown:?} after {made:?}"
        );
        // Two changes may show the same if the second repeats the first.
        made.extend(shown);
    }
    Ok(())
}

/// Fails unless exactly one racer won.
pub(super) fn one_winner<T>(what: &str, winners: &[T]) -> anyhow::Result<()> {
    same(&format!("the number of racers that won {what}"), &winners.len(), &1)
}
