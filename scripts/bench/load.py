"""Load, by wrk and by pgbench."""

import dataclasses
import json
import pathlib
import subprocess
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Load:
    """The result. Times are in milliseconds."""

    seconds: float
    done: int
    refused: int
    p50: float
    p99: float

    @property
    def rate(self):
        return self.done / self.seconds


def threads(connections):
    # The number of cores of the machine in docs/performance.md.
    return str(min(2, connections))


def wrk(server, kind, connections, seconds, draining, ids):
    """Sends requests of one kind over these connections for these seconds. `draining` is the time
    for the last responses, in seconds."""
    command = ["wrk", "--threads", threads(connections), "--connections", str(connections)]
    command += ["--duration", f"{seconds + draining}s", "--timeout", "60s", "--script", HERE / "requests.lua"]
    command += ["--header", f"x-api-key: {server.key}", server.address]
    command += ["--", kind, str(seconds), ids, f"{uuid.uuid4().hex[:8]}-"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT")).removeprefix("RESULT"))
    if result["broken"] or result["sent"] != result["answered"]:
        raise SystemExit(f"requests were lost: {result}")
    return Load(seconds, result["answered"] - result["refused"], result["refused"], result["p50"], result["p99"])


def pgbench(url, script, connections, seconds, **variables):
    """Runs a pgbench script with these variables and prepared statements."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["pgbench", "--no-vacuum", "--protocol", "prepared", "--client", str(connections)]
        command += ["--jobs", threads(connections), "--time", str(seconds)]
        command += [f"--define={name}={value}" for name, value in variables.items()]
        command += ["--log", "--log-prefix", f"{directory}/latency", "--file", HERE / script, url]
        begun = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took = time.monotonic() - begun
        latencies = sorted(
            int(line.split()[2]) for log in pathlib.Path(directory).iterdir() for line in log.read_text().splitlines()
        )
    assert took < seconds + 5, "pgbench took much longer than it was given"
    percentile = lambda part: latencies[int(len(latencies) * part)] / 1000
    return Load(seconds, len(latencies), 0, percentile(0.5), percentile(0.99))
