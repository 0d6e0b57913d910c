//! The frames of a stream, in the format of [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html).

use std::time::Duration;

use actix_web::web::Bytes;
use hexdesk_domain::Event;

use super::super::wire::EventJson;

/// A comment, which keeps proxies from closing a quiet stream.
pub(super) const HEARTBEAT: &str = ":\n\n";

/// What a stream says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// The JSON of the list, for clients of the API.
    Whole,
    /// The kind and the subject, for pages of the console. They read themselves again.
    Change,
}

/// An event of the log, with its cursor. JSON is one line, because it escapes line breaks.
pub(super) fn of_event(
    event: &Event,
    cursor: String,
    shop_domain: &str,
    detail: Detail,
) -> Result<Bytes, serde_json::Error> {
    let kind = event.kind.as_str();
    if detail == Detail::Change {
        return Ok(format!("id: {cursor}\nevent: changed\ndata: {kind} {}\n\n", event.subject).into());
    }
    let mut frame = format!("id: {cursor}\nevent: {kind}\ndata: ").into_bytes();
    serde_json::to_writer(&mut frame, &EventJson::new(event, cursor, shop_domain))?;
    frame.extend_from_slice(b"\n\n");
    Ok(frame.into())
}

/// The first frame of a stream that begins at the end of the log.
pub(super) fn ready(cursor: &str) -> String {
    format!("id: {cursor}\nevent: ready\ndata: {{\"cursor\":\"{cursor}\"}}\n\n")
}

/// The last frame of a stream whose next events were removed. It has no id: the client decides whether
/// to read on from the oldest cursor.
pub(super) fn removed(oldest: &str) -> String {
    format!("event: removed\ndata: {{\"cursor\":\"{oldest}\"}}\n\n")
}

/// Moves the client on without an event.
pub(super) fn moved(cursor: &str) -> String {
    format!("id: {cursor}\n\n")
}

/// Says how long to wait before the next connection.
pub(super) fn retry(after: Duration) -> String {
    format!("retry: {}\n\n", after.as_millis())
}
