"""check_image.py - what is in the images, and what they say of themselves."""
import json
import re
import tarfile

from checks import run, wait_until

SIZE_MAX = 25_000_000
USER = 65532
# Files; directories are what leads to them, and /data.
ALLOWED = re.compile(r"(payment|order)-service"
                     r"|(usr/)?lib(64)?/([a-z0-9_]+-linux-gnu/)?[A-Za-z0-9_+.-]+\.so[0-9.]*"
                     r"|etc/ssl/certs/ca-certificates\.crt")
PROGRAM = re.compile(r"(payment|order)-service|.*/ld-linux[a-z0-9_.-]*")


def image_of(service):
    return json.loads(run("docker", "image", "inspect", service.inspect()["Image"]))[0]


def members(image, work):
    """Every file and directory of the image's layers."""
    saved = work / "image.tar"
    run("docker", "save", "-o", saved, image["Id"])
    with tarfile.open(saved) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                yield from inner.getmembers()
    saved.unlink()


def check_content(pair, work):
    """The program, what it loads, CA certificates and an empty /data: no shell, nothing else."""
    for service in pair.both:
        found = {member.name.removeprefix("./").rstrip("/"): member
                 for member in members(image_of(service), work)}
        files = {name for name, member in found.items() if not member.isdir()}
        assert service.name in files and "etc/ssl/certs/ca-certificates.crt" in files, files
        extra = {name for name in files if not ALLOWED.fullmatch(name)}
        assert not extra, f"{service.name}: not expected: {extra}"
        programs = {name for name in files if PROGRAM.fullmatch(name)}
        assert len(programs) == 2, f"one program and the loader, not {programs}"
        data = found["data"]
        assert (data.uid, data.gid, data.mode & 0o7777) == (USER, USER, 0o700), data.get_info()
        for name, member in found.items():
            assert name == "data" or member.uid == 0, f"{name} is not root's"
            assert member.mode & 0o6022 == 0 or member.issym(), f"{name} has {member.mode:o}"


def check_size(pair, _):
    """Under 25 MB each."""
    for service in pair.both:
        size = image_of(service)["Size"]
        print(f"   {service.name}: {size / 1e6:.1f} MB")
        assert size < SIZE_MAX, f"{service.name} has {size} bytes"


def check_settings(pair, _):
    """User, signal, health, volume and labels; the image alone lets nobody in without a key."""
    for service in pair.both:
        config = image_of(service)["Config"]
        version = service.get("/version")
        labels = {name.removeprefix("org.opencontainers.image."): value
                  for name, value in config["Labels"].items()}
        assert config["User"] == f"{USER}:{USER}", config["User"]
        assert config["StopSignal"] == "SIGTERM", config["StopSignal"]
        assert config["Healthcheck"]["Test"] == ["CMD", f"/{service.name}", "healthcheck"]
        assert list(config["Volumes"]) == ["/data"], config["Volumes"]
        assert not any("ALLOW_ANONYMOUS" in line for line in config["Env"]), config["Env"]
        assert labels["title"] == f"Farthing {service.name}" and labels["description"], labels
        assert labels["version"] == version["version"], (labels, version)
        assert labels["revision"] == version["commit"], (labels, version)


def ended(container):
    """The container's state once it has ended, else None."""
    state = json.loads(run("docker", "inspect", container))[0]["State"]
    return state if state["Status"] == "exited" else None


def check_alone_refuses(pair, _):
    """Run as it is, the image refuses to serve everyone who reaches it."""
    for service in pair.both:
        container = run("docker", "run", "-d", service.inspect()["Image"]).strip()
        try:
            state = wait_until(lambda: ended(container), f"{service.name} refuses to start", 20)
            said = run("sh", "-c", f"docker logs {container} 2>&1")
            assert state["ExitCode"] == 2 and "ALLOW_ANONYMOUS" in said, (state, said)
        finally:
            run("docker", "rm", "-f", "-v", container)


CHECKS = [check_content, check_size, check_settings, check_alone_refuses]
