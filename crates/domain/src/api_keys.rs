//! API keys: each allows some requests, for one shop.

mod api_key;
mod grant;
mod manage;
mod scope;

pub use api_key::{ApiKey, NewApiKey, Principal, SecretHash};
pub use grant::{ApiKeyDraft, Excess, RotationDraft};
pub use manage::{ManageApiKeys, ManageApiKeysError};
pub use scope::{Scope, UnknownScope};
