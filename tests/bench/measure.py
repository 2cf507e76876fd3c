"""measure.py - what all parts of the benchmark use: scratch directories, servers, wrk, the tools of
this folder, and the samples they collect.

A sample is one round's figure of a case: samples[case][figure][round]. Ratios are taken within each
round, whose runs follow one another closely, and the median over the rounds is shown.
"""
import contextlib
import itertools
import json
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from servers import Server

REQUESTS = Path(__file__).resolve().parent / "request.lua"
WARM_UP_S = 1
WRK_THREADS = 2  # wrk's own default


class Bench:
    def __init__(self, settings, work):
        self.settings = settings  # see run.py
        self.work = work
        self.samples = defaultdict(lambda: defaultdict(list))
        self.failures = []
        self.numbers = itertools.count(1)

    @property
    def rounds(self):
        return range(self.settings.rounds)

    # ---- what runs ----

    @contextlib.contextmanager
    def directory(self):
        """A new one, removed afterwards."""
        path = self.work / str(next(self.numbers))
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path)

    @contextlib.contextmanager
    def server(self, name, **settings):
        """A server with an empty store."""
        with self.directory() as directory, self.serve(name, directory, **settings) as server:
            yield server

    def serve(self, name, directory, **settings):
        """A server that continues on what is in the directory."""
        return Server(name, self.settings.programs, directory, settings)

    def tool(self, name, *arguments):
        """What one of our own programs in this folder prints."""
        command = [str(self.settings.tools / name), *map(str, arguments)]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        return json.loads(text) if text else None

    def wrk(self, server, what, connections, ids="ordered", ids_file="", seconds=None):
        """One run of wrk; see request.lua."""
        seconds = seconds or self.settings.seconds
        threads = min(WRK_THREADS, connections)
        url = f"http://127.0.0.1:{server.port}"
        text = subprocess.run(
            ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--timeout",
             "10s", "-s", str(REQUESTS), url, "--", what, ids, str(next(self.numbers)), ids_file],
            check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
        figures = json.loads(text.splitlines()[-1])
        self.check(server, what, connections, figures)
        return figures

    def check(self, server, what, connections, figures):
        refused = figures["answers"] if what == "refused" else 0
        if figures["refused"] != refused or figures["lost"] > 0:
            self.fail(f"{server.name}, {what}, {connections} connections: of "
                      f"{figures['answers']} answers {figures['refused']} refused, "
                      f"{figures['lost']} lost; the log ends with {server.log_end()}")

    def measure(self, server, what, connections, **more):
        """A run after a warm-up, with what the service's own metrics say about it."""
        self.wrk(server, what, connections, seconds=WARM_UP_S, **more)
        before = server.metrics() if server.stores else {}
        figures = self.wrk(server, what, connections, **more)
        if not server.stores or what in ("get", "refused"):
            return figures
        after = server.metrics()
        grown = {name: value - before.get(name, 0) for name, value in after.items()}
        figures["per_fsync"] = (grown["batch_size_commands_sum"] /
                                grown["batch_size_commands_count"])
        # One event for each answer: none of them was a replay, none was not stored.
        if grown["journal_head_seq"] < figures["answers"]:
            self.fail(f"{server.name}, {what}: {figures['answers']} answers, but only "
                      f"{grown['journal_head_seq']:.0f} events")
        return figures

    # ---- what comes out ----

    def note(self, case, **figures):
        for name, value in figures.items():
            self.samples[case][name].append(value)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items()
                          if isinstance(value, (int, float)))
        print(f"{case}: {shown}", file=sys.stderr, flush=True)

    def fail(self, sentence):
        self.failures.append(sentence)
        print(f"FAILED: {sentence}", file=sys.stderr, flush=True)

    def median(self, case, figure):
        """None where the case was not measured."""
        values = self.samples[case][figure] if case in self.samples else []
        return statistics.median(values) if values else None

    def ratio(self, case, other, figure="rate"):
        """The median of the rounds' ratios; None where one of the two was not measured."""
        if case not in self.samples or other not in self.samples:
            return None
        pairs = zip(self.samples[case][figure], self.samples[other][figure], strict=True)
        return statistics.median(value / divisor for value, divisor in pairs)
