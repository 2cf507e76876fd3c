"""part_kill.py - a rate counts only if it loses nothing.

kill -9 in the middle of the load; then every payment that was acknowledged must be there, and the
audit must find nothing.
"""
import random
import subprocess
import time

CONNECTIONS = 64
REQUESTS = 100_000_000  # never reached


def pay_until_killed(bench, server, acknowledged):
    command = [bench.settings.tools / "pay_load", server.port, CONNECTIONS, REQUESTS,
               acknowledged]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL):
        try:
            time.sleep(bench.settings.seconds * random.uniform(0.5, 1))
        finally:
            server.kill()


def run_once(bench, directory):
    acknowledged = directory / "acknowledged"
    with bench.serve("payment-service", directory) as server:
        pay_until_killed(bench, server, acknowledged)
    with bench.serve("payment-service", directory) as server:
        stored = set(server.payment_ids())
        audit = subprocess.run([str(bench.settings.programs / "payment-service"), "audit"],
                               cwd=directory, stdout=subprocess.PIPE, encoding="utf-8",
                               check=False)
    ids = acknowledged.read_text("ascii").split()
    lost = len(set(ids) - stored)
    if lost > 0 or len(ids) == 0 or audit.returncode != 0:
        bench.fail(f"after kill -9: of {len(ids)} acknowledged payments {lost} are lost; audit "
                   f"exits {audit.returncode}: {audit.stdout}")
    bench.note("kill -9", acknowledged=len(ids), lost=lost, stored=len(stored))


def run(bench):
    for _ in bench.rounds:
        with bench.directory() as directory:
            run_once(bench, directory)
    acknowledged, lost = (sum(bench.samples["kill -9"][figure])
                          for figure in ("acknowledged", "lost"))
    return (f"## kill -9 under load\n\n{bench.settings.rounds} times, the audit after each: of "
            f"{acknowledged:,} acknowledged payments {lost} were lost.\n")
