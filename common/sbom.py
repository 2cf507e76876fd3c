#!/usr/bin/env python3
"""sbom.py - prints what a program is linked with, as a CycloneDX 1.5 bill of materials.

usage: common/sbom.py PROGRAM >FILE

One component is one Debian package: its version, the libraries of it that the program loads, and
where it tells of its licences. The loader is asked (ldd), so libraries of libraries are in it.
There is no time and no random number in it: the same program on the same system gives the same
file.
"""

import hashlib
import json
import os
import subprocess
import sys
from urllib.parse import quote

FIELDS = "${Package}\t${Version}\t${Architecture}\t${source:Package} ${source:Version}\n"


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def libraries_of(program):
    """The files that the loader maps; the kernel's own (linux-vdso) has none."""
    lines = [line.split() for line in run("ldd", program).splitlines()]
    paths = [line[2] if "=>" in line else line[0] for line in lines]
    return sorted(path for path in paths if path.startswith("/"))


def names_of(path):
    """As dpkg may know the file: where a link leads, with and without the /usr that /lib became."""
    real = os.path.realpath(path)
    return [path, "/usr" + path, real, real.removeprefix("/usr")]


def group_by_package(paths):
    """{package: its paths}. dpkg is asked once, as each answer takes it a look at all files."""
    found = run("dpkg-query", "-S", *(name for path in paths for name in names_of(path)),
                check=False)  # it does not know all the names
    packages = {file: package for package, file in
                (line.split(": ", 1) for line in found.splitlines())}
    groups = {}
    for path in paths:
        package = next((packages[name] for name in names_of(path) if name in packages), None)
        if package is None:
            sys.exit(f"sbom.py: {path} is of no package")
        groups.setdefault(package, []).append(path)
    return groups


def component_of(package, paths):
    name, version, architecture, source = run(
        "dpkg-query", "-W", "-f", FIELDS, package).rstrip("\n").split("\t")
    reference = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={architecture}"
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
        "licenses": [{"license": {"name": "as its copyright file says",
                                  "url": f"file:///usr/share/doc/{name}/copyright"}}],
        "properties": [{"name": "debian:source", "value": source}]
        + [{"name": "file", "value": path} for path in paths],
    }


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: sbom.py PROGRAM >FILE")
    program = sys.argv[1]
    name, version, commit = run(program, "version").split()
    with open(program, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    groups = group_by_package(libraries_of(program))
    components = [component_of(package, groups[package]) for package in sorted(groups)]
    json.dump({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "bom-ref": name,
            "name": name,
            "version": version,
            "hashes": [{"alg": "SHA-256", "content": digest}],
            "properties": [{"name": "commit", "value": commit.strip("()")}],
        }},
        "components": components,
        "dependencies": [{"ref": name, "dependsOn": [part["bom-ref"] for part in components]}],
    }, sys.stdout, indent="\t")
    print()


main()
