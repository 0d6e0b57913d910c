//! A real browser: Chromium, driven by `chromedriver` over the WebDriver protocol.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;

/// How often a condition is looked at.
const POLL_EVERY: Duration = Duration::from_millis(30);

/// Key codes of the WebDriver protocol.
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";

/// A browser with a profile of its own. Ends when dropped.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    base: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser that visits this server, such as `http://127.0.0.1:8080`.
    pub(crate) fn start(base: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tests of the console need chromedriver");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.split_once("successfully on port ").map(|(_, port)| port.to_owned()))
            .expect("chromedriver prints its port");
        let port = port.trim_end_matches('.').to_owned();
        // The pipe stays open, so that the driver can go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            agent,
            base: base.to_owned(),
            _profile: profile,
        };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1440,900",
            &format!("--user-data-dir={}", browser._profile.path().display()),
        ];
        let started = browser.post(
            "",
            json!({"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"performance": "ALL"},
            }}}),
        );
        let id = started["sessionId"].as_str().unwrap_or_else(|| panic!("no browser: {started}")).to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    /// Sends a command of the protocol, and returns its value. An error is a value with an `error`.
    fn post(&self, command: &str, body: Value) -> Value {
        let mut response = self
            .agent
            .post(format!("{}{command}", self.session))
            .header("content-type", "application/json")
            .send(body.to_string())
            .unwrap();
        let text = response.body_mut().with_config().limit(64 * 1024 * 1024).read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }

    /// Opens a page of the server.
    pub(crate) fn open(&self, path: &str) {
        let opened = self.post("/url", json!({"url": format!("{}{path}", self.base)}));
        assert!(opened.is_null(), "{path}: {opened}");
    }

    /// Runs the body of a function in the page, and returns what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        let result = self.post("/execute/sync", json!({"script": script, "args": []}));
        assert!(result.get("error").is_none(), "{script}: {result}");
        result
    }

    /// Runs the body of a function in the page, and returns what it gives to its last argument.
    pub(crate) fn run_async(&self, script: &str) -> Value {
        self.post("/execute/async", json!({"script": script, "args": []}))
    }

    /// Asks for light or dark colours.
    pub(crate) fn emulate_scheme(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// The path and query of the page.
    pub(crate) fn path(&self) -> String {
        self.text_of("return location.pathname + location.search")
    }

    fn text_of(&self, script: &str) -> String {
        self.run(script).as_str().unwrap_or_default().to_owned()
    }

    /// The text that a reader sees in the first element that matches this selector.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.text_of(&format!("return document.querySelector({selector:?})?.innerText ?? ''"))
    }

    /// Waits until a script returns true.
    pub(crate) fn wait_until(&self, condition: &str) {
        self.wait_at_most(PATIENCE, condition);
    }

    /// Waits this long until a script returns true, and returns how long it took.
    pub(crate) fn wait_at_most(&self, patience: Duration, condition: &str) -> Duration {
        let begun = Instant::now();
        // A page that is being replaced cannot run a script.
        let is_true = || self.post("/execute/sync", json!({"script": condition, "args": []})) == true;
        while !is_true() {
            assert!(begun.elapsed() < patience, "{condition} at {}:\n{}", self.path(), self.text("body"));
            std::thread::sleep(POLL_EVERY);
        }
        begun.elapsed()
    }

    /// Waits until the page shows this text.
    pub(crate) fn wait_for_text(&self, text: &str) {
        self.wait_until(&format!("return document.body.innerText.includes({text:?})"));
    }

    /// Waits until the page is at a path with this beginning.
    pub(crate) fn wait_for_path(&self, beginning: &str) {
        self.wait_until(&format!(
            "return (location.pathname + location.search).startsWith({beginning:?}) && document.readyState === 'complete'"
        ));
    }

    fn element(&self, selector: &str) -> String {
        let begun = Instant::now();
        loop {
            let found = self.post("/element", json!({"using": "css selector", "value": selector}));
            let id = found.as_object().filter(|found| !found.contains_key("error"));
            if let Some(id) = id.and_then(|found| found.values().next()).and_then(Value::as_str) {
                return id.to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "no {selector} at {}:\n{}", self.path(), self.text("body"));
            std::thread::sleep(POLL_EVERY);
        }
    }

    /// Clicks an element as a user does.
    pub(crate) fn click(&self, selector: &str) {
        let clicked = self.post(&format!("/element/{}/click", self.element(selector)), json!({}));
        assert!(clicked.is_null(), "{selector}: {clicked}");
    }

    /// Types into an element.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let typed = self.post(&format!("/element/{}/value", self.element(selector)), json!({"text": text}));
        assert!(typed.is_null(), "{selector}: {typed}");
    }

    /// Presses these keys, wherever the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()})))
            .collect();
        let pressed =
            self.post("/actions", json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
        assert!(pressed.is_null(), "{keys}: {pressed}");
    }

    /// Presses a key while another is held.
    pub(crate) fn press_together(&self, held: &str, key: &str) {
        let steps = [("keyDown", held), ("keyDown", key), ("keyUp", key), ("keyUp", held)];
        let actions = steps.map(|(kind, value)| json!({"type": kind, "value": value}));
        let pressed =
            self.post("/actions", json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
        assert!(pressed.is_null(), "{pressed}");
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters}))
    }

    /// The URLs of the requests since this was called last.
    pub(crate) fn requested_urls(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({"type": "performance"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .filter(|entry| entry["message"]["method"] == "Network.requestWillBeSent")
            .filter_map(|entry| Some(entry["message"]["params"]["request"]["url"].as_str()?.to_owned()))
            .collect()
    }

    /// Sets the size of the page.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// Turns scripts off for the pages that are opened from now on.
    pub(crate) fn disable_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium. Without this, it would outlive its driver.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
