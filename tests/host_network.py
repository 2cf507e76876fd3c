"""host_network.py - leaves the machine's network as it was found. An engine that has ended leaves
its bridge and its rules behind, and other engines trip over them: a FORWARD chain that drops, say.
"""
import fcntl
import json
import re
from pathlib import Path

from checks import run

# How the engines name their bridges and chains; each of their rules has one of them.
DOCKER = r"docker|\bbr-[0-9a-f]{12}\b"
PODMAN = r"netavark|podman"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
LOCK = Path("/run/lock/farthing-host-network")


def links():
    return [link["ifname"] for link in json.loads(run("ip", "-json", "link"))]


def rules():
    """The lines of iptables-save: "*TABLE", ":CHAIN POLICY [0:0]", rules, "COMMIT"."""
    return [re.sub(r"\[\d+:\d+\]$", "[0:0]", line)
            for line in run("iptables-save").splitlines() if not line.startswith("#")]


def policies(lines):
    """{(table, chain): its line} of the chains that a table has from the start."""
    found, table = {}, None
    for line in lines:
        if line.startswith("*"):
            table = line
        elif line.startswith(":") and " - " not in line:
            found[table, line.split()[0]] = line
    return found


class HostNetwork:
    """One engine's share of it, from `with` to its end, for one test at a time. Where something of
    that engine is there before, somebody may be using it, and nothing is touched."""

    def __init__(self, names):
        self.names = re.compile(names, re.IGNORECASE)

    def __enter__(self):
        self.lock = open(LOCK, "wb")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.rules, self.forwarding = rules(), FORWARDING.read_text("ascii")
        self.is_ours = not any(map(self.names.search, [*links(), *self.rules]))
        return self

    def __exit__(self, *_):
        if self.is_ours:
            for link in filter(self.names.search, links()):
                run("ip", "link", "delete", link)
            run("iptables-restore", text="\n".join(self.others()) + "\n")
            FORWARDING.write_text(self.forwarding, "ascii")
        self.lock.close()

    def others(self):
        """The rules without the engine's; policies as they were."""
        former, kept, table = policies(self.rules), [], None
        for line in rules():
            if line.startswith("*"):
                table = line
            if not self.names.search(line):
                kept.append(former.get((table, line.split()[0]), line))
        return kept
