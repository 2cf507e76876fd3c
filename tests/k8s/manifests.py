"""manifests.py - the manifests in k8s/ as objects, rendered by an old kubectl (Debian's, with
kustomize 2.0) and by the machine's own where there is one.
"""
import os
import re
import shutil
from pathlib import Path

import yaml

from checks import run

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "k8s"
VERSION = re.search(r"^VERSION := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1]
POD_KINDS = ("Deployment", "CronJob")


def old_kubectl(cache):
    """Debian's, unpacked rather than installed: another package of the same program may be."""
    directory = cache / "kubectl"
    program = directory / "usr/bin/kubectl"
    if not program.exists():
        download = cache / "download"
        shutil.rmtree(download, ignore_errors=True)
        download.mkdir(parents=True)
        run("apt-get", "download", "kubernetes-client", cwd=download)
        run("dpkg", "-x", *download.glob("*.deb"), directory)
        shutil.rmtree(download)
    return program


def kubectls(cache):
    return [old_kubectl(cache)] + [path for path in [shutil.which("kubectl")] if path]


def parse(text):
    return [value for value in yaml.safe_load_all(text) if value]


def render(kubectl, directory):
    environment = dict(os.environ, KUBECONFIG="/dev/null")
    return parse(run(kubectl, "kustomize", directory, env=environment))


def name_of(value):
    return f"{value['kind']} {value['metadata']['name']}"


def by_name(values):
    named = {name_of(value): value for value in values}
    assert len(named) == len(values), "two objects have one name"
    return named


def pod_template(value):
    """The pod template of a Deployment, Job or CronJob."""
    spec = value["spec"]
    if value["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"]


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]
