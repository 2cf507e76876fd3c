"""check_life.py - start, payments, kills, stop, upgrade, backup and restore of the pair, each the
way docker/README.md tells.
"""
import os
import signal

from check_image import USER
from checks import run, wait_until
from load import Load
from pair import ROOT, compose

PAYMENTS_BETWEEN = 200  # acknowledged before and after what happens under load


def check_each_starts_alone(pair, _):
    """Either service starts and serves without the other, and both catch up later."""
    pair.start(pair.order)
    status, _, order = pair.order.call("POST", "/order", {"order_id": "alone", "amount": 10.99})
    assert (status, order["state"]) == (200, "pending"), order
    compose("stop", "order-service")
    pair.start(pair.payment)
    status, _, payment = pair.payment.call("POST", "/pay", {"order_id": "alone", "amount": 10.99})
    assert (status, payment["payment_status"]) == (200, "success"), payment
    pair.start()
    pair.wait_paid("alone")


def check_a_paid_order_is_paid_once(pair, _):
    """Pay, the order is paid, and the same call again is answered with the same payment."""
    payment = pair.pay_order("once", 99.99)
    pair.wait_paid("once")
    status, headers, again = pair.payment.call("POST", "/pay",
                                               {"order_id": "once", "amount": 99.99})
    assert (status, again) == (200, payment), again
    assert headers["Idempotent-Replayed"] == "true", headers


def check_both_become_healthy(pair, _):
    """Docker's own view, by the program's healthcheck."""
    for service in pair.both:
        wait_until(lambda: service.inspect()["State"]["Health"]["Status"] == "healthy",
                   f"{service.name} is healthy")


def check_nothing_is_lost(pair, load):
    """What was acknowledged is there exactly once, and both sides agree."""
    assert not load.wrong, load.wrong
    stored = pair.payments_by_order()
    wrong = {order_id: stored.get(order_id) for order_id, payment_id in load.acknowledged.items()
             if stored.get(order_id) != [payment_id]}
    assert not wrong, f"{len(wrong)} of {len(load.acknowledged)} lost or doubled: {wrong}"
    pair.check_agreement()
    print(f"   {len(load.acknowledged)} payments were acknowledged, none lost or doubled")


def kill_under_load(pair, service):
    restarts = service.inspect()["RestartCount"]
    with Load(pair, f"kill-{service.name}") as load:
        load.wait_for(PAYMENTS_BETWEEN)
        # docker kill would count as the user's wish that it stays away.
        os.kill(service.pid(), signal.SIGKILL)
        wait_until(lambda: service.inspect()["RestartCount"] == restarts + 1,
                   f"{service.name} is restarted")
        load.wait_for(PAYMENTS_BETWEEN)
    check_nothing_is_lost(pair, load)


def check_kill_of_payment_service(pair, _):
    """kill -9 under load: it comes back by itself, with nothing lost or doubled."""
    kill_under_load(pair, pair.payment)


def check_kill_of_order_service(pair, _):
    """kill -9 under load: it comes back by itself, with nothing lost or doubled."""
    kill_under_load(pair, pair.order)


def check_stop_and_upgrade_under_load(pair, _):
    """Each ends by itself within its grace period, and a new container goes on with its data."""
    with Load(pair, "upgrade") as load:
        for service in pair.both:
            load.wait_for(PAYMENTS_BETWEEN)
            compose("stop", service.name)
            state = service.inspect()["State"]
            assert (state["Status"], state["ExitCode"]) == ("exited", 0), state
            before = service.container()
            compose("up", "-d", "--no-deps", "--force-recreate", service.name)
            assert service.container() != before
        load.wait_for(PAYMENTS_BETWEEN)
    for service in pair.both:
        service.wait_ready()
    check_nothing_is_lost(pair, load)


def check_volumes_outlive_down(pair, _):
    """`down` takes the containers and leaves the money."""
    payment = pair.pay_order("down", 5)
    pair.wait_paid("down")
    compose("down")
    pair.start()
    found = pair.payment.get(f"/payments/{payment['payment_id']}")
    assert found["order_id"] == "down", found


def check_backup_and_restore(pair, work):
    """The lines of docker/README.md, up to a pair that agrees again."""
    backups = work / "backups"
    run("install", "-d", "-m", "700", "-o", USER, "-g", USER, backups)
    payment = pair.pay_order("backed-up", 5)
    pair.wait_paid("backed-up")
    here, read_only = f"{backups}:/backups", f"{backups}:/backups:ro"
    compose("run", "--rm", "-T", "-e", "BACKUP_KEEP=14", "-v", here, "payment-service", "backup",
            "/backups/")
    compose("run", "--rm", "-T", "-v", read_only, "payment-service", "restore-check", "/backups/")
    assert "last_verified_restore_timestamp_seconds 0\n" not in pair.payment.get("/metrics")
    [backup] = backups.iterdir()
    compose("stop", "payment-service")
    compose("run", "--rm", "-T", "-v", read_only, "payment-service", "restore",
            f"/backups/{backup.name}")
    pair.start(pair.payment)
    found = pair.payment.get(f"/payments/{payment['payment_id']}")
    assert found["order_id"] == "backed-up", found
    pair.check_agreement()


def check_inputs(pair, _):
    """Good requests are accepted, bad ones refused, through Docker's proxy as well. They pay orders
    that were never created: from here on the two sides differ."""
    addresses = ["--pay", f"127.0.0.1:{pair.payment.port}",
                 "--order", f"127.0.0.1:{pair.order.port}"]
    cases = ROOT / "tests/cases"
    run("python3", cases / "run_cases.py", *addresses, "--file", cases / "good_inputs.json")
    run("python3", cases / "run_cases.py", *addresses, "--skip-class", "auth,slow,resource")


CHECKS_AT_FIRST = [check_each_starts_alone, check_a_paid_order_is_paid_once,
                   check_both_become_healthy]
# What compares both sides asks for each order: the loads come after the restore.
CHECKS = [check_volumes_outlive_down, check_backup_and_restore, check_kill_of_payment_service,
          check_kill_of_order_service, check_stop_and_upgrade_under_load]
