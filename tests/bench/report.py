"""report.py - the targets, tables in Markdown, and the plot."""
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PLOT = Path(__file__).resolve().parent / "plot.gp"


def number(value):
    """Three digits that matter, at most two decimals; "-" for what there is not."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


# ---- targets ----

@dataclass(frozen=True)
class Target:
    """What must be reached, and what is aimed at. value gives None where it was not measured."""
    title: str
    value: Callable
    must: float
    aim: float
    more_is_better: bool = True

    def verdict(self, value):
        if value is None:
            return "not measured"
        for bound, word in ((self.aim, "aim reached"), (self.must, "met")):
            if value >= bound if self.more_is_better else value <= bound:
                return word
        return "MISSED"


def ratio(case, other):
    return lambda bench: bench.ratio(case, other)


def median(case, figure):
    return lambda bench: bench.median(case, figure)


TARGETS = [
    Target("durable POST /pay / own no-storage POST, 64 connections",
           ratio("POST /pay, 64", "no storage, 64"), 0.28, 0.35),
    Target("the same, 256 connections", ratio("POST /pay, 256", "no storage, 256"), 0.33, 0.45),
    Target("durable POST /pay / Flask sketch without storage, 64",
           ratio("POST /pay, 64", "Flask, 64"), 5, 6),
    Target("durable POST /pay / Flask sketch with one durable row, 64",
           ratio("POST /pay, 64", "Flask, a durable row, 64"), 17, 20),
    Target("durable POST /pay / Node http without storage, 64",
           ratio("POST /pay, 64", "Node, 64"), 0.9, 1.1),
    Target("the same with an Idempotency-Key on each request / without",
           ratio("POST /pay with keys, 64", "POST /pay, 64"), 0.75, 0.9),
    Target("rate with 1,000,000 orders of random UUIDs stored / empty store",
           ratio("1000000 orders stored, random ids, plain",
                 "0 orders stored, random ids, plain"), 0.5, 0.9),
    Target("rate beside 10,000 idle connections / without",
           ratio("10000 idle connections", "no idle connections"), 0.7, 0.9),
    Target("an order is paid after its payment's answer, median, ms",
           median("paid after its payment's answer", "p50_ms"), 5, 2, False),
    Target("a new order service catches up, events a second",
           median("catching up", "events_a_second"), 20000, 40000),
    Target("p99 at 64 connections, ms", median("POST /pay, 64", "p99_ms"), 15, 8, False),
    Target("RSS idle, default options, MB", median("payment-service, idle", "rss_mb"), 16, 12,
           False),
    Target("start to ready, empty store, ms", median("payment-service, idle", "start_ms"), 50, 15,
           False),
]


def show_targets(bench):
    rows = []
    for target in TARGETS:
        value = target.value(bench)
        bound = "at least" if target.more_is_better else "under"
        rows.append([target.title, number(value), f"{bound} {target.must:g}", f"{target.aim:g}",
                     target.verdict(value)])
    settings = bench.settings
    return (f"## Targets\n\nMedians of {settings.rounds} rounds, {settings.seconds} s a run.\n\n" +
            table(["figure", "measured", "must reach", "aim", ""], rows))


# ---- plot ----

def write_data(bench, directory, cases):
    """rates.dat: case and rate; latency.dat: a block of percentile and ms for each case."""
    rates = [f'"{case}" {bench.median(case, "rate")}' for case in cases]
    (directory / "rates.dat").write_text("\n".join(rates) + "\n", "utf-8")
    blocks = []
    for case in cases:
        lines = [f'"{case}"']
        for points in zip(*bench.samples[case]["latency_ms"], strict=True):
            lines.append(f"{points[0][0]} {statistics.median(point[1] for point in points)}")
        blocks.append("\n".join(lines) + "\n")
    (directory / "latency.dat").write_text("\n\n".join(blocks), "utf-8")


def plot(bench, cases, directory):
    """Draws bench.svg in the directory: rates and latency distributions of those cases that were
    measured."""
    cases = [case for case in cases if case in bench.samples]
    if not cases:
        return
    write_data(bench, directory, cases)
    subprocess.run(["gnuplot", str(PLOT)], cwd=directory, check=True)
