#!/usr/bin/env -S python3 -B
"""run.py - builds both images on a Docker engine of its own, brings docker/compose.yaml up under a
project name and ports of its own, and checks that it is what docker/README.md promises. A line for
each check, what it found below it, and at last "N passed, N failed". Exits 1 when one failed.

usage: tests/docker/run.py CACHE    as root; CACHE keeps the base image for the next run
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import check_cage
import check_image
import check_life
import check_secure
from checks import passes, run
from engine import Engine
from host_network import DOCKER, HostNetwork
from pair import PROJECT, ROOT, Pair, compose


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty",
                           "--abbrev=12", "--exclude=*"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, encoding="ascii", check=False)
    return done.stdout.strip() or "unknown"


def check_images_are_built(_pair, _work):
    """By compose, as a user does."""
    os.environ["REVISION"] = commit()
    compose("build")


def check_files_are_there(_pair, work):
    """What either compose file takes from the repository, monitoring included."""
    secrets = {**os.environ, "SECRETS": str(work)}
    listed = run("docker-compose", "-f", "docker/compose.yaml", "-f", "docker/secure.yaml",
                 "--profile", "monitoring", "config", cwd=ROOT, env=secrets)
    sources = set(re.findall(rf"- ({re.escape(str(ROOT))}/[^:\n]+):", listed))
    assert len(sources) == 5, sources
    missing = [source for source in sources if not os.path.exists(source)]
    assert not missing, missing


def check_nothing_stays(_pair, _work):
    """`down -v` leaves no container, volume or network."""
    compose("down", "-v")
    for kind in (["ps", "-a"], ["volume", "ls"], ["network", "ls"]):
        listed = run("docker", *kind, "-q", "--filter",
                     f"label=com.docker.compose.project={PROJECT}")
        assert listed == "", f"{' '.join(kind)}: {listed}"


CHECKS = [check_files_are_there, check_images_are_built, *check_life.CHECKS_AT_FIRST,
          *check_image.CHECKS, *check_cage.CHECKS, *check_life.CHECKS, *check_secure.CHECKS,
          check_life.check_inputs, check_nothing_stays]


def run_checks(work):
    pair = Pair()
    failed = 0
    for check in CHECKS:
        failed += not passes(check, pair, work)
        if failed and check is check_images_are_built:
            break
    if failed:
        done = subprocess.run(["docker-compose", "logs", "--tail=20"], cwd=ROOT,
                              stdout=subprocess.PIPE, encoding="utf-8", check=False)
        print(done.stdout)
    # Also after a failure: containers end before their engine does.
    subprocess.run(["docker-compose", "down", "-v"], cwd=ROOT, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    return failed


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        sys.exit("run.py: a Docker engine needs root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the engine is ended
    with tempfile.TemporaryDirectory(prefix="farthing-docker.") as directory:
        work = Path(directory)
        with HostNetwork(DOCKER), Engine(work, Path(sys.argv[1]).resolve()):
            failed = run_checks(work)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
