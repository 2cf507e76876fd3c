"""servers.py - starts, watches and ends the servers that are measured.

Each runs in a directory of its own, on a free port of 127.0.0.1, its log in the file `log` there,
with default options but for the settings named, and none of our own environment.
"""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SKETCH = Path(__file__).resolve().parent / "sketch"
START_S_MAX = 30
STOP_S_MAX = 60
LOOK_S = 0.0005  # between two looks at the log: the error of the time to start
# Debian's own Python, which sees Debian's Flask and gunicorn.
GUNICORN = ["/usr/bin/python3", "-m", "gunicorn", "--chdir", str(SKETCH), "--workers", "2",
            "--bind", "127.0.0.1:0", "app:app"]


@dataclass(frozen=True)
class Kind:
    """How a server is started."""
    command: list  # a first word without a slash is one of our programs
    listens: str   # what its log says when it listens, and on which port
    settings: dict
    stores: bool = False


KINDS = {
    "payment-service": Kind(["payment-service"], r'"port":(\d+)', {"PORT": "0"}, stores=True),
    "order-service": Kind(["order-service"], r'"port":(\d+)', {"PORT": "0"}, stores=True),
    "sketch": Kind(GUNICORN, r"Listening at: http://127\.0\.0\.1:(\d+)", {}),
    "sketch-row": Kind(GUNICORN, r"Listening at: http://127\.0\.0\.1:(\d+)",
                       {"SKETCH_DB": "payments.db"}),
    "node": Kind(["/usr/bin/env", "node", str(SKETCH / "server.js")], r"listening on (\d+)", {}),
}


class Server:
    """A running server. Ends with `with`, or by kill()."""

    def __init__(self, name, programs, directory, settings):
        kind = KINDS[name]
        self.name, self.directory, self.stores = name, directory, kind.stores
        self.database = directory / "data" / "payment" / "payment.db"
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1",
                       **kind.settings, **settings}
        if "SKETCH_DB" in environment:
            environment["SKETCH_DB"] = str(directory / environment["SKETCH_DB"])
        program = kind.command[0]
        command = kind.command if "/" in program else [str(programs / program)]
        began = time.monotonic()
        with open(directory / "log", "wb") as log:
            self.process = subprocess.Popen(command, cwd=directory, env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.port = self.wait_for_port(kind.listens, began)
            if kind.stores:
                self.wait_until_ready(began)
        except BaseException:
            self.kill()
            raise
        self.start_ms = (time.monotonic() - began) * 1e3

    def wait_for_port(self, pattern, began):
        while time.monotonic() - began < START_S_MAX and self.process.poll() is None:
            match = re.search(pattern, (self.directory / "log").read_text("utf-8"))
            if match:
                return int(match[1])
            time.sleep(LOOK_S)
        raise RuntimeError(f"{self.name} did not start: {self.log_end()}")

    def wait_until_ready(self, began):
        """One that follows another is ready once it has caught up."""
        while True:
            try:
                self.get("/readyz")
                return
            except RuntimeError:
                if time.monotonic() - began > START_S_MAX:
                    raise
                time.sleep(LOOK_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def log_end(self):
        return (self.directory / "log").read_text("utf-8")[-2000:]

    def get(self, path):
        """The body of what must be a 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8")
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{self.name} {path}: {answer.status} {body}")
        return body

    def metrics(self):
        """Sample name, labels included -> value."""
        lines = (line.rpartition(" ") for line in self.get("/metrics").splitlines()
                 if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def payment_ids(self, limit=None):
        """Of the payments that are stored, newest first; all, or at least `limit`."""
        ids, after = [], ""
        while limit is None or len(ids) < limit:
            page = json.loads(self.get(f"/payments?limit=100{after}"))
            ids += [payment["payment_id"] for payment in page["data"]]
            if not page["has_more"]:
                break
            after = "&after=" + page["next"]
        return ids

    def memory_mb(self, field):
        """VmRSS: now; VmHWM: the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M)[1]) / 1024


def copy_store(source, target):
    """A copy of a stopped service's data; on disk, so that writing it disturbs nothing later."""
    shutil.copytree(source / "data", target / "data")
    os.sync()
