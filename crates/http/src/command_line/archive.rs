//! Moving shops: `dump`, `load` and `copy`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use hexdesk_domain::{
    ARCHIVE_PAGE, ArchiveDigest, ArchiveEntry, ArchiveFileReader, ArchiveFileWriter, ArchiveHeader,
    ArchiveStep, ArchivedShop, LoadError, LoadedShop, Shop, ShopDigest, ShopDomain, ShopId, ShopLoad,
    Storage,
};
use rustix::fs::{FileType, Mode, fchmod, fstat};

use super::now;
use super::progress::Progress;

/// The longest line of a file. The largest entry is a ticket whose texts are all escaped.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Dump {
    /// The domain of the shop, open or closed. The default is every shop.
    #[arg(long, value_name = "DOMAIN")]
    shop: Option<ShopDomain>,
}

#[derive(Debug, Args)]
pub(super) struct Load {
    /// Remove a shop whose load was interrupted, instead of loading.
    #[arg(long, value_name = "DOMAIN")]
    pub(super) discard: Option<ShopDomain>,
}

#[derive(Debug, Args)]
pub(super) struct Copy {
    /// The database to copy from, as in --database-url. Opening it migrates it. Stop its servers first.
    #[arg(long, env = "HEXDESK_COPY_FROM", hide_env_values = true, value_name = "URL")]
    pub(super) from: String,
    /// The database to copy to.
    #[arg(long, env = "HEXDESK_COPY_TO", hide_env_values = true, value_name = "URL")]
    pub(super) to: String,
    /// The domain of the shop, open or closed. The default is every shop.
    #[arg(long, value_name = "DOMAIN")]
    shop: Option<ShopDomain>,
}

impl Dump {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        ensure!(
            !io::stdout().is_terminal(),
            "an archive has hashes of keys and passwords, and customers' data: write it to a file, as in `hexdesk \
             dump > shops.ndjson`"
        );
        restrict_stdout()?;
        let mut stdout = BufWriter::new(io::stdout().lock());
        let source = format!("hexdesk {}", env!("CARGO_PKG_VERSION"));
        let (mut file, header) = ArchiveFileWriter::new(ArchiveHeader { source, created_at: now() })?;
        let mut write = |line: Vec<u8>| stdout.write_all(&line).context("cannot write to stdout");
        write(header)?;
        for shop in shops(&*storage, self.shop.as_ref()).await? {
            let Some(mut reader) = storage.read_archive(shop.id).await? else { continue };
            let total = reader.count_entries().await?;
            let mut progress = Progress::new(format!("reading {}", shop.domain), Some(total));
            write(file.shop(reader.shop().clone())?)?;
            loop {
                let entries = reader.next_entries(ARCHIVE_PAGE).await?;
                if entries.is_empty() {
                    break;
                }
                for entry in &entries {
                    write(file.entry(entry)?)?;
                }
                progress.add(entries.len() as u64);
            }
            write(file.shop_end()?)?;
            progress.finish();
        }
        write(file.end()?)?;
        stdout.flush().context("cannot write to stdout")
    }
}

/// Lets only its owner read the file to which stdout is redirected.
fn restrict_stdout() -> anyhow::Result<()> {
    let stdout = io::stdout();
    let status = fstat(stdout.as_fd()).context("cannot look at stdout")?;
    if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile {
        fchmod(stdout.as_fd(), Mode::RUSR | Mode::WUSR).context("cannot restrict the file to its owner")?;
    }
    Ok(())
}

/// The shops to move: all that are whole, or this one.
async fn shops(storage: &dyn Storage, domain: Option<&ShopDomain>) -> anyhow::Result<Vec<Shop>> {
    let mut wanted = storage.list_shops().await?;
    if let Some(domain) = domain {
        wanted.retain(|shop| shop.domain == *domain);
        ensure!(!wanted.is_empty(), "there is no shop {domain}: `hexdesk shop list` prints all");
    }
    let mut whole = Vec::new();
    for shop in wanted {
        if storage.find_load(shop.id).await?.is_none() {
            whole.push(shop);
        } else if domain.is_some() {
            bail!("the shop {} is being loaded: finish the load first, or discard it", shop.domain);
        } else {
            tracing::warn!(shop = %shop.domain, "left out: it is being loaded");
        }
    }
    Ok(whole)
}

impl Load {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        match &self.discard {
            Some(domain) => discard(&*storage, domain).await,
            None => load(storage).await,
        }
    }
}

async fn discard(storage: &dyn Storage, domain: &ShopDomain) -> anyhow::Result<()> {
    let found = storage.find_shop(domain).await?;
    let is_discarded = match found {
        Some(shop) => storage.discard_load(shop.id).await?,
        None => false,
    };
    ensure!(is_discarded, "the shop {domain} is not being loaded; nothing was removed");
    super::print([format!("discarded the load of {domain}")])
}

async fn load(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let stdin = io::stdin();
    ensure!(!stdin.is_terminal(), "load reads an archive from stdin, as in `hexdesk load < shops.ndjson`");
    let size = File::from(stdin.as_fd().try_clone_to_owned()?).metadata().ok().filter(|it| it.is_file());
    let mut progress = Progress::new("loading, in bytes".to_owned(), size.map(|it| it.len()));
    let mut input = BufReader::new(stdin.lock());
    let mut file = ArchiveFileReader::new();
    let mut moving = Moving::new(storage);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = io::Read::take(&mut input, MAX_LINE_BYTES).read_until(b'\n', &mut line);
        if length.context("cannot read stdin")? == 0 {
            break;
        }
        progress.add(line.len() as u64);
        match file.read(&line)? {
            ArchiveStep::Header(ArchiveHeader { source, created_at }) => {
                tracing::info!(source, %created_at, "loading an archive");
            }
            ArchiveStep::Shop(shop) => moving.begin(*shop).await?,
            ArchiveStep::Entry(entry) => moving.add(*entry).await?,
            ArchiveStep::ShopEnd(digest) => moving.end(digest).await?,
            ArchiveStep::End => {}
        }
    }
    file.finish()?;
    progress.finish();
    moving.finish().await
}

impl Copy {
    pub(super) async fn run(self, from: Arc<dyn Storage>, to: Arc<dyn Storage>) -> anyhow::Result<()> {
        let mut moving = Moving::new(to);
        for shop in shops(&*from, self.shop.as_ref()).await? {
            let Some(mut reader) = from.read_archive(shop.id).await? else { continue };
            let total = reader.count_entries().await?;
            let mut progress = Progress::new(format!("copying {}", shop.domain), Some(total));
            let mut digest = ArchiveDigest::new(reader.shop())?;
            moving.begin(reader.shop().clone()).await?;
            loop {
                let entries = reader.next_entries(ARCHIVE_PAGE).await?;
                if entries.is_empty() {
                    break;
                }
                progress.add(entries.len() as u64);
                for entry in entries {
                    digest.add(&entry)?;
                    moving.add(entry).await?;
                }
            }
            progress.finish();
            moving.end(digest.finish()).await?;
        }
        moving.finish().await
    }
}

/// The shops that are moved. They serve once all of them are whole.
struct Moving {
    to: Arc<dyn Storage>,
    present: Option<Present>,
    loaded: Vec<(Shop, LoadedShop)>,
    lines: Vec<String>,
}

/// The shop whose entries are read.
struct Present {
    shop: Shop,
    /// `None` if the shop was moved before: the same command was interrupted after it.
    load: Option<ShopLoad>,
}

impl Moving {
    fn new(to: Arc<dyn Storage>) -> Self {
        Self { to, present: None, loaded: Vec::new(), lines: Vec::new() }
    }

    async fn begin(&mut self, shop: ArchivedShop) -> anyhow::Result<()> {
        let wanted = shop.shop.clone();
        let load = match ShopLoad::begin(self.to.clone(), shop).await {
            Ok(load) => {
                if load.loaded() > 0 {
                    tracing::info!(shop = %wanted.domain, loaded = load.loaded(), "going on with an interrupted load");
                }
                Some(load)
            }
            Err(LoadError::Taken { by, .. }) if by == wanted && self.is_whole(wanted.id).await? => None,
            Err(error) => return Err(error.into()),
        };
        self.present = Some(Present { shop: wanted, load });
        Ok(())
    }

    async fn is_whole(&self, shop: ShopId) -> anyhow::Result<bool> {
        Ok(self.to.find_load(shop).await?.is_none())
    }

    async fn add(&mut self, entry: ArchiveEntry) -> anyhow::Result<()> {
        if let Some(Present { load: Some(load), .. }) = &mut self.present {
            load.add(entry).await?;
        }
        Ok(())
    }

    /// Ends a shop, which must have this digest.
    async fn end(&mut self, expected: ShopDigest) -> anyhow::Result<()> {
        let Some(Present { shop, load }) = self.present.take() else { return Ok(()) };
        let mut progress = Progress::new(format!("checking {}", shop.domain), Some(expected.entries));
        let check = |done| progress.set(done);
        let (what, is_same) = match load {
            Some(load) => {
                let loaded = load.verify(expected, check).await?;
                self.loaded.push((shop.clone(), loaded));
                ("moved", true)
            }
            None => ("was there", ShopDigest::read(&*self.to, shop.id, check).await? == Some(expected)),
        };
        progress.finish();
        ensure!(
            is_same,
            "the shop {} exists already, and is not the same; nothing of it was written",
            shop.domain
        );
        let entries = expected.entries;
        self.lines
            .push(format!("{}\t{}\t{what}\t{entries} entries\tsha256:{expected}", shop.id, shop.domain));
        Ok(())
    }

    /// Lets the shops serve, and prints a line for each.
    async fn finish(self) -> anyhow::Result<()> {
        for (shop, loaded) in self.loaded {
            loaded.finish().await.with_context(|| format!("cannot finish {}", shop.domain))?;
        }
        super::print(self.lines)
    }
}
