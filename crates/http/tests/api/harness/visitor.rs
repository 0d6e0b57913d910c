//! A browser without scripts: it keeps a cookie, sends forms, and follows no redirects.

use super::{PATIENCE, Response, SHOP, Server};

/// What a browser says of a form that a page of the server has sent.
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A visitor of the console.
pub(crate) struct Visitor {
    agent: ureq::Agent,
    base: String,
    /// `name=value` of the session's cookie, or empty.
    pub(crate) cookie: String,
}

impl Visitor {
    /// A visitor without a session.
    pub(crate) fn new(server: &Server) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Self { agent, base: format!("http://{}", server.address), cookie: String::new() }
    }

    /// A visitor with this cookie.
    pub(crate) fn with_cookie(server: &Server, cookie: &str) -> Self {
        Self { cookie: cookie.to_owned(), ..Self::new(server) }
    }

    /// Another visitor of the same server, without a session.
    pub(crate) fn stranger(&self) -> Self {
        Self { agent: self.agent.clone(), base: self.base.clone(), cookie: String::new() }
    }

    /// The user of the demo, signed in with its link.
    pub(crate) fn of_demo(server: &Server) -> Self {
        let mut visitor = Self::new(server);
        let response = visitor.get(demo_path(server));
        assert_eq!((response.status, response.header("location")), (303, Some("/")), "{response:?}");
        visitor.keep_cookie(&response);
        visitor
    }

    /// Keeps the cookie of the session that this response begins.
    pub(crate) fn keep_cookie(&mut self, response: &Response) {
        let mut cookies = response.all_headers("set-cookie");
        let session = cookies.find(|cookie| !cookie.starts_with("hexdesk-shop="));
        let session = session.and_then(|cookie| cookie.split(';').next());
        session.unwrap_or_else(|| panic!("no session: {response:?}")).clone_into(&mut self.cookie);
    }

    /// Sends a request with the cookie and these headers.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !self.cookie.is_empty() {
            request = request.header("cookie", &self.cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.agent.run(request.body(body.as_bytes()).unwrap()).unwrap();
        let (parts, mut body) = response.into_parts();
        let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap().to_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = body.with_config().limit(64 * 1024 * 1024).read_to_string().unwrap();
        Response { status: parts.status.as_u16(), headers, body }
    }

    /// Gets a page.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], "")
    }

    /// Gets a page that must be there, and returns its HTML.
    pub(crate) fn page(&self, path: &str) -> String {
        let response = self.get(path);
        assert_eq!(response.status, 200, "{path}: {response:?}");
        response.body
    }

    /// Sends a form with these fields.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send("POST", path, &[SAME_SITE, FORM], &encode(fields))
    }

    /// Signs in with a password.
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> Response {
        self.post("/sign-in", &[("shop", SHOP), ("email", email), ("password", password)])
    }
}

/// The content type of a form.
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The path of the link that the demo prints.
pub(crate) fn demo_path(server: &Server) -> &str {
    let link = server.stdout.lines().find_map(|line| line.trim().strip_prefix("http://"));
    let path = link.and_then(|link| link.find("/demo/").map(|at| &link[at..]));
    path.unwrap_or_else(|| panic!("no link: {}", server.stdout))
}

/// Encodes the fields of a form.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        let bytes = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    fields.join("&")
}

/// The secret that a page shows once.
#[track_caller]
pub(crate) fn secret_once(page: &str) -> String {
    let (_, after) = page.split_once("id=\"secret\" value=\"").unwrap_or_else(|| panic!("no secret: {page}"));
    after.split('"').next().unwrap().to_owned()
}

/// The value of a hidden field in a page.
pub(crate) fn field(page: &str, name: &str) -> String {
    let (_, after) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
    after.split('"').next().unwrap().to_owned()
}
