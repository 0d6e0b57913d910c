//! The URL of a database, with the parameters of libpq.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::errors::{PostgresUrlError, describe};
use super::hosts;
use super::tls::{RootCertificates, TlsPolicy};

/// Parameters with a fixed choice of values.
const CHOICES: &[(&str, &[&str])] = &[
    (SSL_MODE, &["disable", "prefer", "require", "verify-ca", "verify-full"]),
    ("sslnegotiation", &["postgres", "direct"]),
    (TARGET_SESSION, &["any", "read-write", "read-only"]),
    ("channel_binding", &["disable", "prefer", "require"]),
    ("load_balance_hosts", &["disable", "random"]),
];

const SSL_MODE: &str = "sslmode";
const SSL_ROOT_CERT: &str = "sslrootcert";
const TARGET_SESSION: &str = "target_session_attrs";

/// Settings of every session. They come first, so that the `options` of the URL override them. JIT
/// compilation takes longer than the largest statement, a search.
const SESSION_OPTIONS: &str = "-c statement_timeout=10s -c lock_timeout=4s \
    -c idle_in_transaction_session_timeout=10s -c default_transaction_isolation=read\\ committed \
    -c jit=off";

/// The default time limit for one address to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The default time after which a silent network counts as lost.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(30);
/// The default of the driver, which is too long to detect a lost server.
const DRIVER_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// Parses a URL. Returns a configuration for each host, in the order in which they are tried, and
/// the TLS policy.
pub(super) fn parse(url: &str) -> Result<(Vec<Config>, TlsPolicy), PostgresUrlError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(PostgresUrlError("it must begin with postgres:// or postgresql://".into()));
    }
    let (base, parameters) = split_query(url);
    let mut for_the_driver = Vec::new();
    let mut ssl_mode = None;
    let mut root_certificates = None;
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| PostgresUrlError(format!("{name} is not UTF-8")))?;
        check_choice(name, &value)?;
        match name {
            SSL_MODE => ssl_mode = Some(value.into_owned()),
            SSL_ROOT_CERT if value == "system" => root_certificates = Some(RootCertificates::System),
            SSL_ROOT_CERT => root_certificates = Some(RootCertificates::File(PathBuf::from(value.as_ref()))),
            // For the driver, any @ ends user name and password.
            _ => for_the_driver.push(parameter.replace('@', "%40")),
        }
    }
    let mut config = read(base, &for_the_driver)?;
    if config.get_hosts().is_empty() {
        // Without a host name, the certificate must be for the address.
        let addresses: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
        if addresses.is_empty() {
            return Err(PostgresUrlError("it must name a host".into()));
        }
        for address in addresses {
            config.host(address);
        }
    }
    // The driver reads the rest of a password with an @ as a host, and messages name hosts.
    if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
        return Err(PostgresUrlError("write an @ in the user name or password as %40".into()));
    }
    let policy = tls_policy(&config, ssl_mode.as_deref(), root_certificates)?;
    for_the_driver.retain(|parameter| !hosts::is_host_parameter(parameter));
    let hostless = read(&hosts::remove_hosts(base), &for_the_driver)?;
    let is_one_of_several = config.get_hosts().len() > 1;
    let mut configs = hosts::split(config, &hostless)?;
    for config in &mut configs {
        complete(config);
        if is_one_of_several && !for_the_driver.iter().any(|parameter| parameter.starts_with(TARGET_SESSION))
        {
            // Hexdesk writes, so it needs the one writable host.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config.ssl_mode(match policy {
            TlsPolicy::Disabled => SslMode::Disable,
            TlsPolicy::Preferred => SslMode::Prefer,
            _ => SslMode::Require,
        });
    }
    Ok((configs, policy))
}

/// Parses a URL with the driver.
fn read(base: &str, parameters: &[String]) -> Result<Config, PostgresUrlError> {
    format!("{base}?{}", parameters.join("&")).parse().map_err(|error| PostgresUrlError(describe(&error)))
}

/// Splits a URL before its parameters. A `?` in user name or password does not begin the
/// parameters. An `@` in a parameter does not end the password.
fn split_query(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    let position = |sought: char| url[start..].find(sought).map_or(url.len(), |position| start + position);
    let credentials_end = position('@');
    let after_credentials =
        if credentials_end < position('/').max(position('?')) { credentials_end } else { start };
    match url[after_credentials..].find('?') {
        Some(mark) => (&url[..after_credentials + mark], &url[after_credentials + mark + 1..]),
        None => (url, ""),
    }
}

fn check_choice(name: &str, value: &str) -> Result<(), PostgresUrlError> {
    match CHOICES.iter().find(|(choice, _)| *choice == name) {
        Some((_, values)) if !values.contains(&value) => {
            Err(PostgresUrlError(format!("{name} must be one of {}", values.join(", "))))
        }
        _ => Ok(()),
    }
}

/// Sets defaults for settings that the URL does not name.
fn complete(config: &mut Config) {
    let options = match config.get_options() {
        Some(own) => format!("{SESSION_OPTIONS} {own}"),
        None => SESSION_OPTIONS.to_owned(),
    };
    config.options(options);
    if config.get_application_name().is_none() {
        config.application_name("hexdesk");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(NETWORK_TIMEOUT);
    }
    if config.get_keepalives_idle() == DRIVER_KEEPALIVE {
        config.keepalives_idle(NETWORK_TIMEOUT);
    }
}

fn tls_policy(
    config: &Config,
    ssl_mode: Option<&str>,
    root_certificates: Option<RootCertificates>,
) -> Result<TlsPolicy, PostgresUrlError> {
    let from_system = root_certificates == Some(RootCertificates::System);
    if from_system && !matches!(ssl_mode, None | Some("verify-full")) {
        return Err(PostgresUrlError("sslrootcert=system needs sslmode=verify-full".into()));
    }
    // As in libpq, a Unix socket needs no TLS.
    if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) {
        return Ok(TlsPolicy::Disabled);
    }
    let given = || root_certificates.clone().or_else(RootCertificates::default_file);
    let needed = |mode: &str| {
        given().ok_or_else(|| {
            PostgresUrlError(format!(
                "sslmode={mode} needs trusted certificates: name their file with sslrootcert, set \
                 sslrootcert=system, or put them in ~/.postgresql/root.crt"
            ))
        })
    };
    Ok(match ssl_mode {
        Some("disable") => TlsPolicy::Disabled,
        Some("require") => given().map_or(TlsPolicy::Required, TlsPolicy::VerifyCa),
        Some("verify-ca") => TlsPolicy::VerifyCa(needed("verify-ca")?),
        Some("verify-full") => TlsPolicy::VerifyFull(needed("verify-full")?),
        _ if from_system => TlsPolicy::VerifyFull(RootCertificates::System),
        _ => TlsPolicy::Preferred,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(url: &str) -> Result<TlsPolicy, String> {
        parse(url).map(|(_, policy)| policy).map_err(|error| error.to_string())
    }

    fn file(path: &str) -> RootCertificates {
        RootCertificates::File(path.into())
    }

    #[test]
    fn ssl_modes_mean_the_same_as_in_libpq() {
        for (parameters, expected) in [
            ("", TlsPolicy::Preferred),
            ("?sslmode=prefer", TlsPolicy::Preferred),
            ("?sslmode=disable", TlsPolicy::Disabled),
            ("?sslmode=require&sslrootcert=/a%20b.pem", TlsPolicy::VerifyCa(file("/a b.pem"))),
            ("?sslrootcert=/a.pem&sslmode=verify-ca", TlsPolicy::VerifyCa(file("/a.pem"))),
            ("?sslmode=verify-full&sslrootcert=/a.pem", TlsPolicy::VerifyFull(file("/a.pem"))),
            ("?sslrootcert=system", TlsPolicy::VerifyFull(RootCertificates::System)),
        ] {
            assert_eq!(policy(&format!("postgres://u:p@host/db{parameters}")), Ok(expected), "{parameters}");
        }
        assert_eq!(
            policy("postgres://u@%2Fvar%2Frun/db?sslmode=require&sslrootcert=/a.pem"),
            Ok(TlsPolicy::Disabled)
        );
    }

    #[test]
    fn errors_name_the_allowed_values_and_not_the_password() {
        for (url, expected) in [
            ("mysql://u:secret@host/db", "it must begin with postgres:// or postgresql://"),
            (
                "postgres://u:secret@host/db?sslmode=yes",
                "sslmode must be one of disable, prefer, require, verify-ca, verify-full",
            ),
            (
                "postgres://u:secret@host/db?target_session_attrs=primary",
                "target_session_attrs must be one of any, read-write, read-only",
            ),
            (
                "postgres://u:secret@host/db?sslmode=require&sslrootcert=system",
                "sslrootcert=system needs sslmode=verify-full",
            ),
            ("postgres://u:secret@/db", "it must name a host"),
            ("postgres://u:p@secret@host/db", "as %40"),
            ("postgres://u:secret@host:port/db", "invalid value for option `port`"),
            ("postgres://u:secret@host/db?sslcert=a", "unknown option `sslcert`"),
        ] {
            let error = policy(url).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    fn only(url: &str) -> Config {
        let (configs, _) = parse(url).unwrap();
        let [config] = <[Config; 1]>::try_from(configs).unwrap();
        config
    }

    #[test]
    fn several_hosts_are_tried_for_a_writable_one() {
        for (url, expected, target) in [
            ("postgres://u:p?q@a:1,[::1]:2/db", ["a:1", "::1:2"], TargetSessionAttrs::ReadWrite),
            (
                "postgres://u:p?q@a,b/db?target_session_attrs=any",
                ["a:5432", "b:5432"],
                TargetSessionAttrs::Any,
            ),
            (
                "postgres:///db?user=u&password=p?q&host=a&host=/b&port=1",
                ["a:1", "/b (port 1)"],
                TargetSessionAttrs::ReadWrite,
            ),
            (
                "postgres://u:p?q@a:1,b:2/db?hostaddr=1.2.3.4,5.6.7.8",
                ["a:1", "b:2"],
                TargetSessionAttrs::ReadWrite,
            ),
        ] {
            let (configs, _) = parse(url).unwrap();
            assert_eq!(configs.iter().map(hosts::display).collect::<Vec<_>>(), expected, "{url}");
            for config in configs {
                assert_eq!(config.get_user(), Some("u"), "{url}");
                assert_eq!(config.get_password(), Some("p?q".as_bytes()), "{url}");
                assert_eq!(config.get_dbname(), Some("db"), "{url}");
                assert_eq!(config.get_target_session_attrs(), target, "{url}");
                assert_eq!(config.get_hostaddrs().len(), usize::from(url.contains("hostaddr")), "{url}");
            }
        }
        assert_eq!(only("postgres://h/db").get_target_session_attrs(), TargetSessionAttrs::Any);
        let shuffled = only("postgres://a,b/db?load_balance_hosts=random");
        assert_eq!(hosts::display(&shuffled), "a:5432, b:5432");
        assert_eq!(shuffled.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        for (url, expected) in [
            ("postgres:///db?host=a&host=b&host=c&port=1,2", "one port, or as many as hosts"),
            ("postgres://a,b/db?hostaddr=1.2.3.4", "as many hostaddr as hosts"),
        ] {
            assert!(policy(url).unwrap_err().contains(expected), "{url}");
        }
    }

    #[test]
    fn missing_settings_get_defaults() {
        let config = only("postgres://h/db");
        assert_eq!(config.get_application_name(), Some("hexdesk"));
        assert_eq!(config.get_connect_timeout(), Some(&CONNECT_TIMEOUT));

        for (url, user, database, name) in [
            ("postgres://h/db?application_name=a@b", None, "db", "a@b"),
            ("postgres://u@h/db?application_name=a@b", Some("u"), "db", "a@b"),
            ("postgres://u:p/q@h/db?application_name=a/b", Some("u"), "db", "a/b"),
        ] {
            let config = only(url);
            assert_eq!(config.get_hosts(), [Host::Tcp("h".into())], "{url}");
            assert_eq!(config.get_user(), user, "{url}");
            assert_eq!(config.get_dbname(), Some(database), "{url}");
            assert_eq!(config.get_application_name(), Some(name), "{url}");
        }

        let own = "postgres://h/db?options=-c%20lock_timeout%3D1s&application_name=x&connect_timeout=7";
        let config = only(own);
        assert_eq!(config.get_options(), Some(&*format!("{SESSION_OPTIONS} -c lock_timeout=1s")));
        assert_eq!(config.get_application_name(), Some("x"));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(7)));
    }
}
