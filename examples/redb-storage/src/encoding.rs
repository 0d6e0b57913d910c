//! Values as JSON: each names its fields, and can be read without this crate.
//!
//! The domain's types do not say how they are stored, which is the adapter's affair. So
//! each thing has a struct of its own here, in the file of its port, and conversions. On
//! the way back everything is checked: what is no valid value of the domain is an error,
//! never mended. A stored struct has no field for what its key says. A field that is an
//! `Option` may be left out, so that a later version can add one and read what is there.

use anyhow::Context;
use hexdesk_domain::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn encode(value: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    serde_json::to_vec(value).context("cannot encode a value")
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(bytes).context("a stored value cannot be decoded")
}

pub(crate) fn timestamp(unix_millis: i64) -> anyhow::Result<Timestamp> {
    Timestamp::from_unix_millis(unix_millis).context("a stored time is out of range")
}

pub(crate) fn optional_timestamp(unix_millis: Option<i64>) -> anyhow::Result<Option<Timestamp>> {
    unix_millis.map(timestamp).transpose()
}
