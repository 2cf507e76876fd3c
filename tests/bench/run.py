#!/usr/bin/env -S python3 -B
"""run.py - the benchmark: measures the services beside what a user would pick instead, how they
grow and what they do under too much load, and prints tables of ratios. README.md explains them.

usage: tests/bench/run.py PROGRAMS TOOLS OUT
    PROGRAMS  directory of payment-service and order-service
    TOOLS     directory of fill, pay_load and raw_sqlite
    OUT       directory for report.md and, with PLOT=1, bench.svg
Environment: BENCH_SECONDS a run, BENCH_ROUNDS, BENCH_ORDERS (levels of growth), PARTS, PLOT.
Exits 1 when a request failed or a payment was lost; a target that was missed is only shown.
"""
import os
import resource
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import part_fair
import part_footprint
import part_growth
import part_idle
import part_kill
import part_overload
import part_pair
import part_rates
import report
from measure import Bench

PARTS = {"rates": part_rates, "growth": part_growth, "idle": part_idle,
         "overload": part_overload, "fair": part_fair, "pair": part_pair, "footprint": part_footprint,
         "kill": part_kill}
# For ten thousand idle connections, held here and in the service.
FILES_MAX = 12000


@dataclass(frozen=True)
class Settings:
    programs: Path
    tools: Path
    out: Path
    seconds: int
    rounds: int
    orders: list  # levels of growth above 0, ascending
    parts: list
    plot: bool


def read_settings():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    programs, tools, out = (Path(argument).resolve() for argument in sys.argv[1:])
    get = os.environ.get
    settings = Settings(programs, tools, out, int(get("BENCH_SECONDS") or 5),
                        int(get("BENCH_ROUNDS") or 3),
                        sorted(map(int, (get("BENCH_ORDERS") or "100000 1000000").split())),
                        (get("PARTS") or " ".join(PARTS)).split(), bool(get("PLOT")))
    unknown = set(settings.parts) - set(PARTS)
    if unknown:
        sys.exit(f"run.py: PARTS: {' '.join(unknown)}: there are {' '.join(PARTS)}")
    return settings


def raise_files_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= FILES_MAX:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, max(hard, FILES_MAX)))
    except (ValueError, OSError):
        sys.exit(f"run.py: raise the limit of open files first: ulimit -n {FILES_MAX}")


def main():
    settings = read_settings()
    raise_files_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended
    settings.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="farthing-bench.") as work:
        bench = Bench(settings, Path(work))
        shown = [PARTS[part].run(bench) for part in PARTS if part in settings.parts]
    shown.insert(0, report.show_targets(bench))
    if bench.failures:
        shown.append("## Failures\n\n" + "\n".join(f"- {line}" for line in bench.failures) + "\n")
    text = "\n".join(shown)
    print(text)
    (settings.out / "report.md").write_text(text, "utf-8")
    if settings.plot:
        report.plot(bench, [case.name for case in part_rates.CASES], settings.out)
    sys.exit(1 if bench.failures else 0)


main()
