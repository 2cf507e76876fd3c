#!/usr/bin/python3 -B
"""run.py - checks the manifests in k8s/, then runs them with podman. A line for each check, what it
found below it, and at last "N passed, N failed". Exits 1 when one failed.

usage: tests/k8s/run.py CACHE PROGRAMS    as root; CACHE keeps kubectl and npm packages for the next
run, PROGRAMS is where the built services are
"""
import os
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import check_manifests
import check_play
from checks import passes
from host_network import PODMAN, HostNetwork
from play import Play


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        sys.exit("run.py: podman's networks need root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the pods are ended
    cache, programs = (Path(argument).resolve() for argument in sys.argv[1:])
    cache.mkdir(parents=True, exist_ok=True)
    manifests = check_manifests.Manifests(cache)
    results = [passes(check, manifests) for check in check_manifests.CHECKS]
    with tempfile.TemporaryDirectory(prefix="farthing-k8s.") as directory:
        with HostNetwork(PODMAN), Play(Path(directory), programs, manifests) as play:
            results += [passes(check, play) for check in check_play.CHECKS]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
