//! Values as JSON. JSON names the fields and can be read without this crate.
//!
//! The domain's types do not define how they are stored. So each has a stored struct in the
//! file of its port, with conversions. Reading checks everything: an invalid value is an
//! error and is never repaired. A stored struct has no field for the parts of its key. A field
//! that is an `Option` may be missing, so that a later version can add one and still read
//! older values.

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
