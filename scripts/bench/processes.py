"""The measured processes: a private PostgreSQL and a private Hexdesk."""

import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(process):
    """CPU time of the process and of the children it has waited for, in seconds."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        # It has ended, and its parent counts it.
        return 0
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND


def children(process):
    return [int(child) for child in pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def memory(process, field):
    """A field of the process's status, in MB."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Postgres:
    """A PostgreSQL server with default settings in its own directory.

    `environment` is added to the server's environment.
    """

    def __init__(self, directory, environment):
        installed = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        programs = installed[-1].parent if installed else pathlib.Path(shutil.which("initdb")).parent
        self.port = free_port()
        # PostgreSQL refuses to run as root.
        account = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        directory.mkdir(parents=True, exist_ok=True)
        if account:
            shutil.chown(directory, "postgres", "postgres")
        data = directory / "data"
        initialize = [programs / "initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust"]
        initialize += ["--encoding", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run(initialize, check=True, stdout=subprocess.DEVNULL, **account)
        self.log = open(directory / "log", "ab")
        self.process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(self.port), "-k", directory, "-c", "listen_addresses=127.0.0.1"],
            stdout=self.log, stderr=self.log, env=os.environ | environment, **account,
        )
        ready = [programs / "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(self.port)]
        wait_until(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL to start")

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def query(self, database, statements):
        """Runs the statements, and returns their output."""
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]
        command.append(self.url(database))
        return subprocess.run(command, input=statements, text=True, check=True, stdout=subprocess.PIPE).stdout.strip()

    def settle(self, database):
        """Analyses the tables and writes memory to disk, as the server itself would within two
        minutes."""
        self.query(database, "ANALYZE; CHECKPOINT")

    def processor_seconds(self):
        return sum(processor_seconds(process) for process in [self.process.pid, *children(self.process.pid)])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Hexdesk:
    """`hexdesk serve --demo` on a database."""

    def __init__(self, binary, database_url, directory, environment):
        self.log = open(directory / "hexdesk.log", "ab")
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "serve", "--demo", "--listen", "127.0.0.1:0", "--database-url", database_url],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True, env=os.environ | environment,
        )
        self.address, self.key = None, None
        # The path that signs in to the console. Missing without the console.
        self.link = None
        while self.key is None:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"hexdesk did not start: see {self.log.name}")
            for word in line.split():
                if word.startswith("http://") and self.address is None:
                    self.address = "http://" + word.removeprefix("http://").split("/")[0]
            if "/demo/" in line:
                self.link = line[line.index("/demo/"):].split()[0]
            if line.startswith("hd_"):
                self.key = line.strip()
        wait_until(lambda: urllib.request.urlopen(f"{self.address}/readyz").status == 200, "hexdesk to be ready")
        self.started_in = time.monotonic() - begun

    def processor_seconds(self):
        return processor_seconds(self.process.pid)

    def memory(self):
        return memory(self.process.pid, "VmRSS")

    def stop(self):
        self.process.terminate()
        self.process.stdout.read()
        self.process.wait()
        self.log.close()


def wait_until(condition, what):
    deadline = time.monotonic() + 60
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"waited a minute for {what}")
        time.sleep(0.01)
