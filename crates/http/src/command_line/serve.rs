use std::net::SocketAddr;

use anyhow::bail;
use clap::Args;
use hexdesk_adapters::OpenedStorage;

use super::waiting;
#[cfg(feature = "console")]
use crate::console::ConsoleSettings;
use crate::demo;
use crate::limits::Limits;
use crate::retention::RetentionSettings;
use crate::server::BoundServer;
use crate::services::{Background, Services};
use crate::setting_values::listen_address;
#[cfg(feature = "webhooks")]
use crate::webhooks::settings::WebhookSettings;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on. Port 0 is any free port.
    #[arg(long, env = "HEXDESK_LISTEN", default_value = "127.0.0.1:8080", value_name = "IP:PORT", value_parser = listen_address)]
    listen: SocketAddr,
    /// Create a demo shop (once) and a key for it (at each start, for one day), and print a request
    /// to paste. Only on loopback addresses, and only on a database without other shops.
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    retention: RetentionSettings,
    #[cfg(feature = "console")]
    #[command(flatten)]
    console: ConsoleSettings,
    #[cfg(feature = "webhooks")]
    #[command(flatten)]
    webhooks: WebhookSettings,
}

impl Serve {
    pub(super) const fn is_demo(&self) -> bool {
        self.demo
    }

    /// Refuses invalid settings before the database is opened.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.demo && !self.listen.ip().is_loopback() {
            bail!(
                "--demo prints a working key and so listens on loopback addresses only: use --listen \
                 127.0.0.1:8080, or leave --demo out"
            );
        }
        self.limits.rate_limits()?;
        #[cfg(feature = "webhooks")]
        self.webhooks.check()?;
        Ok(())
    }

    /// Serves the storage that `open` opens. Waits while it is unavailable.
    pub(super) async fn run<Opening>(
        self,
        open: impl Fn() -> Opening,
        database_url: &str,
    ) -> anyhow::Result<()>
    where
        Opening: Future<Output = anyhow::Result<OpenedStorage>>,
    {
        let server = BoundServer::bind(self.listen, &self.limits)?;
        let address = server.address();
        let start = || async { self.start(address, open().await?, database_url).await };
        server.serve(waiting::until_available(address, start)).await
    }

    #[cfg_attr(not(feature = "webhooks"), allow(unused_variables))]
    async fn start(
        &self,
        address: SocketAddr,
        OpenedStorage { storage, batches, .. }: OpenedStorage,
        database_url: &str,
    ) -> anyhow::Result<(Services, Background)> {
        if self.demo {
            demo::check(&storage).await?;
        }
        #[cfg_attr(not(feature = "webhooks"), allow(unused_mut))]
        let (services, mut background) = Services::on(
            storage.clone(),
            batches,
            &self.limits,
            &self.retention,
            #[cfg(feature = "console")]
            &self.console,
            #[cfg(feature = "webhooks")]
            (&self.webhooks, database_url),
        )
        .await?;
        #[cfg(feature = "webhooks")]
        background.send_webhooks(storage.clone(), &services);
        if self.demo {
            let key = demo::prepare(&storage, super::now()).await?;
            #[cfg(feature = "console")]
            let link = demo::open_console(&storage, &services.console, address, &key).await?;
            #[cfg(not(feature = "console"))]
            let link = String::new();
            super::print([demo::request_to_paste(address, &key, &link)])?;
        }
        Ok((services, background))
    }
}
