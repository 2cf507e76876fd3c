"""part_footprint.py - memory, time to start, size of the binaries; default options, empty store."""
import subprocess

from report import number, table

STARTS = 5  # a round
SERVICES = ("payment-service", "order-service")
WHAT = {"payment-service": "pay", "order-service": "order"}


def stripped_mb(bench, name):
    with bench.directory() as directory:
        copy = directory / name
        subprocess.run(["strip", "-o", str(copy), str(bench.settings.programs / name)], check=True)
        return copy.stat().st_size / 1e6


def run_service(bench, name):
    for _ in range(STARTS):
        with bench.server(name) as server:
            bench.note(f"{name}, idle", start_ms=server.start_ms,
                       rss_mb=server.memory_mb("VmRSS"))
    with bench.server(name) as server:
        bench.wrk(server, WHAT[name], 256)
        bench.note(f"{name}, 256 connections", rss_mb=server.memory_mb("VmHWM"))
    bench.note(f"{name}, binary", size_mb=stripped_mb(bench, name))


def run(bench):
    for _ in bench.rounds:
        for name in SERVICES:
            run_service(bench, name)
    return show(bench)


def show(bench):
    rows = [[name, number(bench.median(f"{name}, idle", "rss_mb")),
             number(bench.median(f"{name}, 256 connections", "rss_mb")),
             number(bench.median(f"{name}, idle", "start_ms")),
             number(bench.median(f"{name}, binary", "size_mb"))] for name in SERVICES]
    return "## Footprint\n\n" + table(
        ["service", "RSS idle MB", "RSS at most, 256 connections MB", "start to ready ms",
         "binary, stripped MB"], rows)
