"""Measures Hexdesk against a client that inserts rows into PostgreSQL one by one.

docs/performance.md explains each line of the tables.
"""

import argparse
import dataclasses
import http.client
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

from load import HERE, Load, pgbench, wrk
from processes import Hexdesk, Postgres

ROOT = HERE.parent.parent
CONNECTIONS = (1, 16, 64)
CUSTOMERS = 1000
ROWS = (0, 1_000_000, 10_000_000)

# The first page of every list. {customer} and {ticket} stand for ids.
LISTS = {
    "tickets": "/api/v1/tickets",
    "open tickets": "/api/v1/tickets?isOpenedTicket=true",
    "closed tickets": "/api/v1/tickets?isOpenedTicket=false",
    "a customer's tickets": "/api/v1/tickets?customerId={customer}",
    "tickets of a channel": "/api/v1/tickets?Channel=Facebook",
    "an agent's tickets": "/api/v1/tickets?assigned_to=45",
    "recent conversations": "/api/v1/tickets/getRecentConversations",
    "tickets found by a rare word": "/api/v1/tickets/search?q=777777",
    "a ticket's comments": "/api/v1/tickets/{ticket}/comments",
    "customers": "/api/v1/customers",
    "users": "/api/v1/users",
    "keys": "/api/v1/api-keys",
    "events": "/api/v1/events",
}


@dataclasses.dataclass
class Line:
    """A line of a table. Times are CPU time in microseconds per request."""

    name: str
    connections: int
    load: Load
    server: float | None
    database: float | None
    memory: float | None


class Bench:
    """Measurements and failures."""

    def __init__(self, seconds, draining):
        self.seconds = seconds
        self.draining = draining
        self.lines = []
        self.runs = 0
        self.failures = []

    def measure(self, name, connections, load, hexdesk=None, postgres=None):
        before = [process.processor_seconds() if process else 0 for process in (hexdesk, postgres)]
        done = load()
        used = [
            (process.processor_seconds() - seconds) * 1e6 / max(done.done, 1) if process else None
            for process, seconds in zip((hexdesk, postgres), before)
        ]
        self.lines.append(Line(name, connections, done, *used, hexdesk.memory() if hexdesk else None))
        print(f"  {name}, {connections}: {done.rate:.0f}/s", file=sys.stderr)
        return done

    def pgbench(self, name, postgres, database, script, first_customer):
        url = postgres.url(database)
        for connections in CONNECTIONS:
            self.runs += 1
            variables = {"run": self.runs, "number": 0, "first": first_customer}
            postgres.settle(database)
            load = lambda: pgbench(url, script, connections, self.seconds, **variables)
            self.measure(name, connections, load, postgres=postgres)

    def requests(self, name, kind, site, connections=CONNECTIONS):
        """Loads a site with requests of one kind, and returns how many succeeded."""
        done = 0
        for clients in connections:
            if site.postgres:
                site.postgres.settle("hexdesk")
            load = lambda: wrk(site.server, kind, clients, self.seconds, self.draining, site.ids)
            done += self.measure(f"{name} ({site.name})", clients, load, site.server, site.postgres).done
        return done

    def check(self, site, before, expected):
        """Checks that the tables have one row for each 201."""
        for table, rows in expected.items():
            found = site.count(table) - before[table]
            if found != rows:
                self.failures.append(f"{site.name}: {rows} answers 201, but {found} rows more in {table}")

    def measure_site(self, site, sizes):
        if sizes:
            self.sizes(site, sizes)
        else:
            self.routes(site)

    def routes(self, site):
        tables = ("tickets", "events", "idempotency_records", "comments")
        before = {table: site.count(table) for table in tables}
        self.requests("empty route", "livez", site)
        keyed = self.requests("POST ticket", "ticket", site)
        plain = self.requests("POST ticket, no Idempotency-Key", "ticket_without_key", site)
        long = self.requests("POST ticket, message of 40 words", "ticket_of_40_words", site)
        comments = self.requests("POST comment", "comment", site)
        self.requests("GET ticket", "find", site)
        self.requests("GET tickets, first page of 50", LISTS["tickets"], site)
        self.check(
            site, before,
            {
                "tickets": keyed + plain + long,
                "idempotency_records": keyed + long + comments,
                "comments": comments,
                # A comment changes its ticket.
                "events": keyed + plain + long + 2 * comments,
            },
        )

    def sizes(self, site, sizes):
        """Creates tickets on a growing table."""
        for rows in sizes:
            print(f"filling {site.name} up to {rows} tickets", file=sys.stderr)
            site.fill(rows)
            before = {"tickets": site.count("tickets")}
            done = self.requests(f"POST ticket, {rows:,} rows", "ticket", site)
            self.check(site, before, {"tickets": done})
        for name, path in LISTS.items():
            path = path.replace("{customer}", site.customer).replace("{ticket}", site.ticket)
            self.requests(f"{name}, {rows:,} rows", path, site, (16,))


class Site:
    """A server on a database, with a thousand customers and one ticket for each."""

    def __init__(self, name, binary, url, directory, environment, postgres=None):
        self.name, self.url, self.postgres = name, url, postgres
        self.filled = 0
        # SQLite is part of the server.
        self.server = Hexdesk(binary, url, directory, {} if postgres else environment)
        command = [binary, "key", "create", "--database-url", url, "--shop", "example.myshopify.com"]
        command += ["--scope", all_scopes()]
        self.server.key = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        self.ids = directory / f"ids of {name}"
        with open(self.ids, "w") as lines:
            for self.customer, self.ticket in self.make_scene():
                lines.write(f"customer {self.customer}\nticket {self.ticket}\n")

    def make_scene(self):
        connection = http.client.HTTPConnection(self.server.address.removeprefix("http://"))
        headers = {"x-api-key": self.server.key, "content-type": "application/json"}

        def post(path, body):
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
            if answer.status != 201:
                raise SystemExit(f"POST {path} returned {answer.status}: {content}")
            return content

        for number in range(CUSTOMERS):
            customer = post("/api/v1/customers", {"email": f"customer{number}@example.com"})["customer"]["id"]
            ticket = post("/api/v1/tickets", {"customerId": customer, "Channel": "Mail"})["ticket"]["id"]
            yield str(customer), str(ticket)

    def count(self, table):
        statement = f"SELECT count(*) FROM {table}"
        if self.postgres:
            return int(self.postgres.query("hexdesk", statement))
        connection = sqlite3.connect(self.url.removeprefix("sqlite://"))
        try:
            return connection.execute(statement).fetchone()[0]
        finally:
            connection.close()

    def fill(self, rows):
        """Adds old tickets up to this number."""
        if rows <= self.filled:
            return
        limits = {":first": str(self.filled + 1), ":last": str(rows)}
        script = (HERE / ("fill_postgres.sql" if self.postgres else "fill_sqlite.sql")).read_text()
        for name, number in limits.items():
            script = script.replace(name, number)
        if self.postgres:
            self.postgres.query("hexdesk", script)
        else:
            connection = sqlite3.connect(self.url.removeprefix("sqlite://"), isolation_level=None, timeout=60)
            if self.filled == 0:
                self.deepen_index_of_words(connection)
            connection.executescript(script)
            # Copies the log into the file and flushes it. Otherwise the next measurement would
            # do that. A checkpoint with nothing left to copy does not flush earlier copies.
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.close()
            if busy:
                raise SystemExit(f"{self.url} was in use, so its log could not be copied")
            with open(self.url.removeprefix("sqlite://"), "rb") as file:
                os.fsync(file.fileno())
        self.filled = rows

    @staticmethod
    def deepen_index_of_words(connection):
        """Gives the word index as many levels as it has after millions of single tickets. The
        filled words are merged on the highest level. On a low one, the first measured tickets
        would rewrite all of them."""
        for _ in range(3):
            document = "INSERT INTO search_documents (shop_id, ticket_id, weight, words) "
            document += "SELECT shop_id, id, 4, '1:refund' FROM tickets LIMIT 1"
            id = connection.execute(document).lastrowid
            connection.execute("INSERT INTO search_index (rowid, words) VALUES (?, '1:refund')", (id,))
            connection.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")


def all_scopes():
    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"].values()
    security = [entry for path in paths for route in path.values() for entry in route.get("security", [])]
    return ",".join(sorted({scope for entry in security for scopes in entry.values() for scope in scopes}))


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5, help="seconds of each measurement (5)")
    parser.add_argument(
        "--rows", nargs="*", type=int, metavar="N",
        help="create tickets with this many stored, and read every list with the last (0 1000000 10000000)",
    )
    parser.add_argument("--on", choices=["PostgreSQL", "SQLite"], nargs="*", default=["PostgreSQL", "SQLite"])
    parser.add_argument("--slow-sync", type=int, metavar="MS", help="make every flush to disk this much slower")
    parser.add_argument("--directory", type=pathlib.Path, help="location of the databases (a temporary directory)")
    arguments = parser.parse_args()
    rows = ROWS if arguments.rows == [] else arguments.rows
    binary = build()
    with tempfile.TemporaryDirectory(prefix="hexdesk-bench-", dir=arguments.directory) as name:
        directory = pathlib.Path(name)
        # PostgreSQL runs as another account.
        directory.chmod(0o755)
        environment = slow_sync(directory, arguments.slow_sync) if arguments.slow_sync else {}
        # With millions of tickets, a request may take a second.
        bench = Bench(arguments.seconds, 4 if rows else 1)
        postgres = Postgres(directory / "postgres", environment)
        try:
            postgres.query("postgres", "CREATE DATABASE reference")
            postgres.query("reference", (HERE / "reference.sql").read_text())
            bench.pgbench("pgbench, one row", postgres, "reference", "reference_insert.sql", 1)
            postgres.query("postgres", "CREATE DATABASE hexdesk")
            site = Site("PostgreSQL", binary, postgres.url("hexdesk"), directory, environment, postgres)
            try:
                if "PostgreSQL" in arguments.on:
                    bench.measure_site(site, rows)
            finally:
                site.server.stop()
            if not rows:
                # The same tables and rows as the requests above.
                bench.pgbench("pgbench, the rows of a ticket", postgres, "hexdesk", "equal_work_insert.sql", int(site.customer) - CUSTOMERS + 1)
            bench.pgbench("pgbench, one row", postgres, "reference", "reference_insert.sql", 1)
        finally:
            postgres.stop()
        if "SQLite" in arguments.on:
            site = Site("SQLite", binary, f"sqlite://{directory}/hexdesk.db", directory, environment)
            try:
                bench.measure_site(site, rows)
            finally:
                site.server.stop()
    report(bench.lines)
    for failure in bench.failures:
        print(failure, file=sys.stderr)
    if bench.failures:
        raise SystemExit(1)
    print("\nEvery 201 is a row, and every row a 201.")


def build():
    subprocess.run(["cargo", "build", "--locked", "--release", "--bin", "hexdesk"], cwd=ROOT, check=True)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/hexdesk"


def slow_sync(directory, milliseconds):
    """An environment in which each flush to disk is slower."""
    library = directory / "slow_sync.so"
    command = ["cc", "-shared", "-fPIC", "-O2", f"-DMILLISECONDS={milliseconds}", "-o", library, HERE / "slow_sync.c"]
    subprocess.run(command + ["-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def report(lines):
    reference = {}
    for line in lines:
        if line.name == "pgbench, one row":
            reference.setdefault(line.connections, []).append(line.load.rate)
    print("| what | connections | per second | of pgbench | p50 ms | p99 ms | errors | server CPU | database CPU | server MB |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
    for line in lines:
        rates = reference[line.connections]
        cell = lambda value: "" if value is None else f"{value:.0f}"
        print(
            f"| {line.name} | {line.connections} | {line.load.rate:,.0f} | {line.load.rate * len(rates) / sum(rates):.2f} "
            f"| {line.load.p50:.2f} | {line.load.p99:.2f} | {line.load.refused} "
            f"| {cell(line.server)} | {cell(line.database)} | {cell(line.memory)} |"
        )


main()
