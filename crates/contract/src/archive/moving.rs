//! Reading and loading whole shops.

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{ArchiveEntry, ArchiveReader, ArchivedShop, PageSize, Shop, Storage};

use crate::comparison::same;

/// The size of most pages.
pub(super) const PAGE: PageSize = PageSize { entries: 7, bytes: 1_000 };

/// Reads a whole archive in pages of this size.
pub(super) async fn whole_archive(
    storage: &dyn Storage,
    shop: &Shop,
    size: PageSize,
) -> anyhow::Result<(ArchivedShop, Vec<ArchiveEntry>)> {
    let reader = storage.read_archive(shop.id).await?;
    rest_of(reader, size).await
}

/// Reads what is left of an archive.
pub(super) async fn rest_of(
    reader: Option<Box<dyn ArchiveReader>>,
    size: PageSize,
) -> anyhow::Result<(ArchivedShop, Vec<ArchiveEntry>)> {
    let mut reader = reader.context("the shop has no archive")?;
    let mut entries = Vec::new();
    // More pages than any case fills. An archive that never ends is a failure.
    for _ in 0..10_000 {
        let next = reader.next_entries(size).await?;
        ensure!(next.len() <= size.entries as usize, "a page of {} has {}", size.entries, next.len());
        if next.is_empty() {
            return Ok((reader.shop().clone(), entries));
        }
        entries.extend(next);
    }
    anyhow::bail!("the archive does not end")
}

/// Begins to load a shop, which must be possible.
pub(super) async fn begin(storage: &dyn Storage, archived: &ArchivedShop) -> anyhow::Result<()> {
    let begun = storage.begin_load(archived.clone()).await?;
    same("a load that begins", &begun, &BeginLoadOutcome::Loading(0))
}

/// Loads the entries after the first `loaded` ones, in several calls.
pub(super) async fn load(
    storage: &dyn Storage,
    shop: &Shop,
    entries: &[ArchiveEntry],
    loaded: usize,
) -> anyhow::Result<()> {
    let mut loaded = loaded as u64;
    for next in entries.get(loaded as usize..).unwrap_or_default().chunks(9) {
        let outcome = storage.load_entries(shop.id, loaded, next.to_vec()).await?;
        same("the next entries", &outcome, &LoadEntriesOutcome::Loaded)?;
        loaded += next.len() as u64;
        same("the number of loaded entries", &storage.find_load(shop.id).await?, &Some(loaded))?;
    }
    Ok(())
}

pub(super) async fn finish(storage: &dyn Storage, shop: &Shop) -> anyhow::Result<()> {
    same("whether the load was finished", &storage.finish_load(shop.id).await?, &true)?;
    same("the load when it is finished", &storage.find_load(shop.id).await?, &None)
}

/// Moves a shop from one store to another.
pub(crate) async fn move_shop(from: &dyn Storage, to: &dyn Storage, shop: &Shop) -> anyhow::Result<()> {
    let (archived, entries) = whole_archive(from, shop, PAGE).await?;
    begin(to, &archived).await?;
    load(to, shop, &entries, 0).await?;
    finish(to, shop).await
}
