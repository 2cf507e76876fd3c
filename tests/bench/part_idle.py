"""part_idle.py - many connections: idle ones beside busy ones, and no number of busy ones at which
the server stalls."""
import contextlib
import socket

from report import number, table

IDLE_CONNECTIONS = 10000
BUSY_CONNECTIONS = 64
SETTINGS = {"CONNECTIONS_MAX": str(IDLE_CONNECTIONS + 500), "IDLE_TIMEOUT": "1h",
            "CONNECTIONS_PER_ADDRESS_MAX": str(IDLE_CONNECTIONS + 500)}
NUMBERS = range(100, 521)
REQUESTS_EACH = 4
NUMBERS_SETTINGS = {"QUEUE_MAX": str(2 * NUMBERS[-1])}  # one address may have half of the queue
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WITHOUT, WITH = "no idle connections", f"{IDLE_CONNECTIONS} idle connections"


@contextlib.contextmanager
def idle_connections(server):
    """Keep-alive connections that had one answer each and wait for their next request."""
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE_CONNECTIONS):
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=30))
            connection.sendall(REQUEST)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("an idle connection was refused")
        yield


def run_idle(bench):
    for _ in bench.rounds:
        with bench.server("payment-service", **SETTINGS) as server:
            bench.note(WITHOUT, **bench.measure(server, "pay", BUSY_CONNECTIONS),
                       rss_mb=server.memory_mb("VmRSS"))
        with bench.server("payment-service", **SETTINGS) as server, idle_connections(server):
            bench.note(WITH, **bench.measure(server, "pay", BUSY_CONNECTIONS),
                       rss_mb=server.memory_mb("VmRSS"))


def run_numbers(bench):
    """Every number of busy connections: each request must be answered."""
    answered = 0
    with bench.server("payment-service", **NUMBERS_SETTINGS) as server:
        for connections in NUMBERS:
            result = bench.tool("pay_load", server.port, connections,
                                connections * REQUESTS_EACH)
            answered += result["accepted"]["count"]
            if result["accepted"]["count"] != connections * REQUESTS_EACH:
                bench.fail(f"{connections} connections: {result}")
    bench.note("every number of connections", answered=answered)


def run(bench):
    run_idle(bench)
    run_numbers(bench)
    return show(bench)


def show(bench):
    rows = [[name, number(bench.ratio(name, WITHOUT)), number(bench.median(name, "p99_ms")),
             number(bench.median(name, "rss_mb"))] for name in (WITHOUT, WITH)]
    return (f"## Connections (durable POST /pay, {BUSY_CONNECTIONS} busy)\n\n" +
            table(["beside them", "rate / without", "p99 ms", "RSS MB"], rows) +
            f"\nAt every number of connections from {NUMBERS[0]} to {NUMBERS[-1]}: "
            f"{bench.median('every number of connections', 'answered'):,.0f} requests answered.\n")
