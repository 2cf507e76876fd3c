"""check_manifests.py - what can be told of the manifests without running them: old and new
kustomize read the same, every field is one of its kind, every name leads to something, and pods ask
for nothing that Pod Security "restricted" forbids.
"""
import json
import os
import re
import shutil
import subprocess

from checks import run
from manifests import (MANIFESTS, POD_KINDS, ROOT, VERSION, by_name, containers, kubectls, name_of,
                       parse, pod_template, render)

MODULES = ["kubernetes-models@4.5.1", "@kubernetes-models/prometheus-operator@4.4.4"]
MONITORING = MANIFESTS / "overlays/monitoring"
README = MANIFESTS / "README.md"
YAMLLINT = ("{extends: default, rules: {line-length: disable, document-start: disable, "
            "indentation: {spaces: 2, indent-sequences: whatever}}}")


class Manifests:
    """What the checks look at."""

    def __init__(self, cache):
        self.cache = cache
        self.kubectls = kubectls(cache)
        self.objects = render(self.kubectls[0], MANIFESTS)
        self.monitoring = render(self.kubectls[0], MONITORING)
        [self.restore] = parse((MANIFESTS / "restore.yaml").read_text("utf-8"))

    def of(self, *kinds):
        return [value for value in self.objects if value["kind"] in kinds]

    def names(self, kind):
        return {value["metadata"]["name"] for value in self.of(kind)}

    def templates(self):
        return [(name_of(value), pod_template(value)) for value in self.of(*POD_KINDS)]

    def pods_with(self, labels):
        return [name for name, template in self.templates()
                if labels.items() <= template["metadata"]["labels"].items()]


def check_yaml_is_well_laid_out(_manifests):
    run("yamllint", "-s", "-d", YAMLLINT, *MANIFESTS.rglob("*.yaml"),
        *(ROOT / "docker").rglob("*.y*ml"))


def check_old_and_new_kustomize_read_the_same(manifests):
    for directory in (MANIFESTS, MANIFESTS / "base"):
        for kubectl in manifests.kubectls:
            assert by_name(render(kubectl, directory)) == by_name(manifests.objects), \
                f"{directory} by {kubectl}"
    for kubectl in manifests.kubectls:
        assert by_name(render(kubectl, MONITORING)) == by_name(manifests.monitoring), kubectl


def check_the_one_file_is_the_base(manifests):
    text = (MANIFESTS / "install.yaml").read_text("utf-8")
    assert by_name(parse(text)) == by_name(manifests.objects), "k8s/update.sh makes it anew"


def install_modules(modules):
    """Of exactly these versions, whole or not at all."""
    wanted, installed = "\n".join(MODULES), modules / "installed"
    if installed.exists() and installed.read_text("ascii") == wanted:
        return
    shutil.rmtree(modules, ignore_errors=True)
    modules.mkdir(parents=True)
    (modules / "package.json").write_text('{"private": true}\n', "ascii")
    run("npm", "install", "--silent", "--no-fund", "--no-audit", *MODULES, cwd=modules)
    installed.write_text(wanted, "ascii")


def check_every_field_is_of_its_kind(manifests):
    modules = manifests.cache / "modules"
    install_modules(modules)
    objects = modules / "objects.json"
    objects.write_text(json.dumps([*manifests.objects, *manifests.monitoring,
                                   manifests.restore]), "utf-8")
    run("node", ROOT / "tests/k8s/validate.mjs", modules, objects)


def check_a_misspelled_field_is_found(manifests):
    """The check before can fail."""
    modules = manifests.cache / "modules"
    [service, *_] = manifests.of("Service")
    objects = modules / "misspelled.json"
    misspelled = {**service, "spec": {**service["spec"], "selektor": {}}}
    objects.write_text(json.dumps([misspelled]), "utf-8")
    done = subprocess.run(["node", ROOT / "tests/k8s/validate.mjs", modules, objects],
                          stdout=subprocess.PIPE, encoding="utf-8", check=False)
    assert done.returncode == 1 and "/spec/selektor is no field of Service" in done.stdout, \
        done.stdout


def check_every_selector_finds_pods(manifests):
    for value in manifests.of("Service"):
        assert manifests.pods_with(value["spec"]["selector"]), name_of(value)
    for value in manifests.of("PodDisruptionBudget", "Deployment"):
        assert manifests.pods_with(value["spec"]["selector"]["matchLabels"]), name_of(value)
    for value in manifests.of("NetworkPolicy"):
        assert manifests.pods_with(value["spec"]["podSelector"].get("matchLabels", {})), \
            name_of(value)
        for rule in value["spec"].get("ingress", []) + value["spec"].get("egress", []):
            for peer in rule.get("from", []) + rule.get("to", []):
                if list(peer) == ["podSelector"]:
                    assert manifests.pods_with(peer["podSelector"]["matchLabels"]), peer


def check_every_port_is_open(manifests):
    open_ports = {port["name"]: port["containerPort"] for _, template in manifests.templates()
                  for container in containers(template) for port in container.get("ports", [])}
    numbers = {port["containerPort"] for _, template in manifests.templates()
               for container in containers(template) for port in container.get("ports", [])}
    for value in manifests.of("Service"):
        for port in value["spec"]["ports"]:
            assert port["targetPort"] in open_ports, name_of(value)
            assert port["port"] in numbers, name_of(value)
    for value in manifests.of("NetworkPolicy"):
        for rule in value["spec"].get("ingress", []) + value["spec"].get("egress", []):
            for port in rule["ports"]:
                assert port["port"] in (53, 443) or port["port"] in open_ports, name_of(value)
    for value in manifests.monitoring:
        if value["kind"] == "ServiceMonitor":
            labels = value["spec"]["selector"]["matchLabels"]
            [service] = [service["metadata"]["name"] for service in manifests.of("Service")
                         if labels.items() <= service["metadata"]["labels"].items()]
            assert service == value["metadata"]["name"], "the rules ask for that label"
        for endpoint in value["spec"].get("endpoints", []):
            assert endpoint["port"] in {port["name"] for service in manifests.of("Service")
                                        for port in service["spec"]["ports"]}, name_of(value)


def check_every_address_is_a_service_and_its_port(manifests):
    ports = {value["metadata"]["name"]: value["spec"]["ports"][0]["port"]
             for value in manifests.of("Service")}
    always = {value["metadata"]["name"] for value in manifests.of("Service")
              if value["spec"].get("publishNotReadyAddresses")}
    for value in manifests.of("ConfigMap"):
        for name in ("PEER_URL", "SERVICE_URL"):
            if name in value["data"]:
                host, port = re.fullmatch(r"https://([^:]+):(\d+)", value["data"][name]).groups()
                assert ports[host] == int(port), f"{name_of(value)}: {name}"
                assert host in always, f"{name_of(value)}: {name} is not reached before it is ready"


def secrets_made(manifests, *callers):
    directory = manifests.cache / "secrets"
    made = parse(run(MANIFESTS / "secrets.sh", directory, *callers))
    return {value["metadata"]["name"]: set(value["data"]) for value in made}


def check_what_is_mounted_is_there(manifests):
    """ConfigMaps, volumes, and Secrets that secrets.sh makes, with the files that options name."""
    made = secrets_made(manifests)
    configs = {value["metadata"]["name"]: value["data"] for value in manifests.of("ConfigMap")}
    for name, template in manifests.templates():
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert claim in manifests.names("PersistentVolumeClaim"), f"{name}: {claim}"
        for container in containers(template):
            [source] = container["envFrom"]
            config = configs[source["configMapRef"]["name"]]
            mounted = {mount["mountPath"]: volumes[mount["name"]]
                       for mount in container["volumeMounts"]}
            for option, value in config.items():
                if option.endswith("_FILE"):
                    folder, file = value.rsplit("/", 1)
                    secret = mounted[folder]["secret"]["secretName"]
                    assert file in made[secret], f"{name}: {option}"


def check_a_further_caller_gets_what_a_job_has(manifests):
    made = secrets_made(manifests, "shop=orders:write,payments:write")
    assert made["farthing-shop"] == made["farthing-jobs"], made


def check_no_secret_is_in_the_repository(manifests):
    assert not manifests.of("Secret"), "a Secret is among the manifests"
    for path in MANIFESTS.rglob("*"):
        if path.is_file():
            assert "PRIVATE KEY" not in path.read_text("utf-8"), path


def check_pods_are_restricted(manifests):
    """Pod Security Standards, "restricted", and what it leaves out."""
    for name, template in [*manifests.templates(), ("restore", pod_template(manifests.restore))]:
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] == 65532, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        for container in containers(template):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]}}, name
            assert {"requests", "limits"} <= set(container["resources"]), name


def check_the_version_is_the_makefiles(manifests):
    """Images are tagged with it, wherever one is named."""
    for name, template in [*manifests.templates(), ("restore", pod_template(manifests.restore))]:
        for container in containers(template):
            assert container["image"].endswith(f"-service:{VERSION}"), name
    named = re.findall(r"(?:-service:|newTag: )([0-9][0-9.]*)", README.read_text("utf-8"))
    assert named and set(named) == {VERSION}, named


def check_files_and_directories_stay_the_services_own(manifests):
    """What opens a volume to its group must not reach into the store's directory: the service
    refuses one that its group may write."""
    for name, template in [*manifests.templates(), ("restore", pod_template(manifests.restore))]:
        context = template["spec"]["securityContext"]
        assert context["fsGroup"] == context["runAsGroup"] == 65532, name
        assert context["fsGroupChangePolicy"] == "OnRootMismatch", name
    for value in manifests.of("ConfigMap"):
        url = value["data"].get("DATABASE_URL", "sqlite:/data/store/")
        assert url.startswith("sqlite:/data/store/"), name_of(value)


def check_the_readmes_kustomization(manifests):
    """Old and new kustomize read it, and make the same of it."""
    text = re.search(r"^bases: .*?(?=^```)", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)[0]
    [example] = parse(text)
    directory = manifests.cache / "example"
    directory.mkdir(exist_ok=True)
    example["bases"] = [os.path.relpath(MANIFESTS / "base", directory)]
    (directory / "kustomization.yaml").write_text(json.dumps(example), "utf-8")
    (directory / example["patchesStrategicMerge"][0]).write_text(json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"CURRENCY": "EUR"},
         "metadata": {"name": "payment-service", "namespace": "farthing"}}), "utf-8")
    first, *others = [by_name(render(kubectl, directory)) for kubectl in manifests.kubectls]
    assert all(other == first for other in others)
    assert first["ConfigMap payment-service"]["data"]["CURRENCY"] == "EUR"
    for image, name in re.findall(r"name: (\S+), newName: (\S+),", text):
        [container] = containers(pod_template(first[f"Deployment {image}"]))
        assert container["image"] == f"{name}:{VERSION}", container["image"]


def check_the_grace_period_fits_the_drain(manifests):
    """DRAIN_DELAY, then 20 s for what is under way (serve.c)."""
    for value in manifests.of("Deployment"):
        [config] = [other for other in manifests.of("ConfigMap")
                    if other["metadata"]["name"] == value["metadata"]["name"]]
        delay = int(config["data"]["DRAIN_DELAY"].removesuffix("s"))
        grace = pod_template(value)["spec"]["terminationGracePeriodSeconds"]
        assert grace > delay + 20, name_of(value)


def check_the_rules_are_those_of_docker(manifests):
    """All but the alert that job-rules.yaml replaces."""
    [made] = [value for value in manifests.monitoring if name_of(value) == "PrometheusRule farthing"]
    [source] = parse((ROOT / "docker/prometheus/rules.yml").read_text("utf-8"))
    for group in source["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule["alert"] != "BackupUnverified"]
    assert made["spec"] == source, "k8s/update.sh makes it anew"


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
