//! The obligation on calls that their caller drops.

mod console;
mod moments;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use hexdesk_domain::Storage;
use tokio::task::JoinSet;

use self::moments::{moments_within, run_measured, run_until};
use self::writes::{Effect, Scene, Write, writes};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{at, stamp};

/// How long a call may take after another was dropped.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 5 } else { 25 });

/// CANCEL-1: a write that is dropped takes effect in full or not at all, with its events, and leaves
/// nothing locked. Repeating it completes it.
pub async fn cancel_1_dropped_call_takes_effect_in_full_or_not_at_all(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    let mut tasks = JoinSet::new();
    for (place, write) in writes().into_iter().enumerate() {
        let storage = Arc::clone(&storage);
        tasks.spawn(async move {
            let dropped = drop_at_moments(&*storage, write, place).await;
            dropped.with_context(|| format!("{write:?}"))
        });
    }
    while let Some(checked) = tasks.join_next().await {
        checked.context("a task panicked")??;
    }
    Ok(())
}

/// Drops this write at several moments, each time on other things of one shop.
async fn drop_at_moments(storage: &dyn Storage, write: Write, place: usize) -> anyhow::Result<()> {
    let scene = Scene::create(storage, write).await?;
    // The first call is not dropped. It shows how long the others take.
    scene.prepare(1).await?;
    let (effect, polls, time) = run_measured(scene.make(1)).await;
    same("the effect of a call that is not dropped", &effect?, &Effect::Made)?;
    scene.check(1).await?;
    let mut last = 1;
    for moment in moments_within(polls, time, place) {
        last += 1;
        scene.prepare(last).await?;
        let dropped = run_until(scene.make(last), moment).await.transpose();
        let dropped = dropped.with_context(|| format!("a call that ended before {moment:?}"))?;
        complete(&scene, last, dropped).await.with_context(|| format!("dropped after {moment:?}"))?;
    }
    let (log, _) = settled_log(storage, scene.shop(), stamp(at(0))).await?;
    for number in 1..=last {
        for (kind, subject, expected) in scene.events(number).await? {
            let count = log.iter().filter(|event| (event.kind, event.subject) == (kind, subject)).count();
            same(&format!("the number of {kind:?} of {subject:?} in the log"), &count, &expected)?;
        }
    }
    Ok(())
}

/// Makes the call again, until it has taken effect, and checks what there is.
async fn complete(scene: &Scene<'_>, number: i64, dropped: Option<Effect>) -> anyhow::Result<()> {
    let made = async {
        loop {
            match scene.make(number).await? {
                // The dropped call is still running.
                Effect::Running => tokio::time::sleep(Duration::from_millis(1)).await,
                effect => return anyhow::Ok(effect),
            }
        }
    };
    let made = tokio::time::timeout(PATIENCE, made).await;
    let effect =
        made.map_err(|_| anyhow::anyhow!("the call does not return again: is something locked?"))??;
    ensure!(
        dropped != Some(Effect::Made) || effect != Effect::Made || scene.write.is_repeatable(),
        "the call took effect twice"
    );
    scene.check(number).await
}
