//! The ports, the page for adapter authors and the cases list the same obligations.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hexdesk_contract::{CASES, anyhow};

/// The obligations of a text, by number: lines `- **TICKET-3** …` and the lines that go
/// on from there.
fn obligations(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut current: Option<(String, String)> = None;
    for line in text.lines().chain([""]) {
        let line = line.strip_prefix("/// ").unwrap_or(line);
        let start = line.strip_prefix("- **").and_then(|rest| rest.split_once("** "));
        let number = start.filter(|(name, _)| {
            name.split_once('-').is_some_and(|(port, number)| {
                port.bytes().all(|byte| byte.is_ascii_uppercase()) && number.parse::<u32>().is_ok()
            })
        });
        match (number, &mut current) {
            (None, Some((_, text))) if line.starts_with("  ") => {
                text.push(' ');
                text.push_str(line.trim());
            }
            (number, current) => {
                if let Some((name, text)) = current.take() {
                    assert_eq!(found.insert(name.clone(), plain(&text)), None, "{name} is there twice");
                }
                *current = number.map(|(name, text)| (name.to_owned(), text.to_owned()));
            }
        }
    }
    found
}

/// Without the links of rustdoc.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (label, after) = after.split_once(']').unwrap_or((after, ""));
        plain.push_str(before);
        plain.push_str(label);
        rest = match after.strip_prefix('(') {
            Some(target) => target.split_once(')').unwrap_or_default().1,
            None => after,
        };
    }
    plain + rest
}

fn in_ports() -> anyhow::Result<BTreeMap<String, String>> {
    let ports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src/ports");
    let mut sources = String::new();
    for file in fs::read_dir(ports)? {
        // Together, so that no number is in two files.
        sources += &fs::read_to_string(file?.path())?;
        sources += "\n";
    }
    Ok(obligations(&sources))
}

#[test]
fn every_obligation_has_a_case_and_every_case_an_obligation() {
    let mut cases: Vec<&str> = CASES.iter().map(|case| case.rule).collect();
    cases.sort_unstable();
    let ports = in_ports().unwrap();
    let obligations: Vec<&str> = ports.keys().map(String::as_str).collect();
    assert_eq!(cases, obligations);
}

#[test]
fn the_page_says_what_the_ports_say() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/storage-contract.md");
    assert_eq!(obligations(&fs::read_to_string(page).unwrap()), in_ports().unwrap());
}

#[test]
fn names_of_cases_begin_with_their_rule() {
    for case in CASES {
        let (_, name) = case.name.split_once("::").unwrap();
        let rule = case.rule.to_lowercase().replace("idrange", "id_range").replace('-', "_");
        assert!(name.starts_with(&format!("{rule}_")), "{} is called {name}", case.rule);
    }
}

#[test]
fn obligations_are_read_from_sources_and_pages() {
    let source = "/// Keeps things.\n///\n/// - **THING-1** One [`A`](crate::A)\n///   goes on.\n/// - **THING-2** Two [`B`].\n///\n/// More.\n";
    let page = "- **Note.** None.\n- **THING-1** One\n  `A` goes on.\n\n- **THING-2** Two `B`.\n\nMore.\n";
    let expected = BTreeMap::from([
        ("THING-1".to_owned(), "One `A` goes on.".to_owned()),
        ("THING-2".to_owned(), "Two `B`.".to_owned()),
    ]);
    assert_eq!(obligations(source), expected);
    assert_eq!(obligations(page), expected);
}
