use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use hexdesk_domain::{
    Event, EventFilter, EventKind, EventPosition, EventsRemoved, Page, PageSize, Shop, ShopDomain, Storage,
    Subject, Timestamp,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::events;
use crate::setting_values::time;

/// The time between two looks for more events.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct Events {
    /// The domain of the shop, which may be closed.
    #[arg(long)]
    shop: ShopDomain,
    /// Only events about this resource, such as ticket:385641613176606720, customer:123, user:45 or
    /// key:7.
    #[arg(long, value_name = "TYPE:ID")]
    subject: Option<Subject>,
    /// Only events of these kinds, such as ticket.created. Repeat the option, or separate kinds by
    /// commas.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    kinds: Vec<EventKind>,
    /// Only events at this time or later.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Only events before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Only events after the one with this `cursor`. The default is the beginning of the log.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Wait for more events, until Ctrl-C.
    #[arg(long)]
    follow: bool,
}

impl Events {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        let shop = super::existing_shop(&storage, &self.shop).await?;
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            bail!("--to must be later than --from");
        }
        let after = match &self.after {
            Some(cursor) => Some(events::open_cursor(shop.id, cursor).with_context(|| {
                format!("--after must be the `cursor` of an event of {}; {cursor} is not", shop.domain)
            })?),
            None => None,
        };
        let filter = EventFilter {
            kinds: self.kinds.into_iter().collect(),
            subject: self.subject,
            from: self.from,
            before: self.to,
            ..EventFilter::default()
        };
        let log = Log { storage, shop, filter };
        let printed = if self.follow {
            tokio::select! {
                printed = log.follow(after) => printed,
                interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
            }
        } else {
            log.print_after(after).await.map(|_| ())
        };
        match printed {
            // The reader has seen enough.
            Err(error) if is_closed_pipe(&error) => Ok(()),
            printed => printed,
        }
    }
}

/// The events of a shop that meet a filter.
struct Log {
    storage: Arc<dyn Storage>,
    shop: Shop,
    filter: EventFilter,
}

impl Log {
    /// Prints the events after this position, and every later one.
    async fn follow(&self, mut after: Option<EventPosition>) -> anyhow::Result<()> {
        loop {
            // Nothing more appears before it.
            let end = self.storage.find_log_end(self.shop.id).await?;
            after = self.print_after(after).await?.max(Some(end));
            tokio::time::sleep(LOOK_EVERY).await;
            if is_stdout_closed() {
                return Ok(());
            }
        }
    }

    /// Prints the events after this position, and returns the position of the last.
    async fn print_after(&self, mut after: Option<EventPosition>) -> anyhow::Result<Option<EventPosition>> {
        loop {
            let page = self.page(after).await?;
            self.print(&page.entries)?;
            after = page.entries.last().map(|event| event.position).max(after);
            match page.next {
                None => return Ok(after),
                next => after = next,
            }
        }
    }

    async fn page(&self, after: Option<EventPosition>) -> anyhow::Result<Page<Event, EventPosition>> {
        let filter = self.filter.clone();
        match self.storage.list_events(self.shop.id, filter, after, PageSize::MAX).await? {
            Ok(page) => Ok(page),
            Err(EventsRemoved { oldest }) => bail!(
                "events after this cursor were removed; the oldest are after --after {}",
                events::cursor(self.shop.id, oldest)
            ),
        }
    }

    fn print(&self, events: &[Event]) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        for event in events {
            let mut line = events::message(event, self.shop.domain.as_str(), true)?;
            line.push(b'\n');
            stdout.write_all(&line).context("cannot write to stdout")?;
        }
        stdout.flush().context("cannot write to stdout")
    }
}

pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Whether nobody reads the output any more, which a write would notice only with the next event.
fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&now)).is_ok() && polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

fn kind(text: &str) -> Result<EventKind, String> {
    let kinds = || EventKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("the kinds are {}", kinds()))
}
