//! axe-core, which looks for what keeps people from using a page. `scripts/install-test-dependencies`
//! installs it.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;

use super::browser::Browser;

static AXE: LazyLock<String> = LazyLock::new(|| {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    let file = cache.join("hexdesk/axe/axe_playwright_python/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}. Run scripts/install-test-dependencies first.", file.display())
    })
});

/// Asserts that axe finds no violation on the page, light and dark. Only colours differ in the dark. Axe cannot
/// look into frames, which run no scripts.
#[track_caller]
pub(crate) fn assert_accessible(browser: &Browser) {
    let path = browser.path();
    browser.run(&format!("if (!window.axe) {{ {} }}", *AXE));
    for (scheme, options) in [("light", "{}"), ("dark", "{runOnly: ['color-contrast']}")] {
        browser.emulate_scheme(scheme);
        let found = browser.run_async(&format!(
            "const done = arguments[0];
            axe.run(document, {{iframes: false, resultTypes: ['violations'], ...{options}}}).then(
                (found) => done(found.violations.map(({{id, help, nodes}}) =>
                    ({{id, help, nodes: nodes.map((node) => node.html + ' ' + node.failureSummary)}}))),
                (error) => done(String(error)));"
        ));
        assert_eq!(found, Value::Array(Vec::new()), "{path} in the {scheme}: {found:#}");
    }
    browser.emulate_scheme("light");
}
