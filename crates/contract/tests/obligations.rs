//! Every obligation has a case, and the page for adapter authors matches the documentation of the
//! ports.

use std::fs;
use std::path::{Path, PathBuf};

use hexdesk_contract::anyhow::Context;
use hexdesk_contract::{CASES, SEALER_CASES, anyhow};

/// The module that documents the introduction of the page.
const INTRODUCTION: &str = "ports.rs";

/// The files of the domain with the documentation of the page, in order, each with the start of the
/// documented item.
const SOURCES: [(&str, &str); 21] = [
    ("ports/shops.rs", "pub trait ShopStore"),
    ("ports/customers.rs", "pub trait CustomerStore"),
    ("ports/users.rs", "pub trait UserStore"),
    ("ports/tickets.rs", "pub trait TicketStore"),
    ("ports/comments.rs", "pub trait CommentStore"),
    ("ports/search.rs", "pub trait SearchStore"),
    ("idempotency.rs", "pub enum IdempotentOutcome"),
    ("ports/api_keys.rs", "pub trait ApiKeyStore"),
    ("ports/events.rs", "pub trait EventStore"),
    ("ports/webhooks.rs", "pub trait WebhookStore"),
    ("ports/deliveries.rs", "pub trait DeliveryStore"),
    ("ports/credentials.rs", "pub trait CredentialStore"),
    ("ports/sessions.rs", "pub trait SessionStore"),
    ("ports/saved_replies.rs", "pub trait SavedReplyStore"),
    ("ports/figures.rs", "pub trait FigureStore"),
    ("ports/retention.rs", "pub trait RetentionStore"),
    ("ports/archive.rs", "pub trait ArchiveStore"),
    ("ports/id_ranges.rs", "pub trait IdRangeStore"),
    ("ports/readiness.rs", "pub trait Readiness"),
    ("ports/capabilities.rs", "pub trait StoreCapabilities"),
    ("ports/secrets.rs", "pub trait SecretSealer"),
];

fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Makes the page from the documentation of the ports.
fn page() -> anyhow::Result<String> {
    let source = |path| fs::read_to_string(at_root("crates/domain/src").join(path));
    let mut page = String::from("# The storage contract\n\n");
    page += "<!-- Generated from the documentation of the ports: run `just storage-contract`. -->\n\n";
    page += &rendered(source(INTRODUCTION)?.lines().map_while(|line| line.strip_prefix("//!")), "##");
    for (path, item) in SOURCES {
        let source = source(path)?;
        let (before, _) = source.split_once(item).with_context(|| format!("no {item} in {path}"))?;
        let mut documentation: Vec<_> = before
            .lines()
            .rev()
            .skip_while(|line| line.starts_with("#["))
            .map_while(|line| line.strip_prefix("///"))
            .collect();
        documentation.reverse();
        assert!(!documentation.is_empty(), "{item} has no documentation");
        let name = item.rsplit(' ').next().unwrap_or_default();
        page += &format!("\n## `{name}`\n\n{}", rendered(documentation.into_iter(), "###"));
    }
    Ok(page)
}

/// Lines of a doc comment as Markdown for a page, without rustdoc's links. Headings have this
/// level.
fn rendered<'a>(lines: impl Iterator<Item = &'a str>, heading: &str) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in lines {
        let line = line.strip_prefix(' ').unwrap_or(line);
        is_code ^= line.starts_with("```");
        text += &match line.strip_prefix("# ") {
            Some(title) if !is_code => format!("{heading} {title}"),
            _ if is_code => line.to_owned(),
            _ => without_links(line),
        };
        text.push('\n');
    }
    // Links must have their text and target on one line.
    assert!(!text.contains("`]"), "a link of rustdoc is left:\n{text}");
    text
}

fn without_links(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
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

/// The numbers of the obligations on a page, from lines `- **TICKET-3** …`.
fn obligations(page: &str) -> Vec<&str> {
    let names = page.lines().filter_map(|line| Some(line.strip_prefix("- **")?.split_once("** ")?.0));
    names
        .filter(|name| name.split_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok()))
        .collect()
}

#[test]
fn every_obligation_has_a_case_and_every_case_an_obligation() {
    let mut cases: Vec<&str> = CASES.iter().map(|case| case.rule).collect();
    cases.extend(SEALER_CASES.iter().map(|case| case.rule));
    let page = page().unwrap();
    let mut obligations = obligations(&page);
    cases.sort_unstable();
    obligations.sort_unstable();
    assert_eq!(cases, obligations);
}

#[test]
fn the_page_matches_the_ports() {
    let path = at_root("docs/storage-contract.md");
    if std::env::var_os("HEXDESK_WRITE_STORAGE_CONTRACT").is_some() {
        fs::write(&path, page().unwrap()).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap();
    assert!(kept == page().unwrap(), "docs/storage-contract.md is outdated: run `just storage-contract`");
}

#[test]
fn names_of_cases_begin_with_their_rule() {
    let names = CASES.iter().map(|case| (case.rule, case.name));
    for (rule, full_name) in names.chain(SEALER_CASES.iter().map(|case| (case.rule, case.name))) {
        let (_, name) = full_name.split_once("::").unwrap();
        let rule = rule.to_lowercase().replace("idrange", "id_range").replace('-', "_");
        assert!(name.starts_with(&format!("{rule}_")), "{rule} is called {name}");
    }
}

#[test]
fn links_are_removed_and_code_is_kept() {
    let lines = ["", " # Things", " One [`A`](crate::A), [`B`].", " ```text", " # f([1])", " ```"];
    let expected = "\n## Things\nOne `A`, `B`.\n```text\n# f([1])\n```\n";
    assert_eq!(rendered(lines.into_iter(), "##"), expected);
}
