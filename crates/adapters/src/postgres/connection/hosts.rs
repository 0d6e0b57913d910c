//! The hosts of a URL, with one configuration each. With one configuration for all, the driver
//! would wait for a silent host until no time is left for the others.

use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts};

use super::errors::PostgresUrlError;

/// The parameters that name hosts.
const PARAMETERS: &[&str] = &["host", "hostaddr", "port"];

/// Removes the hosts of a URL without parameters.
pub(super) fn remove_hosts(base: &str) -> String {
    let scheme_end = base.find("://").map_or(0, |scheme| scheme + 3);
    // For the driver, the first @ ends user name and password.
    let start = base.find('@').map_or(scheme_end, |at| at + 1).max(scheme_end);
    let end = base[start..].find('/').map_or(base.len(), |slash| start + slash);
    format!("{}{}", &base[..start], &base[end..])
}

/// Whether a parameter of the URL, `name=value`, names a host, its address or its port.
pub(super) fn is_host_parameter(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, _)| PARAMETERS.contains(&name))
}

/// Splits `all` into a configuration for each host, in the order of the URL. `hostless` is `all`
/// without hosts. The driver itself implements the random order. Then one configuration has all
/// hosts.
pub(super) fn split(all: Config, hostless: &Config) -> Result<Vec<Config>, PostgresUrlError> {
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

/// Lists the hosts for error messages.
pub(super) fn display(config: &Config) -> String {
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
