//! The moments at which a call is dropped.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// How far a call runs before it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Polls(u32),
    Time(Duration),
}

/// Runs a call to its end. Returns its result, the number of polls and the time that it took.
pub(super) async fn run_measured<F: Future>(call: F) -> (F::Output, u32, Duration) {
    let mut call = pin!(call);
    let (mut polls, began) = (0, Instant::now());
    let result = poll_fn(|context| {
        polls += 1;
        call.as_mut().poll(context)
    })
    .await;
    (result, polls, began.elapsed())
}

/// Runs a call until this moment, and drops it. Returns its result if it ended before.
pub(super) async fn run_until<F: Future>(call: F, moment: Moment) -> Option<F::Output> {
    let mut left = match moment {
        Moment::Time(time) => return tokio::time::timeout(time, call).await.ok(),
        Moment::Polls(polls) => polls,
    };
    let mut call = pin!(call);
    poll_fn(|context| {
        if left > 0
            && let Poll::Ready(result) = call.as_mut().poll(context)
        {
            return Poll::Ready(Some(result));
        }
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Moments within a call that takes this many polls and this long: soon after its beginning, in its
/// middle, just before its end. `place` varies the middle.
pub(super) fn moments_within(polls: u32, time: Duration, place: usize) -> Vec<Moment> {
    let eighths = 2 + u32::try_from(place % 5).unwrap_or_default();
    let (middle, other) = (polls * eighths / 8, polls * (8 - eighths) / 8);
    let mut by_polls = vec![1, middle, other, polls.saturating_sub(1)];
    by_polls.retain(|count| (1..polls).contains(count));
    by_polls.dedup();
    let by_time = Moment::Time(time * eighths / 8);
    by_polls.into_iter().map(Moment::Polls).chain([by_time]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_dropped_at_its_moment() {
        let call = || async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            7
        };
        let (result, polls, _) = run_measured(call()).await;
        assert_eq!((result, polls), (7, 5));
        assert_eq!(run_until(call(), Moment::Polls(4)).await, None);
        assert_eq!(run_until(call(), Moment::Polls(5)).await, Some(7));
        let forever = std::future::pending::<()>();
        assert_eq!(run_until(forever, Moment::Time(Duration::from_millis(1))).await, None);
        let moments = moments_within(16, Duration::from_millis(8), 0);
        assert_eq!(moments[..4], [1, 4, 12, 15].map(Moment::Polls));
        assert_eq!(moments[4..], [Moment::Time(Duration::from_millis(2))]);
        assert_eq!(moments_within(1, Duration::ZERO, 0).len(), 1);
    }
}
