"""Counts the instructions of requests to a running server: see scripts/measure-instructions.

The server runs under callgrind, which counts the instructions of each of its threads, without
the kernel and without this client. Benchmark libraries count inside one function
("toggle-collect"), which covers one thread; a request here uses three. Counting starts when the
server is up ("instr-atstart"). For each kind of request, warm-up requests fill the caches, the
counts are reset, and the counted requests follow in sequence on one connection. callgrind then
dumps a file for each thread.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WARM_UP = 50
TIMEOUT_SECONDS = 120

# The work of a thread: HTTP and the domain; runtime tasks, which are group commit and PostgreSQL's
# connections; SQLite.
KINDS = ("http", "tasks", "sqlite")

TICKET = {
    "customerId": 123,
    "Channel": "Mail",
    "name": "Refund request",
    "threadId": "thread-001",
    "emailUsed": "support@example.com",
    "lastMessage": "Hello, I need a refund.",
    "contact_reason": "refund",
    "assigned_to": 45,
    "isOpenedTicket": True,
    "unReadChatCount": 1,
    "tags": ["refund", "vip"],
    "language_code": "en",
    "via": "api",
}


class Request:
    """One kind of request, and the expected status."""

    def __init__(self, name, status, method, path, headers=(), body=None, databases=("sqlite", "postgres")):
        self.name = name
        self.status = status
        self.databases = databases
        self.head = [f"{method} {path} HTTP/1.1", "host: localhost", "user-agent: count", *headers]
        self.body = b""
        if body is not None:
            self.body = json.dumps(body).encode()
            self.head += ["content-type: application/json", f"content-length: {len(self.body)}"]

    def bytes(self, number):
        """The request's bytes. Each request has its own idempotency key, of the same length."""
        head = [line.replace("NUMBER", f"{number:08}") for line in self.head]
        return "\r\n".join([*head, "", ""]).encode() + self.body


def requests(key, ticket):
    """All kinds of requests. Refused requests do not reach a database."""
    with_key = [f"x-api-key: {key}"]
    return [
        Request("create", 201, "POST", "/api/v1/tickets", with_key, TICKET),
        Request("create-once", 201, "POST", "/api/v1/tickets", [*with_key, "idempotency-key: NUMBER"], TICKET),
        Request("find", 200, "GET", f"/api/v1/tickets/{ticket}", with_key),
        Request("list-50", 200, "GET", "/api/v1/tickets?limit=50", with_key),
        Request(
            "invalid-body", 400, "POST", "/api/v1/tickets", with_key,
            TICKET | {"customerId": "nobody", "tags": "vip", "language_code": "?"}, ["sqlite"],
        ),
        Request("no-key", 401, "POST", "/api/v1/tickets", [], TICKET, ["sqlite"]),
    ]


class Connection:
    """A connection that sends requests in sequence."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request, number):
        """Sends a request, and returns the head and the body of the response."""
        self.socket.sendall(request.bytes(number))
        response = b""
        while b"\r\n\r\n" not in response:
            response += self.receive()
        head, body = response.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        while len(body) < length:
            body += self.receive()
        if not head.startswith(b"HTTP/1.1 %d " % request.status):
            raise SystemExit(f"{request.name} got {head.decode()}\n{body.decode()}")
        return head, body

    def receive(self):
        received = self.socket.recv(1 << 20)
        if not received:
            raise SystemExit("the server closed the connection")
        return received


class Server:
    """The server under callgrind, with the demo shop."""

    def __init__(self, binary, database_url, directory):
        self.directory = directory
        self.numbers = iter(range(10_000_000))
        command = [
            "valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", "--fair-sched=yes",
            f"--callgrind-out-file={directory}/callgrind", binary, "serve", "--demo", "--listen", "127.0.0.1:0",
        ]
        settings = {name: value for name, value in os.environ.items() if not name.startswith("HEXDESK_")}
        self.log = open(directory / "log", "w+")
        self.process = subprocess.Popen(
            command, env=settings | {"HEXDESK_DATABASE_URL": database_url}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log, text=True,
        )
        text = ""
        while not text.endswith("}'\n"):
            line = self.process.stdout.readline()
            if not line:
                self.log.seek(0)
                raise SystemExit(f"the server did not start:\n{self.log.read()}")
            text += line
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", text)[1])
        self.key = re.search(r"^hd_\S+", text, re.MULTILINE)[0]
        self.callgrind("instrumentation", "on")

    def callgrind(self, *command):
        """Sends a command to callgrind, for all threads."""
        subprocess.run(
            ["vgdb", f"--pid={self.process.pid}", *command], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS,
        )

    def count(self, request, times):
        """The dumps of this many requests, one file for each thread."""
        connection = Connection(self.port)
        for _ in range(WARM_UP):
            connection.send(request, next(self.numbers))
        self.callgrind("zero")
        for _ in range(times):
            connection.send(request, next(self.numbers))
        self.callgrind("dump", request.name)
        parts = [path for path in self.directory.glob("callgrind.*") if path.stat().st_size > 0]
        counted = [path for path in parts if f"desc: Trigger: dump {request.name}\n" in head(path)]
        if not counted:
            raise SystemExit(f"callgrind wrote no dump of {request.name}")
        return counted

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_SECONDS)


def head(path):
    with open(path) as file:
        return file.read(2_000)


def total(path):
    """The instructions of a thread, from its dump."""
    with open(path) as file:
        found = re.findall(r"^(?:totals|summary): (\d+)", file.read(), re.MULTILINE)
    return int(found[-1]) if found else 0


def kind(path):
    """The work of a thread, recognised by its functions."""
    text = path.read_text()
    if "sqlite3_step" in text:
        return "sqlite"
    return "http" if "actix_http::h1" in text else "tasks"


def table(database, counts, before, times):
    """Prints the counts of a database for one request."""
    print(f"\n| {database} | instructions | {' | '.join(KINDS)} | before | |")
    print("| --- |" + " ---: |" * (len(KINDS) + 3))
    for name, threads in counts.items():
        whole = sum(threads.values())
        last = sum(before.get(name, {}).values())
        change = f"{100 * (whole / last - 1):+.2f} %" if last else ""
        cells = [whole, *threads.values(), last]
        print(f"| {name} | " + " | ".join(f"{cell / times:,.0f}" for cell in cells) + f" | {change} |")


def main():
    binary, cluster, kept, times = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    figures = kept / "figures.json"
    before = json.loads(figures.read_text()) if figures.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        temporary = Path(temporary)
        # The cluster runs until its standard input closes.
        postgres = subprocess.Popen([cluster], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            urls = {"sqlite": f"sqlite://{temporary}/hexdesk.db", "postgres": postgres.stdout.readline().strip()}
            now = {database: count(binary, database, url, temporary, kept, times) for database, url in urls.items()}
        finally:
            postgres.stdin.close()
            postgres.wait(TIMEOUT_SECONDS)
    for database, counts in now.items():
        table(database, counts, before.get(database, {}) if before.get("times") == times else {}, times)
    figures.write_text(json.dumps(now | {"times": times}))


def count(binary, database, url, temporary, kept, times):
    """The instructions of each kind of request, by kind of thread."""
    directory = temporary / database
    directory.mkdir()
    shutil.rmtree(kept / database, ignore_errors=True)
    (kept / database).mkdir(parents=True)
    server = Server(binary, url, directory)
    counts = {}
    try:
        create = requests(server.key, 0)[0]
        _, created = Connection(server.port).send(create, next(server.numbers))
        for request in requests(server.key, json.loads(created)["ticket"]["id"]):
            if database not in request.databases:
                continue
            threads = dict.fromkeys(KINDS, 0)
            for path in server.count(request, times):
                does = kind(path)
                threads[does] += total(path)
                copy = kept / database / f"{request.name}.{does}.{path.name.split('-')[-1]}"
                shutil.copy(path, copy)
            counts[request.name] = threads
    finally:
        server.stop()
    return counts


main()
