"""part_fair.py - a polite client beside a greedy one.

The polite one (127.0.0.2) sends a request every 20 ms over one connection and must get 200 each
time. The greedy one (127.0.0.1) sends over as many connections as it is given, each its next request
when the last one was answered, whatever the answer: payments, or lists that examine 10,000 rows and
show none.
"""
import http.client
import json
import subprocess
import time
from dataclasses import dataclass, field

from measure import REQUESTS
from report import number, table
from servers import copy_store

EVERY_S = 0.02
CONNECTIONS = 512
STORED = 20000  # payments, so that a list has 10,000 rows to examine
LIMIT = 500     # requests a second, ten times what the polite one sends
POLITE = {"pay": ("POST", "/pay"), "list": ("GET", "/payments?limit=20")}
GREEDY = {"pay": "pay", "list": "scan"}


@dataclass(frozen=True)
class Case:
    what: str
    title: str
    is_greedy: bool = False
    settings: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"{self.what}, {self.title}"


CASES = [case for what in POLITE for case in (
    Case(what, "alone"),
    Case(what, "beside a greedy one", True),
    Case(what, f"beside a greedy one, RATE_LIMIT={LIMIT}", True, {"RATE_LIMIT": str(LIMIT)}))]


def greedy(bench, server, what):
    """wrk, running; its figures are of no interest."""
    seconds = bench.settings.seconds + 1
    return subprocess.Popen(
        ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(REQUESTS),
         f"http://127.0.0.1:{server.port}", "--", GREEDY[what], "random", str(next(bench.numbers)), ""],
        stdout=subprocess.DEVNULL)


def polite(bench, server, what):
    """The latencies in ms of a run, and how many requests were not answered 200."""
    method, path = POLITE[what]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30,
                                            source_address=("127.0.0.2", 0))
    latencies, failed = [], 0
    end = time.monotonic() + bench.settings.seconds
    while (began := time.monotonic()) < end:
        body = json.dumps({"order_id": f"polite-{len(latencies)}", "amount": 1})
        connection.request(method, path, body if method == "POST" else None,
                           {"Content-Type": "application/json"} if method == "POST" else {})
        answer = connection.getresponse()
        answer.read()
        failed += answer.status != 200
        latencies.append((time.monotonic() - began) * 1e3)
        time.sleep(max(0, began + EVERY_S - time.monotonic()))
    connection.close()
    return sorted(latencies), failed


def run_case(bench, case, filled):
    with bench.directory() as directory:
        if case.what == "list":
            copy_store(filled, directory)
        with bench.serve("payment-service", directory, **case.settings) as server:
            other = greedy(bench, server, case.what) if case.is_greedy else None
            if other:
                time.sleep(0.5)  # until it is at full speed
            latencies, failed = polite(bench, server, case.what)
            if other:
                other.wait()
            log_end = server.log_end()
    if failed:
        bench.fail(f"{case.name}: {failed} of {len(latencies)} requests of the polite client "
                   f"were not answered 200; the log ends with {log_end}")
    bench.note(case.name, p50_ms=latencies[len(latencies) // 2],
               p99_ms=latencies[len(latencies) * 99 // 100], rate=len(latencies))


def run(bench):
    with bench.directory() as filled:
        (filled / "data" / "payment").mkdir(parents=True)
        bench.tool("fill", f"sqlite:{filled}/data/payment/payment.db", STORED, "ordered", "plain")
        for _ in bench.rounds:
            for case in CASES:
                run_case(bench, case, filled)
    return show(bench)


def show(bench):
    rows = [[case.name, *(number(bench.median(case.name, figure)) for figure in ("p50_ms", "p99_ms")),
             *(number(bench.ratio(case.name, f"{case.what}, alone", figure))
               for figure in ("p50_ms", "p99_ms", "rate"))] for case in CASES]
    return "## Fairness\n\n" + table(
        ["the polite client's", "p50 ms", "p99 ms", "p50 / alone", "p99 / alone", "answers / alone"],
        rows)
