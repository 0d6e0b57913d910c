//! Nothing is implemented yet, and the kit says so in one line for each module.

use std::collections::BTreeSet;

use hexdesk_contract::{CASES, StorageFixture, TestStorage, anyhow, async_trait, progress};
use hexdesk_skeleton_example::SkeletonStorage;

struct Skeleton;

#[async_trait]
impl StorageFixture for Skeleton {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        Ok(TestStorage::new(SkeletonStorage::open().await?))
    }
}

#[test]
fn every_port_is_reported_as_not_done() {
    let modules: BTreeSet<&str> = CASES.iter().map(|case| case.module()).collect();
    let all: Vec<&str> = modules.iter().copied().collect();
    let report = progress(&Skeleton, &["text_search"], &all);
    let reported: BTreeSet<&str> = report.modules.iter().map(|module| module.module).collect();
    assert_eq!(reported, modules.into_iter().filter(|module| *module != "search").collect());
    for module in &report.modules {
        let failure = module.first_failure.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(module.passed, 0, "{report}");
        assert!(failure.contains(": not implemented"), "{failure}");
    }
    let text = report.to_string();
    assert_eq!(text.lines().count(), report.modules.len(), "{text}");
    assert!(text.lines().all(|line| line.len() < 140), "{text}");
    assert!(text.starts_with("shops             0 of  8  SHOP-1: create_shop: not implemented\n"), "{text}");
}
