"""part_rates.py - the services' rates beside those of what a user would pick instead."""
from dataclasses import dataclass

from report import number, table

RAW_PAYMENTS = 100000
IDS_READ = 1000  # payments that GET asks for in turn
PAY = "POST /pay"


@dataclass(frozen=True)
class Case:
    """One kind of run; `what` is request.lua's."""
    title: str
    server: str
    what: str
    connections: int

    @property
    def name(self):
        return f"{self.title}, {self.connections}"


CASES = [
    *(Case(PAY, "payment-service", "pay", connections) for connections in (1, 16, 64, 256)),
    Case("POST /pay with keys", "payment-service", "keyed", 64),
    Case("no storage", "payment-service", "refused", 64),
    Case("no storage", "payment-service", "refused", 256),
    Case("GET /payments/{id}", "payment-service", "get", 64),
    Case("POST /order", "order-service", "order", 64),
    Case("Flask", "sketch", "pay", 64),
    Case("Flask, a durable row", "sketch-row", "pay", 64),
    Case("Node", "node", "pay", 64),
]
RAW_CASES = {"raw SQLite, the same batches": None, "raw SQLite, batches of 512": 512}


def write_ids(bench, server):
    """Payments for GET to read, and the file of their ids."""
    bench.wrk(server, "pay", 16, seconds=1)
    path = server.directory / "ids"
    path.write_text("\n".join(server.payment_ids(IDS_READ)), "ascii")
    return str(path)


def run_case(bench, case):
    with bench.server(case.server) as server:
        ids_file = write_ids(bench, server) if case.what == "get" else ""
        figures = bench.measure(server, case.what, case.connections, ids_file=ids_file)
    bench.note(case.name, **figures)


def run_raw(bench, filled):
    for name, batch in RAW_CASES.items():
        if batch is None:
            batch = round(bench.samples[f"{PAY}, 64"]["per_fsync"][-1])
        with bench.directory() as directory:
            figures = bench.tool("raw_sqlite", filled / "payment.db", directory / "raw.db",
                                 max(1, min(batch, 512)))
        bench.note(name, **figures)


def run(bench):
    with bench.directory() as filled:
        bench.tool("fill", f"sqlite:{filled}/payment.db", RAW_PAYMENTS, "ordered", "plain")
        for _ in bench.rounds:
            for case in CASES:
                run_case(bench, case)
            run_raw(bench, filled)
    return show(bench)


def row(bench, name, reference):
    """One line of the table; reference is the durable POST /pay it is compared with."""
    figures = ("rate", "p50_ms", "p99_ms", "per_fsync")
    return [name, number(bench.ratio(reference, name)),
            *(number(bench.median(name, figure)) for figure in figures)]


def show(bench):
    rows = [row(bench, case.name, f"{PAY}, {case.connections}") for case in CASES]
    rows += [row(bench, name, f"{PAY}, 64") for name in RAW_CASES]
    return "## Rates\n\n" + table(
        ["what, connections", "POST /pay is so many times this", "a second", "p50 ms", "p99 ms",
         "a commit"], rows)
