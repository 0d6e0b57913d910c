//! The settings of webhooks.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hexdesk_adapters::{DatabaseUrl, FileSealer, SecretKeyFileError, secret_key_file_beside};
use hexdesk_domain::{AllowedTargets, Clock};
use hexdesk_webhooks::{ClientLimits, SystemNames, TrustedRoots, WebhookClient};

/// The file with the keys that seal secrets.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SecretKeySetting {
    /// The file with the keys that seal the secrets of webhooks. Its mode must be 0600. A line is a
    /// number from 0 to 255, a blank and 32 bytes in base64. The first key seals, all keys open. The
    /// default for SQLite is the path of the database and .secret-key, a file that the server makes when
    /// it needs it. PostgreSQL has no default: every server needs the same file.
    #[arg(long, env = "HEXDESK_SECRET_KEY_FILE", value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
}

impl SecretKeySetting {
    /// The sealer for a server on this database.
    pub(crate) fn sealer(&self, database_url: &str) -> FileSealer {
        let url = DatabaseUrl::parse(database_url).ok();
        match (&self.secret_key_file, url.as_ref().and_then(DatabaseUrl::sqlite_path)) {
            (Some(file), _) => FileSealer::existing(file),
            (None, Some(database)) => FileSealer::made_when_needed(secret_key_file_beside(database)),
            (None, None) => FileSealer::without_keys(),
        }
    }
}

/// How webhooks send.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WebhookSettings {
    #[command(flatten)]
    pub(crate) secret_key: SecretKeySetting,
    /// Hosts, addresses and networks that webhooks may send to although they are private, such as
    /// receiver.internal or 10.0.0.0/8. Also over http. Repeat the option, or separate them by commas.
    #[arg(
        long = "webhook-allow",
        env = "HEXDESK_WEBHOOK_ALLOW",
        value_name = "HOST|NETWORK",
        value_delimiter = ','
    )]
    allow: Vec<AllowedTargets>,
}

impl WebhookSettings {
    /// Refuses a secret key file that cannot be used.
    ///
    /// # Errors
    /// The problem of the file, with its remedy.
    pub(crate) fn check(&self) -> Result<(), SecretKeyFileError> {
        match &self.secret_key.secret_key_file {
            Some(file) => FileSealer::existing(file).check(),
            None => Ok(()),
        }
    }

    /// What the operator allows.
    pub(crate) fn allowed(&self) -> AllowedTargets {
        self.allow.iter().cloned().collect()
    }

    /// The client that makes attempts.
    pub(crate) fn client(&self, clock: Arc<dyn Clock>) -> WebhookClient {
        let (roots, names) = (TrustedRoots::of_system(), Arc::new(SystemNames));
        WebhookClient::new(self.allowed(), roots, names, clock, ClientLimits::default())
    }
}
