"""load.py - clients that each create an order and pay it, then the next one. What gets no answer is
sent again until it does, as a client should. Kept: which payments were acknowledged.
"""
import http.client
import threading
import time

from checks import wait_until

CLIENTS = 2
RETRY_S = 0.05


class Load:
    """Runs from `with` on to its end."""

    def __init__(self, pair, name):
        self.pair, self.name = pair, name
        self.acknowledged = {}  # order_id -> payment_id; each client adds only its own orders
        self.wrong = []         # answers that no client may get
        self.ended = threading.Event()
        self.clients = [threading.Thread(target=self.client, args=(number,))
                        for number in range(CLIENTS)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for client in self.clients:
            client.join()

    def wait_for(self, more):
        """Until so many more payments were acknowledged."""
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal, f"{goal} payments")

    def client(self, number):
        connections = {service: service.connect() for service in self.pair.both}
        count = 0
        while not self.ended.is_set():
            order_id = f"{self.name}-{number}-{count}"
            order = {"order_id": order_id, "amount": "10.99"}
            self.insist(connections, self.pair.order, "/order", order)
            payment = self.insist(connections, self.pair.payment, "/pay", order)
            if payment:
                self.acknowledged[order_id] = payment["payment_id"]
            count += 1
        for connection in connections.values():
            connection.close()

    def insist(self, connections, service, path, body):
        """The answer of a request that is repeated until it has one; None once the load ends."""
        while not self.ended.is_set():
            try:
                status, _, value = service.send(connections[service], "POST", path, body)
            except (OSError, http.client.HTTPException):
                connections[service].close()  # the next request connects anew
            else:
                if status == 200:
                    return value
                if status != 503:
                    self.wrong.append(f"POST {path}: {status} {value}")
                    self.ended.set()
            time.sleep(RETRY_S)
        return None
