"""part_overload.py - what happens at twice the rate that the service can do.

Requests come as a clock says, whatever the answers do, and each latency counts from the moment its
request was due.
"""
from report import number, table

# What waits for its commit is what an accepted request waits for. 64 places are enough for the
# full rate, so under too much load an accepted request waits no longer than at the full rate.
SETTINGS = {"QUEUE_MAX": "64"}
CLOCK_CONNECTIONS = 512
FULL_CONNECTIONS = 64
FULL_REQUESTS_PER_S = 20000  # a guess, from which the length of the first run follows
HALF, FULL, TWICE = "half the full rate", "the full rate", "twice the full rate"


def run_load(bench, server, name, connections, requests, rate):
    """Returns the rate at which requests were answered. rate 0: each connection sends its next one
    when its last one was answered."""
    result = bench.tool("pay_load", server.port, connections, requests, rate)
    accepted, refused = result["accepted"], result["refused"]
    if accepted["count"] + refused["count"] != requests:
        bench.fail(f"{name}: {result}")
    bench.note(name, accepted_per_s=accepted["count"] / result["seconds"],
               p50_ms=accepted["p50_ms"], p99_ms=accepted["p99_ms"],
               refused_share=refused["count"] / requests, refused_p99_ms=refused["p99_ms"])
    return requests / result["seconds"]


def run(bench):
    for _ in bench.rounds:
        with bench.server("payment-service", **SETTINGS) as server:
            bench.wrk(server, "pay", FULL_CONNECTIONS, seconds=1)  # a warm-up
            rate = run_load(bench, server, FULL, FULL_CONNECTIONS,
                            FULL_REQUESTS_PER_S * bench.settings.seconds, 0)
            for name, factor in ((HALF, 0.5), (TWICE, 2)):
                run_load(bench, server, name, CLOCK_CONNECTIONS,
                         int(rate * factor * bench.settings.seconds), int(rate * factor))
    return show(bench)


def show(bench):
    rows = [[name, *(number(bench.ratio(name, FULL, figure))
                     for figure in ("accepted_per_s", "p50_ms", "p99_ms")),
             *(number(bench.median(name, figure))
               for figure in ("p50_ms", "p99_ms", "refused_share", "refused_p99_ms"))]
            for name in (HALF, FULL, TWICE)]
    return "## Overload\n\n" + table(
        ["requests come at", "accepted / full", "p50 of accepted / full", "p99 of accepted / full",
         "p50 ms", "p99 ms", "share answered 503", "p99 ms of 503"], rows)
