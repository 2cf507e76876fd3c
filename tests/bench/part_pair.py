"""part_pair.py - the two services wired to each other: the rate while the other follows, how soon an
order is paid after its payment was answered, and how fast a new service catches up."""
import contextlib
import http.client
import json
import socket
import time

from part_growth import fill
from report import number, table

CONNECTIONS = 64
ORDERS = 300  # whose way to `paid` is watched, a round
EVENTS = 100_000


def free_ports(count):
    """Ports that nobody listens on: each service must know the other's before it starts."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


@contextlib.contextmanager
def linked(bench):
    pay, order = free_ports(2)
    url = "http://127.0.0.1:{}".format
    with bench.server("payment-service", PORT=str(pay), PEER_URL=url(order)) as payments, \
            bench.server("order-service", PORT=str(order), PEER_URL=url(pay)) as orders:
        yield payments, orders


def run_rates(bench):
    with bench.server("payment-service") as server:
        bench.note("alone", **bench.measure(server, "pay", CONNECTIONS))
    with linked(bench) as (payments, _):
        bench.note("paired", **bench.measure(payments, "pay", CONNECTIONS))


def call(connection, method, path, body=None):
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request(method, path, body and json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {text}")
    return json.loads(text)


def run_latency(bench):
    """From the answer of POST /pay to an order that says it is paid, asked for again and again."""
    waits = []
    with linked(bench) as (payments, orders):
        pay = http.client.HTTPConnection("127.0.0.1", payments.port, timeout=30)
        order = http.client.HTTPConnection("127.0.0.1", orders.port, timeout=30)
        for number_ in range(ORDERS):
            name = f"latency-{number_}"
            call(order, "POST", "/order", {"order_id": name, "amount": 10.99})
            call(pay, "POST", "/pay", {"order_id": name, "amount": 10.99})
            answered = time.monotonic()
            while call(order, "GET", f"/orders/{name}")["state"] != "paid":
                pass
            waits.append((time.monotonic() - answered) * 1e3)
    waits.sort()
    bench.note("paid after its payment's answer", p50_ms=waits[len(waits) // 2],
               p99_ms=waits[len(waits) * 99 // 100], most_ms=waits[-1])


def run_catch_up(bench, filled):
    """A new order service joins a payment service that has long been there; it is ready once it
    has caught up."""
    with bench.serve("payment-service", filled) as payments, \
            bench.server("order-service", PEER_URL=f"http://127.0.0.1:{payments.port}") as orders:
        bench.note("catching up", events_a_second=EVENTS / orders.start_ms * 1e3)


def run(bench):
    with bench.directory() as filled:
        fill(bench, filled, "ordered", "plain", EVENTS)
        for _ in bench.rounds:
            run_rates(bench)
            run_latency(bench)
            run_catch_up(bench, filled)
    return show(bench)


def show(bench):
    latency = "paid after its payment's answer"
    rows = [["durable POST /pay, 64 connections, paired / alone",
             number(bench.ratio("paired", "alone"))],
            *([f"an order is paid after its payment's answer, {figure}, ms",
               number(bench.median(latency, key))]
              for figure, key in (("p50", "p50_ms"), ("p99", "p99_ms"), ("at most", "most_ms"))),
            ["a new order service catches up, events a second",
             number(bench.median("catching up", "events_a_second"))]]
    return "## The pair\n\n" + table(["what", "measured"], rows)
