"""engine.py - a Docker engine of the test's own: its data, sockets and pid file in one directory,
ended by its pid. Nothing can be pulled where there is no registry, so the base image is made by
debootstrap; its tar is kept for the next run.
"""
import os
import shutil
import subprocess

from checks import run, wait_until

BASE_IMAGE = "debian:bookworm-slim"
SUITE = "bookworm"
START_S_MAX = 60
STOP_S_MAX = 60


def mirror():
    """Where this machine gets its packages of the suite from; nothing: debootstrap knows."""
    if not shutil.which("apt-get"):
        return []
    lines = run("apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {SUITE}",
                "Component: main").split()
    return lines[:1]


def make_base(tar, work):
    """Leaves the tar of a minimal Debian, whole or not at all."""
    root, unfinished = work / "rootfs", tar.with_suffix(".unfinished")
    run("debootstrap", "--variant=minbase", SUITE, root, *mirror())
    run("tar", "-C", root, "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*",
        "--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*",
        "-cf", unfinished, ".")
    unfinished.rename(tar)
    shutil.rmtree(root)


class Engine:
    """Starts with `with`, and is ended by its end."""

    def __init__(self, work, cache):
        self.work, self.tar = work, cache / f"{SUITE}.tar"
        self.log = work / "dockerd.log"
        self.process = None
        # Every docker and docker-compose of this process asks this engine alone.
        os.environ["DOCKER_HOST"] = f"unix://{work}/docker.sock"
        os.environ["DOCKER_CONFIG"] = str(work / "client")

    def __enter__(self):
        settings = self.work / "daemon.json"
        settings.write_text("{}\n", "ascii")  # not the machine's
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--config-file", str(settings), "--host", os.environ["DOCKER_HOST"],
                 "--data-root", str(self.work / "data"), "--exec-root", str(self.work / "exec"),
                 "--pidfile", str(self.work / "pid")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(self.answers, "dockerd answers", START_S_MAX)
            self.import_base()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError("dockerd ended: " + self.log.read_text("utf-8")[-2000:])
        return subprocess.run(["docker", "version"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def import_base(self):
        if not self.tar.exists():
            self.tar.parent.mkdir(parents=True, exist_ok=True)
            make_base(self.tar, self.work)
        run("docker", "import", self.tar, BASE_IMAGE)
