"""part_overload.py - what happens when more is asked for than the service can do.

Each connection sends its next request when its last one was answered, a refusal included. All come
from one address, which may have half of the queue's places.
"""
from report import number, table

PLACES = 256  # for one address
SETTINGS = {"QUEUE_MAX": str(2 * PLACES)}
REQUESTS_PER_S = 20000  # a guess, from which the length of a run follows
FULL, TWICE = "as many connections as places", "twice as many"


def run_load(bench, server, name, connections):
    requests = REQUESTS_PER_S * bench.settings.seconds
    result = bench.tool("pay_load", server.port, connections, requests)
    accepted, refused = result["accepted"], result["refused"]
    if accepted["count"] + refused["count"] != requests:
        bench.fail(f"{name}: {result}")
    bench.note(name, asked_per_s=requests / result["seconds"],
               accepted_per_s=accepted["count"] / result["seconds"],
               p50_ms=accepted["p50_ms"], p99_ms=accepted["p99_ms"],
               refused_share=refused["count"] / requests, refused_p99_ms=refused["p99_ms"])


def run(bench):
    for _ in bench.rounds:
        with bench.server("payment-service", **SETTINGS) as server:
            bench.wrk(server, "pay", PLACES, seconds=1)  # a warm-up
            run_load(bench, server, FULL, PLACES)
            run_load(bench, server, TWICE, 2 * PLACES)
    return show(bench)


def show(bench):
    rows = [[name, *(number(bench.ratio(name, FULL, figure))
                     for figure in ("asked_per_s", "accepted_per_s", "p50_ms", "p99_ms")),
             *(number(bench.median(name, figure))
               for figure in ("p50_ms", "p99_ms", "refused_share", "refused_p99_ms"))]
            for name in (FULL, TWICE)]
    return "## Overload\n\n" + table(
        ["connections", "asked / full", "accepted / full", "p50 of accepted / full",
         "p99 of accepted / full", "p50 ms", "p99 ms", "share answered 503", "p99 ms of 503"], rows)
