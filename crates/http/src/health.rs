//! The health routes: whether the process lives, and whether it can serve.

pub(crate) mod live;
pub(crate) mod ready;

use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

/// The state of the server.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema))]
struct Health {
    /// `live` or `ready`.
    status: &'static str,
}
