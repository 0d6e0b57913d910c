//! A response of the server.

use std::fmt::Display;
use std::io::Read;
use std::net::TcpStream;

use serde_json::Value;

/// Reads one response from a connection that the server closes after it.
pub(crate) fn read_response(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Response { status, headers, body: body.to_owned() }
}

/// A response of the server.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The values of a header that may be repeated.
    pub(crate) fn all_headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The ticket in a response of 200 or 201.
    pub(crate) fn ticket(&self) -> Value {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        let body = self.json();
        assert_eq!(body["success"], true);
        body["ticket"].clone()
    }

    /// Checks that this is an error body with this status, code and sentence.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str, sentence: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let mut members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "detail", "error", "errors", "request_id", "status", "title", "type"]);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["error"], sentence);
        assert_eq!(problem["detail"], sentence);
        assert_eq!(problem["type"], format!("urn:hexdesk:problem:{code}"));
        assert_eq!(Some(problem["request_id"].as_str().unwrap()), self.header("x-request-id"));
    }

    /// Checks that this is a 400 with exactly these member errors: each a pointer and a code.
    /// `request` is shown if they differ.
    #[track_caller]
    pub(crate) fn assert_member_errors(&self, expected: &[(&str, &str)], request: &dyn Display) {
        assert_eq!(self.status, 400, "{request}: {self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], "invalid_body", "{request}");
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{request}: {self:?}"));
        let found: Vec<(&str, &str)> = errors
            .iter()
            .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        assert_eq!(found, expected, "{request}");
    }
}
