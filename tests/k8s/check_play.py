"""check_play.py - the manifests, running: a payment end to end over mTLS and with keys, what may not
come in, the jobs, a stop and a start on the same volume.
"""
import json

from checks import run, wait_until


def check_each_starts_without_the_other(play):
    for service in play.services:
        play.start(service)
        service.probe("startupProbe")
        service.probe("livenessProbe")


def pay_order(play, order_id, amount):
    order = {"order_id": order_id, "amount": amount}
    for service, path in ((play.order, "/order"), (play.payment, "/pay")):
        status, value = service.call("POST", path, order)
        assert status == 200, f"POST {path}: {status} {value}"
    wait_until(lambda: play.order.get(f"/orders/{order_id}")["state"] == "paid",
               f"{order_id} is paid")


def check_a_payment_pays_its_order(play):
    """Through the pods' own ports; the two follow each other by the names of their Services."""
    pay_order(play, "o-1", 10.99)
    status, value = play.payment.call("POST", "/pay", {"order_id": "o-1", "amount": 10.99})
    assert status == 200 and value["order_id"] == "o-1", f"a replay: {status} {value}"


def check_nobody_gets_in_without_a_key_and_a_certificate(play):
    for service in play.services:
        assert service.call("GET", "/events", key=None)[0] == 401
        assert service.call("GET", "/events", certificate=None)[0] == 403
        assert service.call("GET", "/audit", key="monitoring", certificate="monitoring")[0] == 403
        assert service.call("GET", "/healthz", key=None, certificate=None)[0] == 200


def check_a_pod_may_do_nothing_else(play):
    for service in play.services:
        state = json.loads(run("podman", "inspect", service.container))[0]
        status = dict(line.split(":\t", 1) for line in
                      open(f"/proc/{state['State']['Pid']}/status", encoding="ascii")
                      .read().splitlines() if ":\t" in line)
        assert status["Uid"].split() == ["65532"] * 4, status["Uid"]
        assert status["NoNewPrivs"] == "1", status["NoNewPrivs"]
        assert int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0, status["CapBnd"]
        assert state["HostConfig"]["ReadonlyRootfs"] is True


def check_audits_find_nothing(play):
    for service in play.services:
        statuses, printed = play.run_cron_job(f"{service.name}-audit")
        assert set(statuses.values()) == {0}, f"{statuses}: {printed}"
        assert printed.rstrip().endswith(": 0 findings"), printed


def check_backups_are_made_and_verified(play):
    """GET /backup in the init container; its restore into a scratch place is what is waited for."""
    for service in play.services:
        statuses, printed = play.run_cron_job(f"{service.name}-backup")
        assert set(statuses.values()) == {0}, f"{statuses}: {printed}"
        assert printed.rstrip().endswith(": 0 findings"), printed


def check_a_backup_is_restored(play):
    """restore.yaml, in place of the store; then the service goes on."""
    for service in play.services:
        play.stop(service)
        statuses, printed = play.restore(service)
        assert set(statuses.values()) == {0}, f"{statuses}: {printed}"
        assert "restored from event" in printed, printed
        play.start(service)
    pay_order(play, "restored", 10.99)


def check_both_sides_agree(play):
    statuses, printed = play.run_cron_job("payment-service-reconcile")
    assert set(statuses.values()) == {0}, f"{statuses}: {printed}"


def check_a_stop_is_within_the_grace_period_and_loses_nothing(play):
    for service in play.services:
        head = service.get("/events?after=9007199254740991")["head"]
        status = play.stop(service)
        assert status == 0, f"{service.name}: {status}"
        play.start(service)
        assert service.get("/events?after=9007199254740991")["head"] >= head
    pay_order(play, "o-2", 5)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
