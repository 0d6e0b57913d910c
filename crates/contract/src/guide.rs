//! The tables of the guide for authors of adapters match the ports and the cases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use hexdesk_domain::Capabilities;

use crate::faulty::{Fault, FaultyFixture, MethodNames, PORTS, fault};
use crate::{CASES, Case, Failure, agrees_with_the_reference};

static GUIDE: LazyLock<String> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/writing-a-storage-adapter.md");
    std::fs::read_to_string(path).unwrap()
});

/// The cells of the table with this heading, without the heading.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let lines = GUIDE.lines().skip_while(|line| *line != heading).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let table: Vec<Vec<_>> = rows.map(cells).collect();
    assert!(!table.is_empty(), "the guide has no table {heading}");
    table
}

/// The names in backticks.
fn names(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split('`').skip(1).step_by(2)
}

fn methods_of(port: &str) -> Option<Vec<&'static str>> {
    if port == "StoreCapabilities" {
        return Some(vec!["capabilities"]);
    }
    PORTS.iter().find(|(name, _)| *name == port).map(|(_, methods)| methods.to_vec())
}

#[test]
fn the_table_of_ports_is_complete() {
    let table = table("| port | methods | obligations |");
    let mut listed = BTreeSet::new();
    for row in &table {
        let port = names(row[0]).next().unwrap();
        let mut methods = methods_of(port).unwrap();
        methods.sort_unstable();
        let mut named: Vec<_> = names(row[1]).collect();
        named.sort_unstable();
        assert_eq!(named, methods, "{port}");
        listed.insert(port);
    }
    let ports: BTreeSet<_> = PORTS.iter().map(|(port, _)| *port).chain(["StoreCapabilities"]).collect();
    assert_eq!(listed, ports);
    let methods = listed.iter().filter_map(|port| methods_of(port)).flatten().count();
    assert_eq!((listed.len(), methods), (19, 80), "the sentence above the table");
    assert!(GUIDE.contains("Nineteen traits with 80 methods"));
}

/// The methods that a row adds: whole ports and single methods, except those after `except`.
fn written(cell: &'static str) -> MethodNames {
    let mut written = MethodNames::new();
    for part in cell.split(", ") {
        let (with, without) = part.split_once(" except ").unwrap_or((part, ""));
        for name in names(with) {
            let is_method = PORTS.iter().any(|(_, methods)| methods.contains(&name));
            written
                .extend(methods_of(name).unwrap_or_else(|| is_method.then_some(name).into_iter().collect()));
        }
        for name in names(without) {
            assert!(written.remove(name), "{name} in {cell:?}");
        }
    }
    assert!(!written.is_empty(), "{cell:?} has no method");
    written
}

/// The failure of a method that is not written.
const NOT_WRITTEN: &str = "by design";

/// Runs the case on a store with these methods. A case that fails for another reason than a missing
/// method has a second chance: a busy machine may have been too slow.
fn run(case: &Case, methods: &MethodNames) -> Result<(), Failure> {
    let fixture = FaultyFixture::new(store(methods));
    case.run(&fixture).or_else(|failure| match failure.0.contains(NOT_WRITTEN) {
        true => Err(failure),
        false => case.run(&FaultyFixture::new(store(methods))),
    })
}

/// How the promise that the case passes from this step on is broken. After the last step, the store
/// is the reference store, which other tests check.
fn broken_promise(case: &Case, step: usize, steps: &[MethodNames]) -> Option<String> {
    if step > 1 && run(case, &steps[step - 2]).is_ok() {
        return Some(format!("{} passes before step {step}", case.rule));
    }
    let failure = if step < steps.len() { run(case, &steps[step - 1]).err() } else { None };
    failure.map(|failure| format!("{} does not pass in step {step}: {failure}", case.rule))
}

fn store(methods: &MethodNames) -> &'static Fault {
    let store = fault("GUIDE", "A store that is being written.").with_written(methods.clone());
    let searches = methods.contains("search_tickets");
    Box::leak(Box::new(if searches { store } else { store.declaring(Capabilities::NONE) }))
}

#[test]
fn each_step_passes_what_the_guide_says() {
    let table = table("| step | write | passes |");
    let mut methods = MethodNames::new();
    let steps: Vec<MethodNames> = table
        .iter()
        .map(|row| {
            methods.extend(written(row[1]));
            methods.clone()
        })
        .collect();
    let all = PORTS.iter().flat_map(|(_, methods)| methods.iter().copied()).chain(["capabilities"]);
    assert_eq!(steps.last(), Some(&all.collect()), "the steps write every method");

    let mut promised: BTreeMap<String, usize> = BTreeMap::new();
    for (row, step) in table.iter().zip(1..) {
        let rules = row[2].split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let rules =
            rules.filter(|word| word.split_once('-').is_some_and(|(_, number)| number.parse::<u8>().is_ok()));
        for name in names(row[2]).chain(rules) {
            assert_eq!(promised.insert(name.to_owned(), step), None, "{name} is in two rows");
        }
    }
    let mut unused: BTreeSet<&String> = promised.keys().collect();
    let steps_of_cases: Vec<(&Case, usize)> = CASES
        .iter()
        .map(|case| {
            let module = format!("{}::", case.module());
            unused.retain(|name| *name != case.rule && **name != module);
            let step = promised.get(case.rule).or_else(|| promised.get(&module));
            (case, *step.unwrap_or_else(|| panic!("no row of the guide has {} or {module}", case.rule)))
        })
        .collect();
    unused.retain(|name| *name != "model::");
    assert!(unused.is_empty(), "rows without a case: {unused:?}");
    let broken: Vec<String> = std::thread::scope(|scope| {
        let steps = &steps;
        let parts = steps_of_cases.chunks(CASES.len().div_ceil(4)).map(|cases| {
            scope.spawn(move || {
                let broken = cases.iter().filter_map(|(case, step)| broken_promise(case, *step, steps));
                broken.collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = parts.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{broken:#?}");

    let model = promised["model::"];
    assert!(agrees_with_the_reference(&FaultyFixture::new(store(&steps[model - 2]))).is_err());
    assert_eq!(agrees_with_the_reference(&FaultyFixture::new(store(&steps[model - 1]))), Ok(()));
}
