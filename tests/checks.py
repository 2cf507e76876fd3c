"""checks.py - what the tests that start real engines (Docker, podman, Prometheus) share: programs
run to their end, waits for an event, free ports, and a run of checks. A check is a function named
check_RULE that raises when the rule does not hold.
"""
import random
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path

RUN_S_MAX = 900
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
PORTS_TRIED = 100


def run(*words, text="", **settings):
    """Runs a program to its end, which reads text: what it printed. A failure raises, with what it
    said."""
    done = subprocess.run([str(word) for word in words], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8", timeout=RUN_S_MAX,
                          check=False, **settings)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit status {done.returncode}: "
                           f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def wait_until(reached, what, seconds=60):
    """Asks again until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = reached()
        if answer:
            return answer
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def free_port():
    """One that nobody listens on, for a program that is told its port or gets it again later. It is
    below those that the kernel gives to connections, and to tests that ask for any: one of these
    may be taken before it is used."""
    first_given = int(PORT_RANGE.read_text("ascii").split()[0])
    for port in random.sample(range(first_given // 2, first_given), PORTS_TRIED):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError(f"somebody listens on each of {PORTS_TRIED} ports")


def passes(check, *arguments):
    """Runs a check, and prints a line that says how it ended."""
    name = check.__name__.removeprefix("check_").replace("_", " ")
    began = time.monotonic()
    try:
        check(*arguments)
    except Exception as error:  # whatever went wrong, the next check is run
        print(f"FAILED {name}: {error}")
        traceback.print_exc(file=sys.stdout)
        return False
    print(f"ok {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return True
