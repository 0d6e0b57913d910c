# List the recipes.
default:
    @just --list

# Serve the demo shop on SQLite.
demo:
    cargo run --release --bin hexdesk -- serve --demo

# Take the screenshots of the console in docs/images, with this program.
screenshots program:
    scripts/take-screenshots {{program}}

# Run every check and every test, after installing what they need.
test:
    scripts/test

# Run the formatting, the lints and the tests on SQLite without faults: less than 3 minutes on a warm build.
quick:
    scripts/test --quick

# Run the README's commands on a new minimal Debian (needs root), or another command in a clone there.
fresh *command:
    scripts/test-on-new-debian {{command}}

# Check the licences and advisories of all dependencies (needs the network and cargo-deny).
deny:
    cargo deny --all-features check

# Run the faults of each port of the contract kit against longer cases of the other ports, too.
kit-faults calls='100':
    HEXDESK_FAULT_CALLS={{calls}} cargo test --package hexdesk-contract --lib no_fault_breaks_another_port

# Run the model-based property test of the contract kit with more cases.
property-tests cases='2000':
    PROPTEST_CASES={{cases}} cargo test --workspace model

# Build the packages of the two crates that authors of storage adapters use, as crates.io would.
package:
    cargo package --locked --package hexdesk-domain --package hexdesk-contract

# Build the release binary and show its size.
release:
    cargo build --release --locked --bin hexdesk
    ls -l target/release/hexdesk

# Write docs/openapi.json and docs/routes.md from the code.
openapi:
    HEXDESK_WRITE_OPENAPI=1 cargo test --locked --package hexdesk-http --lib the_kept_

# Write docs/storage-contract.md again from the documentation of the ports.
storage-contract:
    HEXDESK_WRITE_STORAGE_CONTRACT=1 cargo test --locked --package hexdesk-contract --test obligations

# Test the API against its description with more and new cases, with schemathesis.
check-api cases='500' seed=`shuf --input-range=0-4294967295 --head-count=1`:
    scripts/check-api --max-examples {{cases}} --seed {{seed}}

# Generate clients from the description, check their types and run each against the server.
check-clients:
    scripts/check-clients

# Inject every fault this many times under load.
faults times='20':
    HEXDESK_FAULTS={{times}} cargo test --locked --package hexdesk-http --test api -- faults::

# Test on a Citus cluster: HEXDESK_CITUS_PG names a PostgreSQL installation with the extension.
citus:
    @test -x "${HEXDESK_CITUS_PG:?must name the directory of a PostgreSQL installation with Citus}/bin/postgres"
    cargo test --locked --package hexdesk-adapters --test postgres_contract
    cargo test --locked --package hexdesk-http --test api -- --skip ::sqlite:: \
        events:: isolation:: faults::outages faults::two_servers
    cargo test --locked --package hexdesk-http --test api -- --ignored faults::citus --nocapture

# Check that every statement of a shop names it, also on a distributed database: several minutes.
statements:
    HEXDESK_ALL_STATEMENTS=1 cargo test --locked --package hexdesk-adapters --test query_plans -- shops:: --include-ignored

# Fuzz request_body, cursor or text for this many seconds (needs a nightly toolchain and cargo-fuzz).
fuzz target seconds='600':
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} fuzz/regressions/{{target}} -- \
        -max_total_time={{seconds}} -timeout=10 -rss_limit_mb=2048

# Measure the server under overload (installs wrk from Debian).
overload seconds='10':
    scripts/measure-overload {{seconds}}

# Measure what the times of responses reveal (needs Python).
timing requests='4000':
    scripts/measure-timing {{requests}}

# Measure one shop's requests while another searches; `--help` explains the arguments.
fair-reads *arguments:
    scripts/measure-fair-reads {{arguments}}

# Measure what event streams and webhooks cost the creation of tickets (needs Python); `--help` explains the arguments.
streams *arguments: release
    scripts/measure-streams target/release/hexdesk {{arguments}}

# Measure the console's pages at a million tickets, on SQLite and PostgreSQL; `--help` explains the arguments.
console-speed *arguments: release
    scripts/measure-console target/release/hexdesk {{arguments}}

# Measure copies of a million tickets with three million comments from SQLite to PostgreSQL and back; `--help` explains the arguments.
moving *arguments: release
    scripts/measure-moving target/release/hexdesk {{arguments}}

# Count the instructions of each kind of request, on SQLite and PostgreSQL (installs valgrind from Debian).
instructions requests='200':
    scripts/measure-instructions {{requests}}

# Measure against pgbench: a few minutes; `just bench --rows` with up to 10 million tickets: half an hour, 40 GB.
bench *arguments:
    scripts/measure-speed {{arguments}}
