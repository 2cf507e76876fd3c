"""host_network.py - leaves the machine's network as it was found. An engine that has ended leaves
its bridge and its rules behind, and other engines trip over them: a FORWARD chain that drops, say.
"""
import json
import re
from pathlib import Path

from checks import run

# What belongs to an engine: its bridges, and chains or rules that name one of them or its own.
ENGINES = re.compile(r"docker|netavark|podman|\bbr-[0-9a-f]{12}\b", re.IGNORECASE)
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def links():
    return {link["ifname"] for link in json.loads(run("ip", "-json", "link"))}


def rules():
    """The lines of iptables-save: "*TABLE", ":CHAIN POLICY [0:0]", rules, "COMMIT"."""
    text = run("iptables-save")
    return [re.sub(r"\[\d+:\d+\]$", "[0:0]", line) for line in text.splitlines()
            if not line.startswith("#")]


def policies(lines):
    """{(table, chain): its line} of the chains that every table has."""
    found, table = {}, None
    for line in lines:
        if line.startswith("*"):
            table = line
        elif line.startswith(":") and " - " not in line:
            found[table, line.split()[0]] = line
    return found


def without_engines(now, before):
    """The lines that are there now but for what engines added since; policies as they were."""
    known, former = set(before), policies(before)
    kept, table = [], None
    for line in now:
        if line.startswith("*"):
            table = line
        if line in known or not ENGINES.search(line):
            kept.append(former.get((table, line.split()[0]), line))
    return kept


class HostNetwork:
    """As it is at `with`, so it is at its end."""

    def __enter__(self):
        self.links, self.rules, self.forwarding = links(), rules(), FORWARDING.read_text("ascii")
        return self

    def __exit__(self, *_):
        for link in links() - self.links:
            if ENGINES.search(link):
                run("ip", "link", "delete", link)
        lines = without_engines(rules(), self.rules)
        run("iptables-restore", text="\n".join(lines) + "\n")
        FORWARDING.write_text(self.forwarding, "ascii")
