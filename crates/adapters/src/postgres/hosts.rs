//! The hosts of a URL, one by one: the driver, given all, would wait for one that accepts a
//! connection and then says nothing until there is no time left for the others.

use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts};

use super::url::PostgresUrlError;

/// The parameters that say where to connect.
const PARAMETERS: &[&str] = &["host", "hostaddr", "port"];

/// What comes before the hosts in a URL without its parameters, and what comes after them.
pub(super) fn around(base: &str) -> (&str, &str) {
    let scheme_end = base.find("://").map_or(0, |scheme| scheme + 3);
    // The driver takes the first @ for the end of user name and password.
    let start = base.find('@').map_or(scheme_end, |at| at + 1).max(scheme_end);
    let end = base[start..].find('/').map_or(base.len(), |slash| start + slash);
    (&base[..start], &base[end..])
}

/// Whether a parameter of the URL, `name=value`, says where to connect.
pub(super) fn is_told_by(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, _)| PARAMETERS.contains(&name))
}

/// A configuration for each host of `all`, in the order in which to try; `hostless` is `all`
/// without any. If they are to be tried in random order, which is the driver's to do, it is
/// one for all of them.
pub(super) fn each(all: Config, hostless: &Config) -> Result<Vec<Config>, PostgresUrlError> {
    if all.get_load_balance_hosts() == LoadBalanceHosts::Random {
        return Ok(vec![all]);
    }
    let (hosts, addresses, ports) = (all.get_hosts(), all.get_hostaddrs(), all.get_ports());
    if !addresses.is_empty() && addresses.len() != hosts.len() {
        return Err(PostgresUrlError("it must have as many hostaddr as hosts".into()));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(PostgresUrlError("it must have one port, or as many as hosts".into()));
    }
    let of_host = |(index, host): (usize, &Host)| {
        let mut one = hostless.clone();
        match host {
            Host::Tcp(name) => one.host(name),
            Host::Unix(path) => one.host_path(path),
        };
        if let Some(address) = addresses.get(index) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(index).or(ports.first()) {
            one.port(*port);
        }
        one
    };
    Ok(hosts.iter().enumerate().map(of_host).collect())
}

/// How messages name the hosts.
pub(super) fn names(config: &Config) -> String {
    let ports = config.get_ports();
    let name = |(index, host): (usize, &Host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => format!("{} (port {port})", path.display()),
        }
    };
    config.get_hosts().iter().enumerate().map(name).collect::<Vec<_>>().join(", ")
}
