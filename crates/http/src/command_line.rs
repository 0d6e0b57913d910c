//! The command line. Results go to stdout, logs and errors to stderr.

mod archive;
#[cfg(feature = "sqlite")]
mod backup;
mod confirmation;
mod customer;
mod doctor;
mod events;
mod key;
mod lists;
mod progress;
#[cfg(feature = "sqlite")]
mod restore;
mod serve;
mod shop;
mod user;
mod variables;
mod waiting;
#[cfg(feature = "webhooks")]
mod webhook;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use hexdesk_adapters::{DatabaseUrl, OpenedStorage, SystemClock};
use hexdesk_domain::{Actor, AuditStamp, Caller, Clock, Shop, ShopDomain, Storage, Timestamp, Violation};

use crate::logging::{self, LogFormat};

/// Whose binary runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    /// `hexdesk`, on SQLite or PostgreSQL.
    Hexdesk,
    /// One with a storage adapter of its own, and perhaps with modules of its own that log.
    Custom,
}

/// Hexdesk, a self-hosted helpdesk backend.
///
/// Try it: `hexdesk serve --demo` starts a server on an embedded SQLite database with a
/// demo shop, and prints a request to paste.
///
/// Run it: `hexdesk shop create shop.example.com`, then `hexdesk key create --shop
/// shop.example.com`, then `hexdesk serve`.
#[derive(Debug, Parser)]
#[command(name = "hexdesk", version = env!("HEXDESK_VERSION"))]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// The settings of every command.
#[derive(Debug, Args)]
struct Settings {
    /// The database: sqlite://hexdesk.db (a path relative to here), sqlite:///var/lib/hexdesk.db
    /// (an absolute path), or postgres://user:password@host/database?sslmode=verify-full.
    /// Opening it migrates it. Only migrate, shop create, load, copy, restore and serve --demo make a
    /// SQLite database that does not exist.
    #[arg(
        long,
        global = true,
        env = "HEXDESK_DATABASE_URL",
        hide_env_values = true,
        default_value = "sqlite://hexdesk.db",
        value_name = "URL"
    )]
    database_url: String,
    /// The level of the log: error, warn, info, debug, trace, off, or a list such as
    /// info,hexdesk_http=debug.
    #[arg(
        long,
        global = true,
        env = "HEXDESK_LOG",
        default_value = "info,actix_server=warn,actix_http=off",
        value_name = "FILTER"
    )]
    log: String,
    /// The format of the log, which goes to stderr.
    #[arg(long, global = true, env = "HEXDESK_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
}

impl Settings {
    fn start_log(&self, binary: Binary) -> anyhow::Result<()> {
        logging::start(&self.log, self.log_format, binary)?;
        variables::warn_of_unknown();
        Ok(())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API until SIGTERM or SIGINT.
    Serve(serve::Serve),
    /// Bring the database to this version's schema, and print the migrations that ran.
    Migrate(Migrate),
    /// Create, list, change, close and reopen shops.
    #[command(subcommand)]
    Shop(shop::ShopCommand),
    /// Create, list, rotate and revoke API keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Create, list and deactivate the users (staff) that tickets are assigned to, and invite them to the
    /// console.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Create, list and erase the customers whom tickets belong to.
    #[command(subcommand)]
    Customer(customer::CustomerCommand),
    /// Create, list, test, replay, disable and enable webhooks.
    #[cfg(feature = "webhooks")]
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Print the event log of a shop, oldest first: who did what. Each line is the JSON of an event, as
    /// in the API.
    Events(events::Events),
    /// Write an archive of a shop, or of all shops, to stdout: everything, as JSON lines. `hexdesk load`
    /// reads it, on any database.
    Dump(archive::Dump),
    /// Load the shops of an archive from stdin. They serve nobody until all of them are whole. Continues an
    /// interrupted load of the same archive.
    Load(archive::Load),
    /// Copy a shop, or all shops, from one database to another, and compare both.
    Copy(archive::Copy),
    #[command(flatten)]
    Database(DatabaseCommand),
}

impl Command {
    /// Whether the command may make a database that does not exist.
    const fn may_create(&self) -> bool {
        match self {
            Self::Migrate(_) => true,
            Self::Load(load) => load.discard.is_none(),
            Self::Serve(serve) => serve.is_demo(),
            Self::Shop(command) => matches!(command, shop::ShopCommand::Create { .. }),
            _ => false,
        }
    }
}

#[derive(Debug, Args)]
struct Migrate {
    /// Also distribute the tables of a PostgreSQL database by shop, with the extension Citus, and
    /// print their names. Stop all servers first.
    #[arg(long)]
    distribute: bool,
}

/// Commands on a SQLite or PostgreSQL database that do not open it as a storage.
#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Write a SQLite database to a file, while servers use it.
    #[cfg(feature = "sqlite")]
    Backup(backup::Backup),
    /// Replace a SQLite database that no server is using with a backup.
    #[cfg(feature = "sqlite")]
    Restore(restore::Restore),
    /// Check the settings and the database, and print a line for each check: "ok", "warning" or
    /// "problem", the check, its result and what to do, separated by tabs. Changes nothing.
    /// Fails if there is a problem.
    Doctor(doctor::Doctor),
}

impl DatabaseCommand {
    async fn run(self, database_url: &str) -> anyhow::Result<()> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Backup(backup) => backup.run(database_url).await,
            #[cfg(feature = "sqlite")]
            Self::Restore(restore) => restore.run(database_url).await,
            Self::Doctor(doctor) => doctor.run(database_url).await,
        }
    }
}

/// Runs the command of the process, on SQLite or PostgreSQL.
pub async fn run() -> ExitCode {
    let open = |database_url: String| async move {
        let url = DatabaseUrl::parse(&database_url)?;
        hexdesk_adapters::open(&url).await.with_context(|| format!("cannot open {url}"))
    };
    exit_code(match CommandLine::parse() {
        CommandLine { settings, command: Command::Database(command) } => {
            match settings.start_log(Binary::Hexdesk) {
                Ok(()) => command.run(&settings.database_url).await,
                Err(error) => Err(error),
            }
        }
        CommandLine { settings, command: Command::Migrate(Migrate { distribute: true }) } => {
            distribute(&settings).await
        }
        command_line => execute(command_line, open, Binary::Hexdesk).await,
    })
}

async fn distribute(settings: &Settings) -> anyhow::Result<()> {
    settings.start_log(Binary::Hexdesk)?;
    let url = DatabaseUrl::parse(&settings.database_url)?;
    print(hexdesk_adapters::distribute(&url).await.with_context(|| format!("cannot distribute {url}"))?)
}

/// Runs the command of the process, for a binary with a storage adapter of its own. `open`
/// opens the storage of the setting `--database-url`.
///
/// An error of `open` is shown to the operator and must not contain a password. If it is a
/// [`StorageError`](hexdesk_domain::StorageError) of the kind `Unavailable`, `serve` waits and
/// calls `open` again; every other command fails.
pub async fn run_on<Open, Opening>(open: Open) -> ExitCode
where
    Open: Fn(String) -> Opening,
    Opening: Future<Output = anyhow::Result<OpenedStorage>>,
{
    exit_code(execute(CommandLine::parse(), open, Binary::Custom).await)
}

fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is closed too, the error is lost.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute<Open, Opening>(command_line: CommandLine, open: Open, binary: Binary) -> anyhow::Result<()>
where
    Open: Fn(String) -> Opening,
    Opening: Future<Output = anyhow::Result<OpenedStorage>>,
{
    let CommandLine { settings, command } = command_line;
    settings.start_log(binary)?;
    if let Command::Serve(serve) = &command {
        serve.check()?;
    }
    if let Command::Database(_) | Command::Migrate(Migrate { distribute: true }) = &command {
        bail!(
            "this command is for SQLite and PostgreSQL; use the tools of the store that this binary is for"
        );
    }
    let open_at = async |url: &str, option: &'static str, may_create: bool| {
        if binary == Binary::Hexdesk && !may_create {
            check_exists(url).context(option)?;
        }
        let opened = open(url.to_owned()).await.context(option)?;
        for migration in &opened.applied_migrations {
            tracing::info!(%migration, "migrated");
        }
        anyhow::Ok(opened)
    };
    let may_create = command.may_create();
    let open =
        async || open_at(&settings.database_url, "--database-url (HEXDESK_DATABASE_URL)", may_create).await;
    let command = match command {
        Command::Serve(serve) => return serve.run(open, &settings.database_url).await,
        Command::Copy(copy) => {
            let from = open_at(&copy.from, "--from (HEXDESK_COPY_FROM)", false).await?.storage;
            let to = open_at(&copy.to, "--to (HEXDESK_COPY_TO)", true).await?.storage;
            return copy.run(from, to).await;
        }
        command => command,
    };
    let OpenedStorage { storage, applied_migrations, .. } = open().await?;
    match command {
        Command::Migrate(_) => print(applied_migrations),
        Command::Shop(command) => command.run(storage).await,
        Command::Key(command) => command.run(storage).await,
        Command::User(command) => command.run(storage).await,
        Command::Customer(command) => command.run(storage).await,
        #[cfg(feature = "webhooks")]
        Command::Webhook(command) => command.run(storage, &settings.database_url).await,
        Command::Events(events) => events.run(storage).await,
        Command::Dump(dump) => dump.run(storage).await,
        Command::Load(load) => load.run(storage).await,
        // Run or refused above.
        Command::Serve(_) | Command::Copy(_) | Command::Database(_) => Ok(()),
    }
}

/// Refuses a SQLite database that does not exist. The wrong directory, or a forgotten variable, would
/// make an empty one.
fn check_exists(url: &str) -> anyhow::Result<()> {
    let url = DatabaseUrl::parse(url)?;
    let Some(path) = url.sqlite_path() else { return Ok(()) };
    // Opening reports every other cause.
    if !matches!(path.try_exists(), Ok(false)) {
        return Ok(());
    }
    let path = std::path::absolute(path)?;
    bail!(
        "there is no database {}. If yours is elsewhere, set the URL to its path. To make a new one, run `hexdesk \
         shop create <domain>` or `hexdesk migrate`; to try Hexdesk, `hexdesk serve --demo`",
        path.display()
    )
}

#[cfg(feature = "sqlite")]
fn parse_database_url(text: &str) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(text).context("--database-url (HEXDESK_DATABASE_URL)")
}

/// Prints results, one per line.
fn print<T: std::fmt::Display>(lines: impl IntoIterator<Item = T>) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        writeln!(stdout, "{line}").context("cannot write to stdout")?;
    }
    stdout.flush().context("cannot write to stdout")
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// Returns who changes something of a shop.
fn caller(shop: &Shop) -> Caller {
    Caller { shop: shop.id, actor: Actor::Operator, request_id: None }
}

/// Returns the audit stamp of a command's changes.
fn stamp() -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time: now(), request_id: None }
}

/// Returns the shop with this domain. It must exist.
async fn existing_shop(storage: &Arc<dyn Storage>, domain: &ShopDomain) -> anyhow::Result<Shop> {
    match storage.find_shop(domain).await? {
        Some(shop) => Ok(shop),
        None => bail!("there is no shop {domain}: create it with `hexdesk shop create {domain}`"),
    }
}

/// Returns the shop with this domain. It must exist and be open.
async fn open_shop(storage: &Arc<dyn Storage>, domain: &ShopDomain) -> anyhow::Result<Shop> {
    let shop = existing_shop(storage, domain).await?;
    match shop.closed_at {
        None => Ok(shop),
        Some(closed_at) => bail!("the shop {domain} was closed on {closed_at}"),
    }
}

/// Returns an error with the violations of a draft and their options.
fn refused(violations: &[Violation]) -> anyhow::Error {
    use hexdesk_domain::{Field, Rule};
    let described: Vec<String> = violations
        .iter()
        .map(|violation| {
            let option = match violation.field {
                Field::Email => "--email",
                Field::PhoneNumber => "--phone-number",
                Field::FirstName => "--first-name",
                Field::LastName => "--last-name",
                Field::FullName => "--full-name",
                _ => "an option",
            };
            match violation.rule {
                Rule::Reachable => "--email or --phone-number is needed".to_owned(),
                Rule::Email => format!("{option} must be an e-mail address"),
                Rule::BareEmail => format!("{option} must be the bare address, without a name"),
                Rule::MaxLength(max) => format!("{option} must not be longer than {max} characters"),
                Rule::MinLength(min) => format!("{option} must have {min} characters or more"),
                Rule::Required | Rule::NotBlank => format!("{option} is needed"),
                Rule::NoNul
                | Rule::Range(..)
                | Rule::LanguageTag
                | Rule::Scope
                | Rule::InTheFuture
                | Rule::TargetUrl(_)
                | Rule::EventKind
                | Rule::WebhookPayload
                | Rule::AnotherCustomer => {
                    format!("{option} is not allowed")
                }
            }
        })
        .collect();
    anyhow::anyhow!("{}", described.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <CommandLine as clap::CommandFactory>::command().debug_assert();
    }
}
