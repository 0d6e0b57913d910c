use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::{Actor, AuditStamp, KeyNumber, Storage, Timestamp, UserId};

use super::walk;
use super::walk::EVENTS_OF_A_WALK;
use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::samples::{at, extreme_times, request_ids};

/// EVENT-9: an event has the actor, the time and the request id of its command, as passed in. The key
/// and the user need not exist.
pub async fn event_9_event_says_who_and_when(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let shop = expected_events.create_shop_with_people("shop.example.com").await?.shop.id;
    let key = |number, user: Option<i64>| {
        let user_id = user.map(|user| UserId::new(user).context("a user's number")).transpose()?;
        let number = KeyNumber::new(number).context("a key's number")?;
        anyhow::Ok(Actor::ApiKey { number, user_id })
    };
    let actors = [
        Actor::Operator,
        Actor::User { id: UserId::new(1).context("a user's number")? },
        key(1, None)?,
        key(1, Some(1))?,
        key(2, Some(1))?,
        key(i64::MAX, Some(UserId::MAX))?,
        key(i64::MAX, None)?,
    ];
    // Each actor calls every method once, at times that go backwards.
    for (number, actor) in (1..).zip(actors) {
        let times = (0..7).map(|second| at(-1_001 * second * number));
        let of_requests = times.zip(request_ids().into_iter().cycle());
        expected_events.stamps =
            of_requests.map(|(time, request_id)| AuditStamp { actor, time, request_id }).collect();
        let before = expected_events.len();
        walk(&mut expected_events, shop, number).await?;
        same("the number of events of a walk", &(expected_events.len() - before), &EVENTS_OF_A_WALK)?;
    }
    expected_events.check("every command by every actor").await?;
    // Without the maximum time: a key rotated at that time would end at once.
    for time in extreme_times().into_iter().filter(|time| *time < Timestamp::MAX) {
        expected_events.stamps = vec![AuditStamp { actor: actors[3], time, request_id: None }];
        let number = 100 + i64::try_from(expected_events.len())?;
        walk(&mut expected_events, shop, number).await?;
    }
    expected_events.check("every command at extreme times").await
}
