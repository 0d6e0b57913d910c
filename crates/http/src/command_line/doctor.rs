use std::io::ErrorKind;
use std::net::TcpListener;
#[cfg(feature = "webhooks")]
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use hexdesk_adapters::{DatabaseUrl, Finding, Severity};
#[cfg(feature = "webhooks")]
use hexdesk_domain::SecretSealer;

use crate::setting_values::listen_address;
#[cfg(feature = "webhooks")]
use crate::webhooks::settings::SecretKeySetting;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// The address that `serve` will listen on.
    #[arg(long, env = "HEXDESK_LISTEN", default_value = "127.0.0.1:8080", value_name = "IP:PORT")]
    listen: String,
    #[cfg(feature = "webhooks")]
    #[command(flatten)]
    secret_key: SecretKeySetting,
}

impl Doctor {
    pub(super) async fn run(self, database_url: &str) -> anyhow::Result<()> {
        let mut findings = vec![listen(&self.listen)];
        match DatabaseUrl::parse(database_url) {
            Err(error) => findings.push(Finding::problem(
                "database url",
                format!("--database-url (HEXDESK_DATABASE_URL) is {error}"),
            )),
            Ok(url) => {
                findings.push(Finding::ok("database url", url.to_string()));
                #[cfg(feature = "webhooks")]
                let sealer = {
                    let sealer = self.secret_key.sealer(database_url);
                    let finding = sealer.diagnose();
                    let is_usable = finding.severity != Severity::Problem;
                    findings.push(finding);
                    is_usable.then(|| Arc::new(sealer) as Arc<dyn SecretSealer>)
                };
                #[cfg(not(feature = "webhooks"))]
                let sealer = None;
                findings.extend(hexdesk_adapters::diagnose(&url, super::now(), sealer).await);
            }
        }
        let problems = findings.iter().filter(|finding| finding.severity == Severity::Problem).count();
        super::print(findings)?;
        match problems {
            0 => Ok(()),
            1 => bail!("there is a problem"),
            _ => bail!("there are {problems} problems"),
        }
    }
}

/// Checks whether a server could listen on the address. The check does not bind the port, because
/// a starting server may need it.
fn listen(text: &str) -> Finding {
    let check = "listen address";
    let setting = "--listen (HEXDESK_LISTEN)";
    let address = match listen_address(text) {
        Ok(address) => address,
        Err(refusal) => return Finding::problem(check, format!("{setting} {refusal}")),
    };
    match TcpListener::bind((address.ip(), 0)) {
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => Finding::problem(
            check,
            format!("{setting}: {} is no address of this machine; 0.0.0.0 means all it has", address.ip()),
        ),
        Err(error) => Finding::problem(check, format!("{setting}: cannot listen on {address}: {error}")),
        Ok(_) if address.ip().is_loopback() => Finding::ok(check, address.to_string()),
        Ok(_) => Finding::ok(
            check,
            format!("{address}, which others can reach: keep a reverse proxy that speaks TLS in front"),
        ),
    }
}
