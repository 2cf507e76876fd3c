"""play.py - runs the rendered manifests with `podman play kube`, in a storage, network and run
directory of the test's own. What podman 4.3 does otherwise than a cluster is put right here:

- a Deployment's pod would be named DEPLOYMENT-pod-0, which no certificate and no PEER_URL names: its
  template is played as a Pod with the name of the Service in PEER_URL, as which others see it;
- a Secret is mounted as files that everyone may read, which the services refuse: the files are laid
  out as a kubelet does, for root and the fsGroup;
- fsGroup is not applied to volumes: each is made for the user before;
- CronJobs are not run: the template of one is played as a Pod, and its end waited for;
- ports are published everywhere, unless hostIP says otherwise, and under their own number, unless
  hostPort does; probes need a shell.
"""
import base64
import http.client
import json
import os
import shutil
import ssl
from copy import deepcopy
from functools import partial

import yaml

from checks import free_port, run, wait_until
from manifests import MANIFESTS, ROOT, VERSION, containers, parse, pod_template

USER = 65532
JOB_S_MAX = 120
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{0}/tmp"
static_dir = "{0}/static"
volume_path = "{0}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{0}/networks"
"""
STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{0}/graph"
runroot = "{0}/run"
"""


class Service:
    """One of the two, through the port that its pod publishes."""

    def __init__(self, play, name):
        self.play, self.name, self.pod = play, name, f"{name}-peer"
        self.container = f"{self.pod}-{name}"

    def address(self):
        text = run("podman", "port", self.container).split()[-1]
        return int(text.rsplit(":", 1)[1])

    def call(self, method, path, body=None, key="operator", certificate="operator"):
        """(status, JSON value) of the answer."""
        context = ssl.create_default_context(cafile=self.play.secrets / "ca.crt")
        if certificate:
            context.load_cert_chain(self.play.secrets / f"{certificate}.crt",
                                    self.play.secrets / f"{certificate}.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.address(), timeout=30,
                                                 context=context)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            secret = (self.play.secrets / f"{key}.secret").read_text("ascii")
            headers["Authorization"] = f"Bearer {secret}"
        try:
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def get(self, path):
        status, value = self.call("GET", path)
        assert status == 200, f"{self.name}: GET {path}: {status} {value}"
        return value

    def probe(self, name):
        """What the kubelet would run."""
        [container] = pod_template(self.play.deployment(self.name))["spec"]["containers"]
        run("podman", "exec", self.container, *container[name]["exec"]["command"])

    def is_ready(self):
        try:
            self.probe("readinessProbe")
            return True
        except RuntimeError:
            return False

    def wait_ready(self):
        wait_until(self.is_ready, f"{self.name} is ready")


class Play:
    """The pods, from `with` to its end."""

    def __init__(self, work, programs, manifests):
        self.work, self.programs, self.manifests = work, programs, manifests
        self.secrets = work / "secrets"
        self.services = [Service(self, name) for name in ("payment-service", "order-service")]
        self.payment, self.order = self.services

    def __enter__(self):
        for name, text in (("containers.conf", CONTAINERS_CONF), ("storage.conf", STORAGE_CONF)):
            (self.work / name).write_text(text.format(self.work), "ascii")
        os.environ["CONTAINERS_CONF"] = str(self.work / "containers.conf")
        os.environ["CONTAINERS_STORAGE_CONF"] = str(self.work / "storage.conf")
        try:
            self.lay_out_secrets()
            for service in self.services:
                self.make_image(service.name)
            for claim in self.manifests.names("PersistentVolumeClaim"):
                run("podman", "volume", "create", "--opt", f"o=uid={USER},gid={USER}", claim)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        run("podman", "pod", "rm", "-f", "-t", "0", "-a")
        run("podman", "volume", "rm", "-f", "-a")
        run("podman", "system", "reset", "-f")
        wait_until(lambda: not self.helpers(), "podman's helpers end")

    def helpers(self):
        """Processes that podman left beside the pods; they end by themselves a little later."""
        listed = run("ps", "-eo", "args").splitlines()
        return [line for line in listed if str(self.work) in line]

    def lay_out_secrets(self):
        for value in parse(run(MANIFESTS / "secrets.sh", self.secrets)):
            folder = self.work / "mounted" / value["metadata"]["name"]
            folder.mkdir(parents=True)
            for name, content in value["data"].items():
                file = folder / name
                file.write_bytes(base64.b64decode(content))
                os.chown(file, 0, USER)
                file.chmod(0o440)
        for folder in (self.work, self.work / "mounted"):
            folder.chmod(0o711)

    def make_image(self, name):
        """As the Dockerfile's last stage does, without an engine that builds."""
        root = self.work / "root"
        run(ROOT / "docker/image-root.sh", self.programs / name, root)
        run("tar", "-C", root, "-cf", self.work / "image.tar", ".")
        run("podman", "import", "-c", f"USER {USER}:{USER}", "-c", "WORKDIR /data",
            "-c", "STOPSIGNAL SIGTERM", "-c", f'ENTRYPOINT ["/{name}"]',
            self.work / "image.tar", f"{name}:{VERSION}")
        shutil.rmtree(root)
        (self.work / "image.tar").unlink()

    def deployment(self, name):
        [value] = [value for value in self.manifests.of("Deployment")
                   if value["metadata"]["name"] == name]
        return value

    def pod(self, name, template):
        """The Pod that stands for a template here."""
        template = deepcopy(template)
        for volume in template["spec"]["volumes"]:
            secret = volume.pop("secret", None)
            if secret:
                path = self.work / "mounted" / secret["secretName"]
                volume["hostPath"] = {"path": str(path), "type": "Directory"}
        for container in containers(template):
            container["image"] = f"localhost/{container['image']}"
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                container.pop(probe, None)
            for port in container.get("ports", []):
                port.update(hostIP="127.0.0.1", hostPort=free_port())
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": name},
                "spec": template["spec"]}

    def play(self, pod):
        """With the ConfigMaps that it names."""
        file = self.work / "pod.yaml"
        file.write_text(yaml.safe_dump_all([*self.manifests.of("ConfigMap"), pod]), "utf-8")
        return run("podman", "play", "kube", file)

    def start(self, service):
        self.play(self.pod(service.pod, pod_template(self.deployment(service.name))))
        service.wait_ready()

    def ended(self, container):
        """Its state, once it has ended. `podman wait` is 20 s late for one that ended before, and
        inspect never sees it."""
        listed = run("podman", "ps", "-a", "--filter", f"name=^{container}$", "--format", "json")
        [state] = json.loads(listed)
        return state if state["Exited"] else None

    def stop(self, service):
        """As a kubelet does: exit status."""
        grace = pod_template(self.deployment(service.name))["spec"]["terminationGracePeriodSeconds"]
        run("podman", "stop", "-t", grace, service.container)
        state = json.loads(run("podman", "inspect", service.container))[0]["State"]
        run("podman", "pod", "rm", "-f", "-t", "0", service.pod)
        return state["ExitCode"]

    def run_cron_job(self, name):
        """Plays its pod once, as run_job does."""
        [job] = [value for value in self.manifests.of("CronJob")
                 if value["metadata"]["name"] == name]
        return self.run_job(name, pod_template(job))

    def restore(self, service):
        """Plays restore.yaml with the newest backup, edited as README.md tells."""
        [*_, newest] = sorted((self.work / f"volumes/{service.name}-backups/_data").iterdir())
        text = (MANIFESTS / "restore.yaml").read_text("utf-8")
        [job] = parse(text.replace("BACKUP", newest.name).replace("payment-service", service.name))
        return self.run_job(job["metadata"]["name"], pod_template(job))

    def run_job(self, name, template):
        """Plays a job's pod to its end: {container: exit status}, and what all printed."""
        pod = self.pod(name, template)
        self.play(pod)
        names = [f"{name}-{container['name']}" for container in pod["spec"]["containers"]]
        statuses = {}
        for each in names:
            state = wait_until(partial(self.ended, each), f"{each} ends", JOB_S_MAX)
            statuses[each] = state["ExitCode"]
        printed = "".join(run("podman", "logs", each) for each in names)
        run("podman", "pod", "rm", "-f", "-t", "0", name)
        return statuses, printed
