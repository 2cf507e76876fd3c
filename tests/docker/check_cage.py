"""check_cage.py - what a container is kept from, read back from the kernel and not from Docker."""
import socket
from pathlib import Path

from checks import run

USER = "65532"
MEMORY_BYTES = "268435456"
PIDS = "64"
# Where the kernel tells a limit: controller and file of the old cgroups, file of the new ones, and
# what both say together with what belongs to it.
LIMITS = [
    ("memory", "memory.limit_in_bytes", "memory.max", MEMORY_BYTES),
    ("pids", "pids.max", "pids.max", PIDS),
    ("cpu", "cpu.cfs_quota_us", "cpu.max", "100000"),
    ("cpu", "cpu.cfs_period_us", "cpu.max", "100000"),
]


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def check_user(pair, _):
    """Each process is user and group 65532 in every sense, and in no other group."""
    for service in pair.both:
        status = status_of(service.pid())
        for kind in ("Uid", "Gid"):
            assert set(status[kind].split()) == {USER}, status[kind]
        assert set(status["Groups"].split()) <= {USER}, status["Groups"]


def check_privileges(pair, _):
    """No capability, none to be had, no new privileges, system calls filtered."""
    for service in pair.both:
        status = status_of(service.pid())
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[kind], 16) == 0, f"{kind} {status[kind]}"
        assert status["NoNewPrivs"] == "1", status["NoNewPrivs"]
        assert status["Seccomp"] == "2", status["Seccomp"]


def check_root_is_read_only(pair, _):
    """The root is mounted read-only; of real file systems only /data can be written."""
    for service in pair.both:
        written = {}  # by the place of each mount
        for line in Path(f"/proc/{service.pid()}/mountinfo").read_text("utf-8").splitlines():
            before, after = line.split(" - ", 1)
            place, options = before.split()[4:6]
            kind = after.split()[0]
            if kind not in ("proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"):
                written[place] = "rw" in options.split(",")
        assert [place for place in written if written[place]] == ["/data"], written


def cgroup_value(pid, controller, old_file, new_file):
    for line in Path(f"/proc/{pid}/cgroup").read_text("ascii").splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return Path(f"/sys/fs/cgroup/{controller}{path}/{old_file}").read_text("ascii")
    return Path(f"/sys/fs/cgroup{path}/{new_file}").read_text("ascii")


def check_limits(pair, _):
    """Memory, processor time and threads are limited."""
    for service in pair.both:
        pid = service.pid()
        for controller, old_file, new_file, expected in LIMITS:
            value = cgroup_value(pid, controller, old_file, new_file)
            assert expected in value.split(), f"{old_file}: {value}"


def check_published_on_loopback_only(pair, _):
    """The ports of the machine's other addresses are closed."""
    addresses = run("hostname", "-I").split()
    assert addresses, "this machine has no address but loopback"
    for service in pair.both:
        for address in filter(lambda text: ":" not in text, addresses):
            with socket.socket() as probe:
                assert probe.connect_ex((address, service.port)) != 0, f"{address} is open"


def check_log_is_bounded(pair, _):
    """The container's log is rotated, and says that no key is asked for."""
    for service in pair.both:
        config = service.inspect()["HostConfig"]["LogConfig"]
        assert set(config["Config"]) == {"max-size", "max-file"}, config
        done = run("sh", "-c", f"docker logs {service.container()} 2>&1")
        assert '"event":"no_authentication"' in done, done[:1000]


CHECKS = [check_user, check_privileges, check_root_is_read_only, check_limits,
          check_published_on_loopback_only, check_log_is_bounded]
