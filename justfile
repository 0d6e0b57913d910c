# Every recipe, with what it does.
default:
    @just --list

# Serve the demo shop on an embedded SQLite database.
demo:
    cargo run --release --bin hexdesk -- serve --demo

# Run every check and every test, installing what they need.
test:
    scripts/test

# Check licences and advisories of all dependencies (needs the network and cargo-deny).
deny:
    cargo deny --all-features check

# Run the model-based property test of the contract kit on more cases.
property-tests cases='2000':
    PROPTEST_CASES={{cases}} cargo test --workspace model

# Build the release binary and say how large it is.
release:
    cargo build --release --locked --bin hexdesk
    ls -l target/release/hexdesk

# Write docs/openapi.json and docs/routes.md anew from the code.
openapi:
    HEXDESK_WRITE_OPENAPI=1 cargo test --locked --package hexdesk-http --lib the_kept_

# Write docs/storage-contract.md again from the documentation of the ports.
storage-contract:
    HEXDESK_WRITE_STORAGE_CONTRACT=1 cargo test --locked --package hexdesk-contract --test obligations

# Have schemathesis hold the API to its description with more cases, new ones at each run.
check-api cases='500' seed=`shuf --input-range=0-4294967295 --head-count=1`:
    scripts/check-api --max-examples {{cases}} --seed {{seed}}

# Inject every fault more often, under load.
faults times='20':
    HEXDESK_FAULTS={{times}} cargo test --locked --package hexdesk-http --test api -- faults::

# Fuzz request_body, cursor or text for so many seconds (needs a nightly toolchain and cargo-fuzz).
fuzz target seconds='600':
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} fuzz/regressions/{{target}} -- \
        -max_total_time={{seconds}} -timeout=10 -rss_limit_mb=2048

# Measure what is served under more load than can be (installs wrk from Debian's packages).
overload seconds='10':
    scripts/measure-overload {{seconds}}

# Count the instructions that requests take, on SQLite and PostgreSQL (installs valgrind from Debian's packages).
instructions requests='200':
    scripts/measure-instructions {{requests}}

# Measure against pgbench: a few minutes; `just bench --rows` with up to 10 million tickets: half an hour, 40 GB.
bench *arguments:
    scripts/measure-speed {{arguments}}
