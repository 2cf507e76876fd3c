"""processes.py - programs that run beside a test, and HTTP with them. Each is ended by its process."""
import http.server
import json
import os
import signal
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

ANSWER_S = 10
END_S = 25          # a service drains for 20 s at most
LOG_END_BYTES = 2000


@dataclass
class Answer:
    """Status 0: there was none."""
    status: int
    body: bytes = b""


def fetch(url, body=None):
    headers = {"Content-Type": "application/json"} if body is not None else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=ANSWER_S) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read())
    except OSError:
        return Answer(0)


def post(url, value):
    return fetch(url, json.dumps(value).encode())


def fetch_json(url, query=None):
    answer = fetch(f"{url}?{urllib.parse.urlencode(query)}" if query else url)
    if answer.status != 200:
        raise OSError(f"{url} {query or ''}: {answer.status} {answer.body.decode(errors='replace')}")
    return json.loads(answer.body)


class Processes:
    """Programs in the background, each with a log file; all have ended when the context does."""

    def __init__(self, home):
        self.home = home
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.end(name, signal.SIGTERM)

    def start(self, name, words, settings=None):
        (self.home / name).mkdir(exist_ok=True)
        with open(self.home / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                [str(word) for word in words], env={**os.environ, **(settings or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end(self, name, number):
        process = self.running.pop(name)
        process.send_signal(number)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def logs(self):
        return "\n".join(f"---- {log.name}\n" + log.read_bytes()[-LOG_END_BYTES:].decode(errors="replace")
                         for log in sorted(self.home.glob("*.log")))


class Receiver:
    """Takes what Alertmanager posts, and keeps the alerts."""

    def __init__(self):
        kept = self.kept = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                kept.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def alerts(self):
        return list(self.kept)
