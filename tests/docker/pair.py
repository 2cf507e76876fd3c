"""pair.py - the compose project under test: its containers, and HTTP calls through the ports that
it publishes.
"""
import http.client
import json
import os
from pathlib import Path

from checks import free_port, run, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROJECT = f"farthing-test-{os.getpid()}"
CALL_S_MAX = 30


def compose(*words):
    """The user's way: in the root, where .env names the file."""
    return run("docker-compose", *words, cwd=ROOT)


class Service:
    """One of the two, whichever container it runs in at the time."""

    def __init__(self, name, port_variable):
        # A restarted container gets it again, which one chosen by Docker it would not.
        self.name, self.port = name, free_port()
        self.tls, self.headers = None, {}  # until somebody secures it
        os.environ[port_variable] = str(self.port)

    def container(self):
        return run("docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}",
                   "--filter", f"label=com.docker.compose.service={self.name}").strip()

    def inspect(self):
        return json.loads(run("docker", "inspect", self.container()))[0]

    def pid(self):
        return self.inspect()["State"]["Pid"]

    def command(self, *words):
        """One of the program's commands, in the running container: what it printed."""
        return run("docker", "exec", self.container(), f"/{self.name}", *words)

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=CALL_S_MAX,
                                               context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=CALL_S_MAX)

    def send(self, connection, method, path, body=None):
        """(status, headers, value) of the answer; metrics are a text, all else is JSON."""
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        is_json = answer.headers.get_content_type().endswith("json")
        return answer.status, answer.headers, json.loads(text) if is_json else text

    def call(self, method, path, body=None):
        connection = self.connect()
        try:
            return self.send(connection, method, path, body)
        finally:
            connection.close()

    def get(self, path):
        status, _, value = self.call("GET", path)
        assert status == 200, f"{self.name}: GET {path}: {status} {value}"
        return value

    def is_ready(self):
        try:
            return self.call("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False  # Docker's proxy accepts before the service does, then hangs up

    def wait_ready(self):
        wait_until(self.is_ready, f"{self.name} is ready")


class Pair:
    """Both services of the compose project."""

    def __init__(self):
        os.environ["COMPOSE_PROJECT_NAME"] = PROJECT
        self.payment = Service("payment-service", "PAYMENT_PORT")
        self.order = Service("order-service", "ORDER_PORT")
        self.both = [self.payment, self.order]

    def start(self, *services):
        services = services or self.both
        compose("up", "-d", *(service.name for service in services))
        for service in services:
            service.wait_ready()

    def pay_order(self, order_id, amount):
        """Creates an order and pays it: the payment."""
        order = {"order_id": order_id, "amount": amount}
        for service, path in ((self.order, "/order"), (self.payment, "/pay")):
            status, _, value = service.call("POST", path, order)
            assert status == 200, f"POST {path}: {status} {value}"
        return value

    def wait_paid(self, order_id):
        wait_until(lambda: self.order.get(f"/orders/{order_id}")["state"] == "paid",
                   f"{order_id} is paid")

    def payments_by_order(self):
        """Every payment that is stored: lists of their ids by order."""
        found, after = {}, ""
        while True:
            page = self.payment.get(f"/payments?limit=100{after}")
            for payment in page["data"]:
                found.setdefault(payment["order_id"], []).append(payment["payment_id"])
            if not page["has_more"]:
                return found
            after = f"&after={page['next']}"

    def check_agreement(self):
        """Both audits and the comparison of both sides; each raises when it finds something."""
        for service in self.both:
            service.command("audit")
            service.command("reconcile")
