//! The obligations of [`IdRangeStore`](hexdesk_domain::IdRangeStore).

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::{IdRange, NodeNumber, Storage, StorageErrorKind, Timestamp};

use crate::comparison::same;
use crate::samples::at;

const SPAN: i64 = 60_000;

/// IDRANGE-2: a new range begins at `now` or later and ends one span after its beginning.
pub async fn id_range_2_has_its_span(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut ranges = Vec::new();
    // The time advances, so some nodes become free. Spans are from one millisecond to years.
    for (millis, span) in
        [(0, 1), (0, SPAN), (5, 999), (SPAN, SPAN), (10 * SPAN + 7, 1), (20 * SPAN, 1 << 40)]
    {
        let now = at(millis);
        let range = storage.reserve_id_range(now, span, None).await?;
        expect_new(range, now, span)?;
        ranges.push(range);
    }
    let early = Timestamp::MIN.saturating_add_millis(1);
    expect_new(storage.reserve_id_range(early, SPAN, None).await?, early, SPAN)?;
    expect_no_overlap(&ranges)
}

/// IDRANGE-3: until a node's latest range has passed, new reservations get other nodes.
pub async fn id_range_3_running_node_is_left_alone(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut nodes = BTreeSet::new();
    let mut end = at(0);
    // At the same time, within the first range, and in its last millisecond.
    for millis in [0, 0, 0, 1, SPAN / 2, SPAN - 1] {
        for _ in 0..8 {
            let range = storage.reserve_id_range(at(millis), SPAN, None).await?;
            ensure!(
                nodes.insert(range.node),
                "a node was assigned again before its range had passed: {range:?}"
            );
            end = end.max(range.until);
        }
    }
    // An extended range lasts until its new end.
    let running = storage.reserve_id_range(at(SPAN - 1), SPAN, None).await?;
    ensure!(nodes.insert(running.node), "a node was assigned again before its range had passed: {running:?}");
    let extended = storage.reserve_id_range(running.until, SPAN, Some(running)).await?;
    let last_millisecond = extended.until.saturating_add_millis(-1);
    for _ in 0..20 {
        let range = storage.reserve_id_range(last_millisecond, SPAN, None).await?;
        ensure!(range.node != extended.node, "the node of an extended range was assigned again: {range:?}");
    }
    Ok(())
}

/// IDRANGE-4: an extension continues at the end of the range, on the same node.
pub async fn id_range_4_extension_goes_on(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut current = storage.reserve_id_range(at(0), SPAN, None).await?;
    let bystander = storage.reserve_id_range(at(0), SPAN, None).await?;
    let mut all = vec![current, bystander];
    // Early, in the last millisecond, at the end, long after it, and after the clock stepped back.
    // Spans grow and shrink.
    type Moment = fn(IdRange) -> Timestamp;
    let steps: [(Moment, i64); 8] = [
        (|range| range.from, SPAN),
        (|range| range.until.saturating_add_millis(-SPAN / 2), SPAN),
        (|range| range.until.saturating_add_millis(-1), 1),
        (|range| range.until, SPAN),
        (|range| range.until.saturating_add_millis(1), 2 * SPAN),
        (|range| range.until.saturating_add_millis(100 * SPAN), SPAN),
        (|range| range.from.saturating_add_millis(-1_000 * SPAN), SPAN),
        (|_| Timestamp::MIN, 1),
    ];
    for (now, span) in steps {
        let now = now(current);
        let extended = storage.reserve_id_range(now, span, Some(current)).await?;
        let until = now.max(current.until).saturating_add_millis(span);
        same("the extension", &extended, &IdRange { node: current.node, from: current.until, until })?;
        all.push(extended);
        current = extended;
    }
    // The other node's range is still its latest.
    let extended = storage.reserve_id_range(at(1), SPAN, Some(bystander)).await?;
    let until = bystander.until.saturating_add_millis(SPAN);
    same("the other node's extension", &extended, &IdRange { from: bystander.until, until, ..bystander })?;
    all.push(extended);
    expect_no_overlap(&all)
}

/// IDRANGE-5: extending a range that is not its node's latest returns a new range.
pub async fn id_range_5_outdated_range_is_not_extended(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let first = storage.reserve_id_range(at(0), SPAN, None).await?;
    let second = storage.reserve_id_range(at(1), SPAN, Some(first)).await?;
    let mut all = vec![first, second];
    // Before and after the node's latest range has passed.
    for now in [
        at(2),
        second.until.saturating_add_millis(-1),
        second.until,
        second.until.saturating_add_millis(SPAN),
    ] {
        let range = storage.reserve_id_range(now, SPAN, Some(first)).await?;
        expect_new(range, now, SPAN)?;
        ensure!(
            now >= second.until || range.node != first.node,
            "an outdated range returned a node whose range has not passed: {range:?}"
        );
        all.push(range);
    }
    expect_no_overlap(&all)?;

    // A range that was never reserved is not a node's latest.
    let invented = IdRange { node: first.node, from: at(0), until: at(SPAN * 1_000) };
    let range = storage.reserve_id_range(at(3), SPAN, Some(invented)).await?;
    expect_new(range, at(3), SPAN)?;
    all.push(range);
    // One end equals that of the node's latest range, the other does not.
    let latest = storage.reserve_id_range(at(4), SPAN, None).await?;
    all.push(latest);
    let too_long = IdRange { until: latest.until.saturating_add_millis(1), ..latest };
    let range = storage.reserve_id_range(at(5), SPAN, Some(too_long)).await?;
    expect_new(range, at(5), SPAN)?;
    all.push(range);
    // The latest range can still be extended.
    let extended = storage.reserve_id_range(at(6), SPAN, Some(latest)).await?;
    same("the node of the extension", &extended.node, &latest.node)?;
    same("the beginning of the extension", &extended.from, &latest.until)?;
    all.push(extended);
    expect_no_overlap(&all)
}

/// IDRANGE-6: when the clock steps back, no range is returned twice.
pub async fn id_range_6_survives_clock_steps(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut all: Vec<IdRange> = Vec::new();
    for round in 0..6_i64 {
        // Forward a little, back by less than a range, by a range, and by years.
        for step in [0, SPAN / 2, -SPAN / 2, SPAN, -SPAN, -1, 10 * SPAN, -(1 << 40), 3] {
            let now = at(round * SPAN / 3 + step);
            let range = storage.reserve_id_range(now, SPAN, None).await?;
            expect_new(range, now, SPAN)?;
            all.push(range);
            let extended = storage.reserve_id_range(now, SPAN, Some(range)).await?;
            all.push(extended);
            if let Some(outdated) = all.get(all.len() / 2).copied() {
                all.push(storage.reserve_id_range(now, SPAN, Some(outdated)).await?);
            }
        }
    }
    expect_no_overlap(&all)
}

/// IDRANGE-7: without a free node, the range begins where a node's latest range ends.
pub async fn id_range_7_succeeds_without_a_free_node(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut all: Vec<IdRange> = Vec::new();
    for index in 0..i64::from(NodeNumber::COUNT) {
        // The ends differ and are not in the order of nodes.
        let span = SPAN + index * 769 % 1_000;
        all.push(storage.reserve_id_range(at(0), span, None).await?);
    }
    let nodes: BTreeSet<_> = all.iter().map(|range| range.node).collect();
    same("the number of nodes in use", &nodes.len(), &usize::from(NodeNumber::COUNT))?;
    for millis in [0, 1, SPAN / 2, -SPAN, 0] {
        for outdated in [None, all.first().copied()] {
            let range = storage.reserve_id_range(at(millis), SPAN, outdated).await?;
            let latest_end =
                all.iter().filter(|there| there.node == range.node).map(|there| there.until).max();
            same("the beginning of the range", &Some(range.from), &latest_end)?;
            same("the end of the range", &range.until, &range.from.saturating_add_millis(SPAN))?;
            all.push(range);
        }
    }
    expect_no_overlap(&all)
}

/// IDRANGE-8: a range ends with the year 9999 at the latest. An empty range fails and reserves nothing.
pub async fn id_range_8_ends_with_time(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let end = Timestamp::MAX;
    let near = end.saturating_add_millis(-SPAN / 2);
    let running = storage.reserve_id_range(near.saturating_add_millis(-SPAN), SPAN, None).await?;
    same("the end of a range before the last", &running.until, &near)?;
    let last = end.saturating_add_millis(-1);
    let mut all = vec![running];
    for (now, current, from) in [(near, None, near), (last, None, last), (near, Some(running), near)] {
        let range = storage.reserve_id_range(now, SPAN, current).await?;
        same("a range near the end of time", &(range.from, range.until), &(from, end))?;
        all.push(range);
    }
    let extended = all.last().copied();
    same("the node of the extension", &extended.map(|range| range.node), &Some(running.node))?;
    for (now, current) in [(end, None), (end, extended), (near, extended), (at(0), extended)] {
        match storage.reserve_id_range(now, SPAN, current).await {
            Err(error) => same("the kind of failure", &error.kind, &StorageErrorKind::Unexpected)?,
            Ok(range) => {
                anyhow::bail!("at {now}, with nothing left after {current:?}, it returned {range:?}")
            }
        }
    }
    // Other nodes have time left if the clock steps back.
    let range = storage.reserve_id_range(at(0), SPAN, None).await?;
    expect_new(range, at(0), SPAN)?;
    all.push(range);
    expect_no_overlap(&all)
}

/// Fails unless the range begins at this time or later and has this span.
fn expect_new(range: IdRange, now: Timestamp, span: i64) -> anyhow::Result<()> {
    ensure!(range.from >= now, "the new range begins at {}, which is before now, {now}", range.from);
    same("the end of the new range", &range.until, &range.from.saturating_add_millis(span))
}

/// Fails if two ranges of one node share a millisecond.
pub(crate) fn expect_no_overlap(ranges: &[IdRange]) -> anyhow::Result<()> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| (range.node, range.from));
    for pair in sorted.windows(2) {
        if let [one, next] = pair {
            ensure!(
                one.node != next.node || one.until <= next.from,
                "two ranges overlap: {one:?} and {next:?}"
            );
        }
    }
    Ok(())
}
