//! Connections: the URL, TLS, how they are opened, and the pool.

mod cancellation;
mod connector;
mod errors;
mod hosts;
mod pool;
mod response_timeout;
mod tls;
mod url;

pub(super) use connector::Connector;
pub use errors::{ConnectError, PostgresUrlError};
pub(super) use pool::{Connections, Work};
