"""part_growth.py - the rate with many stored orders beside that with an empty store, and what the
store takes on disk."""
import contextlib
import subprocess

from report import number, table
from servers import copy_store

CONNECTIONS = 64
VARIANTS = [(ids, keys) for ids in ("ordered", "random") for keys in ("plain", "keyed")]


def case_name(ids, keys, orders):
    return f"{orders} orders stored, {ids} ids, {keys}"


def fill(bench, directory, ids, keys, orders):
    """A store with so many orders, of which its own audit finds nothing wrong."""
    database = directory / "data" / "payment" / "payment.db"
    database.parent.mkdir(parents=True)
    bench.tool("fill", f"sqlite:{database}", orders, ids, keys)
    audit = subprocess.run([str(bench.settings.programs / "payment-service"), "audit"],
                           cwd=directory, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if audit.returncode != 0:
        bench.fail(f"{case_name(ids, keys, orders)}: audit says {audit.stdout}")
    return database.stat().st_size / 1e6


def run_level(bench, base, ids, keys):
    """The rate on a copy of the store in base; None: on an empty one."""
    with bench.directory() as directory:
        if base is not None:
            copy_store(base, directory)
        with bench.serve("payment-service", directory) as server:
            what = "keyed" if keys == "keyed" else "pay"
            return bench.measure(server, what, CONNECTIONS, ids=ids)


def run_variant(bench, ids, keys):
    with contextlib.ExitStack() as stack:
        bases, megabytes = {0: None}, {0: 0}
        for orders in bench.settings.orders:
            bases[orders] = stack.enter_context(bench.directory())
            megabytes[orders] = fill(bench, bases[orders], ids, keys, orders)
        for _ in bench.rounds:
            for orders, base in bases.items():
                figures = run_level(bench, base, ids, keys)
                bench.note(case_name(ids, keys, orders), **figures, file_mb=megabytes[orders])


def run(bench):
    for ids, keys in VARIANTS:
        run_variant(bench, ids, keys)
    return show(bench)


def row(bench, ids, keys, orders):
    name, empty = case_name(ids, keys, orders), case_name(ids, keys, 0)
    megabytes = bench.median(name, "file_mb")
    return [ids, keys, f"{orders:,}", number(bench.ratio(name, empty)),
            number(bench.median(name, "p99_ms")), number(bench.ratio(name, empty, "p99_ms")),
            number(megabytes), number(megabytes * 1e6 / orders if orders > 0 else None)]


def show(bench):
    rows = [row(bench, ids, keys, orders)
            for ids, keys in VARIANTS for orders in (0, *bench.settings.orders)]
    return "## Growth (durable POST /pay, 64 connections)\n\n" + table(
        ["order ids", "keys", "orders stored", "rate / empty store", "p99 ms",
         "p99 / empty store", "file MB", "bytes an order"], rows)
